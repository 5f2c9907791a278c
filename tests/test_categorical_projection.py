"""The target of C51 by itself: by its definition, as the loss has it, in any layout, and what is refused."""

from __future__ import annotations

import doctest
import importlib
from typing import Any

import numpy as np
import pytest
from calls import refused
from compare import assert_same_bits
from oracles.categorical_td import target

import numloss as nl

ENDS: dict[str, Any] = {"discount": 0.9, "low": -1.5, "high": 2.0}


def problem(shape: tuple[int, ...], atoms: int, dtype: str = "float64") -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    following = random.dirichlet(np.ones(atoms), shape).astype(dtype)
    return following, random.standard_normal(shape).astype(dtype), random.random(shape) < 0.3


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_definition(dtype: str, backend: str) -> None:
    for shape, atoms in (((40,), 5), ((3, 7), 51), ((2,), 2), ((0,), 4)):
        given = problem(shape, atoms, dtype)
        following, reward, done = (a.astype(np.longdouble) for a in given)
        found = nl.returns.categorical_projection(*given, **ENDS, backend=backend)
        assert found.dtype == dtype
        expected = target(following, following, reward, done, **ENDS)
        np.testing.assert_allclose(found, expected.astype(float), rtol=1e-6, atol=2e-14 if dtype == "float64" else 1e-7)


def test_it_is_the_target_of_the_loss(backend: str) -> None:
    given = problem((3000,), 9)
    pred = np.random.default_rng(1).standard_normal(given[0].shape)
    found = nl.returns.categorical_projection(*given, **ENDS, backend=backend)
    expected = nl.categorical_td(pred, *given, **ENDS, reduction="none", backend=backend)
    np.testing.assert_allclose(nl.cross_entropy(pred, found, reduction="none"), expected, rtol=1e-13)
    with nl.num_threads(1):
        assert_same_bits(nl.returns.categorical_projection(*given, **ENDS, backend=backend), found)


def test_layouts_and_what_is_written(backend: str) -> None:
    following, reward, done = problem((6, 5), 7)
    given = {**ENDS, "backend": backend}
    expected = nl.returns.categorical_projection(following, reward, done, **given)
    for way in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2]):
        out = way(np.empty_like(expected))
        found = nl.returns.categorical_projection(way(following), way(reward), way(done.astype("f4")), out=out, **given)
        assert found is out
        np.testing.assert_array_equal(found, expected)
    same = following.copy()
    nl.returns.categorical_projection(same, reward, done, out=same, **given)
    np.testing.assert_array_equal(same, expected)
    half = following.astype(np.float16)
    found = nl.returns.categorical_projection(half, reward, done, **given)
    np.testing.assert_array_equal(
        found, nl.returns.categorical_projection(half.astype(np.float32), reward, done, **given)
    )


def test_what_is_wrong_is_told() -> None:
    project, (following, reward, done) = nl.returns.categorical_projection, problem((4,), 3)
    with refused(ValueError, "categorical_projection", "reward[2] = nan", "not NaN"):
        project(following, np.where(np.arange(4) == 2, np.nan, reward), done)
    with refused(ValueError, "categorical_projection", "next_probabilities[1, 2] = 1.5", "in [0, 1]"):
        project(np.where(np.arange(12).reshape(4, 3) == 5, 1.5, following), reward, done)
    with refused(ValueError, "categorical_projection", "high = 1.0 must be above low = 1.0"):
        project(following, reward, done, low=1.0, high=1.0)
    with refused(ValueError, "categorical_projection", "there is one atom"):
        project(following[:, :1], reward, done)
    with refused(ValueError, "categorical_projection", "reward has shape (3,)"):
        project(following, reward[:3], done)
    with refused(TypeError, "categorical_projection", "unknown option 'weight'"):
        project(following, reward, done, weight=reward)
    with refused(ValueError, "categorical_projection", "out for the values has shape (4, 3) and dtype float32"):
        project(following, reward, done, out=np.empty((4, 3), np.float32))
    with refused(TypeError, "categorical_projection", "nothing is pulled back; targets are constants"):
        nl.vjp(project)(following, reward, done, cotangent=following)
    with refused(TypeError, "categorical_projection gives arrays, not a loss"):
        nl.grad(project)


def test_documentation() -> None:
    assert doctest.testmod(importlib.import_module("numloss.returns.categorical_projection")).failed == 0
