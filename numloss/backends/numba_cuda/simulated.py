"""The words of intrinsics.py as plain functions, for Numba's CUDA simulator, where a kernel runs as Python."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import scalar
from ...loops.language import POINTERS
from ..locks import Lock

BEYOND = 1 << 40


class _Memory:
    """Memory from an address on, in the form that NumPy makes an array of without a copy."""

    def __init__(self, address: int, dtype: np.dtype[Any]) -> None:
        self.__array_interface__ = {
            "data": (int(address), False),
            "typestr": dtype.str,
            "shape": (BEYOND,),
            "version": 3,
        }


def _pointer_word(pointed: str) -> Callable[[int], Any]:
    dtype = np.dtype(pointed)
    nothing = np.empty(0, dtype)
    return lambda address: np.asarray(_Memory(address, dtype)) if address else nothing


def offset(pointer: Any, n: int) -> Any:
    """A pointer n elements further, or back."""
    return pointer[n:] if n >= 0 else np.asarray(_Memory(address(pointer) + n * pointer.itemsize, pointer.dtype))


def address(pointer: Any) -> int:
    """The address behind a pointer."""
    return int(pointer.__array_interface__["data"][0])


def stack_word(dtype: str) -> Callable[[int], Any]:
    """The word for memory of a thread."""
    return lambda count: np.empty(count, dtype)


def load_vector(pointer: Any, at: int) -> tuple[Any, ...]:
    """The 128 bits from element `at` on, whose address must be a multiple of 16, as a tuple."""
    address = pointer.__array_interface__["data"][0] + at * pointer.itemsize
    assert address % 16 == 0, "a vector that is not aligned to 16 bytes"
    return tuple(pointer[at : at + 16 // pointer.itemsize])


def store_vector(pointer: Any, at: int, values: tuple[Any, ...]) -> None:
    """Write a tuple of 128 bits from element `at` on, whose address must be a multiple of 16."""
    address = pointer.__array_interface__["data"][0] + at * pointer.itemsize
    assert address % 16 == 0, "a vector that is not aligned to 16 bytes"
    pointer[at : at + 16 // pointer.itemsize] = values


def _fma_float32(a: Any, b: Any, c: Any) -> Any:
    """a * b + c of float32, rounded once: the product is exact in float64, and a sum that is not is made odd."""
    product, more = float(a) * float(b), float(c)
    total = product + more
    part = total - product
    lost = (product - (total - part)) + (more - part)
    if lost and math.isfinite(lost) and not int(np.float64(total).view(np.int64)) & 1:
        total = math.nextafter(total, math.copysign(math.inf, lost))
    return np.float32(total)


def _primitives(real: type, unsigned: type) -> dict[str, Any]:
    """The primitives of the vocabulary, by the bits of an IEEE number, and these."""
    width = np.dtype(real).itemsize * 8
    field = 23 if width == 32 else 52
    root_half = int(real(0.5**0.5).view(unsigned))
    most, one = (1 << width) - 1, int(real(1.0).view(unsigned))

    def from_bits(bits: int) -> Any:
        return unsigned(bits & most).view(real)

    def parts(x: Any) -> tuple[int, int]:
        shifted = int(x.view(unsigned)) + one - root_half
        return (shifted & most) >> field, (shifted & ((1 << field) - 1)) + root_half

    return {
        "power_of_two": lambda t: from_bits(int(t.view(unsigned)) << field),
        "exponent_of": lambda x: real(parts(x)[0] - (one >> field)),
        "mantissa_of": lambda x: from_bits(parts(x)[1]),
        "sqrt": np.sqrt,
        "fma": _fma_float32 if width == 32 else lambda a, b, c: np.float64(scalar.fma(float(a), float(b), float(c))),
        "bits_of": lambda x: int(x.view(unsigned)),
        "of_bits": from_bits,
    }


def barrier() -> None:
    """Wait for the other threads of the block, from any module: the simulator's own word is in that of the kernel."""
    threading.current_thread().syncthreads()  # type: ignore[attr-defined]


def _of_bfloat16(u: Any) -> Any:
    return (np.uint32(u) << np.uint32(16)).view(np.float32)


def _to_float16(x: Any) -> Any:
    with np.errstate(over="ignore"):
        return np.float32(x).astype(np.float16).view(np.uint16)


def _to_bfloat16(x: Any) -> Any:
    bits = int(np.float32(x).view(np.uint32))
    near = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    return np.uint16(bits >> 16 & 0x8000 | 0x7FC0 if x != x else near)


_noting = Lock()


def note_least(shared: Any, x: Any) -> None:
    """Keep the least number of all threads in shared[0]."""
    with _noting:
        shared[0] = min(shared[0], x)


def words(dtype: str) -> dict[str, Any]:
    """Everything that a text may call without it being a text itself, for one dtype of the data."""
    real = np.float32 if dtype == "float32" else np.float64
    table: dict[str, Any] = _primitives(real, np.uint32 if dtype == "float32" else np.uint64)
    table.update(
        array_data=int,
        barrier=barrier,
        note_least=note_least,
        load_vector=load_vector,
        store_vector=store_vector,
        real=real,
        double=np.float64,
        integer=int,
        of_float16=lambda u: real(np.uint16(u).view(np.float16)),
        of_bfloat16=lambda u: real(_of_bfloat16(u)),
        to_float16=_to_float16,
        to_bfloat16=_to_bfloat16,
    )
    for word, pointed in POINTERS.items():
        table[word] = _pointer_word(dtype if pointed == "real" else pointed)
    return table
