"""Losses of whole batches where the registry's cases, which are small, do not look."""

from __future__ import annotations

import importlib
from typing import Any

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


def along(loss: Any, given: tuple[Any, ...], way: Any, **options: Any) -> tuple[float, float]:
    """The slope of a loss by its first input along a way, and what differences of its definition say."""
    oracle = importlib.import_module(f"oracles.{loss.__name__}").value
    up, down = (oracle(given[0] + step * way, *given[1:], **options) for step in (1e-7, -1e-7))
    slopes = nl.grad(loss, argnums=0)(*given, **options)
    return float((slopes * way).sum()), float(up - down) / 2e-7


def test_batches_beyond_a_tile(backend: str) -> None:
    """More than 512 vectors, whose distances are found a tile at a time, and more than 512 pairs."""
    random = generator("tiles")
    vectors, way = random.standard_normal((2, 521, 3))
    labels, proxies = random.integers(0, 30, 521), random.standard_normal((30, 3))
    with nl.use_backend(backend):
        for loss, given, options in (
            (nl.batch_hard_triplet, (vectors, labels - 2**62), {}),
            (nl.batch_hard_triplet, (vectors[:90], labels[:90]), {"mining": "semihard", "soft": True}),
            (nl.koleo, (vectors,), {}),
            (nl.proxy_anchor, (vectors, proxies, labels), {}),
            (nl.cosent, (vectors[:, 0].copy(), np.rint(vectors[:, 1])), {}),
        ):
            oracle = importlib.import_module(f"oracles.{loss.__name__}").value
            np.testing.assert_allclose(loss(*given, **options), oracle(*given, **options), rtol=1e-12)
            moved = way[:, 0] if loss is nl.cosent else way[: len(given[0])]
            found, wanted = along(loss, given, moved, **options)
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-8)


def test_batches_without_triplets_and_with_nan(backend: str) -> None:
    step, vectors = nl.value_and_grad(nl.batch_hard_triplet), np.arange(8.0).reshape(4, 2)
    for labels in (np.zeros(4, int), np.arange(4)):
        value, slopes = step(vectors, labels, backend=backend)
        assert value == 0.0 and not slopes.any()
    for mining in ("hard", "semihard"):
        for place in range(4):
            given = vectors.copy()
            given[place, 1] = np.nan
            value, slopes = step(given, np.array([5, 5, 7, 7]), mining=mining, backend=backend)
            assert np.isnan(value) and np.isnan(slopes).any()


def test_directions_of_any_length(backend: str) -> None:
    """Powers of two change no digit, even where squares overflow; vectors of length 0 have no direction."""
    random = generator("directions")
    vectors, proxies = random.standard_normal((6, 3)), random.standard_normal((4, 3))
    labels = np.array([0, 1, 2, 3, 0, 1])
    vectors[2] = 0.0
    for loss, others in ((nl.koleo, ()), (nl.proxy_anchor, (proxies, labels)), (nl.proxy_nca, (proxies, labels))):
        step = nl.value_and_grad(loss, argnums=0)
        value, slopes = step(vectors, *others, backend=backend)
        assert np.isfinite(value) and not slopes[2].any() and slopes[3].any()
        for power in (600, -600):
            again, scaled = step(np.ldexp(vectors, power), *others, backend=backend)
            np.testing.assert_allclose(again, value, rtol=1e-14)
            np.testing.assert_allclose(np.ldexp(scaled, power), slopes, rtol=1e-12, atol=1e-14)


def test_orders_that_no_power_holds(backend: str) -> None:
    """Exponents far beyond the largest power, and labels of one order alone."""
    pred, target = np.array([-900.0, 900.0, 0.0]), np.array([2.0, 1.0, 1.0])
    value, slopes = nl.value_and_grad(nl.cosent)(pred, target, backend=backend)
    assert value == 36000.0
    np.testing.assert_array_equal(slopes, [-20.0, 20.0, 0.0])
    assert nl.cosent(pred, np.ones(3), backend=backend) == 0.0
    small = nl.cosent(np.array([0.5, -0.5]), np.array([1, 0]), scale=50.0, backend=backend)
    np.testing.assert_allclose(small, np.exp(-50.0), rtol=1e-15)
