"""How losses read the scores and labels of boosted trees.

A booster gives raw scores and the labels of its rows. Labels are floats, whatever they mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NoReturn

import numpy as np

from ...calls.rowwise import options_of
from ...catalogue import loss_named, nearest
from ...loops.codes import INDICATORS, LABELS, LOGITS, MEMBERS, PLACED
from ...registry import Loss
from ...transforms.combine_losses import Combined
from ...transforms.derivatives import unwrapped

Array = np.ndarray[Any, Any]
Form = Literal["elements", "labels", "rows", "lists", "survival", "columns"]
# What a score may be, in a domain that leaves it free.
ANYWHERE = (-1e30, 0.0, 1e30)
# Scores that are read as this much at least, since the loss ends there; XGBoost's own objective has the same.
LOWEST = {"msle": 1e-6 - 1.0}
# Losses that would take the scores of trees, and make no sense of them.
REFUSED = {
    "arcface": "its scores are cosines, and those of trees may be any number",
    "cosface": "its scores are cosines, and those of trees may be any number",
}
GIVEN = ("weight", "reduction", "top", "above", "out", "groups", "axis")
HINT = " (num_class of XGBoost and LightGBM, classes_count of CatBoost)"


class BoostedLoss:
    """A loss with its options, and how it reads the scores and labels of a booster.

    The form of a loss says how: `elements`, a score for each target, or one for each class, of which the label's has
    the target 1; `labels` and `rows`, scores of all classes with a label or with a number for each; `lists`, rows in
    groups; `survival`, labels that are times, negative where nothing happened until then; `columns`, a score for each
    parameter of a distribution.
    """

    def __init__(self, loss: str | Callable[..., Any], options: dict[str, Any]) -> None:
        self.function, self.loss, self.options = chosen(loss, options, "an objective", "the booster")
        self.parts = parts_of(self.loss, self.options)
        forms = {_form(part, given) for part, given in self.parts}
        if len(forms) > 1:
            refuse(self.loss, f"its parts read labels in different ways: {', '.join(sorted(forms))}")
        self.form: Form = forms.pop()

    @property
    def name(self) -> str:
        """The name of the loss with its options, without what separates words in logs of training."""
        options = ",".join(f"{name}={value:g}" for name, value in self.options.items() if isinstance(value, float))
        return re.sub(r"[\s:]+", "", f"{self.loss.name}({options})" if options else self.loss.name)

    def arguments(self, scores: Array, target: Array, groups: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The inputs of the loss, and the options that follow from the data."""
        if self.form == "elements":
            return (self._floored(scores), _like_scores(self.loss, scores, target)), {}
        if self.form in ("labels", "rows"):
            return (self._rows(scores), self._row_target(scores, target)), {}
        if self.form == "columns":
            columns = iter(_columns(self.loss, scores))
            inputs = range(len(self.loss.inputs))
            return tuple(next(columns) if k in self.loss.differentiable else target for k in inputs), {}
        flat = scores.reshape(-1)
        if self.form == "survival":
            given = {} if groups is None else {"groups": groups}
            return (flat, np.abs(target), target > 0.0), given
        if groups is None:
            refuse(self.loss, "it compares the rows of a list, and the data have no groups")
        return (flat, target), {"groups": groups}

    def _floored(self, scores: Array) -> Array:
        lows = [LOWEST[part.name] for part, _ in self.parts if part.name in LOWEST]
        return np.maximum(scores, scores.dtype.type(max(lows))) if lows else scores

    def _rows(self, scores: Array) -> Array:
        if scores.ndim != 2 or scores.shape[1] < 2:
            refuse(self.loss, f"it compares the scores of classes, and a row has one: set the number of classes{HINT}")
        return scores

    def _row_target(self, scores: Array, target: Array) -> Array:
        if target.ndim == scores.ndim and self.form == "rows":
            return target
        if target.ndim != 1:
            refuse(self.loss, f"it takes a label a row, got labels of shape {target.shape}")
        if self.form == "rows" and not all(part.rows["target"] is None for part, _ in self.parts):
            refuse(self.loss, f"it takes a number for each class, got labels of shape {target.shape}")
        return whole_labels(self.loss, target)

    def weights(self, weight: Array | None, groups: Any) -> Array | None:
        """Weights with the shape that the loss takes: of rows, or of lists."""
        if weight is None or not weight.size:
            return None
        if self.form not in ("lists", "survival"):
            return weight
        bounds = np.asarray([0, len(weight)] if groups is None else groups)
        if len(weight) == len(bounds) - 1:
            return weight
        firsts = weight[bounds[:-1][np.diff(bounds) > 0]]
        if not np.array_equal(np.repeat(firsts, np.diff(bounds)[np.diff(bounds) > 0]), weight):
            raise ValueError(
                f"{self.loss.name}: weights are those of lists, and rows of one list have different ones: its value is "
                "no sum over rows"
            )
        full = np.zeros(len(bounds) - 1, weight.dtype)
        full[np.diff(bounds) > 0] = firsts
        return full

    def value(self, scores: Array, target: Array, weight: Array | None, groups: Any = None) -> float:
        """The mean of the loss."""
        arguments, given = self.arguments(scores, target, groups)
        return float(self.function(*arguments, weight=self.weights(weight, groups), **given))


def chosen(
    given: str | Callable[..., Any], options: dict[str, Any], what: str, decides: str
) -> tuple[Callable[..., Any], Loss, dict[str, Any]]:
    """The function, the loss and all options of what was given by name, as a function or as a partial of one.

    TypeError for options that the loss does not have, and for those that `what` takes from who `decides`.
    """
    function = loss_named(given).function if isinstance(given, str) else given
    loss, arrays, fixed = unwrapped(function)
    if arrays:
        raise TypeError(f"{loss.name}: {what} fixes options alone, no arrays")
    for name in (whole := {**fixed, **options}):
        if name in GIVEN:
            raise TypeError(f"{loss.name}: {name} is no option of {what}: {decides} decides")
        if loss.family != "combined" and name not in loss.defaults:
            raise TypeError(f"{loss.name}: unknown option {name!r}{nearest(name, loss.defaults)}")
    return (partial(function, **options) if options else function), loss, whole


def parts_of(loss: Loss, options: dict[str, Any]) -> list[tuple[Loss, dict[str, Any]]]:
    """The losses that a loss is made of, each with its options."""
    if not isinstance(loss.law, Combined):
        return [(loss, options)]
    parts = [(part, {**fixed, **options}) for factor, part, fixed in loss.law.parts if factor > 0.0]
    return [inner for part, given in parts for inner in parts_of(part, given)]


def _form(loss: Loss, options: dict[str, Any]) -> Form:
    """How a loss reads scores and labels; ValueError if it cannot be the objective of trees."""
    if loss.name in REFUSED:
        refuse(loss, REFUSED[loss.name])
    if loss.adds_up == "no":
        refuse(loss, "it does not add up over rows, so no row has a slope of its own")
    if not loss.curvature:
        refuse(loss, "it offers no curvature")
    if loss.family == "ranked":
        return "survival" if loss.inputs[1] == "time" else "lists"
    if loss.family == "rowwise":
        return _rowwise_form(loss, options)
    targets = [k for k in range(len(loss.inputs)) if k not in loss.differentiable]
    if loss.family != "elementwise" or loss.columns > 1 or [loss.inputs[k] for k in targets] != ["target"]:
        refuse(loss, f"it takes {', '.join(loss.inputs)}, and a booster has scores and a label for each row")
    if loss.name == "poisson_nll" and not options.get("log_input", True):
        refuse(loss, "its rates are positive, and scores of trees may be any number: leave log_input as it is")
    for k in loss.differentiable:
        domain = loss.domains.get(loss.inputs[k])
        if domain is not None and not all(value in domain for value in ANYWHERE) and loss.name not in LOWEST:
            refuse(loss, f"its {loss.inputs[k]} must be {domain.text}, and scores of trees may be any number")
    return "elements" if loss.differentiable == (0,) else "columns"


def _rowwise_form(loss: Loss, options: dict[str, Any]) -> Form:
    kinds = (np.zeros((1, 2)), np.zeros(1, np.int64) if loss.rows["target"] is None else None)
    asked = options_of(loss, kinds, options)
    if asked.scores != LOGITS and asked.target not in (INDICATORS, MEMBERS):
        refuse(loss, "it takes probabilities or their logarithms, and scores of trees may be any number")
    fixed = loss.rows["target"]
    if asked.target >= PLACED:
        refuse(loss, "its target is a number that many scores share")
    return "labels" if fixed == LABELS else "rows"


def refuse(loss: Loss, why: str) -> NoReturn:
    raise ValueError(f"{loss.name} is no objective here: {why}")


def _like_scores(loss: Loss, scores: Array, target: Array) -> Array:
    """Targets with the shape of the scores; labels of classes become 1 at their score and 0 at the others."""
    if target.shape == scores.shape:
        return target
    if target.size == scores.size:
        return target.reshape(scores.shape)
    if target.ndim != 1 or scores.ndim != 2:
        raise ValueError(f"{loss.name}: scores have shape {scores.shape} and labels {target.shape}")
    return one_hot(loss, target, scores.shape[1])


def one_hot(loss: Loss, labels: Array, classes: int) -> Array:
    """1 at the class of each label, and 0 elsewhere."""
    labels = whole_labels(loss, labels)
    if labels.size and not (0 <= labels.min() and labels.max() < classes):
        at = int(np.argmax((labels < 0) | (labels >= classes)))
        raise IndexError(f"{loss.name}: target[{at}] = {labels[at]} is outside [0, {classes})")
    return np.asarray(labels[:, None] == np.arange(classes, dtype=labels.dtype)).view(np.uint8)


def whole_labels(loss: Loss, target: Array) -> Array:
    """Labels as integers: boosters keep them as floats."""
    if target.dtype.kind in "iu":
        return target
    labels = target.astype(np.int32)
    if not np.array_equal(labels, target):
        at = int(np.argmax(labels != target))
        raise ValueError(f"{loss.name}: target[{at}] = {target[at]} is no label of a class, 0, 1, 2, ...")
    return labels


def _columns(loss: Loss, scores: Array) -> Array:
    """The scores of each parameter."""
    names = [loss.inputs[k] for k in loss.differentiable]
    if scores.ndim != 2 or scores.shape[1] != len(names):
        found = scores.shape[1] if scores.ndim == 2 else 1
        refuse(loss, f"a row needs {len(names)} scores, {', '.join(names)}, and has {found}{HINT}")
    return scores.T


def as_groups(sizes: Any) -> Array | None:
    """Where groups begin and end, from their sizes."""
    if sizes is None or not len(sizes):
        return None
    return np.concatenate(([0], np.cumsum(np.asarray(sizes, np.int64))))
