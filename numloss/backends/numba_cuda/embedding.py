"""The embedding family on a device: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.embedding import sums_of, takes_units
from ..packing.embedding import PackedVectors
from . import jit
from .call import Call
from .embedding_kernels import Kind, embedding_kernel
from .reduction import conclude, rows_of_a_block, weight_scale

if TYPE_CHECKING:
    from ...calls.request import Request

# Threads that share a pair of long vectors; short ones have a thread each.
TEAM, LONG_FROM = 32, 16


def compute(request: Request) -> Any:
    """Run a loss of rows of vectors."""
    call, loss, mode = Call(request), request.loss, request.mode
    with call.library.current():
        given = PackedVectors(call.library, request)
        rows, real, weight = given.rows, given.real, given.weight
        team = 1 if given.size <= LONG_FROM else TEAM
        header = given.header(0, request.scale(float(rows)))
        header.block = rows_of_a_block(rows, team)
        blocks = -(-rows // header.block)
        partials = call.workspace(4 * max(blocks, 1))
        scale, notes = 0, list[Any]()
        if request.averaged and mode and weight is not None:
            scale, notes = weight_scale(call, weight, partials, real)
        if blocks:
            sums = tuple(sums_of(loss, given.params))
            vectors, check, units = len(given.vectors), header.bounds.check, takes_units(loss)
            kind = Kind(sums, vectors, check, len(given.params), min(mode, 1), team, units)
            kernel = embedding_kernel(loss.law, real.name, kind)
            kernel.launch(call.stream, blocks, jit.THREADS, header, partials, scale)
        known = None if weight is not None else float(rows)
        return conclude(call, (partials, blocks), known, (given.values, given.outputs), notes, given.complain)
