"""Losses of rows without a target: digits of rows that are almost sure, and classes that are ruled out."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from cases import DTYPES
from compare import assert_same_bits
from seeds import generator
from words import ulps

import numloss as nl

# A logarithm, a mean of products and their sum; a slope has a difference besides.
MOST_ULPS, MOST_SLOPE_ULPS = 4.0, 8.0


def rows(margin: float, dtype: str, classes: int = 9) -> Any:
    """Scores of which one is ahead of the others by about a margin."""
    random = generator("entropy", margin)
    scores = random.normal(3.0, 1.0, (12, classes))
    scores[np.arange(12), random.integers(0, classes, 12)] += margin
    return scores.astype(dtype)


def exact(row: Any, temperature: float) -> tuple[Any, list[Any]]:
    """The entropy of a row, and its gradient."""
    scaled = [mp.mpf(float(x)) / temperature for x in row]
    top = max(scaled)
    total = mp.fsum(mp.exp(x - top) for x in scaled)
    logs = [x - top - mp.log(total) for x in scaled]
    value = -mp.fsum(mp.exp(x) * x for x in logs)
    return value, [-mp.exp(x) * (x + value) / temperature for x in logs]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("margin", [0.0, 12.0, 60.0])
def test_rows_that_are_almost_sure_keep_their_digits(margin: float, dtype: str, backend: str) -> None:
    scores = rows(margin, dtype)
    for temperature in (1.0, 1.25):
        values, slopes = nl.value_and_grad(nl.entropy)(
            scores, temperature=temperature, reduction="none", backend=backend
        )
        with mp.workdps(60):
            for row, value, slope in zip(scores, values, slopes, strict=True):
                expected, gradient = exact(row, temperature)
                assert ulps(np.array([value]), [expected]).max() <= MOST_ULPS
                assert ulps(slope, gradient, [max(map(abs, gradient))] * len(row)).max() <= MOST_SLOPE_ULPS


def test_what_is_ruled_out_counts_nothing(backend: str) -> None:
    scores = rows(1.0, "float64")
    masked = np.concatenate([scores, np.full((12, 3), -np.inf)], axis=1)
    for loss in (nl.entropy, nl.router_z_loss):
        values, slopes = nl.value_and_grad(loss)(scores, reduction="none", backend=backend)
        found, written = nl.value_and_grad(loss)(masked, reduction="none", backend=backend)
        np.testing.assert_allclose(found, values, rtol=1e-15)
        np.testing.assert_allclose(written[:, :9], slopes, rtol=1e-14, atol=1e-16)
        assert not written[:, 9:].any()


def test_more_choices_than_experts_are_refused(backend: str) -> None:
    with pytest.raises(ValueError, match="load_balancing: top_k = 3 is more than the 2 experts of pred"):
        nl.load_balancing(np.zeros((4, 2)), top_k=3, backend=backend)


def test_equal_scores_are_chosen_from_the_first_on(backend: str) -> None:
    scores = np.zeros((2, 6, 4))
    assert_same_bits(nl.load_balancing(scores, top_k=2, reduction="none", backend=backend), np.ones(2))
    scores[..., 0] = 1.0
    once = nl.grad(nl.load_balancing)(scores, backend=backend)
    assert (once[..., 0] > 0.0).all() and (once[..., 1:] < 0.0).all()


def test_a_flat_image_is_at_rest(backend: str) -> None:
    image = np.full((2, 3, 5), 7.5)
    for norm in ("isotropic", "anisotropic"):
        value, slopes = nl.value_and_grad(nl.image_variation)(image, norm=norm, backend=backend)
        assert value == 0.0 and not slopes.any()
    huge = image * np.array([1e300, -1e300])[:, None, None] * np.arange(5.0)
    assert np.isfinite(nl.image_variation(huge, reduction="none", backend=backend)).all()
