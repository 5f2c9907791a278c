"""Losses of whole batches where the registry's cases, which are small, do not look."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from seeds import generator

import numloss as nl


@pytest.mark.parametrize("name", ["barlow_twins", "vicreg"])
def test_features_in_several_panels(name: str, backend: str) -> None:
    """Panels of 64 terms and rows and tiles of 512 columns, none of them whole at the end."""
    random, oracle = generator(name), importlib.import_module(f"oracles.{name}").value
    first = random.standard_normal((67, 517))
    second, way = first + random.standard_normal(first.shape), random.standard_normal((2, *first.shape))
    loss, options = getattr(nl, name), {"backend": backend}
    value, slopes = nl.value_and_grad(loss)(first, second, **options)
    np.testing.assert_allclose(value, oracle(first, second), rtol=1e-12)
    up, down = (oracle(first + step * way[0], second + step * way[1]) for step in (1e-5, -1e-5))
    along = sum((slope * each).sum() for slope, each in zip(slopes, way, strict=True))
    np.testing.assert_allclose(along, (up - down) / 2e-5, rtol=1e-6)
    single = np.float32(first), np.float32(second)
    narrow, found = nl.value_and_grad(loss)(*single, **options)
    np.testing.assert_allclose(narrow, value, rtol=1e-6)
    for slope, exact in zip(found, slopes, strict=True):
        np.testing.assert_allclose(slope, exact, atol=2e-6 * np.abs(exact).max())


def test_a_batch_of_one_is_refused(backend: str) -> None:
    with pytest.raises(ValueError, match="vicreg: a batch of one vector has no deviations"):
        nl.vicreg(np.ones((1, 3)), np.ones((1, 3)), backend=backend)
