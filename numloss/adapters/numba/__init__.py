"""numloss inside of functions that Numba compiles: its losses, and the words of `numloss.scalar`.

Nothing of this is imported by hand: Numba runs `numloss_in_numba.register`, its entry point, before it first compiles
something, and asks `type_of_function` what a function of numloss is.
"""

from __future__ import annotations

import functools
from types import FunctionType
from typing import Any

from numba import types
from numba.core.typing import templates, typeof

from ... import scalar
from . import losses, words

OPTIONS = {"error_model": "numpy"}


def type_of_function(function: FunctionType, context: Any) -> Any:
    """The type of a loss or of a word; None if it has none. The context is that of Numba, or that of numba-cuda."""
    on_device = not isinstance(context, typeof._TypeofContext)
    if hasattr(function, "__loss__"):
        return None if on_device else _loss_type(function)
    if function.__name__ not in scalar.__all__:
        return None
    return _device_word_type(function) if on_device else _word_type(function)


@functools.cache
def _loss_type(function: FunctionType) -> Any:
    maker = losses.maker(function.__loss__)  # type: ignore[attr-defined]
    options = {**OPTIONS, "forceinline": True}
    return types.Function(templates.make_overload_template(function, maker, options, True, "never", True))


@functools.cache
def _word_type(function: FunctionType) -> Any:
    maker = words.maker(function)
    options = {**OPTIONS, "forceinline": True}
    return types.Function(templates.make_overload_template(function, maker, options, True, "never"))


@functools.cache
def _device_word_type(function: FunctionType) -> Any:
    from numba.cuda import types as device_types
    from numba.cuda.typing import templates as device_templates

    maker = words.maker(function, on_device=True)
    template = device_templates.make_overload_template(
        function, maker, {"forceinline": True}, True, "never", target="cuda"
    )
    return device_types.Function(template)
