"""Sums in float64, and weights of any size: what is promised of every loss that adds up values of the data's dtype."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from calls import call, each
from cases import CASES, DTYPES, arrays, middle, record, required, small, solid, weight, weights
from compare import assert_close

import numloss as nl

pytestmark = pytest.mark.loops

# Families whose loops add up the very numbers that "none" gives; those of rows add up what these are rounded from.
AS_GIVEN = ("elementwise", "embedding", "action_value")
WEIGHTED = [case for case in CASES if record(case).weighted]
# Powers of two that bring weights between 0 and 2 to both ends of float32, and beyond them.
SCALES = {"float32": (-140, -126, 120, 126), "float64": (-1060, -300, 300, 1015)}


def gradients(case: str, backend: str, given: Any, **options: Any) -> list[Any]:
    """The value, and gradients by all inputs that have one."""
    value, slopes = nl.value_and_grad(record(case).function)(*given, **{**required(case), **options}, backend=backend)
    return [np.asarray(value), *(slopes if isinstance(slopes, tuple) else (slopes,))]


@pytest.mark.parametrize("case", each([case for case in CASES if record(case).family in AS_GIVEN]))
def test_sums_are_those_of_float64(case: str, backend: str) -> None:
    """Of what "none" gives, and of that times the weights, which is rounded nowhere before."""
    for shape in (middle(case), solid(case)):
        given = arrays(case, shape, "float32")
        values = call(case, backend, given, reduction="none").astype(np.float64)
        for kind in weights(case):
            w = weight(case, shape, "float32", kind)
            shares = np.float64(1.0) if w is None else np.broadcast_to(w.T, values.T.shape).T.astype(np.float64)
            terms = values * shares
            found = call(case, backend, given, reduction="sum", **({} if w is None else {"weight": w}))
            size = math.fsum(np.abs(terms).ravel())
            assert abs(found - math.fsum(terms.ravel())) <= 1e-13 * size, kind


@pytest.mark.parametrize("n", [3, 33, 512, 513, 20000])
def test_float32_neither_overflows_nor_cancels(n: int, backend: str) -> None:
    """Neither where values are as large as they may be, nor where they are of both signs."""
    huge = np.full(n, 2.25e38, np.float32)
    ones = np.ones(n, np.float32)
    for extra in ({}, {"weight": ones}, {"weight": 1e30 * ones}, {"weight": 3e37 * ones}):
        assert call("mae", backend, (huge, np.zeros(n)), **extra) == pytest.approx(float(huge[0]), rel=1e-12)
    both = np.zeros(n, np.float32)
    both[[0, n // 2, n - 1]] = 1e8, 1.0, -1e8
    assert call("policy_gradient", backend, (both, -ones), reduction="sum") == 1.0
    assert call("policy_gradient", backend, (both, -ones), reduction="sum", weight=ones) == 1.0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", each(WEIGHTED))
def test_weights_count_by_their_ratios(case: str, backend: str, dtype: str) -> None:
    """Means and their gradients are those of weights near 1, to the last digits."""
    shape = small(case)
    given = arrays(case, shape, dtype, ends=False)
    for kind in weights(case)[1:]:
        drawn = weight(case, shape, "float32", kind)
        drawn = np.ldexp(np.rint(np.ldexp(drawn, 8)), -8)  # so few digits that the smallest numbers have them, too
        expected = gradients(case, backend, given, weight=drawn.astype(dtype))
        kinds = {(dtype, scale) for scale in SCALES[dtype]}
        kinds |= {("float64", scale) for scale in (-1060, -170, 200, 1015)}
        for wide, scale in sorted(kinds):
            w = np.ldexp(drawn.astype(wide), scale)
            found = gradients(case, backend, given, weight=w)
            found[0] = np.asarray(call(case, backend, given, weight=w))
            for result, true in zip(found, expected, strict=True):
                assert_close(result, true, ulp=8.0, scale=float(np.max(np.abs(true), initial=0.0)))


@pytest.mark.parametrize("case", each(WEIGHTED))
def test_sums_of_weights_that_the_data_have_not(case: str, backend: str) -> None:
    """Weights of float64 beside data of float32: sums and values that are finite come out."""
    shape = small(case)
    given = arrays(case, shape, "float32", ends=False)
    kind = weights(case)[-1]
    drawn = np.ldexp(np.rint(np.ldexp(weight(case, shape, "float64", kind), 8)), -8)
    for scale in (-170, 200):
        w = np.ldexp(drawn, scale)
        whole, scaled = (call(case, backend, given, reduction="sum", weight=each) for each in (drawn, w))
        assert math.ldexp(scaled, -scale) == whole
        if record(case).adds_up != "no":
            pair = nl.sum_and_weight(record(case).function)
            parts = [pair(*given, **required(case), weight=each, backend=backend) for each in (drawn, w)]
            assert tuple(math.ldexp(part, -scale) for part in parts[1]) == parts[0]
        with np.errstate(over="ignore", under="ignore"):
            for mode in ("sum", "none"):
                near, far = (gradients(case, backend, given, weight=each, reduction=mode) for each in (drawn, w))
                for one, other in zip(near[1:], far[1:], strict=True):
                    size = math.ldexp(float(np.max(np.abs(one), initial=0.0)), scale)
                    assert_close(other, np.ldexp(one, scale), ulp=1.0, scale=size)


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_a_weight_is_not_lost_beside_a_far_larger_one(reduction: str, backend: str) -> None:
    weights_of_rows = np.array([1e38, 0.0, 7.0, 100.0, 1e-30])
    for largest in (1.0, 1e30, 1e200):
        pred, w = np.ones(5, np.float32), weights_of_rows * np.array([largest, 1, 1, 1, 1])
        with np.errstate(over="ignore"):
            _, slope = nl.value_and_grad(nl.mse)(pred, np.zeros(5), weight=w, reduction=reduction, backend=backend)
            assert_close(slope, (2.0 * w).astype(np.float32), ulp=1.0)


CLASSED = [case for case in CASES if "class_weight" in record(case).defaults and not record(case).rows.get("factor")]


@pytest.mark.parametrize("case", CLASSED)
def test_weights_of_classes_of_any_size_count_by_their_ratios(case: str, backend: str) -> None:
    given = arrays(case, small(case), "float32", ends=False)
    classes = given[1].shape[0] if record(case).family == "head" else given[0].shape[1]
    drawn = 0.25 * (1.0 + np.arange(classes) % 4)
    expected = gradients(case, backend, given, class_weight=drawn)
    for scale in (-1060, -170, 200, 1015):
        found = gradients(case, backend, given, class_weight=np.ldexp(drawn, scale))
        for result, true in zip(found, expected, strict=True):
            assert_close(result, true, ulp=8.0, scale=float(np.max(np.abs(true), initial=0.0)))


def test_the_mean_of_finite_losses_is_finite(backend: str) -> None:
    large, nothing, out = np.full(33, 1e308), np.zeros(33), np.empty(33)
    options = {"backend": backend}
    for w in (None, np.arange(33.0), np.arange(33) % 2):
        assert nl.mae(large, nothing, weight=w, **options) == pytest.approx(1e308, rel=1e-15)
        value, slope = nl.value_and_grad(nl.mae)(large, nothing, weight=w, out=out, **options)
        assert value == pytest.approx(1e308, rel=1e-15) and slope is out and np.isfinite(out).all()
    scores, labels = np.tile([0.0, 1e308], (33, 1)), np.zeros(33, int)
    assert nl.cross_entropy(scores, labels, **options) == pytest.approx(1e308, rel=1e-15)
    assert nl.nll(-scores[:, ::-1], labels, **options) == pytest.approx(1e308, rel=1e-15)
    assert nl.mae(np.r_[large, np.inf], np.zeros(34), **options) == math.inf
    assert nl.mae(large, nothing, reduction="sum", **options) == math.inf
