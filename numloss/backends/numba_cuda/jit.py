"""Where kernels run: a CUDA device through numba-cuda and cuda.core, or Numba's simulator, which runs them as Python.

Everything that differs between the two is chosen here; the texts of kernels see one set of words.
"""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numba import config, types

from ... import scalar
from ...common.generated import defined
from ...loops.headers import HEADERS
from ...loops.language import DOUBLE_WORDS
from ..retype import Law, retype

SIMULATED = bool(getattr(config, "ENABLE_CUDASIM", 0))
# A simulated thread is a thread of the operating system; results do not depend on how many there are.
THREADS = 32 if SIMULATED else 256


def jitable(text: Law) -> Law:
    """A function that kernels may call."""
    if SIMULATED:
        return text
    from numba.cuda.extending import register_jitable

    return register_jitable(text)  # type: ignore[no-any-return]


@functools.cache
def words_of(dtype: str) -> dict[str, Any]:
    """The words for one dtype of the data."""
    if SIMULATED:
        from .simulated import words
    else:
        from .intrinsics import words
    return words(dtype)


@functools.cache
def typed(law: Law, dtype: str) -> Law:
    """A law or a word of the vocabulary, for one dtype of the data."""
    return jitable(retype(law, dtype, typed, words_of(dtype)))


@functools.cache
def with_doubles(dtype: str) -> dict[str, Any]:
    return words_of(dtype) | {word: typed(getattr(scalar, name), "float64") for word, name in DOUBLE_WORDS.items()}


@functools.cache
def of_loop(text: Law, dtype: str) -> Law:
    """A text of the host's loops that is about numbers and pointers alone, for one dtype of the data."""
    if text.__module__ == scalar.__name__:
        return typed(text, dtype)
    return jitable(retype(text, dtype, of_loop, with_doubles(dtype)))


def generated(text: str, name: str, scope: dict[str, Any]) -> Any:
    """The function `name` of a generated text; tracebacks show its lines."""
    filename = f"<{name} for {scope['__name__']}>"
    return jitable(defined(text, name, filename, scope))


@functools.cache
def named(header: Any) -> Any:
    """The tuple that a header is to kernels."""
    return namedtuple(header.__name__, header.fields())


def header_type(header: Any, dtype: str, counts: Mapping[str, int]) -> types.Type:
    """A header as an argument of kernels: a tuple with its names, whose floats have the dtype of the data.

    counts: how many of a Many there are, as `field.field` in a header inside of this one; else as many as have room.
    """
    kinds = {"Int": types.int64, "Double": getattr(types, dtype)}
    parts = []
    for name, (kind, count, _) in header.fields().items():
        inside = {each.removeprefix(f"{name}."): n for each, n in counts.items() if each.startswith(f"{name}.")}
        part = kinds[kind] if kind in kinds else header_type(HEADERS[kind], dtype, inside)
        parts.append(types.UniTuple(part, counts.get(name, count)) if count else part)
    return types.BaseTuple.from_types(tuple(parts), named(header))


class SimulatedKernel:
    """A kernel in the simulator, which takes one launch at a time."""

    def __init__(self, text: Callable[..., None], signature: tuple[types.Type, ...]) -> None:
        from numba import cuda

        self.compiled = cuda.jit(text)
        self.signature = signature

    def launch(self, stream: int, blocks: int, threads: int, *arguments: Any) -> None:
        """Run every block, one after the other."""
        self.compiled[blocks, threads](*map(as_declared, self.signature, arguments))


def as_declared(kind: types.Type, value: Any) -> Any:
    """An argument in the type that a compiled kernel would see: Python's own numbers mix with other rules."""
    if isinstance(kind, (types.NamedTuple, types.NamedUniTuple)):
        given = (getattr(value, name) for name in kind.fields)
        return kind.instance_class(*map(as_declared, kind.types, given))
    if isinstance(kind, types.UniTuple):
        return tuple(as_declared(kind.dtype, v) for v in value)
    return int(value) if kind == types.int64 else getattr(np, str(kind))(value)


def kernel(text: Callable[..., None], signature: tuple[Any, ...], bounds: tuple[int, int]) -> Any:
    """A text as something with `launch(stream, blocks, threads, *arguments)`.

    A header goes over as it is: in the signature stands its type by header_type, or itself where it has integers alone.
    bounds: the threads of a block, and the blocks that a multiprocessor must be able to hold.
    """
    signature = tuple(header_type(kind, "float64", {}) if isinstance(kind, type) else kind for kind in signature)
    if SIMULATED:
        return SimulatedKernel(text, signature)
    from .launch import DeviceKernel

    return DeviceKernel(text, signature, bounds)
