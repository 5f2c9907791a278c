"""The sequence family on the host: all alignments of sequences of classes with their labels (ctc)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.outputs import added, weighted
from ...calls.sequence import Sequences
from .. import threads
from ..packing.operands import Array, Problem, name_of, regular
from ..packing.sequence import header_of

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Steps of which all states are kept if they would take more bytes than that for all steps.
STRETCH, STRETCH_BYTES = 32, 2**20
# Blocks of a thread, each with scratch of its own: who loses its core leaves more than half of its work to others.
BLOCKS = 8


def problem_of(backend: HostBackend, batch: Sequences, losses: Array, kept: list[Any]) -> Problem:
    """The problem, whose losses are left in an array; `kept` must outlive it."""
    pred, outputs = regular(batch.pred), batch.outputs
    work = float(batch.cost.sum()) * (2.0 if outputs else 1.0)
    blocks = min(batch.count, BLOCKS * threads.limit() if work > threads.PARALLEL_PAYS_AT else 1)
    # the blank before each label and after the last, by sixteens, and two places where nothing is
    width, real = -(-int(batch.targets.counts.max(initial=0) + 1) // 16) * 16 + 2, pred.dtype
    stretch = batch.steps if outputs and 48 * width * batch.steps <= STRETCH_BYTES else STRETCH
    stretch = max(1, stretch)
    line_size = 2 * batch.classes + (batch.steps if outputs else stretch) * width
    state_size = width * (9 + 6 * stretch + 4 * (batch.steps // stretch + 2)) + batch.steps
    order = np.argsort(-batch.cost, kind="stable")
    lines, states = np.empty(blocks * line_size, real), np.empty(blocks * state_size)
    header = header_of(batch, pred, losses, width, real.itemsize, kept)
    header.blocks, header.stretch, header.order = blocks, stretch, id(order)
    header.line_size, header.state_size, header.lines, header.states = line_size, state_size, id(lines), id(states)
    loop = backend.loop("sequence_block", name_of(real))
    kept += [pred, order, lines, states]
    return Problem(loop, header, blocks, work)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of sequences."""
    batch = Sequences(HOST, request)
    losses, kept = batch.losses(), list[Any]()
    backend.launch(problem_of(backend, batch, losses, kept))
    if batch.zero_infinity:
        losses = np.where(np.isinf(losses), 0.0, losses)
    values, terms = batch.values, weighted(batch.shares(), losses)
    if values is None:
        return request.answer(request.reduced(added(terms), batch.total), batch.outputs)
    values[...] = terms
    return request.answer(values, batch.outputs)
