"""A target that names some classes of each row, by their indices and log-probabilities: what was given, checked.

Rows of the named classes and one more, for the rest, stand for those of the call: see numloss/loops/topk.py. What is
asked of them is the same divergence of two sets of logits, in float64.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import is_floating
from ..loops.codes import BOUND
from ..registry import LOSSES
from .checks import first_of, value_outside
from .outputs import outputs_of
from .rowwise import RowOptions, Rows, check_labels, class_axis, ignored_label, rows_shape

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request

Array = np.ndarray[Any, Any]
# What the rows that stand for those of a call have no use for.
OF_ROWS = ("indices", "rest", "temperature", "axis", "out")
# Of a mixture of a divergence with the cross-entropy of labels: what is the labels' alone.
OF_LABELS = ("alpha", "ignore_index")
INDEX_OPERAND, LOG_OPERAND = 1, 2


def names_classes(request: Request) -> bool:
    """Whether the target of a call names classes."""
    return request.options.get("indices") is not None


class TopK:
    """One call: scores, named classes, and what is asked of the rows that stand for them."""

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.asked, self.loss = place, request, request.loss
        loss, given = self.loss, request.arguments
        self.labelled = loss.family == "distilled"
        self.pred = place.prediction(loss, loss.inputs[0], given[0])
        self.axis = class_axis(loss, self.pred, request.option("axis"))
        self.shape = rows_shape(self.pred, self.axis)
        self.indices = place.real(loss, "indices", request.options["indices"])
        self.logs = place.real(loss, loss.inputs[1], given[1])
        self.temperature, self.rest = request.number("temperature"), int(request.number("rest"))
        self.share = request.number("alpha") if self.labelled else 1.0
        self.check()
        overwritten = loss.inputs[:1] if request.mode == 1 and not self.labelled else ()
        self.values, self.outputs = outputs_of(place, request, self.pred, self.shape, overwritten)

    @property
    def count(self) -> int:
        """How many classes a row of the target names."""
        return int(self.indices.shape[self.axis])

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.pred.shape[self.axis])

    def check(self) -> None:
        """Dtypes and shapes."""
        loss, indices, logs = self.loss, self.indices, self.logs
        name = loss.inputs[1]
        if indices.dtype.kind not in "iu":
            raise TypeError(f"{loss.name}: indices has dtype {indices.dtype}; classes are integers")
        if not is_floating(logs.dtype):
            raise TypeError(f"{loss.name}: {name} has dtype {logs.dtype}; log-probabilities are floating")
        if logs.shape != indices.shape:
            raise ValueError(f"{loss.name}: {name} has shape {logs.shape}, indices {indices.shape}: one for each")
        if logs.ndim != self.pred.ndim or rows_shape(logs, self.axis) != self.shape:
            raise ValueError(
                f"{loss.name}: indices has shape {indices.shape}; but for axis {self.axis}, which holds the named "
                f"classes of a row, it is that of {loss.inputs[0]}, {self.pred.shape}"
            )
        if self.labelled:
            check_labels(loss, self.place.real(loss, "target", self.asked.arguments[2]), self.pred, self.axis)

    def rows(self) -> Rows:
        """The scores as a header of rows describes them."""
        options = RowOptions()
        options.temperature = self.temperature
        return Rows(self.place, self.loss, options, self.pred, self.axis, None, bound=self.asked.policy == BOUND)

    def divergence(self, own: Any, given: Any, weight: Any) -> Request:
        """What is asked of the rows that stand for those of the call."""
        asked, left = self.asked, (*OF_ROWS, *(OF_LABELS if self.labelled else ()))
        options = {name: value for name, value in asked.options.items() if name not in left}
        options |= {"axis": len(self.shape)} | ({} if weight is None else {"weight": weight})
        loss = LOSSES["kl_logits"] if self.labelled else self.loss
        return replace(asked, loss=loss, arguments=(own, given), options=options, argnums=None)

    def labels(self) -> Request:
        """The cross-entropy of the labels, with its gradient where the answer's goes."""
        asked, keep = self.asked, self.share < 1.0
        shared = ("weight", "reduction", "backend")
        options: dict[str, Any] = {name: asked.options[name] for name in shared if name in asked.options}
        options |= {"axis": self.axis, "ignore_index": asked.option("ignore_index")}
        mode = asked.mode if keep else 0
        if mode:
            outputs = tuple(map(self.place.shown, self.outputs))
            options["out"] = outputs[0] if mode == 1 else outputs
        arguments = (asked.arguments[0], asked.arguments[2])
        return replace(asked, loss=self.loss.logits, mode=mode, arguments=arguments, options=options, argnums=None)

    @property
    def ignored(self) -> int | None:
        """The label of rows that count nothing."""
        return ignored_label(self.loss, self.asked.option("ignore_index"))

    @property
    def factor(self) -> float:
        """What the divergence is multiplied by."""
        return self.share * self.temperature**2 if self.labelled else 1.0

    def mixed(self, divergence: Any, labels: Any) -> Any:
        """A reduced value, or values, of the divergence and of the labels."""
        hard = 1.0 - self.share
        # what has no share does not count: it may be infinite
        return self.factor * divergence + hard * labels if hard > 0.0 else self.factor * divergence

    def complain(self, position: int, operand: int) -> NoReturn:
        """Raise for a bad index or log-probability."""
        check_named(self, *(self.place.on_host(array) for array in (self.indices, self.logs)))
        raise AssertionError(f"{self.loss.name}: operand {operand} at {position}")


def check_named(call: TopK, indices: Array, logs: Array) -> tuple[Array, Array]:
    """The named classes with those of a row side by side, as they were given and in order; or a sentence about them."""
    loss, classes, axis = call.loss, call.classes, call.axis
    bad = (indices >= classes) | (indices < -1)
    if bad.any():
        place = np.unravel_index(first_of(loss, "indices", bad), indices.shape)
        where = ", ".join(map(str, map(int, place)))
        raise IndexError(
            f"{loss.name}: indices[{where}] = {indices[place]} is outside [0, {classes}) ({loss.inputs[0]} has "
            f"{classes} classes on axis {axis}), and not -1, which fills rows up; {int(np.count_nonzero(bad))} of "
            f"{indices.size} indices are bad"
        )
    named = np.ascontiguousarray(np.moveaxis(indices, axis, -1), np.int64)
    ordered = np.sort(named, axis=-1)
    twice = (ordered[..., 1:] == ordered[..., :-1]) & (ordered[..., 1:] >= 0)
    if twice.any():
        *row, k = map(int, np.unravel_index(int(np.argmax(twice)), twice.shape))
        where = ", ".join(map(str, row))
        raise ValueError(f"{loss.name}: indices[{where}] names class {ordered[(*row, k)]} more than once")
    wrong = np.isnan(logs) & (indices >= 0)
    if wrong.any():
        name = loss.inputs[1]
        value_outside(loss, name, logs, first_of(loss, name, wrong), "not NaN", int(np.count_nonzero(wrong)))
    return named, ordered
