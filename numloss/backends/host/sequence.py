"""The sequence family on the host: all alignments of sequences of classes with their labels (ctc)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.outputs import added, weighted
from ...calls.rowwise import flag
from ...loops.headers import Sequence, SequenceStrides
from .. import threads
from .packing import ABSENT, Array, Problem, in_place, name_of, regular, steps
from .rowwise import row_outputs
from .selected import indices

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend

# Nanoseconds that a step takes for each class and for each label.
CLASS_COST, LABEL_COST = 0.6, 12.0
# Steps of which all states are kept if they would take more bytes than that for all steps.
STRETCH, STRETCH_BYTES = 32, 2**20
NOWHERE = SequenceStrides(step=0, sequence=0, entry=0)


@dataclass
class Targets:
    """The labels of N sequences: their number, the blank and the labels of each one after another, where they begin."""

    counts: Array
    classes: Array
    starts: Array
    least_steps: Array


def lengths(loss: Loss, name: str, value: Any, count: int, most: int, what: str) -> Array:
    """An integer for each sequence, from 0 to `most`."""
    array = indices(loss, name, value, count)
    wrong = (array < 0) | (array > most)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{loss.name}: {name}[{at}] = {array[at]} is outside [0, {most}] ({what}); "
            f"{int(np.count_nonzero(wrong))} of {count} are bad"
        )
    return array.astype(np.int64)


def labels_of(loss: Loss, value: Any, count: int) -> Array:
    """The target: labels of each sequence in a row, or of all one after another."""
    array: Array = check.host_array(loss, "target", value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{loss.name}: target has dtype {array.dtype}; labels are integers")
    if array.ndim != 1 and (array.ndim != 2 or array.shape[0] != count):
        raise ValueError(
            f"{loss.name}: target has shape {array.shape}; it must be ({count}, S), a row for each sequence, or 1-D, "
            "the labels of all sequences one after another"
        )
    return array


def targets_of(loss: Loss, value: Any, target_lengths: Any, count: int, classes: int, blank: int) -> Targets:
    """The labels that count, checked; what lies beyond the length of a target is not looked at."""
    target = labels_of(loss, value, count)
    most = target.shape[-1]
    counts = lengths(loss, "target_lengths", target_lengths, count, most, f"target has shape {target.shape}")
    if target.ndim == 1 and counts.sum() != most:
        raise ValueError(
            f"{loss.name}: target has shape {target.shape}, but target_lengths add up to {counts.sum()}; "
            "they must be equal where target is 1-D"
        )
    flat = target if target.ndim == 1 else target[np.arange(most) < counts[:, None]]
    owner = np.repeat(np.arange(count), counts)
    starts = np.cumsum(counts) - counts
    check_labels(loss, flat, (owner, starts) if target.ndim == 2 else None, classes, blank)
    flat = flat.astype(np.int64)
    repeats = owner[1:][(flat[1:] == flat[:-1]) & (owner[1:] == owner[:-1])]
    least = counts + np.bincount(repeats, minlength=count)
    return Targets(counts, np.insert(flat, starts, blank), starts + np.arange(count), least)


def check_labels(loss: Loss, flat: Array, rows: tuple[Array, Array] | None, classes: int, blank: int) -> None:
    """Raise for the first label that is no class, or the blank."""
    outside = (flat < 0) | (flat >= classes)
    wrong = outside | (flat == blank)
    if not wrong.any():
        return
    at = int(np.flatnonzero(wrong)[0])
    where = str(at) if rows is None else f"{rows[0][at]}, {at - rows[1][rows[0][at]]}"
    bad = f"{int(np.count_nonzero(wrong))} of {flat.size} labels are bad"
    if outside[at]:
        raise IndexError(
            f"{loss.name}: target[{where}] = {flat[at]} is outside [0, {classes}) (pred has {classes} classes on "
            f"axis 2); {bad}. Labels start at 0"
        )
    raise ValueError(f"{loss.name}: target[{where}] = {flat[at]} is the blank, which is no label; {bad}")


def blank_of(loss: Loss, value: Any, classes: int) -> int:
    """The class of the blank."""
    blank = check.integer(loss, "blank", value)
    if not 0 <= blank < classes:
        raise ValueError(
            f"{loss.name}: blank = {blank} is outside [0, {classes}) (pred has {classes} classes on axis 2)"
        )
    return blank


def weights_of(loss: Loss, value: Any, count: int) -> Array:
    """What each sequence counts with, in float64."""
    return np.ones(count) if value is None else check.weights(loss, value, (count,)).astype(np.float64)


class Sequences:
    """What is known of a batch before any prediction is read: lengths, labels, what each sequence counts with."""

    def __init__(self, loss: Loss, shape: tuple[int, ...], arguments: tuple[Any, ...], given: dict[str, Any]) -> None:
        options = {**loss.defaults, **given}
        if len(shape) != 3:
            raise ValueError(f"{loss.name}: pred has shape {shape}; it must be (T, N, C): steps, sequences, classes")
        self.steps, self.count, self.classes = shape
        if not self.classes:
            raise ValueError(f"{loss.name}: pred has shape {shape}: no classes")
        blank = blank_of(loss, options["blank"], self.classes)
        self.from_logits = flag(loss, "from_logits", options["from_logits"])
        self.zero_infinity = flag(loss, "zero_infinity", options["zero_infinity"])
        what = f"pred has {self.steps} steps on axis 0"
        self.input_lengths = lengths(loss, "input_lengths", arguments[2], self.count, self.steps, what)
        self.targets = targets_of(loss, arguments[1], arguments[3], self.count, self.classes, blank)
        self.weight = weights_of(loss, options.get("weight"), self.count)
        self.total = added(self.weight)
        # of what counts nothing, or has too few steps for its labels, no prediction is read
        self.hopeless = (self.weight > 0.0) & (self.input_lengths < self.targets.least_steps)
        idle = self.hopeless | (self.weight == 0.0)
        self.used = np.where(idle, -1, self.input_lengths)
        self.cost = np.where(idle, 0, self.used) * (CLASS_COST * self.classes + LABEL_COST * self.targets.counts)

    def losses(self) -> Array:
        """The losses before any is computed."""
        return np.where(self.hopeless, np.inf, 0.0)

    def shares(self, averaged: bool) -> Array:
        """What a loss is multiplied by in a sum; of averages a sequence counts by its labels."""
        return self.weight / np.maximum(1, self.targets.counts) if averaged else self.weight

    def terms(self, losses: Array, averaged: bool) -> Array:
        """The terms of a sum."""
        if self.zero_infinity:
            losses = np.where(np.isinf(losses), 0.0, losses)
        return weighted(self.shares(averaged), losses)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of sequences."""
    loss, arguments = request.loss, request.arguments
    pred = regular(check.prediction(loss, "pred", arguments[0]))
    batch = Sequences(loss, pred.shape, arguments, request.options)
    inputs = (pred, *(array for array in arguments[1:] if isinstance(array, np.ndarray)))
    values, outputs = row_outputs(request, pred, (batch.count,), inputs)
    averaged = request.pair or request.averaged
    losses = batch.losses()
    factors = batch.shares(averaged) * request.scale(batch.total)
    problem, kept = problem_of(backend, batch, pred, outputs, factors, losses)
    backend.launch(problem)
    del kept
    terms = batch.terms(losses, averaged)
    if values is not None:
        values[...] = terms
    return request.answer(request.reduced(added(terms), batch.total) if values is None else values, outputs)


def strides_of(array: Array) -> SequenceStrides:
    """From step to step, from sequence to sequence, from class to class."""
    step, sequence, entry = steps(array)
    return SequenceStrides(step=step, sequence=sequence, entry=entry)


def problem_of(
    backend: HostBackend, batch: Sequences, pred: Array, outputs: list[Array], factors: Array, losses: Array
) -> tuple[Problem, list[Array]]:
    """The problem, and the arrays that nothing else keeps."""
    work = float(batch.cost.sum()) * (2.0 if outputs else 1.0)
    blocks = min(batch.count, threads.limit()) if work > threads.PARALLEL_PAYS_AT else min(batch.count, 1)
    # the blank before each label and after the last, by sixteens, and two places where nothing is
    width, real = -(-int(batch.targets.counts.max(initial=0) + 1) // 16) * 16 + 2, pred.dtype
    stretch = batch.steps if outputs and 48 * width * batch.steps <= STRETCH_BYTES else STRETCH
    stretch = max(1, stretch)
    line_size = 2 * batch.classes + (batch.steps if outputs else stretch) * width
    state_size = width * (9 + 6 * stretch + 4 * (batch.steps // stretch + 2)) + batch.steps
    order = np.argsort(-batch.cost, kind="stable")
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
    return Problem(loop, header, blocks, work), [order, lines, states]
