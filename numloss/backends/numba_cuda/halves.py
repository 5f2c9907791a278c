"""Arrays of 16 bits on a device, copied to float32 and back for families whose kernels read that alone."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from numba import cuda

from ...calls.widened import widened_call
from ...loops.headers import Copied
from ..packing.operands import copied
from . import jit, reading
from .libraries import library_of

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...calls.widened import Widened
    from .arrays import DeviceArray


@functools.cache
def copy_kernel() -> Any:
    """Copies numbers between arrays of any dtype and layout, a block of them in each block of threads."""
    texts, zero = reading.texts_of("float32"), jit.words_of("float32")["real"](0.0)
    read, write = texts["read"], texts["write"]

    def copy(c):  # type: ignore[no-untyped-def]
        at = cuda.blockIdx.x * c.block + cuda.threadIdx.x
        stop = min((cuda.blockIdx.x + 1) * c.block, c.elements)
        while at < stop:
            write(c.sink, at, read(c.source, zero, at))
            at += cuda.blockDim.x

    return jit.kernel(copy, (Copied,), (jit.THREADS, 2))


def widened(request: Request) -> Widened | None:
    """The call in float32, if anything in it has 16 bits."""
    library = library_of(request.arguments[0])
    kept: list[Any] = []

    def convert(source: DeviceArray, sink: DeviceArray) -> None:
        header = copied(source, sink, kept, library)
        if header.elements:
            blocks = -(-header.elements // header.block)
            copy_kernel().launch(library.stream(), blocks, jit.THREADS, header)

    with library.current():
        return widened_call(library, request, convert)
