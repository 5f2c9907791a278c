"""Launches that several families share: the sum of weights, and how rows are spread over blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..host.problem import MOST_BLOCKS, block_size
from . import target
from .arrays import DeviceArray
from .call import ABSENT, Call
from .elementwise_kernels import elementwise_kernel
from .walk import Shape


def rows_of_a_block(rows: int, team: int) -> int:
    """Rows that a block works on, with so many threads each: a function of the shape alone, so that sums are too."""
    block = max(1, 256 // team)
    while rows > block * MOST_BLOCKS:
        block *= 2
    return block


def weight_scale(call: Call, weight: DeviceArray, partials: int, real: np.dtype[Any]) -> tuple[int, list[Any]]:
    """Address of 1 / the sum of the weights, computed on the device, and the note of bad weights."""
    size = block_size(weight.size)
    blocks = -(-weight.size // size)
    scale, sums = call.workspace(1), partials
    if blocks > 1:
        sums = call.workspace(4 * blocks)
    integers = (weight.size, size, sums, 0, 1, 0, *call.operand(weight, real), *ABSENT)
    if blocks:
        kernel = elementwise_kernel(None, real.name, Shape((), (), 0, 0, 0, weight.wide(real)))
        kernel.launch(call.stream, blocks, target.THREADS, integers, (0.0, 0.0))
    return scale, [call.finish(sums, blocks, None, scale=scale)]
