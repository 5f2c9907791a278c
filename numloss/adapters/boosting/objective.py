"""Losses as objectives of boosted trees: what XGBoost, LightGBM and CatBoost have in common.

An objective gives a slope and a curvature for each score, of the sum over rows and not of their mean. Weights are none
of a booster's business: the objective multiplies by them.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...transforms.derivatives import value_grad_hess
from . import constant
from .links import Link, identity, link_named, link_of, probabilities
from .reading import BoostedLoss

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Policy:
    """The curvature that trees are grown with: one of the policies of `value_grad_hess`, times a factor.

    The factor may depend on the number of scores of a row.
    """

    curvature: str
    factor: float | Callable[[int], float] = 1.0

    def scale(self, scores: int) -> float:
        """The factor for rows of so many scores."""
        return self.factor(scores) if callable(self.factor) else self.factor


def _share_of_others(classes: int) -> float:
    return classes / (classes - 1.0)


# How far a step of a Poisson model may go, in logarithms: both libraries take this for their own objective.
POISSON_STEP = 0.7
# The curvature of each loss by library, "" for all, so that trees are those of the library's own objective.
# What is not named here has the tight curvature if there is one, or the bound: where a loss is flat or bends down, its
# own curvature sends leaves far away.
POLICIES: dict[str, dict[str, Policy]] = {
    "mse": {"": Policy("bound")},
    "poisson_nll": dict.fromkeys(("xgboost", "lightgbm"), Policy("exact", math.exp(POISSON_STEP))),
    "cross_entropy": {"lightgbm": Policy("exact", _share_of_others)},
}


# References to an array in a tuple that nobody else holds: the tuple's, and that of who counts.
FREE = 2


class _Outputs(threading.local):
    """Memory for slopes and curvatures, taken again once the booster has let go of it.

    A system that has to give fresh memory takes longer than a loss does. Each thread has its own.
    """

    pair: tuple[Array, Array] | None = None

    def like(self, scores: Array) -> tuple[Array, Array]:
        """Two arrays with the shape, dtype and layout of the scores."""
        pair = self.pair
        if pair is None or not _alike(pair[0], scores) or any(sys.getrefcount(pair[k]) > FREE for k in (0, 1)):
            pair = self.pair = np.empty_like(scores), np.empty_like(scores)
        return pair

    def __reduce__(self) -> Any:
        return _Outputs, ()


def _alike(array: Array, other: Array) -> bool:
    return (array.shape, array.dtype, array.strides) == (other.shape, other.dtype, other.strides)


class Objective(BoostedLoss):
    """A loss as an objective; each library's adapter says how it is called.

    Parameters
    ----------
    loss : loss, functools.partial of one, or str
        A public loss, ``combine`` of several, a law of your own from ``numloss.elementwise``, or a name.
    curvature : str, optional
        A policy of ``numloss.value_grad_hess``; None for that of the table, `POLICIES`.
    link : str, optional
        How scores become predictions: ``"identity"``, ``"exp"``, ``"sigmoid"`` or ``"softmax"``; None for what the loss
        is made for.
    **options
        Options of the loss.
    """

    library = ""

    def __init__(
        self, loss: str | Callable[..., Any], *, curvature: str | None = None, link: str | None = None, **options: Any
    ) -> None:
        super().__init__(loss, options)
        self.policy = Policy(curvature) if curvature is not None else self._usual_policy()
        self.response: Link = link_named(self.loss.name, link) if link is not None else self._usual_link()
        self._derivatives = value_grad_hess(self.function, curvature=self.policy.curvature)  # type: ignore[arg-type]
        self._outputs = _Outputs()

    def __repr__(self) -> str:
        return f"numloss.adapters.{self.library}.objective({self.name})"

    def _usual_policy(self) -> Policy:
        known = POLICIES.get(self.loss.name, {})
        usual = known.get("", Policy("tight" if self.loss.tight else "bound"))
        return known.get(self.library, usual)

    def _usual_link(self) -> Link:
        usual = [link_of(part) for part, _ in self.parts]
        return usual[0] if all(link == usual[0] for link in usual) else identity

    def gradients(self, scores: Array, target: Array, weight: Any = None, groups: Any = None) -> tuple[Array, Array]:
        """Slope and curvature of each score, in the layout of the scores."""
        arguments, given = self.arguments(scores, target, groups)
        slope, curvature = self._outputs.like(scores)
        out: Any = (slope, curvature)
        if self.form == "columns":
            out = tuple(slope.T), tuple(curvature.T)
        elif scores.ndim > arguments[0].ndim:
            out = slope.reshape(-1), curvature.reshape(-1)
        weight = self.weights(weight, groups)
        self._derivatives(*arguments, weight=weight, reduction="sum", out=out, **given)
        factor = self.policy.scale(scores.shape[1] if scores.ndim == 2 else 1)
        if factor != 1.0:
            curvature *= factor
        return slope, curvature

    def start(self, target: Any, weight: Any = None, *, outputs: int = 1) -> float | Array:
        """The best score that does not depend on a row: a number, or one for each of several outputs.

        Where trees begin there, none is spent on finding it. It is a raw score, as trees add them up. `outputs` is the
        number of classes or of parameters where the labels do not tell.
        """
        target = np.asarray(target)
        weight = None if weight is None else np.asarray(weight)
        if self.form in ("lists", "survival"):
            return 0.0
        return constant.start(self, target, weight, outputs)

    def link(self, scores: Any) -> Array:
        """Predictions of raw scores: means, probabilities, or the scores themselves."""
        return self.response(np.asarray(scores), self.options)

    def predict_proba(self, scores: Any) -> Array:
        """Probabilities of the classes, (rows, classes), of raw scores."""
        return probabilities(self.loss.name, self.response, np.asarray(scores), self.options)
