"""The kernel that ends every call: the sum of what the blocks gave, the mean, and the first complaint."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float64

from ...loops import sums
from ...loops.headers import Double, Header, Int
from . import jit
from .checks import NO_COMPLAINT, NOT_FINITE


@dataclass
class Finish(Header):
    """What blocks left, and what is wanted of it: the addresses of results, 0 where nobody asks.

    `weighted`: the sum of weights is that of the blocks, else `unweighted`. `mean`: the value is divided by it. `pull`:
    what gradients are multiplied by beside.
    """

    partials: Int
    blocks: Int
    weighted: Int
    unweighted: Double
    mean: Int
    pull: Double
    value: Int
    weight: Int
    scale: Int
    note: Int


def _finish_text() -> Any:
    doubles, double = jit.words_of("float64")["doubles"], jit.words_of("float64")["double"]
    fold = jit.of_loop(sums.fold, "float64")
    infinite, not_finite = np.float64(np.inf), np.float64(NOT_FINITE)

    def finish(c):  # type: ignore[no-untyped-def]
        lanes = cuda.shared.array(32, float64)
        weight_lanes = cuda.shared.array(32, float64)
        complaints = cuda.shared.array(32, float64)
        lane = cuda.threadIdx.x
        partials = doubles(c.partials)
        total = double(0.0)
        weight = double(0.0)
        first = double(NO_COMPLAINT)
        for block in range(lane, c.blocks, 32):
            total += partials[4 * block]
            weight += partials[4 * block + 1]
            first = min(first, partials[4 * block + 2])
        lanes[lane] = total
        weight_lanes[lane] = weight
        complaints[lane] = first
        cuda.syncthreads()
        if lane == 0:
            total = fold(lanes)
            weight = fold(weight_lanes) if c.weighted == 1 else c.unweighted
            if c.value != 0:
                if c.mean == 1:
                    total = total / weight if weight > double(0.0) else double(0.0)
                doubles(c.value)[0] = total
            if c.weight != 0:
                doubles(c.weight)[0] = weight
            if c.scale != 0:
                doubles(c.scale)[0] = c.pull / weight if weight > double(0.0) else double(0.0)
            for k in range(32):
                first = min(first, complaints[k])
            if c.weighted == 1 and not weight < infinite:
                first = min(first, not_finite)
            doubles(c.note)[0] = first

    return finish


@functools.cache
def finish_kernel() -> Any:
    """The kernel that ends every call; one block of 32 threads."""
    return jit.kernel(_finish_text(), (jit.header_type(Finish, "float64", {}),), (32, 1))
