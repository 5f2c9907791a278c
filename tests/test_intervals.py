"""Losses whose targets name intervals of the line: ordinal_logistic."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import numloss as nl

SCORES = np.linspace(-9.0, 9.0, 37)
CUTS = (-2.0, 0.5, 0.75, 4.0)


def test_the_probabilities_of_all_classes_add_up(backend: str) -> None:
    losses = [
        nl.ordinal_logistic(SCORES, np.full(37, k), thresholds=CUTS, reduction="none", backend=backend)
        for k in range(len(CUTS) + 1)
    ]
    np.testing.assert_allclose(np.exp(-np.array(losses)).sum(axis=0), 1.0, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_classes_are_binary_cross_entropy(dtype: str, backend: str) -> None:
    scores, target = SCORES.astype(dtype), np.arange(37) % 2
    ordinal = nl.value_grad_hess(nl.ordinal_logistic)(scores, target, thresholds=[0.0], backend=backend)
    binary = nl.value_grad_hess(nl.bce_with_logits)(scores, target, backend=backend)
    for one, other in zip(ordinal, binary, strict=True):
        np.testing.assert_allclose(one, other, rtol=8 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("kind", [tuple, list, np.array, lambda cuts: np.array(cuts, dtype=np.float32)])
def test_thresholds_are_anything_like_an_array(kind: Any) -> None:
    target = np.arange(37) % 5
    expected = nl.ordinal_logistic(SCORES, target, thresholds=CUTS)
    assert nl.ordinal_logistic(SCORES, target, thresholds=kind(CUTS)) == expected


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64", "float32", "float64"])
def test_classes_of_any_dtype(dtype: str, backend: str) -> None:
    target = np.arange(37) % 5
    expected = nl.ordinal_logistic(SCORES, target, thresholds=CUTS, backend=backend)
    assert nl.ordinal_logistic(SCORES, target.astype(dtype), thresholds=CUTS, backend=backend) == expected


@pytest.mark.parametrize(
    ("cuts", "said"),
    [
        ([], "thresholds has shape (0,); it must be (K - 1,), for 2 to 65536 classes"),
        ([[1.0]], "thresholds has shape (1, 1)"),
        (0.5, "thresholds has shape ()"),
        (np.zeros(65536), "thresholds has shape (65536,)"),
        ([0.0, 1.0, 1.0], "thresholds[2] = 1.0, not above 1.0 before it; thresholds are finite and rise"),
        ([0.0, -1.0], "thresholds[1] = -1.0, not above 0.0 before it"),
        ([0.0, np.nan], "thresholds[1] = nan; "),
        ([0.0, np.inf], "thresholds[1] = inf; "),
        ([1.0, 1.0 + 1e-9], "rise, in float32, too"),
        ([1.0, 1e300], "thresholds[1] = 1e+300; "),
    ],
)
def test_thresholds_that_do_not_rise(cuts: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape("ordinal_logistic: ") + ".*" + re.escape(said)):
        nl.ordinal_logistic(SCORES.astype(np.float32), np.zeros(37), thresholds=cuts)


def test_thresholds_are_needed() -> None:
    with pytest.raises(TypeError, match="ordinal_logistic: missing thresholds"):
        nl.ordinal_logistic(SCORES, np.zeros(37))  # type: ignore[call-arg]


def test_thresholds_are_numbers() -> None:
    with pytest.raises(TypeError, match="ordinal_logistic: thresholds has dtype"):
        nl.ordinal_logistic(SCORES, np.zeros(37), thresholds=["low", "high"])


def test_as_many_classes_as_there_may_be(backend: str) -> None:
    cuts = np.arange(65535.0)
    target = np.array([0, 30000, 65535])
    losses = nl.ordinal_logistic(target - 0.5, target, thresholds=cuts, reduction="none", backend=backend)
    inside = -np.log(1.0 / (1.0 + np.exp(-0.5)) - 1.0 / (1.0 + np.exp(0.5)))
    np.testing.assert_allclose(losses, [-np.log(1.0 / (1.0 + np.exp(-0.5))), inside, -np.log(1 / (1 + np.exp(-0.5)))])
