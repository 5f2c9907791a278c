"""What a metric is: a name with options, of predictions and targets; either the mean of a number of each row, or made
of what is counted over all rows."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..common.halves import widened
from ..registry import Loss
from ..typing import Array

INPUTS = ("pred", "target")
_records: dict[str, Loss] = {}


def record_of(name: str, function: Any, weighted: bool) -> Loss:
    """What an evaluation knows of something that is no loss, in the words of a loss."""
    found = Loss(name, "metric", None, function, INPUTS, {}, {}, weighted=weighted)
    found.function = function
    return found


@dataclass(frozen=True)
class Metric(ABC):
    """A metric; its fields are its options."""

    name: ClassVar[str] = ""
    least: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        for option in dataclasses.fields(self):
            value, kind = getattr(self, option.name), type(option.default)
            if kind is bool and not isinstance(value, bool):
                raise ValueError(f"{self.name}: {option.name} must be true or false, got {value!r}")
            if kind is float and (isinstance(value, bool) or not isinstance(value, int | float) or value != value):
                raise ValueError(f"{self.name}: {option.name} must be a number, got {value!r}")

    @property
    def __loss__(self) -> Loss:
        return record_of(self.name, self, True)

    @property
    def options(self) -> dict[str, Any]:
        """The options that are not as they are by default."""
        chosen = {field.name: (getattr(self, field.name), field.default) for field in dataclasses.fields(self)}
        return {name: value for name, (value, default) in chosen.items() if value != default}

    def tells_error(self, shape: tuple[int, ...]) -> bool:
        """Whether what is counted of predictions of a shape says the standard error, too."""
        return False

    @abstractmethod
    def check(self, pred: Array, target: Array) -> None:
        """Raise for arrays of no rows whose shapes and dtypes do not fit."""


class Pull:
    """What each row moves a metric by that is no mean of rows; of all rows, or of a group.

    To first order a metric is its value plus the mean of these numbers, which is 0: they are its derivative by the
    weight of a row, times all weights. So what holds of means holds of the metric: the error over rows or clusters, and
    that of a difference between two sets of predictions, row by row. This is the infinitesimal jackknife; of an area
    under the ROC curve it is the method of DeLong.
    """

    def __call__(self, pred: Array, target: Array, backend: str | None) -> Array:
        """A number for each row, in float64."""
        raise NotImplementedError


class RowMetric(Metric):
    """The mean of a number of each row, as a loss is one."""

    @abstractmethod
    def values(self, pred: Array, target: Array, backend: str | None) -> Array:
        """The number of each row, in float64."""

    def counts(self, *inputs: Array) -> Array | None:
        """What the number of each row is for so many of, where the mean is over these; None where it is over rows."""
        return None

    def __call__(
        self, pred: Array, target: Array, *,
        weight: Array | None = None, backend: str | None = None, reduction: str = "none",
    ) -> Array:  # fmt: skip
        """The number of each row, times its weight."""
        found = self.values(widened(pred), widened(target), backend)
        return found if weight is None else found * _by_row(weight, len(found))

    def summed(
        self, pred: Array, target: Array, *, weight: Array | None = None, backend: str | None = None
    ) -> tuple[float, float]:
        """The sum over rows, and of their weights."""
        self.check(pred[:0], target[:0])
        found = self(pred, target, weight=weight, backend=backend)
        counted = float(len(found)) if weight is None else float(np.sum(weight, dtype=np.float64))
        return float(found.sum()), counted


def _by_row(weight: Array, rows: int) -> Array:
    if weight.shape != (rows,):
        raise ValueError(f"weight has shape {weight.shape}; metrics take one for each of {rows} rows")
    found = np.asarray(weight, np.float64)
    if rows and not found.min() >= 0.0:
        bad = int(np.argmin(found >= 0.0))
        raise ValueError(f"weight[{bad}] is {found[bad]}; weights are >= 0")
    return found


def check_binary(name: str, pred: Array, target: Array) -> None:
    """One score and one label a row."""
    if pred.ndim != 1 or target.ndim != 1:
        raise ValueError(
            f"{name}: pred has shape {pred.shape[1:]} a row and target {target.shape[1:]}; it takes one score and one "
            "label, 0 or 1, a row"
        )


def check_classes(name: str, pred: Array, target: Array) -> None:
    """A score a row, or one for each class, and a label."""
    if pred.ndim not in (1, 2) or target.ndim != 1 or (pred.ndim == 2 and pred.shape[1] < 2):
        raise ValueError(
            f"{name}: pred has shape {pred.shape[1:]} a row and target {target.shape[1:]}; it takes one score a row, "
            "or one for each class, and one label"
        )


def check_same(name: str, pred: Array, target: Array) -> None:
    """Rows of one shape."""
    if pred.shape[1:] != target.shape[1:]:
        raise ValueError(f"{name}: pred has shape {pred.shape[1:]} a row and target {target.shape[1:]}")


@dataclass(frozen=True)
class Rows:
    """Rows of a block that count, and the keys of their groups: of each row which of `keys` it has."""

    pred: Array
    target: Array
    weight: Array | None
    keys: tuple[tuple[Any, ...], ...]
    place: Array | None
    backend: str | None

    @property
    def weights(self) -> Array:
        """What each row counts."""
        return np.ones(len(self.pred)) if self.weight is None else _by_row(self.weight, len(self.pred))
