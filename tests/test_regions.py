"""Losses of regions: the digits of confident predictions, and what the gradient leaves where nothing counts."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from cases import DTYPES, NAMES, record
from words import ulps

import numloss as nl

REGIONAL = [name for name in NAMES if record(name).family == "regional"]
# What is lost by a sum of float32 within a tile, by its terms, and by what divides it.
MOST_ULPS = 8.0


def confident(margin: float, dtype: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Scores of two samples, three classes and 60 pixels, whose labels lead by about the margin."""
    random = np.random.default_rng(int(margin))
    labels = random.integers(0, 3, (2, 60))
    scores = random.normal(0.0, 1.0, (2, 3, 60)) + margin * (labels[:, None] == np.arange(3)[:, None])
    return scores.astype(dtype), labels


def exact_dice(terms: list[tuple[Any, Any, int]]) -> Any:
    """Dice without smooth of one region, from p, 1 - p and the target of its pixels."""
    hit = mp.fsum(p for p, _, t in terms if t)
    wrong = mp.fsum(rest if t else p for p, rest, t in terms)
    return wrong / (2 * hit + wrong)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("margin", [12.0, 40.0, 75.0])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_confident_predictions_keep_their_digits(activation: str, margin: float, dtype: str, backend: str) -> None:
    scores, labels = confident(margin, dtype)
    mask = labels[:, None] == np.arange(3)[:, None]
    if activation == "sigmoid":
        scores = np.where(mask, abs(scores), -margin - abs(scores)).astype(dtype)
    values = nl.dice(scores, mask, activation=activation, smooth=0.0, reduction="none", backend=backend)
    with mp.workdps(150):
        for sample in range(2):
            powers = [[mp.exp(float(z)) for z in row] for row in scores[sample]]
            totals = [mp.fsum(column) for column in zip(*powers, strict=True)]
            if activation == "sigmoid":
                shares = [[(e / (1 + e), 1 / (1 + e)) for e in row] for row in powers]
            else:
                shares = [[(e / s, (s - e) / s) for e, s in zip(row, totals, strict=True)] for row in powers]
            exact = []
            for row, targets in zip(shares, mask[sample], strict=True):
                exact.append(exact_dice([(*share, int(t)) for share, t in zip(row, targets, strict=True)]))
                assert 0 < exact[-1] < 0.1
            assert ulps(values[sample], exact).max() <= MOST_ULPS


@pytest.mark.parametrize("name", REGIONAL)
@pytest.mark.parametrize("activation", ["softmax", "sigmoid", None])
def test_the_gradient_may_take_the_place_of_the_prediction(activation: str | None, name: str, backend: str) -> None:
    random, function = np.random.default_rng(7), nl.value_and_grad(record(name).function)
    for shape in ((2, 3, 4, 700), (3, 2, 9001)):
        pred, target = random.uniform(0.02, 0.98, (2, *shape)).astype(np.float32)
        loss, slope = function(pred, target, activation=activation, backend=backend)
        for given in (pred.copy(), np.asfortranarray(pred)[...], np.repeat(pred, 2, axis=-1)[..., ::2]):
            again, written = function(given, target, activation=activation, out=given, backend=backend)
            assert written is given and abs(again - loss) <= 1e-6 * loss
            np.testing.assert_allclose(written, slope, rtol=1e-5, atol=1e-6 * np.abs(slope).max())


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", None])
@pytest.mark.parametrize("shape", [(2, 0, 4), (0, 3, 4), (2, 3, 0)])
def test_regions_of_nothing(shape: tuple[int, ...], activation: str | None, backend: str) -> None:
    empty = np.ones(shape, np.float32)
    for per_sample in (True, False):
        options = {"activation": activation, "per_sample": per_sample, "backend": backend}
        loss, slope = nl.value_and_grad(nl.dice)(empty, empty, **options)
        assert loss == 0.0 and slope.shape == shape


@pytest.mark.parametrize("name", REGIONAL)
def test_a_perfect_prediction_costs_nothing_and_pulls_nowhere(name: str, backend: str) -> None:
    target = np.random.default_rng(3).random((2, 3, 50)) < 0.5
    for smooth in (0.0, 1.0):
        options = {"activation": None, "smooth": smooth, "reduction": "none", "backend": backend}
        values, slope = nl.value_and_grad(record(name).function)(target.astype(np.float64), target, **options)
        assert np.isfinite(slope).all()
        assert len(values) == 2 and not values.any()


def test_tversky_holds_dice_and_jaccard(backend: str) -> None:
    random = np.random.default_rng(5)
    pred, target = random.normal(0.0, 2.0, (2, 3, 90)), random.random((2, 3, 90))
    for weights, smooth, other in (((0.5, 0.5), 0.5, nl.dice), ((1.0, 1.0), 1.0, nl.jaccard)):
        options = {"alpha": weights[0], "beta": weights[1], "smooth": smooth, "backend": backend}
        loss, slope = nl.value_and_grad(nl.tversky)(pred, target, **options)
        expected, expected_slope = nl.value_and_grad(other)(pred, target, backend=backend)
        assert abs(loss - expected) <= 1e-15
        np.testing.assert_allclose(slope, expected_slope, rtol=1e-12, atol=1e-18)
        raised = nl.focal_tversky(pred, target, gamma=1.0, **options)
        assert abs(raised - expected) <= 1e-14
