"""What Numba runs when it first compiles something: functions of numloss have a type in it from then on.

A module of its own, since Numba runs it in every process where numloss is installed: nothing of numloss is imported
before somebody compiles a call of it.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from numba.extending import typeof_impl


def register() -> None:
    """Let compiled functions call the losses of numloss, those of own laws, and the words of `numloss.scalar`."""
    before = typeof_impl.dispatch(FunctionType)
    if getattr(before, "of_numloss", False):
        return

    def type_of(function: FunctionType, context: Any) -> Any:
        if hasattr(function, "__loss__") or function.__module__ == "numloss.scalar":
            from numloss.adapters.numba import type_of_function

            found = type_of_function(function, context)
            if found is not None:
                return found
        return before(function, context)

    type_of.of_numloss = True  # type: ignore[attr-defined]
    typeof_impl.register(FunctionType)(type_of)
