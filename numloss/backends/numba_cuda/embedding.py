"""The embedding family on a device: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.embedding import VectorRows, sums_of
from . import jit
from .arrays import DeviceArray
from .call import Call
from .embedding_kernels import MOST_VECTORS, embedding_kernel
from .reduction import conclude, rows_of_a_block, weight_scale

if TYPE_CHECKING:
    from ...calls.request import Request

# Threads that share a pair of long vectors; short ones have a thread each.
TEAM, LONG_FROM = 32, 16
NOWHERE = (0, 0, 0)


def places_of(array: DeviceArray) -> tuple[int, int, int]:
    """Address, and bytes from row to row and from entry to entry."""
    return array.address, array.strides[0], array.strides[1]


def compute(request: Request) -> Any:
    """Run a loss of rows of vectors."""
    call = Call(request)
    loss, mode = request.loss, request.mode
    with call.library.current():
        given = VectorRows(call.library, request)
        real, rows, size, weight, params = given.real, given.rows, given.size, given.weight, request.parameters()
        team = 1 if size <= LONG_FROM else TEAM
        block = rows_of_a_block(rows, team)
        blocks = -(-rows // block)
        partials = call.workspace(4 * max(blocks, 1))
        mean = request.averaged
        scale, notes = weight_scale(call, weight, partials, real) if mean and mode and weight is not None else (0, [])
        integers = [rows, block, partials, scale, size, int(weight is not None), int(given.values is not None)]
        for arrays in (given.vectors, given.outputs):
            for array in arrays:
                integers += places_of(array)
            integers += NOWHERE * (MOST_VECTORS - len(arrays))
        for operand in (given.known, weight, given.values):
            integers += call.operand(operand, real)
        domain = None if given.known is None else loss.domains[loss.inputs[-1]]
        ends = (0.0, 0.0) if domain is None else domain.ends(real.name)
        numbers = [1.0 / rows if mean and rows else 1.0, *ends, *params]
        if blocks:
            kind = (tuple(sums_of(loss, params)), len(given.vectors), 0 if domain is None else domain.check(False))
            kernel = embedding_kernel(loss.law, len(params), real.name, *kind, min(mode, 1), team)
            kernel.launch(call.stream, blocks, jit.THREADS, tuple(integers), tuple(numbers))
        count = None if weight is not None else float(rows)
        return conclude(call, (partials, blocks), count, (given.values, given.outputs), notes, given.complain)
