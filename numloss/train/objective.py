"""Which losses fit which data, the targets that they need, and what must stand at the end of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..calls.rowwise import options_of
from ..data.dataset import Array, Dataset, Standardiser
from ..loops.codes import LABELS, LEVELS, LOG_DISTRIBUTION, LOG_PROBABILITIES, LOGITS, PLACED, PROBABILITIES
from ..nn import Affine, Layer, LogSoftmax, Sigmoid, Softmax
from ..registry import Loss
from ..transforms.combine_losses import Combined
from ..transforms.derivatives import unwrapped, value_and_grad

Form = Literal["labels", "one-hot", "numbers"]
Head = Literal["", "sigmoid", "softmax", "log_softmax"]
# Values that predictions must be able to take: the last matrix of a network is not limited to an interval.
ANYWHERE = (-1e30, 0.0, 1e30)
HEADS: dict[Head, tuple[type[Layer], ...]] = {
    "": (), "sigmoid": (Sigmoid,), "softmax": (Softmax,), "log_softmax": (LogSoftmax,),
}  # fmt: skip
# What rowwise losses read predictions as, and the end that gives it.
ENDS: dict[int, Head] = {LOGITS: "", PROBABILITIES: "softmax", LOG_PROBABILITIES: "log_softmax"}
CURE = "; labels are integers, as y.astype(int) makes them"
# Rows on which a loss shows whether it takes predictions and targets of a row each.
TRIED = 2


@dataclass(frozen=True)
class Objective:
    """A loss, the form in which it takes its targets, and the layer that it needs after the last matrix."""

    function: Callable[..., Any]
    loss: Loss
    form: Form
    head: Head = ""

    @property
    def value_and_grad(self) -> Callable[..., tuple[Any, Array]]:
        """The loss with the slope of the network's output."""
        return value_and_grad(self.function)

    def layers(self, units: Standardiser | None = None) -> list[Layer]:
        """New layers for the end of a network.

        With the `units` of targets that are numbers, and a loss that compares predictions and targets in one unit, the
        network learns numbers about 0, and the last layer gives them the units of the targets, in which the loss is
        computed. What goes back is as large as if the targets had no unit.
        """
        if units is None or not self._in_units_of_target(units):
            return [layer() for layer in HEADS[self.head]]
        deviation = 1.0 / units.scale
        size = np.sqrt(np.mean(np.square(self._slope(units, deviation).astype(np.float64) * deviation)))
        return [Affine(deviation, units.mean, 1.0 / size if np.isfinite(size) and size > 0.0 else 1.0)]

    def _in_units_of_target(self, units: Standardiser) -> bool:
        """True if both may be any numbers, and a prediction that is its target has no slope."""
        law = self.loss.law
        losses = [part for _, part, _ in law.parts] if isinstance(law, Combined) else [self.loss]
        targets = [loss.domains.get(loss.inputs[1]) for loss in losses]
        anywhere = all(target is None or all(value in target for value in ANYWHERE) for target in targets)
        if self.form != "numbers" or self.head or not anywhere or any(loss.family != "elementwise" for loss in losses):
            return False
        return not self._slope(units, np.zeros_like(units.mean)).any()

    def _slope(self, units: Standardiser, off: Array) -> Array:
        """The slopes of losses of single numbers, of predictions so far above and below a target, which is the mean."""
        target = np.stack([units.mean, units.mean])
        slope = self.value_and_grad(target + np.stack([off, -off]), target)[1]
        return np.asarray(slope) * slope.size

    def targets(self, data: Dataset) -> Array:
        """The targets of all rows: labels, or an array of shape (rows, outputs)."""
        if self.form != "one-hot":
            return data.target
        return np.eye(data.outputs, dtype=np.float32)[data.target]


class Misfit(ValueError):
    """A loss does not train on some data; the message says why."""


def objective(function: Callable[..., Any], data: Dataset) -> Objective:
    """Decide from what is recorded about a loss how it trains on this data; ValueError says why it does not.

    Labels go as they are to the rowwise losses that take labels. For the others they become one-hot targets, one
    output a class, which serves distributions, regression, binary losses and losses on signs alike, since those
    read 0 as -1. Losses that take probabilities get a softmax or a sigmoid at the end of the network, those that take
    logarithms of probabilities a log-softmax. The parts of a combination share one form of the target and one end.
    """
    whole, _, options = unwrapped(function)
    combined = whole.law if isinstance(whole.law, Combined) else None
    parts = [(part, {**fixed, **options}) for _, part, fixed in combined.parts] if combined else [(whole, options)]
    try:
        needs = [_needs(loss, given, data) for loss, given in parts]
        (head, *others) = {head for _, head in needs}
        if others:
            raise Misfit("its parts need different layers at the end of the network")
        if data.weight is not None and not whole.weighted:
            raise Misfit("it takes no weights, and the rows have some")
        labels = all(form == "labels" for form, _ in needs)
        if not labels and any(loss.rows.get("target") == LABELS for loss, _ in parts):
            raise Misfit("one of its parts takes labels alone, another one a number for each class")
    except Misfit as error:
        raise Misfit(f"{whole.name} does not train on {data.name}: {error}") from None
    if not data.is_labelled:
        return Objective(function, whole, "numbers", head)
    return Objective(function, whole, "labels" if labels else "one-hot", head)


def _needs(loss: Loss, options: dict[str, Any], data: Dataset) -> tuple[Form, Head]:
    """The form of targets and the end of the network that one loss needs."""
    if len(loss.inputs) != 2 or loss.differentiable != (0,):
        raise Misfit(f"it takes {', '.join(loss.inputs)}, not a prediction and a target")
    if loss.task == "reinforcement":
        raise Misfit(f"its {loss.inputs[1]} is of what an agent did, not a target")
    if loss.family == "rowwise":
        return _rowwise_needs(loss, options, data)
    head = _elementwise_head(loss, data)
    if loss.family in ("examplewise", "regional") and data.outputs == 1 and _is_flat(loss, options, "one-hot"):
        raise Misfit(f"it compares outputs with each other, and {_alone(data)}")
    if loss.family != "elementwise" or loss.columns > 1:
        _try(loss, options, data)
    return ("one-hot" if data.is_labelled else "numbers"), head


def _elementwise_head(loss: Loss, data: Dataset) -> Head:
    prediction, target = (loss.domains.get(name) for name in loss.inputs)
    if data.is_labelled and target is not None and not (0.0 in target and 1.0 in target):
        raise Misfit(f"its targets must be {target.text}, and one-hot targets are 0 and 1")
    if prediction is None or all(value in prediction for value in ANYWHERE):
        return ""
    if 0.0 in prediction and 1.0 in prediction:
        return "sigmoid"
    raise Misfit(f"its predictions must be {prediction.text}, and the outputs of the network may be any number")


def _rowwise_needs(loss: Loss, options: dict[str, Any], data: Dataset) -> tuple[Form, Head]:
    asked = options_of(loss, (None, data.target), options)
    if loss.rows["classes"] == LEVELS:
        raise Misfit("its scores are of levels between classes, one fewer than the network has outputs")
    if asked.target >= PLACED:
        raise Misfit("its target is a number that many outputs of the network share")
    if asked.target == LABELS and not data.is_labelled:
        raise Misfit(f"it takes labels of classes, and the targets are numbers{CURE}")
    if asked.target == LOG_DISTRIBUTION and data.is_labelled:
        raise Misfit("the logarithm of a one-hot target is not finite")
    form: Form = "labels" if asked.target == LABELS else "one-hot"
    if data.outputs == 1 and (ENDS[asked.scores] or _is_flat(loss, options, form)):
        raise Misfit(f"it compares classes, and {_alone(data)}")
    return (form if data.is_labelled else "numbers"), ENDS[asked.scores]


def _alone(data: Dataset) -> str:
    """Why the network has one output."""
    return "all rows have one class" if data.is_labelled else f"the targets are one number a row{CURE}"


def _is_flat(loss: Loss, options: dict[str, Any], form: Form) -> bool:
    """True if a loss of rows of one number has no slope at all."""
    scores = np.array([[1.0], [-1.0]], np.float32)
    target = np.zeros(2, np.int64) if form == "labels" else np.ones_like(scores)
    try:
        return not np.any(value_and_grad(loss.function)(scores, target, **options)[1])
    except (TypeError, ValueError):  # what is wrong with its options is said when it is used
        return False


def _try(loss: Loss, options: dict[str, Any], data: Dataset) -> None:
    """Show a loss of another family two rows; what it says about them is why it does not fit."""
    some = data.take(np.arange(len(data))[:TRIED])
    target = Objective(loss.function, loss, "one-hot" if data.is_labelled else "numbers").targets(some)
    try:
        value_and_grad(loss.function)(np.zeros((len(some), data.outputs), np.float32), target, **options)
    except (TypeError, ValueError, IndexError) as error:
        raise Misfit(str(error)) from error
