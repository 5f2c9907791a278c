"""Errors of whole series: sizes that overflow when squared, and series of no size."""

from __future__ import annotations

import numpy as np
import pytest
from cases import DTYPES

import numloss as nl


@pytest.mark.parametrize("dtype", DTYPES)
def test_squares_of_series_do_not_overflow(dtype: str, backend: str) -> None:
    large = 0.1 * np.finfo(dtype).max
    pred, target = np.array([[3.0, 1.0], [0.0, 0.0]], dtype) * large, np.zeros((2, 2), dtype)
    values, slopes = nl.value_and_grad(nl.rmsse)(pred, target, np.full(2, large), reduction="none", backend=backend)
    np.testing.assert_allclose(values, [5.0**0.5, 0.0], rtol=1e-6)
    np.testing.assert_allclose(slopes * large, [[1.5 / 5.0**0.5, 0.5 / 5.0**0.5], [0.0, 0.0]], rtol=1e-6)


def test_series_without_a_size_have_that_of_eps(backend: str) -> None:
    pred, target = np.array([[1.0, -1.0], [0.25, -0.5], [0.0, 0.0]]), np.array([[1.0, -3.0], [0.0, 0.0], [0.0, 0.0]])
    values, slopes = nl.value_and_grad(nl.wape)(pred, target, eps=0.125, reduction="none", backend=backend)
    assert values.tolist() == [0.5, 6.0, 0.0]
    assert slopes.tolist() == [[0.0, 0.25], [8.0, -8.0], [0.0, 0.0]]


def test_weighted_interval_scores_are_those_of_their_intervals() -> None:
    random = np.random.default_rng(3)
    pred, target, alphas = np.sort(random.normal(size=(40, 7))), random.normal(size=40), np.array([0.05, 0.2, 0.5])
    levels = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
    lower, upper, repeated = pred[:, :3], pred[:, :3:-1], np.repeat(target[:, None], 3, 1)
    scores = nl.interval_score(lower, upper, repeated, alpha=alphas, scaled=True, reduction="none").sum(axis=1)
    median = nl.mae(pred[:, 3], target, reduction="none")
    found = nl.weighted_interval_score(pred, target, levels=levels, reduction="none")
    np.testing.assert_allclose(found, (0.5 * median + scores) / 3.5, rtol=1e-12)
    # the intervals alone
    pairs = np.delete(pred, 3, axis=1), target
    without = nl.weighted_interval_score(*pairs, levels=np.delete(levels, 3), reduction="none")
    np.testing.assert_allclose(without, scores / 3.0, rtol=1e-12)


def test_levels_rise_where_crossing_costs() -> None:
    pred, target = np.zeros((2, 3)), np.zeros(2)
    levels = np.array([[0.1, 0.5, 0.9], [0.1, 0.9, 0.5]])
    assert nl.multi_quantile(pred, target, levels=levels) == 0.0
    with pytest.raises(ValueError, match=r"multi_quantile: levels must rise where crossing costs, .* of example 1"):
        nl.multi_quantile(pred, target, levels=levels, crossing=1.0)
