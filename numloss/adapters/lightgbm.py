"""Losses as objectives and metrics of LightGBM.

    import numloss as nl
    import numloss.adapters.lightgbm as nlgb

    focal = nlgb.objective(nl.focal, gamma=1.5)
    d = lgb.Dataset(X, y, init_score=focal.init_score(y))
    booster = lgb.train({"objective": focal}, d, feval=nlgb.metric(nl.focal, gamma=1.5))
    focal.keep_start(booster, y)
    probabilities = focal.predict_proba(booster.predict(X))

Or by the estimators of this module, which begin at the best constant and predict what the loss predicts.

LightGBM renews the leaves of its own objectives for medians and quantiles, but not those of a function: with ``nl.mae``
and ``nl.quantile`` a leaf moves by the mean of slopes. Its own ``"l1"`` and ``"quantile"`` serve better there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..common.extras import MissingExtra
from .boosting.objective import Objective
from .boosting.reading import BoostedLoss, as_groups, refuse

try:
    import lightgbm
    from lightgbm.sklearn import LGBMModel
    from sklearn.utils.class_weight import compute_sample_weight
except (ImportError, OSError) as error:
    raise MissingExtra(f"objectives of LightGBM need lightgbm ({error}): pip install lightgbm") from error

Array = np.ndarray[Any, Any]


def _read(boosted: BoostedLoss, data: Any) -> tuple[Array, Any, Any]:
    """Labels, weights and groups of a Dataset."""
    groups = None
    if boosted.form in ("lists", "survival"):
        if int(data.get_params().get("num_machines", 1)) > 1:
            refuse(boosted.loss, "it compares rows, and each worker sees its own alone")
        groups = as_groups(data.get_group())
    return data.get_label(), data.get_weight(), groups


class LGBMObjective(Objective):
    """A loss as the ``objective`` of lightgbm.train and of LightGBM's estimators."""

    library = "lightgbm"

    def __call__(self, first: Any, second: Any, weight: Any = None, group: Any = None) -> tuple[Array, Array]:
        """Slopes and curvatures of scores and a Dataset, or of labels and scores."""
        if hasattr(second, "get_label"):
            target, weight, groups = _read(self, second)
            return self.gradients(first, target, weight, groups)
        return self.gradients(second, np.asarray(first), weight, as_groups(group))

    def init_score(self, target: Any, weight: Any = None, *, outputs: int = 1) -> Array:
        """The start of every row, as a Dataset takes it."""
        return _rows_of(self.start(target, weight, outputs=outputs), len(target))

    def keep_start(self, booster: Any, target: Any, weight: Any = None, *, outputs: int = 1) -> None:
        """Add the start to the first trees, as LightGBM does for its own objectives: else it predicts without."""
        _keep(booster, self.start(target, weight, outputs=outputs))


class LGBMMetric(BoostedLoss):
    """The mean of a loss as ``feval`` of lightgbm.train, and as ``eval_metric`` of LightGBM's estimators."""

    def __init__(self, loss: str | Callable[..., Any], name: str | None, options: dict[str, Any]) -> None:
        super().__init__(loss, options)
        self.__name__ = name or self.name

    def __call__(self, first: Any, second: Any, weight: Any = None, group: Any = None) -> tuple[str, float, bool]:
        """The name, the value, and that more is not better; of scores and a Dataset, or of labels and scores."""
        if hasattr(second, "get_label"):
            target, weight, groups = _read(self, second)
            return self.__name__, self.value(first, target, weight, groups), False
        return self.__name__, self.value(second, np.asarray(first), weight, as_groups(group)), False


def _rows_of(start: float | Array, rows: int) -> Array:
    """A start for every row: a number, or one for each class."""
    return np.full(rows, start) if isinstance(start, float) else np.tile(start, (rows, 1))


def _held_out(options: dict[str, Any]) -> list[Any]:
    """The labels of sets that training looks at."""
    sets, labels = options.get("eval_set"), options.get("eval_y")
    if labels is not None:
        return list(labels) if isinstance(labels, tuple) else [labels]
    return [target for _, target in ([sets] if isinstance(sets, tuple) else sets or [])]


def _keep(booster: Any, start: float | Array) -> None:
    """Add a start to the leaves of the first trees, one for each score of a row."""
    leaves = {tree["tree_index"]: tree["num_leaves"] for tree in booster.dump_model(num_iteration=1)["tree_info"]}
    for tree, value in enumerate(np.atleast_1d(start)):
        for leaf in range(leaves[tree]):
            booster.set_leaf_output(tree, leaf, booster.get_leaf_output(tree, leaf) + float(value))


def objective(
    loss: str | Callable[..., Any], *, curvature: str | None = None, link: str | None = None, **options: Any
) -> LGBMObjective:
    """A loss as an objective of LightGBM, for ``{"objective": ...}`` and for ``objective=`` of its estimators.

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
    LGBMObjective
        Its ``init_score`` is that of a Dataset; ``link`` and ``predict_proba`` read raw scores.

    Raises
    ------
    ValueError
        If the loss cannot be an objective of trees, with the reason.
    """
    return LGBMObjective(loss, curvature=curvature, link=link, **options)


def metric(loss: str | Callable[..., Any], *, name: str | None = None, **options: Any) -> LGBMMetric:
    """The mean of a loss as a metric of LightGBM, for ``feval=`` and ``eval_metric=``; it takes raw scores."""
    return LGBMMetric(loss, name, options)


class _Estimator:
    """What both estimators do with an objective of numloss; with another one they are LightGBM's own."""

    objective: Any
    class_weight: Any

    @property
    def _goal(self) -> LGBMObjective | None:
        return self.objective if isinstance(self.objective, LGBMObjective) else None

    def _fitted(self, X: Any, y: Any, labels: Any, outputs: int, weight: Any, options: dict[str, Any]) -> None:
        """Fit from the best constant, which the first trees take in afterwards."""
        goal, fit = self._goal, super().fit  # type: ignore[misc]
        if goal is None or any(options.get(name) is not None for name in ("init_score", "init_model")):
            fit(X, y, sample_weight=weight, **options)
            return
        counts = weight
        if self.class_weight is not None:
            counts = compute_sample_weight(self.class_weight, y) * (1.0 if weight is None else np.asarray(weight))
        start = goal.start(labels, counts, outputs=outputs)
        options["init_score"] = _rows_of(start, len(labels))
        held = _held_out(options)
        if held and options.get("eval_init_score") is None:
            options["eval_init_score"] = [_rows_of(start, len(target)) for target in held]
        fit(X, y, sample_weight=weight, **options)
        _keep(self.booster_, start)  # type: ignore[attr-defined]

    def _scores(self, X: Any, options: dict[str, Any]) -> Array:
        return np.asarray(LGBMModel.predict(self, X, raw_score=True, **options))


class LGBMRegressor(_Estimator, lightgbm.LGBMRegressor):  # type: ignore[misc]
    """LightGBM's regressor, which begins at the best constant of an objective of numloss and predicts by its link."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> LGBMRegressor:
        """As LightGBM's."""
        self._fitted(X, y, np.asarray(y), 1, sample_weight, options)
        return self

    def predict(self, X: Any, raw_score: bool = False, **options: Any) -> Any:
        """As LightGBM's: means, or what else the loss predicts; raw scores with ``raw_score=True``."""
        if self._goal is None or raw_score or options.get("pred_leaf") or options.get("pred_contrib"):
            return super().predict(X, raw_score=raw_score, **options)
        return self._goal.link(self._scores(X, options))


class LGBMClassifier(_Estimator, lightgbm.LGBMClassifier):  # type: ignore[misc]
    """LightGBM's classifier, which begins at the best constant of an objective of numloss and has its probabilities."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> LGBMClassifier:
        """As LightGBM's."""
        classes, labels = np.unique(np.asarray(y), return_inverse=True)
        self._fitted(X, y, labels, len(classes) if len(classes) > 2 else 1, sample_weight, options)
        return self

    def predict(self, X: Any, raw_score: bool = False, **options: Any) -> Any:
        """As LightGBM's: labels; raw scores with ``raw_score=True``."""
        if self._goal is None or raw_score or options.get("pred_leaf") or options.get("pred_contrib"):
            return super().predict(X, raw_score=raw_score, **options)
        scores = self._scores(X, options)
        return self.classes_[scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0.0).astype(np.int64)]

    def predict_proba(self, X: Any, raw_score: bool = False, **options: Any) -> Any:
        """Probabilities of the classes, (rows, classes), by the link of the objective."""
        if self._goal is None or raw_score or options.get("pred_leaf") or options.get("pred_contrib"):
            return super().predict_proba(X, raw_score=raw_score, **options)
        return self._goal.predict_proba(self._scores(X, options))
