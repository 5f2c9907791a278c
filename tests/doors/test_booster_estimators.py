"""The estimators of each library with an objective of numloss: start, link, labels, held-out rows, copies."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from doors import charbonnier, library

import numloss as nl

NAMES = ("xgboost", "lightgbm", "catboost")
# Of each library its estimators, its word for an objective and for rounds, and what keeps it quiet and on one thread.
WORDS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "xgboost": ("XGB", "objective", "n_estimators", {"n_jobs": 1}),
    "lightgbm": ("LGBM", "objective", "n_estimators", {"n_jobs": 1, "verbose": -1}),
    "catboost": (
        "CatBoost", "loss_function", "iterations",
        {"thread_count": 1, "verbose": False, "allow_writing_files": False, "depth": 4},
    ),
}  # fmt: skip
RNG = np.random.default_rng(11)
X = RNG.normal(size=(900, 5)).astype(np.float32)
SCORE = X[:, 0] + X[:, 1] ** 2 - 1.0
BINARY = (SCORE + 0.5 * RNG.normal(size=900) > 0).astype(int)
CLASSES = np.digitize(SCORE, [-0.5, 0.5])
COUNT = RNG.poisson(np.exp(np.clip(SCORE, -3, 2))).astype(np.float32)
NUMBER = (SCORE + 0.2 * RNG.standard_t(2, size=900)).astype(np.float32)
WEIGHT = RNG.uniform(0.5, 2.0, 900).astype(np.float32)


class Door:
    """A library, its adapter, and its estimators made in one way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module, self.adapter = library(name)
        self.prefix, self.objective, self.rounds, self.usual = WORDS[name]

    def estimator(self, kind: str, loss: Any, rounds: int = 15, options: Any = None, **more: Any) -> Any:
        """A classifier or regressor with a loss."""
        goal = self.adapter.objective(loss, **(options or {}))
        return self.kind(kind)(**{**self.usual, self.rounds: rounds, self.objective: goal, **more})

    def kind(self, kind: str) -> Any:
        return getattr(self.adapter, self.prefix + kind)


@pytest.fixture(params=NAMES)
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """One library after the other, each without warnings."""
    found = Door(request.param)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield found


def raw(door: Door, model: Any, rows: np.ndarray) -> np.ndarray:
    """Raw scores of a model."""
    if door.name == "xgboost":
        return np.asarray(model.predict(rows, output_margin=True))
    if door.name == "lightgbm":
        return np.asarray(model.predict(rows, raw_score=True))
    return np.asarray(model.predict(rows, prediction_type="RawFormulaVal"))


def test_two_classes(door: Door) -> None:
    model = door.estimator("Classifier", nl.focal, options={"gamma": 1.5}).fit(X, BINARY, sample_weight=WEIGHT)
    found = model.predict_proba(X)
    assert found.shape == (900, 2)
    scores = raw(door, model, X)
    assert np.allclose(found[:, 1], 1.0 / (1.0 + np.exp(-scores)), rtol=1e-5)
    assert np.array_equal(model.predict(X), model.classes_[(scores > 0).astype(int)])
    assert np.mean(model.predict(X) == BINARY) > 0.8
    assert model.score(X, BINARY) > 0.8
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(X), found)
    assert np.array_equal(again.predict(X), model.predict(X))


def test_copies_of_estimators_fit_the_same(door: Door) -> None:
    base = pytest.importorskip("sklearn.base")
    model = door.estimator("Classifier", nl.focal)
    same = base.clone(model).fit(X, BINARY)
    assert np.array_equal(same.predict_proba(X), model.fit(X, BINARY).predict_proba(X))


@pytest.mark.parametrize("loss", [nl.cross_entropy, nl.softmax_focal, nl.bce_with_logits], ids=lambda f: f.__name__)
def test_several_classes(door: Door, loss: Any) -> None:
    labels = CLASSES if door.name == "xgboost" else np.array(["few", "many", "more"])[CLASSES]
    model = door.estimator("Classifier", loss).fit(X, labels, sample_weight=WEIGHT)
    found = model.predict_proba(X)
    assert found.shape == (900, 3)
    assert np.allclose(found.sum(axis=1), 1.0, atol=1e-6)
    assert np.array_equal(model.predict(X), model.classes_[found.argmax(axis=1)])
    assert model.score(X, labels) > 0.8
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_a_regressor_predicts_means_and_starts_at_the_mean(door: Door) -> None:
    """With leaves too large for a split nothing is left but the start."""
    few = {"xgboost": {"min_child_weight": 1e9}, "lightgbm": {"min_split_gain": 1e9}}.get(door.name)
    model = door.estimator("Regressor", nl.poisson_nll).fit(X, COUNT, sample_weight=WEIGHT)
    mean = np.average(COUNT, weights=WEIGHT)
    assert model.predict(X).min() > 0.0
    assert np.average(model.predict(X), weights=WEIGHT) == pytest.approx(mean, rel=0.1)
    assert nl.poisson_nll(raw(door, model, X), COUNT) < nl.poisson_nll(np.full(900, np.log(mean)), COUNT) - 0.1
    if few is not None:
        flat = door.estimator("Regressor", nl.poisson_nll, **few).fit(X, COUNT, sample_weight=WEIGHT)
        assert np.allclose(flat.predict(X), mean, rtol=1e-5)


@pytest.mark.parametrize("loss", [charbonnier, nl.combine((0.5, nl.mse), (1.0, nl.mae))], ids=["own law", "combine"])
def test_own_laws_and_combinations(door: Door, loss: Any) -> None:
    model = door.estimator("Regressor", loss).fit(X, NUMBER)
    start = model.get_params()[door.objective].start(NUMBER)
    assert loss(model.predict(X), NUMBER) < 0.9 * loss(np.full(900, start, np.float32), NUMBER)


def held_out(door: Door, loss: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and arguments with which training looks at the last rows, and stops."""
    rows, target = X[600:], NUMBER[600:]
    metric = door.adapter.metric(loss)
    if door.name == "xgboost":
        return {"early_stopping_rounds": 5, "eval_metric": metric}, {"eval_set": [(rows, target)], "verbose": False}
    if door.name == "lightgbm":
        stop = door.module.early_stopping(5, verbose=False)
        return {}, {"eval_X": rows, "eval_y": target, "eval_metric": metric, "callbacks": [stop]}
    return {"early_stopping_rounds": 5}, {"eval_set": (rows, target)}


def best(door: Door, model: Any, metric: str) -> float:
    """The best value on held-out rows that training saw."""
    if door.name == "xgboost":
        return float(model.best_score)
    if door.name == "lightgbm":
        return float(model.best_score_["valid_0"][metric])
    return float(next(iter(model.get_best_score()["validation"].values())))


def test_held_out_rows_are_measured_from_the_same_start(door: Door) -> None:
    params, given = held_out(door, nl.huber)
    model = door.estimator("Regressor", nl.huber, 300, learning_rate=0.3, **params)
    model.fit(X[:600], NUMBER[:600] + 50.0, **shifted(given))
    seen = best(door, model, "huber")
    assert seen < 1.0
    assert nl.huber(model.predict(X[600:]).astype(np.float64), NUMBER[600:] + 50.0) == pytest.approx(seen, rel=1e-4)


def shifted(given: dict[str, Any]) -> dict[str, Any]:
    """Targets far from 0, where a start that is forgotten shows."""
    if "eval_y" in given:
        return {**given, "eval_y": given["eval_y"] + 50.0}
    sets = given["eval_set"]
    if isinstance(sets, tuple):
        return {**given, "eval_set": (sets[0], sets[1] + 50.0)}
    return {**given, "eval_set": [(rows, target + 50.0) for rows, target in sets]}


def test_other_objectives_are_left_to_the_library(door: Door) -> None:
    theirs = {"xgboost": "XGB", "lightgbm": "LGBM", "catboost": "CatBoost"}[door.name]
    ours = door.kind("Regressor")(**door.usual, **{door.rounds: 5}).fit(X, NUMBER)
    own = getattr(door.module, f"{theirs}Regressor")(**door.usual, **{door.rounds: 5}).fit(X, NUMBER)
    assert np.array_equal(ours.predict(X), own.predict(X))


def test_catboost_refuses_what_compares_rows() -> None:
    adapter = Door("catboost").adapter
    for loss in (nl.cox, nl.lambdarank):
        with pytest.raises(ValueError, match="CatBoost shows an objective a few at a time"):
            adapter.objective(loss)
    with pytest.raises(ValueError, match="several scores for one target"):
        adapter.objective(nl.gaussian_nll_logvar)


def test_lightgbm_ranks() -> None:
    door = Door("lightgbm")
    sizes, relevance = np.full(9, 100), CLASSES
    goal = door.adapter.objective(nl.lambdarank)
    usual = {"n_estimators": 10, "n_jobs": 1, "verbose": -1}
    ranker = door.module.LGBMRanker(objective=goal, **usual).fit(X, relevance, group=sizes)
    rows = door.module.Dataset(X, relevance, group=sizes)
    booster = door.module.train({"objective": goal, "verbose": -1, "num_threads": 1}, rows, 10)
    assert np.array_equal(ranker.predict(X), booster.predict(X))
    assert np.corrcoef(ranker.predict(X), SCORE)[0, 1] > 0.6


def xgboost_trained(goal: Any, target: np.ndarray, params: dict[str, Any], **more: Any) -> np.ndarray:
    module: ModuleType = Door("xgboost").module
    rows = module.DMatrix(X, target, **more)
    booster = module.train({"nthread": 1, **params}, rows, 10, obj=goal)
    return np.asarray(booster.predict(rows, output_margin=True))


def test_xgboost_learns_distributions() -> None:
    goal = Door("xgboost").adapter.objective(nl.gaussian_nll_logvar)
    noise = RNG.normal(size=900) * np.where(X[:, 3] > 0, 2.0, 0.1)
    start = goal.base_score(noise, outputs=2)
    scores = xgboost_trained(goal, noise, {"num_class": 2, "base_score": start})
    assert scores.shape == (900, 2)
    assert scores[X[:, 3] > 0.1, 1].mean() > scores[X[:, 3] < -0.1, 1].mean() + 2.0


def test_xgboost_grows_leaves_of_several_targets() -> None:
    both = np.stack([NUMBER, COUNT], axis=1)
    usual = {"multi_strategy": "multi_output_tree", "base_score": [0.0, 0.0]}
    goal = Door("xgboost").adapter.objective(nl.combine((0.5, nl.mse)))
    ours = xgboost_trained(goal, both, usual)
    theirs = xgboost_trained(None, both, {**usual, "objective": "reg:squarederror"})
    assert np.array_equal(ours, theirs)


def test_xgboost_gives_objectives_its_groups() -> None:
    goal = Door("xgboost").adapter.objective(nl.listnet)
    scores = xgboost_trained(goal, CLASSES, {"base_score": 0.0}, group=np.full(9, 100))
    assert np.corrcoef(scores, SCORE)[0, 1] > 0.6


class PartOfRows:
    """What an objective is shown on one of several workers."""

    def get_label(self) -> np.ndarray:
        return CLASSES

    def get_weight(self) -> None:
        return None

    def get_params(self) -> dict[str, Any]:
        return {"num_machines": 2}

    def get_group(self) -> list[int]:
        return [900]

    def get_uint_info(self, name: str) -> np.ndarray:
        return np.array([0, 900])


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_workers_refuse_what_compares_rows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(name)
    if name == "xgboost":
        monkeypatch.setattr(door.module.collective, "is_distributed", lambda: True)
    for loss in (nl.cox, nl.lambdarank):
        with pytest.raises(ValueError, match="each worker sees its own alone"):
            door.adapter.objective(loss)(SCORE, PartOfRows())
    slope, _ = door.adapter.objective(nl.mse)(SCORE, PartOfRows())
    assert np.allclose(slope, 2.0 * (SCORE - CLASSES), rtol=1e-6)


def test_lightgbm_drops_trees() -> None:
    """DART learns; two runs of LightGBM's own objective need not drop the same trees, so nothing is equal here."""
    door = Door("lightgbm")
    usual = {"boosting_type": "dart", "drop_rate": 0.4}
    model = door.estimator("Classifier", nl.bce_with_logits, **usual).fit(X, BINARY)
    scores = raw(door, model, X)
    assert nl.bce_with_logits(scores, BINARY) < 0.8 * nl.bce_with_logits(np.zeros(900), BINARY)
