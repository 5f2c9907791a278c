"""Which losses fit which data, the targets that they need, and what must stand at the end of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..calls.rowwise import options_of
from ..data.dataset import Array, Dataset
from ..loops.codes import LABELS, LOG_DISTRIBUTION, LOG_PROBABILITIES, LOGITS, PROBABILITIES
from ..nn import Layer, LogSoftmax, Sigmoid, Softmax
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

    @property
    def layers(self) -> list[Layer]:
        """New layers for the end of a network."""
        return [layer() for layer in HEADS[self.head]]

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
    if loss.family == "rowwise":
        return _rowwise_needs(loss, options, data)
    head = _elementwise_head(loss, data)
    if loss.family != "elementwise":
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
    if asked.target == LABELS and not data.is_labelled:
        raise Misfit("it takes labels of classes, and the targets are numbers")
    if asked.target == LOG_DISTRIBUTION and data.is_labelled:
        raise Misfit("the logarithm of a one-hot target is not finite")
    form: Form = "labels" if asked.target == LABELS else "one-hot"
    return (form if data.is_labelled else "numbers"), ENDS[asked.scores]


def _try(loss: Loss, options: dict[str, Any], data: Dataset) -> None:
    """Show a loss of another family two rows; what it says about them is why it does not fit."""
    some = data.take(np.arange(len(data))[:TRIED])
    target = Objective(loss.function, loss, "one-hot" if data.is_labelled else "numbers").targets(some)
    try:
        value_and_grad(loss.function)(np.zeros((len(some), data.outputs), np.float32), target, **options)
    except (TypeError, ValueError, IndexError) as error:
        raise Misfit(str(error)) from error
