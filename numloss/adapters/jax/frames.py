"""Functions of NumPy arrays as targets of XLA's foreign function interface, on the CPU, without a copy and a compiler.

XLA calls a C function with a frame: the arrays of a call and those of its results, as descriptions of memory. The
function here is one that ctypes makes of Python; it takes the interpreter's lock, sees the memory as arrays of NumPy,
and says in a sentence what went wrong. The structures below are the parts of a frame that are read, in XLA's order;
each begins with its size, by which another layout than this one is noticed.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from ...common.halves import BFLOAT16

Array = np.ndarray[Any, Any]
# Reads the arrays of a call, and fills those of its results.
Run = Callable[[Sequence[Array], Sequence[Array]], None]
HEAD: list[Any] = [("size", ctypes.c_size_t), ("extension", ctypes.c_void_p)]
# What XLA calls the dtypes that losses read or write.
DTYPES: dict[int, Any] = {
    2: np.int8, 3: np.int16, 4: np.int32, 5: np.int64, 6: np.uint8, 7: np.uint16, 8: np.uint32, 9: np.uint64,
    10: np.float16, 11: np.float32, 12: np.float64, 16: BFLOAT16,
}  # fmt: skip
# The number of the extension by which XLA asks for the version of a target, and the version that is understood here.
METADATA, MAJOR = 1, 0
INVALID_ARGUMENT = 3
# Results of so many bytes and more lie in pages of 2 MiB, where Linux has them: XLA takes fresh memory for each call,
# and small pages of it take longer to come than a gradient to be computed.
LARGE, PAGE, HUGE_PAGES = 4 << 20, 4096, 14


class _Extension(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("kind", ctypes.c_int), ("next", ctypes.c_void_p)]


class _Version(ctypes.Structure):
    _fields_ = [*HEAD, ("major", ctypes.c_int), ("minor", ctypes.c_int)]


class _Metadata(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("version", _Version), ("traits", ctypes.c_uint32)]


class _Asked(ctypes.Structure):
    _fields_ = [("extension", _Extension), ("metadata", ctypes.POINTER(_Metadata))]


class _Error(ctypes.Structure):
    _fields_ = [*HEAD, ("message", ctypes.c_char_p), ("code", ctypes.c_int)]


_MakeError = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_Error))


class _Api(ctypes.Structure):
    _fields_ = [*HEAD, ("version", _Version), ("internal", ctypes.c_void_p), ("error", _MakeError)]


class _Buffer(ctypes.Structure):
    _fields_ = [
        *HEAD, ("dtype", ctypes.c_int), ("data", ctypes.c_void_p), ("rank", ctypes.c_int64),
        ("dims", ctypes.POINTER(ctypes.c_int64)),
    ]  # fmt: skip


class _Buffers(ctypes.Structure):
    _fields_ = [
        *HEAD, ("count", ctypes.c_int64), ("kinds", ctypes.c_void_p),
        ("items", ctypes.POINTER(ctypes.POINTER(_Buffer))),
    ]  # fmt: skip


class _Frame(ctypes.Structure):
    _fields_ = [
        *HEAD, ("api", ctypes.POINTER(_Api)), ("context", ctypes.c_void_p), ("stage", ctypes.c_int),
        ("inputs", _Buffers), ("outputs", _Buffers),
    ]  # fmt: skip


_Handler = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_Frame))
# Handlers live as long as the process: compiled programs have their addresses.
_handlers: list[Any] = []
_numbers = itertools.count()


def target(run: Run) -> str:
    """The name by which `jax.ffi.ffi_call` calls a function, on the CPU."""

    def handle(frame: Any) -> Any:
        try:
            return _answer(frame.contents, run)
        except BaseException as error:  # nothing may leave a function that C calls
            return _refusal(frame.contents, error)

    name, handler = f"numloss_{next(_numbers)}", _Handler(handle)
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(handler), platform="cpu")
    _handlers.append(handler)
    return name


def _answer(frame: _Frame, run: Run) -> None:
    if frame.extension:
        asked = ctypes.cast(frame.extension, ctypes.POINTER(_Asked)).contents
        if asked.extension.kind == METADATA:
            version, own = frame.api.contents.version, asked.metadata.contents
            if version.major != MAJOR:
                raise RuntimeError(f"frames of XLA's version {version.major}, and numloss reads those of {MAJOR}")
            own.version.major, own.version.minor, own.traits = version.major, version.minor, 0
            return
    inputs, outputs = frame.inputs, frame.outputs
    run([_seen(inputs, k) for k in range(inputs.count)], [_fresh(outputs, k) for k in range(outputs.count)])


def _seen(buffers: _Buffers, k: int) -> Array:
    """The memory of an array of a call."""
    buffer = buffers.items[k].contents
    if buffers.size < ctypes.sizeof(_Buffers) or buffer.size < ctypes.sizeof(_Buffer):
        raise RuntimeError("this version of XLA describes arrays in another way than numloss reads")
    if buffer.dtype not in DTYPES:
        raise TypeError(f"argument {k} has a dtype that losses do not read")
    dtype, shape = np.dtype(DTYPES[buffer.dtype]), tuple(buffer.dims[: buffer.rank])
    memory = (ctypes.c_char * (math.prod(shape) * dtype.itemsize)).from_address(buffer.data or 0)
    return np.frombuffer(memory, dtype).reshape(shape)


def _fresh(buffers: _Buffers, k: int) -> Array:
    """The memory of a result, in large pages if it is large."""
    array = _seen(buffers, k)
    if array.nbytes >= LARGE and sys.platform == "linux":
        first = -(-array.ctypes.data // PAGE) * PAGE
        length = (array.ctypes.data + array.nbytes - first) // PAGE * PAGE
        _advise(first, length, HUGE_PAGES)
    return array


def _refusal(frame: _Frame, error: BaseException) -> Any:
    """An error of XLA with the sentence of an exception."""
    said = _Error(ctypes.sizeof(_Error), None, str(error).encode(), INVALID_ARGUMENT)
    return frame.api.contents.error(ctypes.byref(said))


_advise = ctypes.CDLL(None).madvise
_advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
