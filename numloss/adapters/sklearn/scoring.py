"""Losses as scorers of scikit-learn: what a loss reads, asked of an estimator, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils.validation import _check_response_method, check_consistent_length

from ...calls.rowwise import options_of
from ...data.dataset import Array
from ...domains import SIGN
from ...loops.codes import DISTRIBUTION, INDICATORS, LABELS, LEVELS, LOG_PROBABILITIES, MEMBERS, PROBABILITIES
from ...registry import Loss
from ..boosting.links import Link, exp, half_logit, identity, link_of, ramp, sigmoid, softmax
from ..boosting.reading import REFUSED, chosen, one_hot, parts_of

Method = Literal["predict", "predict_proba", "decision_function"]
# What is asked first of an estimator that has both.
EITHER: tuple[Method, ...] = ("predict_proba", "decision_function")
# Of the losses of these, and of laws of one's own, two inputs are a prediction and a target.
TASKS = ("classification", "probabilistic", "regression", "yours")
TARGETS = (LABELS, DISTRIBUTION, INDICATORS, MEMBERS)


def _logits(p: Array) -> Array:
    return np.asarray(np.log(p) - np.log1p(-p))


# From predictions back to the scores of which a link makes them.
BACK: dict[Link, Callable[[Array], Array]] = {
    exp: np.log,
    sigmoid: _logits,
    half_logit: lambda p: 0.5 * _logits(p),
    ramp: lambda p: 2.0 * p - 1.0,
    softmax: np.log,
}


@dataclass(frozen=True)
class Reading:
    """What a loss reads of an estimator: the methods that give it, and what becomes of predictions.

    `back` makes scores of what the link of the loss makes of scores; `rows`: scores of all classes belong together;
    `labels`: of them the target names one.
    """

    methods: tuple[Method, ...]
    back: Callable[[Array], Array] | None = None
    rows: bool = False
    labels: bool = False


def scorer(loss: str | Callable[..., Any], *, response_method: Method | None = None, **options: Any) -> LossScorer:
    """A loss as a scorer, for `scoring=` of scikit-learn's searches and cross-validation: minus its mean.

    Parameters
    ----------
    loss : loss, functools.partial of one, or str
        A public loss of predictions and targets, ``combine`` of several, a law of your own from
        ``numloss.elementwise``, or a name.
    response_method : {"predict", "predict_proba", "decision_function"}, optional
        Give the loss what this method of an estimator says, as it is. None for what the loss is made for: losses of
        numbers, such as ``huber``, get predictions, those of a logarithm of a mean, such as ``poisson_nll``, their
        logarithms; losses of classes, such as ``cross_entropy`` and ``focal``, get the logits of probabilities, or
        where there are none the decision function; ``bce`` and ``nll`` get probabilities; margins, such as ``hinge``,
        the decision function.
    **options
        Options of the loss.

    Returns
    -------
    LossScorer
        ``scorer(estimator, X, y, sample_weight=None)``; weights reach it by metadata routing.

    Notes
    -----
    Probabilities are held off 0 and 1 by the resolution of their dtype, as scikit-learn's ``log_loss`` does it. Losses
    of one class each see several classes as numbers 0 and 1 for each, and their mean is over all of these.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.naive_bayes import GaussianNB
    >>> scores = cross_val_score(GaussianNB(), *load_iris(return_X_y=True), scoring=scorer("focal", gamma=2.0))
    >>> bool((scores < 0.0).all())
    True
    """
    return LossScorer(loss, response_method, options)


class LossScorer(_BaseScorer):  # type: ignore[misc]
    """A scorer, as `scorer` makes it: it can be copied, pickled and told which weights to ask for."""

    def __init__(self, loss: str | Callable[..., Any], method: Method | None, options: dict[str, Any]) -> None:
        self._function, self._loss, fixed = chosen(loss, options, "a scorer", "scikit-learn")
        self._called = [repr(self._loss.name), *(f"{name}={value!r}" for name, value in fixed.items())]
        readings = {_reading(part, own) for part, own in parts_of(self._loss, fixed)}
        if len(readings) > 1:
            _refuse(self._loss, "its parts read different things of an estimator")
        self._reading = readings.pop()
        self._as_is = method is not None
        super().__init__(self.mean, -1, {}, method or self._reading.methods)

    def __repr__(self) -> str:
        return f"scorer({', '.join(self._called)})"

    def mean(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """The mean of the loss, of what it reads and the targets that go with it."""
        return float(self._function(y_pred, y_true, weight=sample_weight, reduction="mean"))

    def _score(self, method_caller: Callable[..., Any], estimator: Any, X: Any, y_true: Any, **given: Any) -> float:
        weight = given.get("sample_weight")
        check_consistent_length(X, y_true, weight)
        method = _check_response_method(estimator, self._response_method).__name__
        target = np.asarray(y_true)
        if target.ndim == 1:
            named = {"pos_label": estimator.classes_[-1]} if is_classifier(estimator) else {}
            said = np.asarray(method_caller(estimator, method, X, **named))
        else:
            said = np.asarray(getattr(estimator, method)(X))
        if is_classifier(estimator):
            said, target = self._classes(estimator, method, said, target)
        elif self._reading.rows:
            _refuse(self._loss, f"it compares classes, and {type(estimator).__name__} predicts numbers")
        elif target.dtype.kind != "f":
            target = target.astype(np.float64)
        weight = None if weight is None else np.asarray(weight, np.float64)
        return -self.mean(target, self._read(method, said), weight)

    def _read(self, method: Method, said: Array) -> Array:
        """What the loss takes of what a method said."""
        if said.dtype.kind != "f":
            said = said.astype(np.float64)
        back = self._reading.back
        if self._as_is or back is None or method == "decision_function":
            return said
        if method == "predict_proba":
            least = np.finfo(said.dtype).eps
            said = np.clip(said, least, 1.0 - least)
        elif not (said > 0.0).all():
            at = int(np.argmin(said.reshape(-1) > 0.0))
            raise ValueError(f"{self._loss.name}: prediction {at} is {said.flat[at]}, and a mean must be > 0")
        return np.asarray(back(said))

    def _classes(self, estimator: Any, method: Method, said: Array, target: Array) -> tuple[Array, Array]:
        """Scores and targets of classes: a column for each, or one for the second of two."""
        if method == "predict":
            _refuse(self._loss, "it compares numbers, and predict gives classes; response_method='predict_proba' "
                    "compares the probability of each")  # fmt: skip
        if target.ndim > 1:  # a number for each of several labels
            if said.shape != target.shape:
                _refuse(self._loss, f"{method} gives the shape {said.shape} for targets of shape {target.shape}")
            return said, target
        classes = np.asarray(estimator.classes_)
        labels = np.minimum(np.searchsorted(classes, target), len(classes) - 1)
        if not (classes[labels] == target).all():
            at = int(np.argmin(classes[labels] == target))
            raise ValueError(f"y[{at}] has the class {target[at]!r}, which the estimator does not know")
        if not self._reading.rows:
            return (said, labels) if said.ndim == 1 else (said, one_hot(self._loss, labels, said.shape[1]))
        if said.ndim == 1:
            other = 1.0 - said if method == "predict_proba" else np.zeros_like(said)
            said = np.stack([other, said], axis=1)
        return said, labels if self._reading.labels else one_hot(self._loss, labels, said.shape[1]).astype(said.dtype)


def _reading(loss: Loss, options: dict[str, Any]) -> Reading:
    """What a loss reads, by what is recorded about it; ValueError for a loss of something else."""
    if loss.name in REFUSED:
        _refuse(loss, "its scores are cosines")
    if len(loss.inputs) != 2 or loss.differentiable != (0,) or loss.columns > 1 or loss.task not in TASKS:
        _refuse(loss, f"it takes {', '.join(loss.inputs)}, not a prediction and a target of a row")
    link = link_of(loss)
    if loss.family == "rowwise":
        return _rowwise_reading(loss, options, link)
    if loss.family != "elementwise":
        _refuse(loss, "it is no loss of a row by itself")
    if link is not identity and link not in BACK:
        _refuse(loss, "no method of an estimator gives its scores")
    prediction, target = (loss.domains.get(name) for name in loss.inputs)
    if link is exp:
        return Reading(("predict",), np.log if options.get("log_input", True) else None)
    if link is not identity:
        return Reading(EITHER, BACK[link])
    if target is SIGN:
        return Reading(("decision_function",))
    if prediction is not None and target is not None and (target.low, target.high) == (0.0, 1.0):
        return Reading(("predict_proba",), _same)
    return Reading(("predict",))


def _rowwise_reading(loss: Loss, options: dict[str, Any], link: Link) -> Reading:
    asked = options_of(loss, (np.zeros((1, 2)), np.zeros(1, np.int64)), options)
    if loss.rows["classes"] == LEVELS:
        _refuse(loss, "its scores are of levels between classes")
    if asked.target not in TARGETS:
        _refuse(loss, "its targets are no classes")
    labels = asked.target == LABELS
    if asked.scores in (PROBABILITIES, LOG_PROBABILITIES):
        return Reading(("predict_proba",), np.log if asked.scores == LOG_PROBABILITIES else _same, True, labels)
    if link in BACK:
        return Reading(EITHER, BACK[link], True, labels)
    return Reading(("decision_function",), None, True, labels)


def _same(p: Array) -> Array:
    return p


def _refuse(loss: Loss, why: str) -> NoReturn:
    raise ValueError(f"{loss.name} is no scorer here: {why}")
