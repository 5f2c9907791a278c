"""The sequence family on the host: all alignments of sequences of classes with their labels (ctc)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.outputs import added, weighted
from ...calls.sequence import Sequences
from ...loops.headers import Sequence, SequenceStrides
from .. import threads
from .packing import ABSENT, Array, Problem, in_place, name_of, regular, steps

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Steps of which all states are kept if they would take more bytes than that for all steps.
STRETCH, STRETCH_BYTES = 32, 2**20
NOWHERE = SequenceStrides(step=0, sequence=0, entry=0)


def strides_of(array: Array) -> SequenceStrides:
    """From step to step, from sequence to sequence, from class to class."""
    step, sequence, entry = steps(array)
    return SequenceStrides(step=step, sequence=sequence, entry=entry)


def problem_of(backend: HostBackend, batch: Sequences, losses: Array) -> tuple[Problem, list[Array]]:
    """The problem, and the arrays that nothing else keeps."""
    pred, outputs = regular(batch.pred), batch.outputs
    work = float(batch.cost.sum()) * (2.0 if outputs else 1.0)
    blocks = min(batch.count, threads.limit()) if work > threads.PARALLEL_PAYS_AT else min(batch.count, 1)
    # the blank before each label and after the last, by sixteens, and two places where nothing is
    width, real = -(-int(batch.targets.counts.max(initial=0) + 1) // 16) * 16 + 2, pred.dtype
    stretch = batch.steps if outputs and 48 * width * batch.steps <= STRETCH_BYTES else STRETCH
    stretch = max(1, stretch)
    line_size = 2 * batch.classes + (batch.steps if outputs else stretch) * width
    state_size = width * (9 + 6 * stretch + 4 * (batch.steps // stretch + 2)) + batch.steps
    order, factors = np.argsort(-batch.cost, kind="stable"), batch.factors()
    lines, states = np.empty(blocks * line_size, real), np.empty(blocks * state_size)
    gradient = outputs[0] if outputs else None
    header = Sequence(
        sequences=batch.count,
        blocks=blocks,
        steps=batch.steps,
        classes=batch.classes,
        from_logits=batch.from_logits,
        width=width,
        stretch=stretch,
        line_size=line_size,
        state_size=state_size,
        order=id(order),
        used=id(batch.used),
        counts=id(batch.targets.counts),
        starts=id(batch.targets.starts),
        labels=id(batch.targets.classes),
        factors=id(factors),
        losses=id(losses),
        lines=id(lines),
        states=id(states),
        pred=in_place(pred),
        pred_strides=strides_of(pred),
        gradient=ABSENT if gradient is None else in_place(gradient),
        gradient_strides=NOWHERE if gradient is None else strides_of(gradient),
    )
    loop = backend.loop("sequence_block", name_of(real))
    return Problem(loop, header, blocks, work), [pred, order, factors, lines, states]


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of sequences."""
    batch = Sequences(HOST, request)
    losses = batch.losses()
    problem, kept = problem_of(backend, batch, losses)
    backend.launch(problem)
    del kept
    if batch.zero_infinity:
        losses = np.where(np.isinf(losses), 0.0, losses)
    values, terms = batch.values, weighted(batch.shares(), losses)
    if values is None:
        return request.answer(request.reduced(added(terms), batch.total), batch.outputs)
    values[...] = terms
    return request.answer(values, batch.outputs)
