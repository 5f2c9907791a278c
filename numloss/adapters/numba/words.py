"""The words of `numloss.scalar` in compiled functions: of float32 if all numbers are that, else of float64."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numba import types
from numba.core.errors import TypingError

from ...registry import law_arguments
from .calls import EMPTY, function_of


@functools.cache
def typed(function: Any, dtype: str, on_device: bool = False) -> Any:
    """A law or a word for numbers of a dtype, as compiled functions call it."""
    if on_device:
        from ...backends.numba_cuda import jit

        table: dict[str, Any] = jit.words_of(dtype)
        return table.get(function.__name__) or jit.typed(function, dtype)
    from ...backends.numba_cpu import compile, intrinsics

    table = intrinsics.words(dtype)
    return table.get(function.__name__) or compile._typed(function, dtype)


def maker(function: FunctionType, on_device: bool = False) -> Callable[..., Any]:
    """What Numba asks for the text of a word, with the types of its arguments."""
    names = law_arguments(function)
    signature = dict.fromkeys(names, EMPTY)

    def implementation(*given: Any) -> Any:
        kinds = [types.unliteral(kind) for kind in given]
        if not all(is_number(kind) for kind in kinds):
            raise TypingError(
                f"numloss.scalar.{function.__name__} takes numbers, got {', '.join(map(str, kinds))}; call it once for "
                "each element"
            )
        dtype = "float32" if all(str(kind) == "float32" for kind in kinds) else "float64"
        scope = {"_real": getattr(np, dtype), "_word": typed(function, dtype, on_device), "__name__": __name__}
        numbers = ", ".join(f"_real({name})" for name in names)
        return function_of(signature, [f"return _word({numbers})"], scope)

    called: Callable[..., Any] = function_of(
        signature, [f"return _implementation({', '.join(names)})"], {"_implementation": implementation}
    )
    return called


def is_number(kind: Any) -> bool:
    """Whether a type, of Numba or of numba-cuda, is that of a real number."""
    return str(kind).startswith(("float", "int", "uint")) or str(kind) == "bool"
