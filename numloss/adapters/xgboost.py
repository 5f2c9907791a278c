"""Losses as objectives and metrics of XGBoost.

    import numloss as nl
    import numloss.adapters.xgboost as nx

    focal = nx.objective(nl.focal, gamma=1.5)
    params = {"base_score": focal.base_score(y), "max_depth": 6}
    booster = xgb.train(params, d, 100, obj=focal, custom_metric=nx.metric(nl.focal, gamma=1.5))
    probabilities = focal.predict_proba(booster.predict(d, output_margin=True))

Or by the estimators of this module, which begin at the best constant and predict what the loss predicts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..common.extras import MissingExtra
from .boosting.links import sigmoid
from .boosting.objective import Objective
from .boosting.reading import BoostedLoss, refuse

try:
    import xgboost
    from xgboost import collective
except ImportError as error:
    raise MissingExtra(f"objectives of XGBoost need xgboost ({error}): pip install xgboost") from error

Array = np.ndarray[Any, Any]


def _read(boosted: BoostedLoss, data: Any) -> tuple[Array, Array, Any]:
    """Labels, weights and groups of a DMatrix."""
    groups = None
    if boosted.form in ("lists", "survival"):
        if collective.is_distributed():
            refuse(boosted.loss, "it compares rows, and each worker sees its own alone")
        bounds = data.get_uint_info("group_ptr")
        groups = bounds.astype(np.int64) if len(bounds) > 1 else None
    return data.get_label(), data.get_weight(), groups


class XGBObjective(Objective):
    """A loss as ``obj`` of xgboost.train, and as ``objective`` of XGBoost's estimators."""

    library = "xgboost"

    def __call__(self, first: Any, second: Any, sample_weight: Any = None) -> tuple[Array, Array]:
        """Slopes and curvatures of scores and a DMatrix, or of labels and scores."""
        if hasattr(second, "get_label"):
            target, weight, groups = _read(self, second)
            return self.gradients(first, target, weight, groups)
        return self.gradients(np.asarray(second), np.asarray(first), sample_weight)

    def base_score(self, target: Any, weight: Any = None, *, outputs: int = 1) -> float | list[float]:
        """The start as a parameter of a booster; it stands for raw scores, as long as ``objective`` is not set."""
        start = self.start(target, weight, outputs=outputs)
        return start if isinstance(start, float) else start.tolist()


class XGBMetric(BoostedLoss):
    """The mean of a loss as ``custom_metric`` of xgboost.train, and as ``eval_metric`` of XGBoost's estimators."""

    def __init__(self, loss: str | Callable[..., Any], name: str | None, options: dict[str, Any]) -> None:
        super().__init__(loss, options)
        self.__name__ = name or self.name

    def __call__(self, first: Any, second: Any, sample_weight: Any = None) -> Any:
        """The name and the value of scores and a DMatrix; the value of labels and scores."""
        if hasattr(second, "get_label"):
            target, weight, groups = _read(self, second)
            return self.__name__, self.value(first, target, weight, groups)
        return self.value(np.asarray(second), np.asarray(first), sample_weight)


def objective(
    loss: str | Callable[..., Any], *, curvature: str | None = None, link: str | None = None, **options: Any
) -> XGBObjective:
    """A loss as an objective of XGBoost, for ``obj=`` and for ``objective=`` of its estimators.

    Parameters
    ----------
    loss : loss, functools.partial of one, or str
        A loss of numloss, ``combine`` of several, a law of your own from ``numloss.elementwise``, or a name.
    curvature : str, optional
        A policy of ``numloss.value_grad_hess``; None for the one that suits the loss.
    link : {"identity", "exp", "sigmoid", "softmax"}, optional
        What scores become in predictions; None for what the loss is made for.
    **options
        Options of the loss.

    Returns
    -------
    XGBObjective
        Its ``base_score`` is a parameter of boosters; ``link`` and ``predict_proba`` read raw scores.

    Raises
    ------
    ValueError
        If the loss cannot be an objective of trees, with the reason.
    """
    return XGBObjective(loss, curvature=curvature, link=link, **options)


def metric(loss: str | Callable[..., Any], *, name: str | None = None, **options: Any) -> XGBMetric:
    """The mean of a loss as a metric of XGBoost, for ``custom_metric=`` and ``eval_metric=``: less is better.

    It takes raw scores, which XGBoost gives to metrics where the objective is a function, too.
    """
    return XGBMetric(loss, name, options)


class _Estimator:
    """What both estimators do with an objective of numloss; with another one they are XGBoost's own."""

    objective: Any
    base_score: Any
    _base_score: Any = None

    @property
    def _goal(self) -> XGBObjective | None:
        return self.objective if isinstance(self.objective, XGBObjective) else None

    def get_xgb_params(self) -> dict[str, Any]:
        """Parameters of a booster, with the start that belongs to the labels."""
        params: dict[str, Any] = super().get_xgb_params()  # type: ignore[misc]
        if self._base_score is not None:
            params["base_score"] = self._base_score
        return params

    def _begin(self, y: Any, weight: Any, outputs: int) -> None:
        goal = self._goal
        self._base_score = None
        if goal is not None and self.base_score is None:
            self._base_score = goal.base_score(np.asarray(y), weight, outputs=outputs)


class XGBRegressor(_Estimator, xgboost.XGBRegressor):  # type: ignore[misc]
    """XGBoost's regressor, which begins at the best constant of an objective of numloss and predicts by its link."""

    def fit(self, X: Any, y: Any, *, sample_weight: Any = None, **options: Any) -> XGBRegressor:
        """As XGBoost's."""
        self._begin(y, sample_weight, 1)
        super().fit(X, y, sample_weight=sample_weight, **options)
        return self

    def predict(self, X: Any, *, output_margin: bool = False, **options: Any) -> Array:
        """As XGBoost's: means, or what else the loss predicts; raw scores with ``output_margin=True``."""
        scores = super().predict(X, output_margin=output_margin, **options)
        return scores if self._goal is None or output_margin else self._goal.link(scores)


class XGBClassifier(_Estimator, xgboost.XGBClassifier):  # type: ignore[misc]
    """XGBoost's classifier, which begins at the best constant of an objective of numloss and has its probabilities."""

    def fit(self, X: Any, y: Any, *, sample_weight: Any = None, **options: Any) -> XGBClassifier:
        """As XGBoost's."""
        classes = len(np.unique(np.asarray(y)))
        self._begin(y, sample_weight, classes if classes > 2 else 1)
        if isinstance(self._base_score, float):  # a probability: two classes are XGBoost's logistic regression
            self._base_score = float(sigmoid(np.array(self._base_score), {}))
        super().fit(X, y, sample_weight=sample_weight, **options)
        return self

    def predict(self, X: Any, *, output_margin: bool = False, **options: Any) -> Array:
        """As XGBoost's: labels; raw scores with ``output_margin=True``."""
        if self._goal is None or output_margin:
            return np.asarray(super().predict(X, output_margin=output_margin, **options))
        scores = super().predict(X, output_margin=True, **options)
        return np.asarray(scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0.0).astype(np.int64))

    def predict_proba(self, X: Any, **options: Any) -> Array:
        """Probabilities of the classes, (rows, classes), by the link of the objective."""
        if self._goal is None:
            return np.asarray(super().predict_proba(X, **options))
        return self._goal.predict_proba(super().predict(X, output_margin=True, **options))
