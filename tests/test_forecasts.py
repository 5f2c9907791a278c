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
