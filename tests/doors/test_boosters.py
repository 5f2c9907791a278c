"""Boosted trees: objectives of numloss grow the trees of each library's own, and the estimators do what theirs do.

Each library that is not installed is a skip that names it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from doors import library

import numloss as nl

ROWS, ROUNDS, CLASSES = 1200, 8, 4
Case = tuple[Callable[..., Any], dict[str, Any], str]


def halved(loss: Callable[..., Any]) -> Callable[..., Any]:
    """Libraries have half of the square."""
    return nl.combine((0.5, loss))


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    """Features, weights, and targets of each kind."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(ROWS, 6)).astype(np.float32)
    score = x[:, 0] + x[:, 1] ** 2 - 1.0 + 0.5 * x[:, 2] * x[:, 3]
    counts = rng.poisson(np.exp(np.clip(score, -3, 2)))
    kinds = {
        "binary": score + rng.normal(size=ROWS) > 0,
        "share": np.clip(score / 8 + 0.5, 0, 1),
        "number": score + rng.standard_t(2, size=ROWS),
        "count": counts,
        "positive": counts + rng.uniform(0.2, 0.8, ROWS),
        "label": np.digitize(score + 0.5 * rng.normal(size=ROWS), [-1, 0, 1]),
        "time": np.where(rng.uniform(size=ROWS) < 0.7, 1, -1) * rng.exponential(np.exp(-score)),
    }
    found = {name: np.asarray(target, np.float32) for name, target in kinds.items()}
    found["two"] = np.stack([found["number"], found["share"]], axis=1)
    return {"x": x, "weight": rng.uniform(0.5, 2.0, ROWS).astype(np.float32), **found}


def nearly_same(ours: np.ndarray, theirs: np.ndarray, within: float) -> None:
    """Predictions of two models, relative to the largest."""
    assert ours.shape == theirs.shape
    assert np.isfinite(ours).all()
    assert np.abs(theirs - theirs.mean(axis=0)).max() > 0.1, "the trees have learnt something"
    assert np.abs(ours - theirs).max() <= within * max(1.0, float(np.abs(theirs).max()))


LIGHTGBM: dict[str, Case] = {
    "regression": (halved(nl.mse), {}, "number"),
    "huber": (partial(nl.huber, delta=0.9), {"alpha": 0.9}, "number"),
    "fair": (partial(nl.fair, c=2.0), {"fair_c": 2.0}, "number"),
    "poisson": (nl.poisson_nll, {}, "count"),
    "gamma": (nl.gamma_deviance, {}, "positive"),
    "tweedie": (partial(nl.tweedie, power=1.3), {"tweedie_variance_power": 1.3}, "count"),
    "binary": (nl.bce_with_logits, {}, "binary"),
    "cross_entropy": (nl.bce_with_logits, {}, "share"),
    "multiclass": (nl.cross_entropy, {"num_class": CLASSES}, "label"),
    "multiclassova": (nl.bce_with_logits, {"num_class": CLASSES}, "label"),
}
# Libraries that take the exact curvature where the default here is a bound.
EXACT = {"fair", "reg:pseudohubererror", "survival:cox", "Huber:delta=0.9", "LogCosh"}
EXACT_TOO = {"Focal:focal_alpha=0.25;focal_gamma=2.0"}


def curvature_of(name: str) -> str | None:
    """What makes an objective that of the library."""
    return "exact" if name in EXACT | EXACT_TOO else "bound" if name == "huber" else None


@pytest.mark.parametrize("start", [False, True], ids=["from 0", "from the best constant"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("name", LIGHTGBM)
def test_lightgbm_grows_the_same_trees(name: str, weighted: bool, start: bool, data: dict[str, np.ndarray]) -> None:
    lightgbm, adapter = library("lightgbm")
    if start and name in ("huber", "fair"):
        pytest.skip("LightGBM starts at the mean, which is not the best constant of this loss")
    loss, extra, kind = LIGHTGBM[name]
    target, weight = data[kind], data["weight"] if weighted else None
    usual = {"num_leaves": 15, "learning_rate": 0.2, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    usual["verbose"] = -1
    goal = adapter.objective(loss, curvature=curvature_of(name))
    outputs = extra.get("num_class", 1)
    own = {**usual, **extra, "objective": name, "boost_from_average": start}
    theirs = lightgbm.train(own, lightgbm.Dataset(data["x"], target, weight=weight), ROUNDS)
    init = goal.init_score(target, weight, outputs=outputs) if start else None
    rows = lightgbm.Dataset(data["x"], target, weight=weight, init_score=init)
    ours = lightgbm.train({**usual, "objective": goal, "num_class": outputs}, rows, ROUNDS)
    if start:
        goal.keep_start(ours, target, weight, outputs=outputs)
    # the weighted parabola has weights rounded once more, and the logarithms of shares are sums of other terms
    within = 1e-6 if name in ("regression", "cross_entropy") else 1e-14
    nearly_same(ours.predict(data["x"]), theirs.predict(data["x"], raw_score=True), within)


XGBOOST: dict[str, Case] = {
    "reg:squarederror": (halved(nl.mse), {}, "number"),
    "reg:squaredlogerror": (halved(nl.msle), {}, "positive"),
    "reg:pseudohubererror": (partial(nl.pseudo_huber, delta=1.5), {"huber_slope": 1.5}, "number"),
    "binary:logistic": (nl.bce_with_logits, {}, "binary"),
    "count:poisson": (nl.poisson_nll, {"max_delta_step": 0.7}, "count"),
    "reg:gamma": (nl.gamma_deviance, {}, "positive"),
    "reg:tweedie": (partial(nl.tweedie, power=1.3), {"tweedie_variance_power": 1.3}, "count"),
    "multi:softprob": (nl.cross_entropy, {"num_class": CLASSES, "base_score": [0.0] * CLASSES}, "label"),
    "survival:cox": (nl.cox, {}, "time"),
}
# What a base score of the library's own objectives is of raw scores.
LOGARITHMIC = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox")


@pytest.mark.parametrize("booster", ["gbtree", "dart"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("name", XGBOOST)
def test_xgboost_grows_the_same_trees(name: str, weighted: bool, booster: str, data: dict[str, np.ndarray]) -> None:
    xgboost, adapter = library("xgboost")
    if weighted and name == "survival:cox":
        pytest.skip("its weights are those of strata; XGBoost multiplies slopes, of which no loss is the sum")
    loss, extra, kind = XGBOOST[name]
    usual = {"max_depth": 4, "nthread": 1, "tree_method": "hist", "booster": booster}
    if booster == "dart":
        usual.update(rate_drop=0.3, seed=1)
    rows = xgboost.DMatrix(data["x"], data[kind], weight=data["weight"] if weighted else None)
    begin = 0.5 if name.startswith(("reg:s", "reg:p")) else 0.0
    theirs = xgboost.train(
        {"base_score": np.exp(begin) if name in LOGARITHMIC else 0.5, **usual, **extra, "objective": name}, rows, ROUNDS
    )
    shared = {key: extra[key] for key in ("num_class", "base_score", "max_delta_step") if key in extra}
    goal = adapter.objective(loss, curvature=curvature_of(name))
    ours = xgboost.train({"base_score": begin, **usual, **shared}, rows, ROUNDS, obj=goal)
    predicted = [model.predict(rows, output_margin=True) for model in (ours, theirs)]
    # XGBoost's sums over those at risk are not those of exact arithmetic
    nearly_same(*predicted, 1e-4 if name == "survival:cox" else 1e-6)


CATBOOST: dict[str, Case] = {
    "RMSE": (halved(nl.mse), {"boost_from_average": False}, "number"),
    "Logloss": (nl.bce_with_logits, {"boost_from_average": False}, "binary"),
    "CrossEntropy": (nl.bce_with_logits, {"boost_from_average": False}, "share"),
    "Poisson": (nl.poisson_nll, {}, "count"),
    "Tweedie:variance_power=1.3": (partial(nl.tweedie, power=1.3), {}, "count"),
    "Huber:delta=0.9": (partial(nl.huber, delta=0.9), {}, "number"),
    "LogCosh": (nl.log_cosh, {}, "number"),
    "Expectile:alpha=0.3": (partial(nl.expectile, q=0.3), {}, "number"),
    "Focal:focal_alpha=0.25;focal_gamma=2.0": (partial(nl.focal, alpha=0.25, gamma=2.0), {}, "binary"),
    "MultiClass": (nl.cross_entropy, {"classes_count": CLASSES}, "label"),
    "MultiClassOneVsAll": (nl.bce_with_logits, {"classes_count": CLASSES}, "label"),
    "MultiRMSE": (halved(nl.mse), {"boost_from_average": False}, "two"),
}


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("name", CATBOOST)
def test_catboost_grows_the_same_trees(name: str, weighted: bool, data: dict[str, np.ndarray]) -> None:
    catboost, adapter = library("catboost")
    loss, extra, kind = CATBOOST[name]
    usual = {
        "iterations": ROUNDS, "depth": 4, "learning_rate": 0.2, "thread_count": 1, "random_seed": 0, "verbose": False,
        "allow_writing_files": False, "leaf_estimation_iterations": 1, "leaf_estimation_method": "Newton",
        "bootstrap_type": "No",
    }  # fmt: skip
    rows = catboost.Pool(data["x"], data[kind], weight=data["weight"] if weighted else None)
    theirs = catboost.CatBoost({**usual, **extra, "loss_function": name}).fit(rows)
    targets = 2 if kind == "two" else 1
    goal = adapter.objective(loss, targets=targets, curvature=curvature_of(name))
    held = {"loss_function": goal, "eval_metric": adapter.metric(loss, targets=targets)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = catboost.CatBoost({**usual, **extra, **held}).fit(rows)
    nearly_same(ours.predict(data["x"]), theirs.predict(data["x"]), 1e-6)
    assert next(iter(ours.get_best_score()["learn"].values())) < 100.0


def test_catboost_gets_the_matrix_of_what_is_a_cross_entropy() -> None:
    adapter = library("catboost")[1]
    score = np.array([0.3, -1.0, 2.0])
    for options in ({}, {"class_weight": np.array([1.0, 3.0, 0.5])}, {"z_loss": 0.1}, {"label_smoothing": 0.2}):
        _, slopes, matrices = nl.value_grad_hess(nl.cross_entropy, curvature="full")(
            score[None], np.array([1]), **options, reduction="sum"
        )
        for weight in (None, 2.0):
            found = adapter.objective(nl.cross_entropy, **options).calc_ders_multi(score, 1.0, weight)
            np.testing.assert_allclose(found[0], -(weight or 1.0) * slopes[0], rtol=1e-15)
            np.testing.assert_allclose(found[1], -(weight or 1.0) * matrices[0], rtol=1e-15)
    # what may bend down has a bound by one score alone
    for loss in (nl.softmax_focal, partial(nl.cross_entropy, softcap=3.0)):
        bends = adapter.objective(loss).calc_ders_multi(score, 1.0, None)[1]
        assert np.all(np.diag(bends) < 0.0) and not np.any(bends - np.diag(np.diag(bends)))
