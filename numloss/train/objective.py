"""Which losses fit which data, and the targets that they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..data.dataset import Array, Dataset
from ..registry import Loss
from ..rows import LABELS, LOG_DISTRIBUTION, LOGITS, options_of
from ..transforms import unwrapped, value_and_grad

Form = Literal["labels", "one-hot", "numbers"]
# Values that predictions must be able to take: the last layer of a network is not limited to an interval.
ANYWHERE = (-1e30, 0.0, 1e30)


@dataclass(frozen=True)
class Objective:
    """A loss, and the form in which it takes its targets."""

    function: Callable[..., Any]
    loss: Loss
    form: Form

    @property
    def value_and_grad(self) -> Callable[..., tuple[Any, Array]]:
        """The loss with the slope of the network's output."""
        return value_and_grad(self.function)

    def targets(self, data: Dataset, outputs: int) -> Array:
        """The targets of all rows: labels, or an array of shape (rows, outputs)."""
        if self.form != "one-hot":
            return data.target
        return np.eye(outputs, dtype=np.float32)[data.target]


def objective(function: Callable[..., Any], data: Dataset) -> Objective:
    """Decide from what is recorded about a loss how it trains on this data; ValueError says why it does not.

    Labels go as they are to the rowwise losses that take labels. For the others they become one-hot targets, one
    output a class, which serves distributions, regression, binary losses and losses on signs alike, since those
    read 0 as -1.
    """
    loss, _, options = unwrapped(function)
    problem = _problem(loss, data) or (_rowwise_problem(loss, options, data) if loss.family == "rowwise" else "")
    if problem:
        raise ValueError(f"{loss.name} does not train on {data.name}: {problem}")
    if not data.is_labelled:
        return Objective(function, loss, "numbers")
    as_labels = loss.family == "rowwise" and options_of(loss, (None, data.target), options).target == LABELS
    return Objective(function, loss, "labels" if as_labels else "one-hot")


def _problem(loss: Loss, data: Dataset) -> str:
    if len(loss.inputs) != 2 or not loss.weighted:
        return f"it takes {', '.join(loss.inputs)}, not a prediction and a target"
    if loss.family not in ("elementwise", "rowwise"):
        return f"{loss.family} losses do not work on a prediction and a target for each row"
    prediction, target = (loss.domains.get(name) for name in loss.inputs)
    if prediction is not None and not all(value in prediction for value in ANYWHERE):
        return f"its predictions must be {prediction.text}, and the outputs of the network may be any number"
    one_hot = data.is_labelled and loss.family == "elementwise"
    if one_hot and target is not None and not (0.0 in target and 1.0 in target):
        return f"its targets must be {target.text}, and one-hot targets are 0 and 1"
    return ""


def _rowwise_problem(loss: Loss, options: dict[str, Any], data: Dataset) -> str:
    asked = options_of(loss, (None, data.target), options)
    if asked.scores != LOGITS:
        hint = "; it has an option from_logits" if "from_logits" in loss.defaults else ""
        return f"it takes probabilities or their logarithms, and the network gives logits{hint}"
    if asked.target == LABELS and not data.is_labelled:
        return "it takes labels of classes, and the targets are numbers"
    if asked.target == LOG_DISTRIBUTION and data.is_labelled:
        return "the logarithm of a one-hot target is not finite"
    return ""
