"""What a loss of sequences takes, checked: the same for every backend.

Lengths and labels are few numbers beside the prediction: they are looked at on the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import checks as check
from .outputs import added, outputs_of
from .rowwise import flag

if TYPE_CHECKING:
    from ..registry import Loss
    from .arrays import Arrays
    from .request import Request

Array = np.ndarray[Any, Any]
# Nanoseconds that a step takes for each class and for each label.
CLASS_COST, LABEL_COST = 0.6, 12.0


@dataclass
class Targets:
    """The labels of N sequences: their number, the blank and the labels of each one after another, where they begin."""

    counts: Array
    classes: Array
    starts: Array
    least_steps: Array


def lengths(loss: Loss, name: str, array: Array, count: int, most: int, what: str) -> Array:
    """An integer for each sequence, from 0 to `most`."""
    check.same_shape(loss, name, array.shape, (count,), "the batch")
    array = array.copy()  # what is checked is what is used, whoever writes to it meanwhile
    wrong = (array < 0) | (array > most)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{loss.name}: {name}[{at}] = {array[at]} is outside [0, {most}] ({what}); "
            f"{int(np.count_nonzero(wrong))} of {count} are bad"
        )
    return array.astype(np.int64)


def targets_of(loss: Loss, target: Array, target_lengths: Array, count: int, classes: int, blank: int) -> Targets:
    """The labels that count, checked, of each sequence in a row or of all one after another.

    What lies beyond the length of a target is not looked at.
    """
    if target.ndim != 1 and (target.ndim != 2 or target.shape[0] != count):
        raise ValueError(
            f"{loss.name}: target has shape {target.shape}; it must be ({count}, S), a row for each sequence, or 1-D, "
            "the labels of all sequences one after another"
        )
    most = target.shape[-1]
    counts = lengths(loss, "target_lengths", target_lengths, count, most, f"target has shape {target.shape}")
    if target.ndim == 1 and counts.sum() != most:
        raise ValueError(
            f"{loss.name}: target has shape {target.shape}, but target_lengths add up to {counts.sum()}; "
            "they must be equal where target is 1-D"
        )
    flat = target.copy() if target.ndim == 1 else target[np.arange(most) < counts[:, None]]
    owner = np.repeat(np.arange(count), counts)
    starts = np.cumsum(counts) - counts
    check_labels(loss, flat, (owner, starts) if target.ndim == 2 else None, classes, blank)
    flat = flat.astype(np.int64)
    repeats = owner[1:][(flat[1:] == flat[:-1]) & (owner[1:] == owner[:-1])]
    least = counts + np.bincount(repeats, minlength=count)
    both = np.full(flat.size + count, blank, np.int64)
    both[np.arange(flat.size) + owner + 1] = flat
    return Targets(counts, both, starts + np.arange(count), least)


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


class Sequences:
    """One call: lengths, labels and what each sequence counts with, which the host must know; what is written to."""

    def __init__(self, place: Arrays, request: Request) -> None:
        loss, options = request.loss, {**request.loss.defaults, **request.options}
        self.place, self.loss, self.request = place, loss, request
        self.pred = place.prediction(loss, "pred", request.arguments[0])
        shape = self.pred.shape
        if len(shape) != 3:
            raise ValueError(f"{loss.name}: pred has shape {shape}; it must be (T, N, C): steps, sequences, classes")
        self.steps, self.count, self.classes = shape
        if not self.classes:
            raise ValueError(f"{loss.name}: pred has shape {shape}: no classes")
        blank = blank_of(loss, options["blank"], self.classes)
        self.from_logits = flag(loss, "from_logits", options["from_logits"])
        self.zero_infinity = flag(loss, "zero_infinity", options["zero_infinity"])
        what = f"pred has {self.steps} steps on axis 0"
        pairs = zip(loss.inputs[1:], request.arguments[1:], strict=True)
        given = [check.integers(place, loss, name, value) for name, value in pairs]
        target, input_lengths, target_lengths = map(place.on_host, given)
        self.input_lengths = lengths(loss, "input_lengths", input_lengths, self.count, self.steps, what)
        self.targets = targets_of(loss, target, target_lengths, self.count, self.classes, blank)
        self.priors = self.priors_of(options)
        self.weight = np.ones(self.count)
        if options.get("weight") is not None:
            weight = place.on_host(request.weight(place, (self.count,)))
            self.weight = (weight if request.signed else check.weights(loss, weight, (self.count,))).astype(np.float64)
        self.total = added(self.weight)
        # of what counts nothing, or has too few steps for its labels, no prediction is read
        self.hopeless = (self.weight != 0.0) & (self.input_lengths < self.targets.least_steps)
        idle = self.hopeless | (self.weight == 0.0)
        self.used = np.where(idle, -1, self.input_lengths)
        self.averaged = request.pair or request.averaged
        replaced = ("pred",) if request.mode == 1 else ()
        self.values, self.outputs = outputs_of(place, request, self.pred, (self.count,), replaced)
        self.cost = np.where(idle, 0, self.used) * (CLASS_COST * self.classes + LABEL_COST * self.targets.counts)

    def priors_of(self, options: dict[str, Any]) -> Array | None:
        """What the logarithm of the prior of each class takes off its score, if there are any."""
        scale = self.request.parameters(np.dtype(np.float64))[0]
        if options["log_priors"] is None:
            return None
        found = self.place.real(self.loss, "log_priors", options["log_priors"])
        check.same_shape(self.loss, "log_priors", found.shape, (self.classes,), "the class axis of pred")
        priors = np.asarray(self.place.on_host(found), np.float64)
        if not np.isfinite(priors).all():
            at = int(np.flatnonzero(~np.isfinite(priors))[0])
            count = int(np.count_nonzero(~np.isfinite(priors)))
            check.value_outside(self.loss, "log_priors", priors, at, "finite", count)
        return scale * priors

    def offsets(self) -> Array:
        """What is added to the log-probability of each blank and label; behind them is room for a vector."""
        found = np.zeros(self.targets.classes.size + 16)
        if self.priors is not None:
            found[: self.targets.classes.size] = -self.priors[self.targets.classes]
        return found

    def losses(self) -> Array:
        """The losses before any is computed."""
        return np.where(self.hopeless, np.inf, 0.0)

    def shares(self) -> Array:
        """What a loss is multiplied by in a sum; of averages a sequence counts by its labels."""
        return self.weight / np.maximum(1, self.targets.counts) if self.averaged else self.weight

    def factors(self) -> Array:
        """What the slopes of a sequence are multiplied by."""
        return self.shares() * self.request.scale(self.total)
