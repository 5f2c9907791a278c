"""Losses of two clouds of points: what iterations find, however small eps is and whatever is kept."""

from __future__ import annotations

import importlib
import tracemalloc
from typing import Any

import numpy as np
import pytest
from compare import assert_same_bits

import numloss as nl
from numloss.backends.host import clouds_transport

ORACLE = importlib.import_module("oracles.sinkhorn_divergence")
LONG = {"iterations": 3000, "tolerance": 0.0}


def clouds(*shape: int, seed: int = 0, spread: float = 0.5) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    return random.normal(0.0, spread, (*shape, 3)), random.normal(0.2, spread, (*shape[:-1], shape[-1] + 2, 3))


@pytest.mark.parametrize("p", [1, 2])
def test_masses_of_points(p: int, backend: str) -> None:
    """Those of weight 0 are not there, whatever weights add up to; one pair of clouds has a number for its loss."""
    x, y = clouds(7)
    a = np.array([1.0, 0.0, 2.0, 0.5, 0.0, 3.0, 1.0])
    b = np.arange(1.0, 10.0)
    value, (by_x, by_y) = nl.value_and_grad(nl.sinkhorn_divergence)(x, y, a=a, b=b, p=p, eps=0.5, **LONG)
    some = a > 0.0
    few, (by_some, _) = nl.value_and_grad(nl.sinkhorn_divergence)(
        x[some], y, a=1e30 * a[some], b=b, p=p, eps=0.5, backend=backend, **LONG
    )
    np.testing.assert_allclose(value, ORACLE.value(x, y, a=a, b=b, p=p, eps=0.5), rtol=1e-12)
    np.testing.assert_allclose(value, few, rtol=1e-12)
    np.testing.assert_allclose(by_x[some], by_some, rtol=0.0, atol=1e-14)
    assert not by_x[~some].any() and by_y.any()
    assert nl.sinkhorn_divergence(x, y, reduction="none", backend=backend).shape == ()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_eps_overflows_nothing(dtype: str, backend: str) -> None:
    """Transport of points on a line is that of sorted points; far clouds, of which no power is left, and equal ones."""
    random = np.random.default_rng(1)
    x, y = (random.normal(3.0 * k, 1.0, (40, 1)).astype(dtype) for k in range(2))
    exact = 0.5 * np.mean((np.sort(x, axis=0) - np.sort(y, axis=0)) ** 2)
    value, slopes = nl.value_and_grad(nl.sinkhorn_divergence)(x, y, eps=1e-4, debias=False, iterations=2000)
    np.testing.assert_allclose(value, exact, rtol=2e-3)
    assert all(np.isfinite(slope).all() for slope in slopes)
    far = nl.sinkhorn_divergence(x, y + 1000, eps=1e-3, debias=False, scaling=0.0, iterations=3, backend=backend)
    np.testing.assert_allclose(far, 0.5 * (1000.0 + np.mean(y) - np.mean(x)) ** 2, rtol=1e-3)
    assert abs(nl.sinkhorn_divergence(x, x.copy(), eps=0.1, iterations=500, backend=backend)) < 1e-6


def test_what_is_kept_changes_rounding_alone(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Powers of potentials that move far are made anew; without memory all are, in each step."""
    x, y = clouds(2, 40, spread=1.0)
    options = {"eps": 0.02, "scaling": 0.0, "iterations": 60, "reduction": "none", "backend": backend}
    usual = nl.sinkhorn_divergence(x, y, **options)
    for name, value in (("FAR", {8: 1e-3}), ("KEPT_BYTES", 0)):
        with monkeypatch.context() as patch:
            patch.setattr(clouds_transport, name, value)
            np.testing.assert_allclose(nl.sinkhorn_divergence(x, y, **options), usual, rtol=1e-12)
    alone = nl.sinkhorn_divergence(x[1], y[1], **options)
    assert_same_bits(np.asarray(alone), usual[1])


def test_scales_are_added(backend: str) -> None:
    x, y = clouds(3, 5)
    parts = [nl.mmd(x, y, bandwidth=width, backend=backend) for width in (0.3, 1.0, 4.0)]
    np.testing.assert_allclose(nl.mmd(x, y, bandwidth=(0.3, 1.0, 4.0), backend=backend), sum(parts), rtol=1e-13)
    assert abs(nl.mmd(x, x, backend=backend)) < 1e-15 and abs(nl.energy_distance(y, y, backend=backend)) < 1e-15


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_units(size: float, backend: str) -> None:
    """Squares of these numbers vanish or overflow in float32; distances do not."""
    x, y = (a.astype(np.float32) for a in clouds(5))
    usual, slopes = nl.value_and_grad(nl.energy_distance)(x, y, backend=backend)
    scale = np.float32(2.0 ** round(np.log2(size)))
    found, same = nl.value_and_grad(nl.energy_distance)(x * scale, y * scale, backend=backend)
    np.testing.assert_allclose(found, usual * float(scale), rtol=1e-6)
    np.testing.assert_allclose(same[0], slopes[0], rtol=0.0, atol=1e-6)


def test_pairs_are_never_all_in_memory() -> None:
    x = np.random.default_rng(0).standard_normal((4096, 2), np.float32)
    tracemalloc.start()
    nl.value_and_grad(nl.energy_distance)(x[:2048], x)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**20


def test_what_does_not_fit(backend: str) -> None:
    x, y = clouds(2, 4)
    for given, sentence in (
        ((x[0, 0], y[0, 0]), r"mmd: x has shape \(3,\); it must be \(N, D\) or \(B, N, D\)"),
        ((x, y[0]), r"mmd: y has shape \(6, 3\), but x has shape \(2, 4, 3\); only the numbers of points may differ"),
        ((x[:, :0], y), r"mmd: x has shape \(2, 0, 3\): no points, or points of no entries"),
    ):
        with pytest.raises(ValueError, match=sentence):
            nl.mmd(*given, backend=backend)
    with pytest.raises(TypeError, match="mmd: y has dtype float32, x has float64"):
        nl.mmd(x, y.astype(np.float32), backend=backend)
    with pytest.raises(ValueError, match=r"mmd: unbiased=True needs two points in each cloud, got 1 and 6"):
        nl.mmd(x[:, :1], y, unbiased=True, backend=backend)
    with pytest.raises(ValueError, match="bandwidth must have one number or more"):
        nl.mmd(x, y, bandwidth=(), backend=backend)
    with pytest.raises(ValueError, match=r"bandwidth must be > 0 and finite, got -1\.0"):
        nl.mmd(x, y, bandwidth=(1.0, -1.0), backend=backend)
    with pytest.raises(ValueError, match=r"a\[1, 2\] = -1.0 is outside its domain: it must be >= 0 and finite"):
        nl.sinkhorn_divergence(x, y, a=np.where(np.arange(8).reshape(2, 4) == 6, -1.0, 1.0), backend=backend)
    with pytest.raises(ValueError, match=r"b has shape \(4,\); it must be \(2, 6\) or \(6,\), an entry a point"):
        nl.sinkhorn_divergence(x, y, b=np.ones(4), backend=backend)
    with pytest.raises(ValueError, match="sinkhorn_divergence: a has no mass in sample 1"):
        nl.sinkhorn_divergence(x, y, a=np.array([np.ones(4), np.zeros(4)]), backend=backend)
    with pytest.raises(ValueError, match="does not add up over batches"):
        nl.sum_and_weight(nl.mmd)
