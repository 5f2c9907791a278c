"""Losses as scorers of scikit-learn: equal to its own where it has them, and there for every loss of a row."""

from __future__ import annotations

import inspect
import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
import sklearn
from doors import charbonnier, library, tamed
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier
from sklearn.metrics import get_scorer, hinge_loss
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import numloss as nl
from numloss.registry import LOSSES

scorer = library("sklearn")[1].scorer
RNG = np.random.default_rng(3)
X = RNG.normal(size=(240, 4))
SCORE = X[:, 0] - 0.5 * X[:, 1]
BINARY = (SCORE + RNG.normal(size=240) > 0).astype(int)
NAMES = np.array(["low", "middle", "upper"])[np.digitize(SCORE + 0.5 * RNG.normal(size=240), [-0.5, 0.5])]
COUNT = RNG.poisson(np.exp(0.5 * SCORE)) + 1.0
WEIGHT = RNG.uniform(0.0, 2.0, 240)
# Losses of cosines, of a score among thresholds, of levels, of bins, of distances, and of two sets of logits.
REFUSED = ("arcface", "cosface", "ordinal_logistic", "hinge_embedding", "js_logits", "kl_logits", "skew_kl",
           "total_variation", "alpha_divergence", "coral", "corn", "two_hot", "hl_gauss")  # fmt: skip
# A loss with its options, what scikit-learn calls it, and the model that both are asked about.
ITS_OWN: list[tuple[Any, dict[str, Any], str, Any, Any]] = [
    ("cross_entropy", {}, "neg_log_loss", LogisticRegression(), BINARY),
    ("cross_entropy", {}, "neg_log_loss", LogisticRegression(), NAMES),
    ("cross_entropy", {}, "neg_log_loss", RandomForestClassifier(5, random_state=0), NAMES),
    (partial(nl.cross_entropy, from_probabilities=True), {}, "neg_log_loss", KNeighborsClassifier(3), NAMES),
    ("nll", {}, "neg_log_loss", KNeighborsClassifier(3), NAMES),
    ("bce", {}, "neg_log_loss", KNeighborsClassifier(3), BINARY),
    (nl.bce_with_logits, {}, "neg_log_loss", HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=4), BINARY),
    ("mse", {"response_method": "predict_proba"}, "neg_brier_score", LogisticRegression(), BINARY),
    ("mse", {}, "neg_mean_squared_error", LinearRegression(), COUNT),
    ("mae", {}, "neg_mean_absolute_error", LinearRegression(), COUNT),
]


@pytest.mark.parametrize(("loss", "options", "name", "model", "y"), ITS_OWN, ids=lambda value: str(value)[:24])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weights"])
def test_scores_are_those_of_scikit_learn(
    loss: Any, options: dict[str, Any], name: str, model: Any, y: Any, weight: Any
) -> None:  # fmt: skip
    fitted = clone(model).fit(X[:120], y[:120])
    ours, its = scorer(loss, **options), get_scorer(name)
    given = {} if weight is None else {"sample_weight": weight}
    assert ours(fitted, X, y, **given) == pytest.approx(its(fitted, X, y, **given), rel=1e-9)


def test_a_poisson_loss_takes_logarithms_of_means() -> None:
    fitted = PoissonRegressor().fit(X, COUNT)
    mean = fitted.predict(X)
    expected = -np.mean(mean - COUNT * np.log(mean))
    assert scorer("poisson_nll")(fitted, X, COUNT) == pytest.approx(expected, rel=1e-12)
    assert scorer("poisson_nll", log_input=False)(fitted, X, COUNT) == pytest.approx(expected, rel=1e-12)
    # half of the deviance, without what does not depend on predictions
    its = 0.5 * get_scorer("neg_mean_gamma_deviance")(fitted, X, COUNT) - 1.0 - np.log(COUNT).mean()
    assert scorer("gamma_deviance")(fitted, X, COUNT) == pytest.approx(its, rel=1e-12)
    with pytest.raises(ValueError, match=r"poisson_nll: prediction 0 is -\d.*, and a mean must be > 0"):
        scorer("poisson_nll")(LinearRegression().fit(X, -COUNT), X, COUNT)


def test_margins_are_those_of_the_decision_function() -> None:
    fitted = RidgeClassifier().fit(X, BINARY)
    signs, said = 2 * BINARY - 1, fitted.decision_function(X)
    assert scorer("hinge")(fitted, X, BINARY) == pytest.approx(-hinge_loss(signs, said), rel=1e-12)
    several = RidgeClassifier().fit(X, NAMES)
    expected = -hinge_loss(NAMES, several.decision_function(X))
    assert scorer("multiclass_hinge")(several, X, NAMES) == pytest.approx(expected, rel=1e-12)
    pairs = np.stack([np.zeros(len(said)), said], axis=1)
    assert scorer("multi_margin")(fitted, X, BINARY) == pytest.approx(-nl.multi_margin(pairs, BINARY), rel=1e-12)


def test_focal_reads_logits_wherever_they_come_from() -> None:
    logistic = LogisticRegression().fit(X, BINARY)
    expected = -nl.focal(logistic.decision_function(X), BINARY, gamma=1.5)
    assert scorer("focal", gamma=1.5)(logistic, X, BINARY) == pytest.approx(expected, rel=1e-9)
    asked = scorer("focal", gamma=1.5, response_method="decision_function")
    assert asked(logistic, X, BINARY) == pytest.approx(expected, rel=1e-12)
    ridge = RidgeClassifier().fit(X, BINARY)
    assert scorer("focal")(ridge, X, BINARY) == pytest.approx(-nl.focal(ridge.decision_function(X), BINARY), rel=1e-12)
    trees = RandomForestClassifier(3, random_state=0).fit(X, NAMES)
    p = np.clip(trees.predict_proba(X), np.finfo(float).eps, 1.0 - np.finfo(float).eps)
    target = (NAMES[:, None] == trees.classes_).astype(float)
    expected = -nl.focal(np.log(p) - np.log1p(-p), target)
    assert scorer("focal")(trees, X, NAMES) == pytest.approx(expected, rel=1e-12)


def test_several_labels_of_a_row() -> None:
    labels = np.stack([BINARY, (X[:, 2] > 0).astype(int)], axis=1)
    model = OneVsRestClassifier(LogisticRegression()).fit(X, labels)
    p = model.predict_proba(X)
    expected = -np.mean(np.where(labels == 1, -np.log(p), -np.log1p(-p)))
    assert scorer("bce_with_logits")(model, X, labels) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_scores_or_says_why_not(name: str) -> None:
    loss = LOSSES[name]
    given = {"counts": np.array([0.2, 0.3, 0.5]), "prior": np.array([0.2, 0.3, 0.5])}
    required = {option: value for option, value in given.items() if option in loss.defaults}
    if loss.defaults.get("scale") is inspect.Parameter.empty:
        required["scale"] = 2.0
    simple = loss.inputs == ("pred", "target") and loss.columns == 1
    if not simple or loss.family not in ("elementwise", "rowwise") or name in REFUSED:
        with pytest.raises(ValueError, match=f"{name} is no scorer here"):
            scorer(name, **required)
        return
    models = [(LogisticRegression(), NAMES), (RidgeClassifier(), NAMES), (PoissonRegressor(), COUNT)]
    found = []
    for model, y in models:
        try:
            found.append(scorer(name, **required)(clone(model).fit(X, y), X, y))
        except (ValueError, AttributeError) as error:
            assert "no scorer here" in str(error) or "has none of" in str(error), error
    assert found and np.isfinite(found).all()


def test_combinations_and_laws_of_ones_own() -> None:
    fitted = LinearRegression().fit(X, COUNT)
    said = fitted.predict(X)
    assert scorer(charbonnier)(fitted, X, COUNT) == pytest.approx(-charbonnier(said, COUNT), rel=1e-12)
    both = nl.combine((0.5, nl.huber), (2.0, charbonnier))
    assert scorer(both)(fitted, X, COUNT) == pytest.approx(-both(said, COUNT), rel=1e-12)
    classes = LogisticRegression().fit(X, NAMES)
    labels = np.searchsorted(classes.classes_, NAMES)
    expected = -np.mean(2.0 * np.log1p(-np.log(classes.predict_proba(X)[np.arange(240), labels]) / 2.0))
    assert scorer(tamed)(classes, X, NAMES) == pytest.approx(expected, rel=1e-9)
    both = nl.combine((1.0, nl.cross_entropy), (1.0, nl.softmax_focal))
    expected = scorer("cross_entropy")(classes, X, NAMES) + scorer("softmax_focal")(classes, X, NAMES)
    assert scorer(both)(classes, X, NAMES) == pytest.approx(expected, rel=1e-12)


def test_searches_copies_and_pickles() -> None:
    asked = scorer("focal", gamma=2.0)
    assert repr(asked) == "scorer('focal', gamma=2.0)"
    model = make_pipeline(StandardScaler(), LogisticRegression())
    scores = cross_val_score(model, X, NAMES, scoring=asked, error_score="raise")
    for copy in (clone(asked, safe=False), pickle.loads(pickle.dumps(asked))):
        np.testing.assert_array_equal(cross_val_score(model, X, NAMES, scoring=copy, error_score="raise"), scores)
    search = GridSearchCV(
        Ridge(), {"alpha": [1e-3, 1e3]},
        scoring={"q": scorer("quantile", q=0.9), "mse": "neg_mean_squared_error"}, refit="q", cv=3, error_score="raise",
    )  # fmt: skip
    assert clone(search).fit(X, COUNT).best_score_ < 0.0


def test_weights_come_by_routing() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        asked = scorer("cross_entropy").set_score_request(sample_weight=True)
        model = LogisticRegression().set_fit_request(sample_weight=False)
        found = cross_validate(
            model, X, BINARY, scoring=pickle.loads(pickle.dumps(asked)), cv=2, params={"sample_weight": WEIGHT},
            return_indices=True, return_estimator=True, error_score="raise",
        )  # fmt: skip
    for score, fitted, rows in zip(
        found["test_score"], found["estimator"], found["indices"]["test"], strict=True
    ):  # fmt: skip
        p = fitted.predict_proba(X[rows])
        expected = -nl.cross_entropy(np.log(p), BINARY[rows], weight=WEIGHT[rows])
        assert score == pytest.approx(expected, rel=1e-9)
        assert score != pytest.approx(-nl.cross_entropy(np.log(p), BINARY[rows]), rel=1e-4)


def test_what_does_not_fit_is_said() -> None:
    classes, numbers = LogisticRegression().fit(X, NAMES), LinearRegression().fit(X, COUNT)
    with pytest.raises(ValueError, match="did you mean focal"):
        scorer("focall")
    with pytest.raises(TypeError, match="unknown option 'gama'; did you mean gamma"):
        scorer("focal", gama=2.0)
    with pytest.raises(TypeError, match="weight is no option of a scorer: scikit-learn decides"):
        scorer("focal", weight=WEIGHT)
    with pytest.raises(ValueError, match="huber is no scorer here: it compares numbers, and predict gives classes"):
        scorer("huber")(classes, X, NAMES)
    with pytest.raises(ValueError, match=r"y\[3\] has the class .*'far'.*, which the estimator does not know"):
        scorer("cross_entropy")(classes, X, np.where(np.arange(240) == 3, "far", NAMES))
    with pytest.raises(ValueError, match="cross_entropy is no scorer here: it compares classes, and LinearRegression"):
        scorer("cross_entropy", response_method="predict")(numbers, X, COUNT)
    with pytest.raises(ValueError, match="its parts read different things"):
        scorer(nl.combine((1.0, nl.huber), (1.0, nl.cross_entropy)))
