"""The estimators keep scikit-learn's contract, and searches run over the parameters of losses."""

import inspect
import pickle
from dataclasses import fields
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import numloss as nl
from numloss.adapters.sklearn import NumlossClassifier, NumlossRegressor
from numloss.adapters.sklearn.network import SETTINGS
from numloss.scalar import sqrt
from numloss.train import Settings


@parametrize_with_checks([NumlossClassifier(epochs=30), NumlossRegressor()])
def test_the_contract_of_scikit_learn(estimator, check) -> None:
    check(estimator)


# Longer than by default.
LONGER = {"hidden": (64,), "rate": 5e-3, "epochs": 60, "batch_size": 32}
IRIS = load_iris(return_X_y=True)


def scaled(dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    X, y = IRIS
    return StandardScaler().fit_transform(X).astype(dtype), y


@pytest.mark.parametrize(
    "loss",
    ["cross_entropy", "focal", "bce", "nll", "hinge", "mse", nl.bce_with_logits,
     partial(nl.cross_entropy, label_smoothing=0.1),
     partial(nl.cross_entropy, from_probabilities=True, eps=1e-9), nl.combine((0.5, nl.cross_entropy), (0.5, nl.mse))],
)  # fmt: skip
def test_losses_by_name_function_and_mixture(loss) -> None:
    X, y = scaled()
    options = {"eps": 1e-9} if loss == "bce" else None
    model = NumlossClassifier(loss, loss_options=options, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.93
    if hasattr(model, "predict_proba"):
        probabilities = model.predict_proba(X)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)
        assert (probabilities.argmax(axis=1) == model.predict(X)).all()


def test_probabilities_are_there_where_the_loss_gives_them() -> None:
    there = {name: hasattr(NumlossClassifier(name), "predict_proba") for name in ("cross_entropy", "focal", "bce")}
    assert all(there.values())
    assert not hasattr(NumlossClassifier("hinge"), "predict_proba")
    assert not hasattr(NumlossClassifier("mse"), "predict_proba")


def test_a_law_of_ones_own() -> None:
    def charbonnier(pred, target, eps):
        error = pred - target
        size = sqrt(error * error + eps * eps)
        return size, error / size, eps * eps / (size * size * size)

    X = np.linspace(-1, 1, 300)[:, None]
    y = np.sin(3 * X[:, 0])
    model = NumlossRegressor(nl.elementwise(charbonnier, eps=0.1), rate=0.01, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95


def test_quantiles_are_above_and_below() -> None:
    draw = np.random.default_rng(0)
    X = draw.uniform(-1, 1, (600, 1))
    y = X[:, 0] + draw.normal(scale=0.3, size=600)
    options = [{"q": q} for q in (0.1, 0.9)]
    models = [NumlossRegressor("quantile", loss_options=given, random_state=0, **LONGER).fit(X, y) for given in options]
    below = [float(np.mean(y < model.predict(X))) for model in models]
    assert below[0] == pytest.approx(0.1, abs=0.05) and below[1] == pytest.approx(0.9, abs=0.05)


def test_a_cnn_takes_flat_images() -> None:
    X, y = load_digits(return_X_y=True)
    model = NumlossClassifier(model="cnn", image_shape=(1, 8, 8), channels=(8, 16), random_state=0,
                             **{**LONGER, "epochs": 4})  # fmt: skip
    model.fit((X[:1000] / 16).astype(np.float32), y[:1000])
    assert model.network_.dtype == np.float32
    assert model.score((X[1000:] / 16).astype(np.float32), y[1000:]) > 0.85
    with pytest.raises(ValueError, match=r"of 64 numbers, got \(1, 7, 7\)"):
        clone(model).set_params(image_shape=(1, 7, 7)).fit(X, y)


def test_the_defaults_are_those_of_the_command() -> None:
    for kind in (NumlossClassifier, NumlossRegressor):
        defaults = {name: parameter.default for name, parameter in inspect.signature(kind).parameters.items()}
        assert {name: defaults[name] for name in SETTINGS} == {name: getattr(Settings(), name) for name in SETTINGS}
    assert {field.name for field in fields(Settings)} & set(defaults) - set(SETTINGS) == {"patience"}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_not_scaled_is_learnt_as_well(dtype: type) -> None:
    draw = np.random.default_rng(0)
    X = draw.normal(size=(400, 3))
    y = X @ [1.0, -2.0, 0.5]
    far = (X * [1.0, 1e4, 1e-4] + [0.0, 3e5, 7.0]).astype(dtype)
    plain = NumlossRegressor(random_state=0).fit(X.astype(dtype), y)
    moved = NumlossRegressor(random_state=0).fit(far, (1000.0 + 300.0 * y).astype(dtype))
    assert plain.score(X.astype(dtype), y) > 0.9 and moved.score(far, 1000.0 + 300.0 * y) > 0.9
    assert NumlossClassifier(random_state=0).fit(far, y > 0).score(far, y > 0) > 0.9
    copy = pickle.loads(pickle.dumps(moved))
    np.testing.assert_array_equal(copy.predict(far), moved.predict(far))
    for each in (moved, copy):
        each.partial_fit(far, 1000.0 + 300.0 * y)
    np.testing.assert_array_equal(copy.predict(far), moved.predict(far))
    raw = NumlossRegressor(standardise=False, random_state=0, epochs=2).fit(far, 1000.0 + 300.0 * y)
    assert not raw.score(far, 1000.0 + 300.0 * y) > 0.9


def test_rows_that_the_network_cannot_take_are_not_predicted() -> None:
    X, y = scaled(np.float32)
    models = [NumlossClassifier(epochs=1).fit(X, y), NumlossRegressor(epochs=1).fit(X, y)]
    for model in models:
        for value in (1e39, -1e300):  # finite in float64, which scikit-learn checks, and not in float32
            rows = np.array(X, np.float64)
            rows[7, 2] = value
            for method in ("predict", "predict_proba", "decision_function"):
                if hasattr(model, method):
                    with pytest.raises(ValueError, match=r"row 7 .* is not finite"):
                        getattr(model, method)(rows)
        with pytest.raises(ValueError, match="NaN"):
            model.predict(np.full((1, 4), np.nan))


def test_rows_none_of_which_counts_are_refused() -> None:
    X, y = scaled()
    for kind in (NumlossClassifier, NumlossRegressor):
        with pytest.raises(ValueError, match=r"none counts|[Ss]ample weight"):
            kind(epochs=1).fit(X, y, sample_weight=np.zeros(len(y)))


def test_a_grid_search_over_the_parameters_of_a_loss() -> None:
    X, y = IRIS
    pipeline = make_pipeline(StandardScaler(), NumlossClassifier("focal", epochs=15, random_state=0))
    options = [{"gamma": gamma} for gamma in (0.5, 2.0)]
    search = GridSearchCV(pipeline, {"numlossclassifier__loss_options": options}, cv=3, scoring="neg_log_loss")
    assert search.fit(X, y).best_params_["numlossclassifier__loss_options"] in options
    assert len({round(score, 6) for score in search.cv_results_["mean_test_score"]}) == 2
    space = {"rate": [1e-3, 1e-2], "hidden": [(8,), (16, 8)]}
    found = RandomizedSearchCV(NumlossClassifier(epochs=5, random_state=0), space, n_iter=3, cv=3, random_state=0)
    assert found.fit(*scaled()).best_score_ > 0.5


def test_partial_fit_goes_on_where_fit_stopped() -> None:
    X, y = scaled()
    whole = NumlossClassifier(epochs=6, random_state=3).fit(X, y)
    parts = NumlossClassifier(epochs=6, random_state=3)
    for _ in range(6):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    np.testing.assert_array_equal(whole.network_.parameters.values, parts.network_.parameters.values)
    assert parts.n_iter_ == 6 and parts.loss_curve_ == whole.loss_curve_
    with pytest.raises(ValueError, match="not those of the first call"):
        parts.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="has the class 7"):
        parts.partial_fit(X[:2], [7, 1])


def test_a_pickle_goes_on_to_the_same_weights() -> None:
    X, y = scaled(np.float32)
    model = NumlossClassifier(partial(nl.focal, gamma=1.0), dropout=0.1, random_state=0)
    model.partial_fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    for each in (model, copy):
        each.partial_fit(X, y)
    np.testing.assert_array_equal(copy.network_.parameters.values, model.network_.parameters.values)


def test_early_stopping_keeps_the_best() -> None:
    X, y = scaled()
    longer = {**LONGER, "epochs": 500, "rate": 0.05}
    model = NumlossClassifier(early_stopping=True, validation_fraction=0.3, patience=3, random_state=0, **longer)
    model.fit(X, y)
    assert model.n_iter_ < 500 and len(model.loss_curve_) == model.n_iter_ and model.score(X, y) > 0.9


def test_weights_count() -> None:
    X, y = scaled()
    weight = np.where(y == 2, 0.0, 1.0)
    model = NumlossClassifier(random_state=0).fit(X, y, sample_weight=weight)
    assert set(model.predict(X)) == {0, 1}
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        model.fit(X, y, sample_weight=-weight)


def test_what_does_not_fit_is_said() -> None:
    X, y = scaled()
    with pytest.raises(ValueError, match="did you mean focal"):
        NumlossClassifier("focall").fit(X, y)
    with pytest.raises(ValueError, match="gaussian_nll does not train on X"):
        NumlossRegressor("gaussian_nll").fit(X, y.astype(float))
    with pytest.raises(ValueError, match=r"the loss is .* at step"):
        NumlossRegressor(rate=1e200, epochs=5).fit(X, y.astype(float))
