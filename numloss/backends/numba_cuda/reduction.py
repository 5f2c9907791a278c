"""What the families share: the sum of weights, how rows are spread over blocks, and the end of a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...loops.codes import MOST_BLOCKS, WEIGHTED, block_size
from ...loops.headers import Weights
from . import jit
from .arrays import DeviceArray
from .call import Call
from .elementwise_codegen import Shape
from .elementwise_kernels import elementwise_kernel
from .reading import width_of


def rows_of_a_block(rows: int, team: int) -> int:
    """Rows that a block works on, with so many threads each: a function of the shape alone, so that sums are too."""
    block = max(1, 256 // team)
    while rows > block * MOST_BLOCKS:
        block *= 2
    return block


def weight_scale(call: Call, weight: DeviceArray, partials: int, real: np.dtype[Any]) -> tuple[int, list[Any]]:
    """Address of 1 / the sum of the weights, times what gradients are pulled by, and the note of bad weights."""
    size = block_size(weight.size)
    blocks = -(-weight.size // size)
    scale, sums = call.workspace(1), partials
    if blocks > 1:
        sums = call.workspace(4 * blocks)
    operand = call.described(weight, real)
    header = Weights(elements=weight.size, block=size, itemsize=real.itemsize, weighted=WEIGHTED, weight=operand)
    if blocks:
        kernel = elementwise_kernel(None, None, real.name, Shape((), (), 0, 0, 0, width_of([operand], real.itemsize)))
        kernel.launch(call.stream, blocks, jit.THREADS, header, sums, 0)
    return scale, [call.finish(sums, blocks, None, scale=scale)]


def conclude(
    call: Call,
    partials: tuple[int, int],
    known: float | None,
    written: tuple[DeviceArray | None, list[DeviceArray]],
    notes: list[Any],
    explain: Callable[[int, int], None],
) -> Any:
    """Add up the blocks, raise for what they noted, and give the caller the result.

    partials: address and number of the partial results. known: the sum of weights if they are all 1. written: the
    unreduced values, if wanted, then slopes and curvatures.
    """
    request, (values, outputs) = call.request, written
    value, value_at = (None, 0) if values is not None else call.scalar()
    total, total_at = call.scalar() if request.pair else (None, 0)
    notes = [*notes, call.finish(*partials, known, mean=request.averaged, value=value_at, weight=total_at)]
    for note in notes:
        call.settle(note, explain)
    result: Any = value if values is None else values.owner
    return request.answer((result, total) if request.pair else result, [output.owner for output in outputs])
