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


def by_cuts(given: Any, cuts: Any, **options: Any) -> Any:
    return nl.value_and_grad(nl.ordinal_logistic, argnums=(0, "thresholds"))(*given, thresholds=cuts, **options)


def test_the_gradient_by_thresholds(backend: str) -> None:
    """As differences say; of a mean of weights, pulled back, beside the other gradient, in any layout."""
    random = np.random.default_rng(0)
    scores, target = random.normal(0.0, 3.0, (40, 30)), random.integers(0, 5, (40, 30))
    weight = np.where(random.random(scores.shape) < 0.2, 0.0, 0.7)
    cuts, options = np.array(CUTS), {"weight": weight, "backend": backend}
    value, (slope, found) = by_cuts((scores, target), cuts, **options)
    step = 1e-4
    for k in range(4):
        moved = [nl.ordinal_logistic(scores, target, thresholds=cuts + j * step * np.eye(4)[k], **options)
                 for j in (-2, -1, 1, 2)]  # fmt: skip
        exact = sum(w * m for w, m in zip((1 / 12, -2 / 3, 2 / 3, -1 / 12), moved, strict=True)) / step
        np.testing.assert_allclose(found[k], exact, rtol=1e-7, atol=1e-11)
    plain = nl.value_and_grad(nl.ordinal_logistic)(scores, target, thresholds=cuts, **options)
    assert plain[0] == value
    np.testing.assert_array_equal(plain[1], slope)
    alone = nl.grad(nl.ordinal_logistic, argnums="thresholds")(scores, target, thresholds=cuts, **options)
    np.testing.assert_array_equal(alone, found)
    turned = by_cuts((np.asfortranarray(scores), target[::-1].copy()[::-1]), list(CUTS), **options)[1][1]
    np.testing.assert_array_equal(turned, found)
    summed = nl.grad(nl.ordinal_logistic, argnums="thresholds")(
        scores, target, thresholds=cuts, reduction="none", **options
    )
    np.testing.assert_allclose(summed, found * weight.sum(), rtol=1e-12)
    pull = nl.vjp(nl.ordinal_logistic, argnums="thresholds")
    pulled = pull(scores, target, thresholds=cuts, cotangent=-2.0, **options)
    np.testing.assert_allclose(pulled, -2.0 * found, rtol=1e-12)
    pulled = pull(scores, target, thresholds=cuts, reduction="none", cotangent=-weight, backend=backend)
    np.testing.assert_allclose(pulled, -summed, rtol=1e-12)
    # what is moved with all scores stays
    np.testing.assert_allclose(found.sum(), -slope.sum(), rtol=1e-11)


def test_gradients_by_thresholds_keep_their_digits(backend: str) -> None:
    """Far from its class, sure of it, in narrow classes; in float32, and of 16 bits."""
    for score in (-50.0, 1.0, 50.0):
        found = [by_cuts((np.array([score]), np.array([k])), [0.0, 40.0], backend=backend)[1][1] for k in range(3)]
        narrow = 1.0 / np.expm1(40.0)
        ends = (1.0 / (1.0 + np.exp(score)) + narrow, -1.0 / (1.0 + np.exp(40.0 - score)) - narrow)
        exact = ((-1.0 / (1.0 + np.exp(-score)), 0.0), ends, (0.0, 1.0 / (1.0 + np.exp(score - 40.0))))
        np.testing.assert_allclose(found, exact, rtol=1e-14)
    (lower, upper) = by_cuts((np.array([0.0]), np.array([1])), [-5e-5, 5e-5], backend=backend)[1][1]
    np.testing.assert_allclose((lower, upper), (1e4, -1e4), rtol=1e-8)
    scores, target = np.linspace(-3.0, 3.0, 9), np.arange(9) % 5
    wide = by_cuts((scores, target), CUTS, backend=backend)[1]
    for dtype, digits in (("float32", 1e-6), ("float16", 2e-3)):
        slope, found = by_cuts((scores.astype(dtype), target), CUTS, backend=backend)[1]
        assert slope.dtype == dtype and found.dtype == np.float32
        np.testing.assert_allclose(found, wide[1], rtol=digits)


def test_what_there_is_by_thresholds() -> None:
    scores, target, out = SCORES, np.arange(37) % 5, np.empty(37)
    slope = by_cuts((scores, target), CUTS, out=(out, None))[1][0]
    assert slope is out
    with pytest.raises(ValueError, match="ordinal_logistic: thresholds have a gradient, but no curvature"):
        nl.value_grad_hess(nl.ordinal_logistic, argnums="thresholds")(scores, target, thresholds=CUTS)
    with pytest.raises(TypeError, match="out for the gradient by thresholds must be None"):
        by_cuts((scores, target), CUTS, out=(out, np.empty(4)))
    assert not by_cuts((scores[:0], target[:0]), CUTS)[1][1].any()
    assert "_by_lower" not in nl.registry.LOSSES
