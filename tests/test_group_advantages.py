"""Advantages of answers beside the others of their group: by their definition, in any layout, and what is refused."""

from __future__ import annotations

import doctest
import importlib
import inspect
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from calls import refused

import numloss as nl

Array = np.ndarray[Any, Any]
GROUPS = np.array([0, 4, 4, 5, 13, 600, 602, 645])
OPTIONS: list[dict[str, Any]] = [
    {},
    {"epsilon": 1e-4},
    {"scaled": False},
    {"baseline": "others", "scaled": False},
    {"baseline": "others", "epsilon": 0.5},
]


def naive(
    reward: Array, groups: Array, weight: Array, baseline: str = "mean", scaled: bool = True, epsilon: float = 1e-6
) -> Array:
    """One answer after the other, in float64."""
    x, w, found = reward.astype(np.float64), weight.astype(np.float64), np.zeros(reward.shape)
    for a, b in pairwise(groups):
        there = [k for k in range(a, b) if w[k] > 0.0]
        if len(there) < 2:
            continue
        total, sums = w[there].sum(), (w[there] * x[there]).sum()
        variance = (w[there] * (x[there] - sums / total) ** 2).sum() / (total - 1.0)
        for k in there:
            others = baseline == "others"
            distance = x[k] - (sums - others * w[k] * x[k]) / (total - others * w[k])
            found[k] = distance / (np.sqrt(variance) + epsilon) if scaled else distance
    return found


def problem(dtype: str) -> tuple[Array, Array]:
    random = np.random.default_rng(0)
    reward = (3.0 + random.standard_normal(GROUPS[-1])).astype(dtype)
    return reward, random.choice([0.0, 1.0], GROUPS[-1]).astype(dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_definitions(options: dict[str, Any], dtype: str, backend: str) -> None:
    reward, mask = problem(dtype)
    close = {"rtol": 1e-13, "atol": 1e-13} if dtype == "float64" else {"rtol": 1e-6, "atol": 1e-6}
    for weight in (None, mask, 2.0 * mask):
        expected = naive(reward, GROUPS, np.ones(reward.shape) if weight is None else weight, **options)
        found = nl.returns.group_advantages(reward, groups=GROUPS, weight=weight, **options, backend=backend)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, **close)
        whole = nl.returns.group_advantages(reward, weight=weight, **options, backend=backend)
        ends = np.array([0, len(reward)])
        ones = np.ones(reward.shape) if weight is None else weight
        np.testing.assert_allclose(whole, naive(reward, ends, ones, **options), **close)


def test_layouts_dtypes_and_places_to_write(backend: str) -> None:
    reward, mask = (a[:644].reshape(4, 161) for a in problem("float32"))
    groups = np.array([0, 100, 161, 644])
    expected = nl.returns.group_advantages(reward, groups=groups, weight=mask)
    given: dict[str, Any] = {"groups": groups, "backend": backend}
    for way in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2], lambda a: a[::-1].copy()[::-1]):
        for weight in (mask > 0, mask.astype(np.float64)):
            out = way(np.empty_like(reward))
            found = nl.returns.group_advantages(way(reward), weight=way(weight), out=out, **given)
            assert found is out
            np.testing.assert_array_equal(found, expected)
    same = reward.copy()
    np.testing.assert_array_equal(nl.returns.group_advantages(same, weight=mask, out=same, **given), expected)
    half = reward.astype(np.float16)
    found = nl.returns.group_advantages(half, weight=mask, **given)
    np.testing.assert_array_equal(found, nl.returns.group_advantages(half.astype(np.float32), weight=mask, **given))
    for shape in ((), (0,), (3, 0), (1,)):
        assert not nl.returns.group_advantages(np.ones(shape), backend=backend).any()


def test_a_large_mean_costs_no_digits_and_what_counts_nothing_is_not_there() -> None:
    random = np.random.default_rng(1)
    near = random.standard_normal(2000)
    far = (near + 2.0**20).astype(np.float32)
    wanted = naive(far, np.array([0, 2000]), np.ones(2000))
    np.testing.assert_allclose(nl.returns.group_advantages(far), wanted, rtol=1e-6, atol=1e-7)
    reward = np.array([1.0, 3.0, 7.0])
    for options in OPTIONS:
        found = nl.returns.group_advantages(reward, weight=np.array([1.0, 1.0, 0.0]), **options)
        np.testing.assert_array_equal(found, [*nl.returns.group_advantages(reward[:2], **options), 0.0])
    assert not nl.returns.group_advantages(np.full(5, 0.1), epsilon=0.0).any()


def test_what_is_wrong_is_named(backend: str) -> None:
    reward, weight = problem("float64")
    for bad, said in ((np.nan, "nan"), (np.inf, "inf")):
        wrong = reward.copy()
        wrong[500] = wrong[630] = bad
        with refused(ValueError, "group_advantages", f"reward[500] = {said}", "finite", "2 of 645"):
            nl.returns.group_advantages(wrong, groups=GROUPS, backend=backend)
    weight[3] = -1.0
    with refused(ValueError, "group_advantages", "weight[3] = -1.0", ">= 0"):
        nl.returns.group_advantages(reward, groups=GROUPS, weight=weight, backend=backend)
    with refused(ValueError, "group_advantages", "groups[7] = 645"):
        nl.returns.group_advantages(reward[1:], groups=GROUPS)
    with refused(ValueError, "group_advantages", "weight has shape (3,)"):
        nl.returns.group_advantages(reward, weight=np.ones(3))
    with refused(ValueError, "group_advantages", "baseline must be 'mean' or 'others', got 'median'"):
        nl.returns.group_advantages(reward, baseline="median")
    with refused(TypeError, "group_advantages", "reward has dtype int64"):
        nl.returns.group_advantages(np.arange(3))
    with refused(TypeError, "group_advantages", "nothing is pulled back"):
        nl.vjp(nl.returns.group_advantages)(reward, cotangent=reward)
    with refused(TypeError, "group_advantages gives arrays, not a loss"):
        nl.grad(nl.returns.rloo)


def test_documentation() -> None:
    loss = nl.returns.group_advantages.__loss__
    doc = inspect.getdoc(loss.function) or ""
    assert all(f"\n{name} : " in doc for name in (*loss.inputs, *loss.defaults, "out", "backend"))
    assert loss.presets == {"rloo": nl.returns.rloo.keywords}
    assert doctest.testmod(importlib.import_module(loss.function.__module__)).failed == 0
