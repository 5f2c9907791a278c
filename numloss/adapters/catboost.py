"""Losses as objectives and metrics of CatBoost.

    import numloss as nl
    import numloss.adapters.catboost as ncb

    focal = functools.partial(nl.focal, gamma=1.5)
    model = CatBoost({"loss_function": ncb.objective(focal), "eval_metric": ncb.metric(focal)}).fit(X, y)

Or by the estimators of this module, which begin at the best constant and predict what the loss predicts.

CatBoost maximises: its objectives give slopes and curvatures with the sign turned. It asks for them some rows at a
time, so a loss that compares rows has no place here; and for scores of classes row by row, a call of Python each.
Exact leaves, such as its own ``"MAE"`` and ``"Quantile"`` have, it does not offer to an objective from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..common.extras import MissingExtra
from ..loops.codes import LOGITS
from ..transforms.derivatives import value_grad_hess
from .boosting.objective import Objective
from .boosting.reading import BoostedLoss, refuse

try:
    import catboost
except ImportError as error:
    raise MissingExtra(f"objectives of CatBoost need catboost ({error}): pip install catboost") from error

Array = np.ndarray[Any, Any]


def _check_form(boosted: BoostedLoss, targets: int) -> None:
    if boosted.form in ("lists", "survival"):
        refuse(boosted.loss, "it compares rows, and CatBoost shows an objective a few at a time")
    if boosted.form == "columns":
        refuse(boosted.loss, "it needs several scores for one target, and CatBoost has none to spare")
    if targets > 1 and boosted.form == "labels":
        refuse(boosted.loss, "it takes a label a row, not several targets")


class CatBoostObjective(Objective):
    """A loss as ``loss_function`` of CatBoost."""

    library = "catboost"
    # CatBoost would compile its methods by Numba; they are compiled already.
    no_jit = True

    def __init__(self, loss: str | Callable[..., Any], targets: int = 1, **options: Any) -> None:
        super().__init__(loss, **options)
        self.targets = targets
        _check_form(self, targets)
        if self._has_matrix:
            self._derivatives = value_grad_hess(self.function, curvature="full")

    def __deepcopy__(self, known: Any) -> CatBoostObjective:
        return self

    def calc_ders_range(self, approxes: Array, targets: Array, weights: Array | None) -> Array:
        """Minus the slope and minus the curvature of rows with a score each."""
        scores = self._floored(approxes)
        # weights of the dtype of the scores: such a call repeats, and is recognised in a microsecond
        weight = None if weights is None else weights.astype(scores.dtype)
        ders = np.empty((2, len(scores)))
        self._derivatives(scores, targets, weight=weight, reduction="sum", out=(ders[0], ders[1]))
        np.negative(ders, out=ders)
        if (factor := self.policy.scale(1)) != 1.0:
            ders[1] *= factor
        return ders.T

    def calc_ders_multi(self, approxes: Array, targets: Any, weights: float | None) -> tuple[Array, Array]:
        """Minus the slopes, and minus the matrix of curvatures, of a row with several scores."""
        # a call without weights repeats, and is recognised in a microsecond
        scores = self._floored(np.asarray(approxes)[None])
        _, slope, curvature = self._derivatives(scores, self._row(targets, scores.shape[1]), reduction="sum")
        turned = -1.0 if weights is None else -weights
        return slope[0] * turned, (curvature[0] if self._has_matrix else np.diag(curvature[0])) * turned

    def _row(self, target: Any, classes: int) -> Array:
        """The target of one row: its label, a number for each score, or 1 for that of the label."""
        if self.targets > 1:
            return np.asarray(target)[None]
        label = int(target)
        if label != target or not 0 <= label < classes:
            raise IndexError(f"{self.loss.name}: a target is {target}, and labels are 0 to {classes - 1}")
        if self.form != "elements":
            return np.array([label])
        row = np.zeros((1, classes))
        row[0, label] = 1.0
        return row

    @property
    def _has_matrix(self) -> bool:
        """Whether steps are taken by all second derivatives: of what is a cross-entropy, they say where it is least."""
        loss = self.loss
        whole = loss.family == "rowwise" and loss.hessian and loss.convex and loss.law is None
        return whole and loss.rows["scores"] == LOGITS and self.options.get("softcap") is None


class CatBoostMultiTargetObjective(CatBoostObjective, catboost.MultiTargetCustomObjective):  # type: ignore[misc]
    """A loss of several targets as ``loss_function`` of CatBoost."""


class CatBoostMetric(BoostedLoss):
    """The mean of a loss as ``eval_metric`` of CatBoost: less is better."""

    no_jit = True

    def __init__(self, loss: str | Callable[..., Any], targets: int, options: dict[str, Any]) -> None:
        super().__init__(loss, options)
        self.targets = targets
        _check_form(self, targets)

    def __deepcopy__(self, known: Any) -> CatBoostMetric:
        return self

    def is_max_optimal(self) -> bool:
        """No: it is a loss."""
        return False

    def evaluate(self, approxes: Any, target: Any, weight: Array | None) -> tuple[float, float]:
        """The sum of the loss over some rows, and that of their weights."""
        scores = np.asarray(approxes[0] if len(approxes) == 1 else np.asarray(approxes).T)
        labels = np.asarray(target).T if self.targets > 1 else np.asarray(target)
        total = float(len(scores)) if weight is None else float(np.sum(weight, dtype=np.float64))
        return self.value(scores, labels, weight) * total, total

    def get_final_error(self, error: float, weight: float) -> float:
        """The mean."""
        return error / weight if weight > 0.0 else 0.0


class CatBoostMultiTargetMetric(CatBoostMetric, catboost.MultiTargetCustomMetric):  # type: ignore[misc]
    """The mean of a loss of several targets as ``eval_metric`` of CatBoost."""


def objective(
    loss: str | Callable[..., Any],
    *,
    targets: int = 1,
    curvature: str | None = None,
    link: str | None = None,
    **options: Any,
) -> CatBoostObjective:
    """A loss as an objective of CatBoost, for ``loss_function=``.

    Parameters
    ----------
    loss : loss, functools.partial of one, or str
        A loss of numloss, ``combine`` of several, a law of your own from ``numloss.elementwise``, or a name.
    targets : int
        How many targets a row has; CatBoost asks for several in another way.
    curvature : str, optional
        A policy of ``numloss.value_grad_hess``; None for the one that suits the loss.
    link : {"identity", "exp", "sigmoid", "softmax"}, optional
        What scores become in predictions; None for what the loss is made for.
    **options
        Options of the loss.

    Returns
    -------
    CatBoostObjective
        Its ``start`` is a ``baseline``; ``link`` and ``predict_proba`` read raw scores.

    Raises
    ------
    ValueError
        If the loss cannot be an objective of CatBoost, with the reason.
    """
    kind = CatBoostMultiTargetObjective if targets > 1 else CatBoostObjective
    return kind(loss, targets, curvature=curvature, link=link, **options)


def metric(loss: str | Callable[..., Any], *, targets: int = 1, **options: Any) -> CatBoostMetric:
    """The mean of a loss as a metric of CatBoost, for ``eval_metric=``; it takes raw scores."""
    return (CatBoostMultiTargetMetric if targets > 1 else CatBoostMetric)(loss, targets, options)


class _Estimator:
    """What both estimators do with an objective of numloss; with another one they are CatBoost's own."""

    _init_params: dict[str, Any]

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)

    @property
    def _goal(self) -> CatBoostObjective | None:
        found = self._init_params.get("loss_function", self._init_params.get("objective"))
        return found if isinstance(found, CatBoostObjective) else None

    def _fitted(self, X: Any, y: Any, labels: Array, outputs: int, weight: Any, options: dict[str, Any]) -> None:
        """Fit from the best constant, which the model takes in afterwards."""
        goal = self._goal
        assert goal is not None
        start = np.atleast_1d(goal.start(labels, weight, outputs=outputs)).astype(np.float64)
        begin = options.get("baseline") is None and options.get("init_model") is None
        if begin:
            options["baseline"] = np.tile(start, (len(labels), 1))
        held = options.get("eval_set")
        if held is not None:
            sets = [held] if isinstance(held, tuple) else list(held)
            options["eval_set"] = [self._held(one, start if begin else None, options) for one in sets]
        given = dict(self._init_params)
        if given.get("eval_metric") is None:
            self._init_params["eval_metric"] = metric(goal.function, targets=goal.targets)
        if outputs > 1:
            self._init_params["classes_count"] = outputs
        try:
            super().fit(X, labels, sample_weight=weight, **options)  # type: ignore[misc]
        finally:
            self._init_params.clear()
            self._init_params.update(given)
        if begin:
            kept = float(start[0]) if len(start) == 1 else list(map(float, start))
            self.set_scale_and_bias(1.0, kept)  # type: ignore[attr-defined]

    def _held(self, one: Any, start: Array | None, options: dict[str, Any]) -> Any:
        """Held-out rows, with the same start."""
        if isinstance(one, catboost.Pool) or start is None:
            return one
        features, target = one
        kinds = {name: options.get(name) for name in ("cat_features", "text_features", "embedding_features")}
        kinds["cat_features"] = kinds["cat_features"] or self._init_params.get("cat_features")
        labels = self._labels_of(np.asarray(target))
        return catboost.Pool(features, labels, baseline=np.tile(start, (len(labels), 1)), **kinds)

    def _labels_of(self, y: Array) -> Array:
        return y

    def _scores(self, X: Any, options: dict[str, Any]) -> Array:
        return np.asarray(catboost.CatBoost.predict(self, X, prediction_type="RawFormulaVal", **options))


class CatBoostRegressor(_Estimator, catboost.CatBoostRegressor):  # type: ignore[misc]
    """CatBoost's regressor, which begins at the best constant of an objective of numloss and predicts by its link."""

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None, **options: Any) -> CatBoostRegressor:
        """As CatBoost's, by keyword."""
        if self._goal is None or isinstance(X, catboost.Pool):
            super().fit(X, y, sample_weight=sample_weight, **options)
        else:
            self._fitted(X, y, np.asarray(y), 1, sample_weight, options)
        return self

    def predict(self, data: Any, prediction_type: str | None = None, **options: Any) -> Any:
        """As CatBoost's: means, or what else the loss predicts, unless a type is asked for."""
        if self._goal is None or prediction_type is not None:
            return super().predict(data, prediction_type, **options)
        return self._goal.link(self._scores(data, options))

    def score(self, X: Any, y: Any = None) -> float:
        """The share of the variance of y that predictions explain, as CatBoost's."""
        if self._goal is None or y is None:
            return float(super().score(X, y))
        wanted = np.asarray(y, np.float64)
        rest = np.sum((wanted - self.predict(X)) ** 2)
        return float(1.0 - rest / np.sum((wanted - wanted.mean(axis=0)) ** 2))


class CatBoostClassifier(_Estimator, catboost.CatBoostClassifier):  # type: ignore[misc]
    """CatBoost's classifier, which begins at the best constant of an objective of numloss and has its probabilities."""

    _classes: Array | None = None

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None, **options: Any) -> CatBoostClassifier:
        """As CatBoost's, by keyword."""
        if self._goal is None:
            super().fit(X, y, sample_weight=sample_weight, **options)
            return self
        if isinstance(X, catboost.Pool):
            raise TypeError("give rows and labels, not a Pool: an objective needs labels 0, 1, ..., made of them here")
        self._classes = np.unique(np.asarray(y))
        classes = len(self._classes)
        labels = self._labels_of(np.asarray(y))
        self._fitted(X, y, labels, classes if classes > 2 else 1, sample_weight, options)
        return self

    def _labels_of(self, y: Array) -> Array:
        assert self._classes is not None
        labels = np.searchsorted(self._classes, y)
        unknown = self._classes[np.minimum(labels, len(self._classes) - 1)] != y
        if unknown.any():
            raise ValueError(f"label {y[unknown][0]!r} is none of those that the model is fitted on")
        return labels.astype(np.float32)

    @property
    def classes_(self) -> Array:
        """The labels, in order."""
        return np.asarray(super().classes_) if self._classes is None else self._classes

    def predict(self, data: Any, prediction_type: str = "Class", **options: Any) -> Any:
        """As CatBoost's: labels, ``"Probability"`` or ``"RawFormulaVal"``."""
        if self._goal is None or prediction_type not in ("Class", "Probability"):
            return super().predict(data, prediction_type, **options)
        if prediction_type == "Probability":
            return self.predict_proba(data, **options)
        scores = self._scores(data, options)
        return self.classes_[scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0.0).astype(np.int64)]

    def predict_proba(self, X: Any, **options: Any) -> Any:
        """Probabilities of the classes, (rows, classes), by the link of the objective."""
        if self._goal is None:
            return super().predict_proba(X, **options)
        return self._goal.predict_proba(self._scores(X, options))

    def score(self, X: Any, y: Any = None) -> float:
        """The share of rows whose label is predicted, as CatBoost's."""
        if self._goal is None:
            return float(super().score(X, y))
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_classes": self._classes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        known = dict(state)
        classes = known.pop("_classes", None)
        super().__setstate__(known)
        self._classes = classes
