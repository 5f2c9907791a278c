"""The networks that are estimators of scikit-learn: weights of classes, callbacks, losses of one's own."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from doors import charbonnier, library, tamed
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

import numloss as nl

door = library("sklearn")[1]
X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
WEIGHT = np.random.default_rng(0).uniform(0.2, 3.0, len(X))
# Rows of which classes have 50, 30 and 10.
UNEVEN = np.concatenate([np.flatnonzero(Y == k)[:rows] for k, rows in enumerate((50, 30, 10))])


def fitted(class_weight: Any, rows: Any = UNEVEN, weight: Any = None, **options: Any) -> Any:
    model = door.NumlossClassifier(class_weight=class_weight, epochs=3, random_state=0, **options)
    return model.fit(X[rows], NAMES[rows], sample_weight=weight)


@pytest.mark.parametrize("asked", ["balanced", {"virginica": 5.0}, {"setosa": 0.0, "versicolor": 2.0}], ids=str)
def test_weights_of_classes_are_weights_of_their_rows(asked: Any) -> None:
    given = compute_sample_weight(asked, NAMES[UNEVEN])
    assert given.max() > 1.5
    same = fitted(None, weight=given)
    np.testing.assert_array_equal(fitted(asked).predict_proba(X), same.predict_proba(X))
    assert not np.array_equal(same.predict_proba(X), fitted(None).predict_proba(X))
    if asked != "balanced":
        both = fitted(asked, weight=WEIGHT[UNEVEN])
        np.testing.assert_array_equal(
            both.predict_proba(X), fitted(None, weight=given * WEIGHT[UNEVEN]).predict_proba(X)
        )


def test_balance_counts_rows_by_their_weights() -> None:
    weight = np.repeat([1.0, 2.0, 3.0], [50, 30, 10])
    repeated = np.repeat(UNEVEN, weight.astype(int))
    once, again = (compute_sample_weight("balanced", NAMES[rows]) for rows in (repeated, UNEVEN))
    assert not np.array_equal(once[:90], again)
    found = fitted("balanced", weight=weight)
    rows = np.array([once[np.flatnonzero(NAMES[repeated] == name)[0]] for name in NAMES[UNEVEN]]) * weight
    np.testing.assert_allclose(found.predict_proba(X), fitted(None, weight=rows).predict_proba(X), rtol=1e-9)


def test_parts_of_the_rows_have_weights_of_classes_by_name_only() -> None:
    model = door.NumlossClassifier(class_weight={"setosa": 4.0}, random_state=0)
    model.partial_fit(X, NAMES).partial_fit(X, NAMES)
    same = door.NumlossClassifier(random_state=0)
    for _ in range(2):
        same.partial_fit(X, NAMES, sample_weight=np.where(NAMES == "setosa", 4.0, 1.0))
    np.testing.assert_array_equal(model.predict_proba(X), same.predict_proba(X))
    with pytest.raises(ValueError, match="class_weight='balanced' needs all rows, and partial_fit sees some"):
        clone(model).set_params(class_weight="balanced").partial_fit(X, NAMES)
    with pytest.raises(ValueError, match="class_weight"):
        fitted("even")


class Heard:
    """A callback that notes what it hears and stops after so many epochs."""

    def __init__(self, most: int = 1000) -> None:
        self.most, self.begun, self.ended, self.probabilities = most, [], [], []
        self.scopes: list[str] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.scopes.append("setup")

    def teardown(self, estimator: Any, context: Any) -> None:
        self.scopes.append("teardown")

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.begun.append((context.task_name, context.task_id))

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any, y: Any, metadata: Any, fitted_estimator: Any
    ) -> bool:  # fmt: skip
        self.ended.append((context.task_name, context.task_id, len(X), y[0], metadata))
        self.probabilities.append(fitted_estimator.predict(X))
        return len(self.ended) >= self.most


def test_callbacks_hear_of_every_epoch() -> None:
    pytest.importorskip("sklearn.callback", reason="scikit-learn has no callbacks before 1.9")
    heard = Heard()
    model = door.NumlossRegressor(epochs=4, random_state=0).set_callbacks(heard)
    model.fit(X, 1.0 * Y, sample_weight=WEIGHT)
    assert heard.scopes == ["setup", "teardown"]
    assert heard.begun == [("fit", 0), *(("epoch", k) for k in range(4))]
    assert [(name, number) for name, number, *_ in heard.ended] == [*(("epoch", k) for k in range(4)), ("fit", 0)]
    assert all(rows == 150 and y == Y[0] and given["sample_weight"] is WEIGHT for *_, rows, y, given in heard.ended)
    np.testing.assert_array_equal(heard.probabilities[-1], model.predict(X))
    for epochs in (1, 3):  # as if training had ended there
        same = door.NumlossRegressor(epochs=epochs, random_state=0).fit(X, 1.0 * Y, sample_weight=WEIGHT)
        np.testing.assert_array_equal(heard.probabilities[epochs - 1], same.predict(X))


def test_a_callback_ends_training() -> None:
    pytest.importorskip("sklearn.callback", reason="scikit-learn has no callbacks before 1.9")
    model = door.NumlossClassifier(epochs=9, random_state=0).set_callbacks(Heard(2)).fit(X, NAMES)
    assert model.n_iter_ == len(model.loss_curve_) == 2
    same = door.NumlossClassifier(epochs=2, random_state=0).fit(X, NAMES)
    np.testing.assert_array_equal(model.predict_proba(X), same.predict_proba(X))
    assert len(model.partial_fit(X, NAMES).loss_curve_) == 3


def test_a_monitor_scores_the_best_weights_so_far() -> None:
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has no callbacks before 1.9")
    monitor = callback.ScoringMonitor(scoring=door.scorer("cross_entropy"))
    model = door.NumlossClassifier(epochs=12, early_stopping=True, rate=0.3, random_state=0).set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, NAMES)
    scores = [line["score"] for line in monitor.get_logs().data]
    assert len(scores) == 13
    expected = door.scorer("cross_entropy")(model, pipeline[0].transform(X), NAMES)
    best = scores[1:].index(expected)  # the whole fit comes first, then its epochs
    assert best < 11 and scores[0] == expected and set(scores[1 + best :]) == {expected}
    copied = pickle.loads(pickle.dumps(pipeline[-1].set_callbacks()))
    np.testing.assert_array_equal(copied.predict(X), model.predict(X))


def test_laws_of_ones_own_are_copied_searched_and_scored() -> None:
    both = nl.combine((1.0, charbonnier), (0.1, nl.mse))
    rows = door.NumlossClassifier(tamed, epochs=10, random_state=0)
    assert cross_val_score(rows, X, NAMES, scoring=door.scorer(tamed), cv=2, error_score="raise").min() > -0.7
    assert rows.fit(X, NAMES).score(X, NAMES) > 0.9 and rows.predict_proba(X).shape == (150, 3)
    for loss in (charbonnier, both):
        model = door.NumlossRegressor(loss, epochs=3, random_state=0)
        scores = cross_val_score(model, X, 1.0 * Y, scoring=door.scorer(loss), cv=2, error_score="raise")
        copy = pickle.loads(pickle.dumps(clone(model)))
        again = cross_val_score(copy, X, 1.0 * Y, scoring=door.scorer(loss), cv=2, error_score="raise")
        np.testing.assert_array_equal(scores, again)
    search = GridSearchCV(model, {"loss": [charbonnier, both, "mse"]}, cv=2, error_score="raise").fit(X, 1.0 * Y)
    assert len(set(search.cv_results_["mean_test_score"])) == 3


def test_combinations_give_probabilities_where_their_parts_agree() -> None:
    for parts, link in (
        ((nl.cross_entropy, nl.softmax_focal), "softmax"), ((nl.focal, nl.bce_with_logits), "sigmoid"),
        ((nl.cross_entropy, nl.focal), ""), ((nl.cross_entropy, nl.mse), ""),
    ):  # fmt: skip
        model = door.NumlossClassifier(nl.combine(*((0.5, part) for part in parts)), epochs=2, random_state=0)
        model.fit(X, NAMES)
        assert hasattr(model, "predict_proba") == bool(link)
        if link:
            shares = np.exp(model.decision_function(X))
            shares = shares if link == "softmax" else shares / (1.0 + shares)
            np.testing.assert_allclose(model.predict_proba(X), shares / shares.sum(axis=1, keepdims=True), rtol=1e-9)
