"""From texts to machine code: tiles, loops and the driver, each compiled once and kept on disk."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import llvmlite.binding
from numba import njit, types
from numba.core import sigutils
from numba.core.ccallback import CFunc
from numba.extending import register_jitable

from ... import scalar
from ...common.generated import defined
from ...loops import sums
from ...loops.headers import size_of
from ...loops.language import DOUBLE_WORDS
from ...loops.tiles import step_tile_text, tile_text
from .. import loops
from ..locks import compiled_once
from ..retype import Law, fingerprint, retype
from .cache import KernelCache
from .intrinsics import call_loop, external, words
from .views import VIEWS, view_at

OPTIONS = {"error_model": "numpy", "nogil": True}


def _inline(text: Law) -> Any:
    """Laws and vocabulary vanish into their tile; a call left in the loop would keep it from vectorising."""
    return register_jitable(forceinline=True)(text)


def _apart(text: Law) -> Any:
    return _keep_apart(njit(forceinline=True, **OPTIONS)(text))


def _keep_apart(function: Any) -> Any:
    """A function whose pointers lead to memory of their own each; Numba knows it of its own arrays alone."""
    customize = function._compiler._customize_flags

    def customized(flags: Any) -> Any:
        flags = customize(flags)
        flags.noalias = True
        return flags

    function._compiler._customize_flags = customized
    return function


@functools.cache
def _typed(law: Law, dtype: str) -> Any:
    return _inline(retype(law, dtype, _typed, words(dtype)))


@functools.cache
def _loop_words(dtype: str) -> dict[str, Any]:
    table = words(dtype)
    for word, name in DOUBLE_WORDS.items():
        table[word] = _typed(getattr(scalar, name), "float64")
    return table


def _type(annotation: str, dtype: str) -> types.Type:
    real = getattr(types, dtype)
    scalars = {"Real": real, "Double": types.float64, "Int": types.int64}
    if annotation in VIEWS:
        return VIEWS[annotation]
    name = annotation.removesuffix("s")
    return types.CPointer(scalars[name]) if annotation.endswith("s") else scalars[name]


def _signature(text: Law, dtype: str) -> Any:
    """The C signature that the annotations of a text state."""
    *arguments, returns = text.__annotations__.values()
    return _type(returns, dtype)(*(_type(a, dtype) for a in arguments))


@functools.cache
def _loop_part(text: Law, dtype: str) -> Any:
    """What a loop calls for another text: an inlined function, or the symbol of one that is compiled by itself."""
    if text.__module__ == scalar.__name__:
        return _typed(text, dtype)
    if not getattr(text, "noinline", False):
        return register_jitable(_loop_text(text, dtype))
    symbol = f"numloss_{text.__name__}_{fingerprint(text, dtype)}"
    kernel = loop(text, dtype)
    llvmlite.binding.add_symbol(symbol, kernel.address)
    signature = _signature(text, dtype)
    return external(symbol, list(signature.args), signature.return_type)


def _loop_text(text: Law, dtype: str) -> Law:
    return retype(text, dtype, _loop_part, _loop_words(dtype))


def _finish(text: Law, signature: Any, name: str, key: str, apart: bool = False) -> Any:
    """Compile a C function, or load it. Keep it alive as long as its address is used."""
    arguments, returns = sigutils.normalize_signature(signature)
    kernel = CFunc(text, (arguments, returns), locals={}, options={"error_model": "numpy", "nopython": True})
    if apart:
        _keep_apart(kernel)
    with KernelCache(name, key) as kernel._cache:  # type: ignore[attr-defined]
        kernel.compile()
    return kernel


@compiled_once
def tile(
    law: Law,
    dtype: str,
    inputs: int,
    params: int,
    slopes: int,
    mode: int,
    constants: Law | None = None,
    of: tuple[int, ...] = (),
    count: int = 0,
    checks: tuple[int, ...] | None = None,
    stages: tuple[tuple[Law, tuple[int, ...], int], ...] = (),
) -> Any:
    """The compiled tile of a law; `.address` is what loops call. Keep it alive as long as the address is used."""
    named = tuple((f"stage{k}", taken, given) for k, (_, taken, given) in enumerate(stages))
    text = tile_text("law", inputs, params, slopes, mode, "constants", of, count, checks, named)
    parts = {"law": law, **{f"stage{k}": stage for k, (stage, _, _) in enumerate(stages)}}
    if constants:
        parts["constants"] = constants
    return _tile(text, parts, dtype, f"{mode}")


@compiled_once
def step_tile(law: Law, dtype: str, arrays: int, results: int, params: int) -> Any:
    """The compiled tile of a law of one step, to be kept alive in the same way."""
    return _tile(step_tile_text("law", arrays, results, params), {"law": law}, dtype, "step")


def _tile(text: str, parts: dict[str, Law], dtype: str, what: str) -> Any:
    """Compile the text of a tile with the laws that it calls by these names."""
    scope: dict[str, Any] = {"__name__": __name__, **dict.fromkeys(("Ints", "Reals", "Doubles", "Int")), **words(dtype)}
    scope |= {"rint": _typed(scalar.rint, dtype), "apart": _apart}
    scope |= {name: _typed(part, dtype) for name, part in parts.items()}
    named = parts["law"].__name__
    function = defined(text, "tile", f"<tile of {named}>", scope)
    signature = types.int64(types.CPointer(types.int64), types.CPointer(getattr(types, dtype)), types.int64)
    key = "|".join([text, *(fingerprint(part, dtype) for part in parts.values())])
    function.__name__ = function.__qualname__ = f"tile_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return _finish(function, signature, f"tile-{named.strip('_')}-{dtype}-{what}", key)


@compiled_once
def loop(text: Law, dtype: str) -> Any:
    """The compiled function of a text of the loops."""
    name = f"loop-{text.__name__}-{dtype}"
    apart = getattr(text, "apart", False)
    return _finish(_loop_text(text, dtype), _signature(text, dtype), name, fingerprint(text, dtype), apart)


@compiled_once
def driver() -> tuple[Any, Any]:
    """Two functions: one runs a loop over blocks, (loop, problem, partial results, first, last), all but the last two
    addresses; the other adds up (partial results, blocks) to the fields of a Result behind them."""
    combine = _loop_part(sums.combine, "float64")
    size, results_at, total_at = size_of("Result"), view_at("Many[Result]"), view_at("Result")

    def some(function, problem, at, first, last):  # type: ignore[no-untyped-def]
        for block in range(first, last):
            call_loop(function, problem, at + size * block, block)  # type: ignore[call-arg]

    def combined(at, blocks):  # type: ignore[no-untyped-def]
        total = total_at(at + size * blocks)
        combine(results_at(at), blocks, total)
        return total.value, total.weight, total.bad_at, total.bad_in

    return _compiled(some, 5), _compiled(combined, 2)


def _compiled(text: Law, arguments: int) -> Any:
    """A function of integers that Python calls, which leaves the interpreter meanwhile."""
    key = f"{text.__name__}|{fingerprint(text, 'float64')}"
    text.__name__ = text.__qualname__ = f"driver_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    compiled = njit(**OPTIONS)(text)
    with KernelCache("driver", key) as compiled._cache:
        compiled.compile((types.int64,) * arguments)
    compiled.disable_compile()
    return compiled


LOOPS = loops()
