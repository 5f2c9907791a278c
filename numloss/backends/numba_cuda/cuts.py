"""The gradient by the cuts between intervals, on a device: a block of threads for each cut."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda, float64, int64

from ...calls.cuts import cuts_of
from ...common.halves import working
from ...loops.headers import Operand
from . import blocks, jit, reading
from .call import Call

if TYPE_CHECKING:
    from ...calls.request import Request


@functools.cache
def adding_kernel(dtype: str) -> Any:
    """The sum of what elements say of a cut: those that it ends by one slope, those that begin there by the other."""
    words, read, threads = jit.words_of(dtype), reading.texts_of(dtype)["read"], jit.THREADS
    reals, real, double, block_sum = words["reals"], words["real"], words["double"], blocks.sum_texts()["block_sum"]
    zero, nothing = getattr(np, dtype)(0.0), np.float64(0.0)

    def add(elements, target, lower, upper, out):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread, cut = int64(cuda.threadIdx.x), int64(cuda.blockIdx.x)
        total = nothing
        for at in range(thread, elements, threads):
            interval = int64(read(target, zero, at))
            if interval == cut:
                total += double(read(upper, zero, at))
            elif interval == cut + 1:
                total += double(read(lower, zero, at))
        total = block_sum(shared, thread, total)
        if thread == 0:
            reals(out)[cut] = real(total)

    kinds = [jit.header_type(Operand, dtype, {})] * 3
    return jit.kernel(add, (int64, *kinds, int64), (jit.THREADS, 2))


def added_at_cuts(request: Request, lower: Any, upper: Any) -> Any:
    """Slopes by both ends of the intervals of all elements, added up for each cut."""
    call = Call(request)
    library, loss = call.library, request.loss
    with library.current():
        target = library.real(loss, loss.inputs[1], request.arguments[1])
        slopes = [library.describe(slope) for slope in (lower, upper)]
        dtype, count = working(slopes[0].dtype), cuts_of(library, request)
        out = library.empty((count,), dtype)
        operands = [call.described(array, dtype) for array in (target, *slopes)]
        call.kept += [out, target, *slopes]
        address = library.describe(out).address
        adding_kernel(dtype.name).launch(call.stream, count, jit.THREADS, target.size, *operands, address)
        return out
