"""The kernel that ends every call: the sum of what the blocks gave, the mean, and the first complaint."""

from __future__ import annotations

import functools
from typing import Any

from numba import cuda, float64, int64, types

from ...loops import sums
from . import jit
from .elementwise_codegen import NO_COMPLAINT


def _finish_text() -> Any:
    doubles, double = jit.words_of("float64")["doubles"], jit.words_of("float64")["double"]
    fold = jit.jitable(sums.fold)

    def finish(c, unweighted):  # type: ignore[no-untyped-def]
        """Add up the blocks: c is 0 partial results, 1 blocks, 2 mean, 3 weighted, then the addresses of
        4 the value, 5 the sum of weights, 6 the scale, 7 the complaint; absent ones are 0."""
        lanes = cuda.shared.array(32, float64)
        weight_lanes = cuda.shared.array(32, float64)
        complaints = cuda.shared.array(32, float64)
        lane = cuda.threadIdx.x
        partials = doubles(c[0])
        total = double(0.0)
        weight = double(0.0)
        first = double(NO_COMPLAINT)
        for block in range(lane, c[1], 32):
            total += partials[4 * block]
            weight += partials[4 * block + 1]
            first = min(first, partials[4 * block + 2])
        lanes[lane] = total
        weight_lanes[lane] = weight
        complaints[lane] = first
        cuda.syncthreads()
        if lane == 0:
            total = fold(lanes)
            weight = fold(weight_lanes) if c[3] == 1 else unweighted
            if c[4] != 0:
                if c[2] == 1:
                    total = total / weight if weight > double(0.0) else double(0.0)
                doubles(c[4])[0] = total
            if c[5] != 0:
                doubles(c[5])[0] = weight
            if c[6] != 0:
                doubles(c[6])[0] = double(1.0) / weight if weight > double(0.0) else double(0.0)
            for k in range(32):
                first = min(first, complaints[k])
            doubles(c[7])[0] = first

    return finish


@functools.cache
def finish_kernel() -> Any:
    """The kernel that ends every call; one block of 32 threads."""
    return jit.kernel(_finish_text(), (types.UniTuple(int64, 8), float64), (32, 1))
