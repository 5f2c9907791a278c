"""Losses of two clouds of points on the simulated device against the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import assert_agrees, on_device

import numloss as nl

SINKHORN = {"eps": 0.7, "iterations": 3, "tolerance": 0.0, "scaling": 0.0}


def clouds(dtype: str, samples: tuple[int, ...] = (2,), points: tuple[int, int] = (4, 3)) -> tuple[Any, Any]:
    random = np.random.default_rng(3)
    first, second = (random.normal(0.2 * k, 0.7, (*samples, n, 2)).astype(dtype) for k, n in enumerate(points))
    return first, second


@pytest.mark.parametrize(
    ("function", "option", "dtype"),
    [
        (nl.mmd, {"bandwidth": (0.5, 2.0)}, "float32"),
        (nl.mmd, {"unbiased": True}, "float64"),
        (nl.energy_distance, {}, "float32"),
    ],
)
def test_discrepancies(function: Any, option: dict[str, Any], dtype: str) -> None:
    weight = np.array([0.0, 1.5])
    assert_agrees(nl.value_and_grad(function), clouds(dtype), term=1.0, weight=weight, **option)


@pytest.mark.parametrize(
    ("option", "dtype"),
    [({"debias": False, "p": 1}, "float32"), ({"scaling": 0.001, "iterations": 1}, "float32"), ({}, "float64")],
)
def test_transport(option: dict[str, Any], dtype: str) -> None:
    """As many iterations as on the host: what they have found by then is the same."""
    assert_agrees(nl.value_and_grad(nl.sinkhorn_divergence), clouds(dtype), term=4.0, **{**SINKHORN, **option})


def test_masses_and_one_pair_of_clouds() -> None:
    given = clouds("float64", ())
    masses = {"a": np.array([1.0, 0.0, 2.0, 0.5]), "b": np.array([0.2, 0.3, 0.5])}
    assert_agrees(nl.sinkhorn_divergence, given, reduction="none", **{**SINKHORN, "debias": False}, **masses)
    assert_agrees(nl.grad(nl.mmd, argnums=1), given)


def test_points_longer_than_a_block_of_threads_and_of_any_layout() -> None:
    first, second = clouds("float64", (1,), (33, 20))
    assert_agrees(nl.value_and_grad(nl.energy_distance), (np.asfortranarray(first), second[:, ::-1]), term=1.0)
    assert_agrees(nl.energy_distance, (first[:, :5] * 1e-170, second * 1e-170), term=4e-170)


def test_a_bad_weight_is_told_of() -> None:
    with pytest.raises(ValueError, match=r"mmd: weight\[1\] = -1.0 is outside its domain"):
        on_device(nl.mmd, clouds("float32"), weight=np.array([1.0, -1.0]))
