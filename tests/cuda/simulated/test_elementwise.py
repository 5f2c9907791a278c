"""Elementwise losses on the simulated device give the bits of the host; sums of float64 are added in another order."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from calls import each
from compare import assert_close, assert_same_bits
from helpers import assert_agrees, flat, on_device, on_host

import numloss as nl
from numloss.registry import LOSSES

CASES = [case for case in cases.CASES if cases.record(case).family == "elementwise"]
# One whole tile, which is read by 128 bits, and a rest.
SHAPE = (19, 28)


def assert_equal(case: str, arrays: Any, transform: Any, **options: Any) -> None:
    """The same bits on the device and on the host, for all arrays of a call that no sum is in."""
    function = transform(cases.record(case).function)
    device, host = on_device(function, arrays, **options), on_host(function, arrays, **options)
    # slopes of a weighted mean are divided by the sum of the weights, which float32 does not tell apart
    divided = options.get("weight") is not None and options.get("reduction", "mean") == "mean"
    for actual, expected in zip(flat(device), flat(host), strict=True):
        if np.ndim(expected) and not (divided and np.asarray(expected).dtype == np.float64):
            assert_same_bits(actual, expected)
        else:
            assert_close(np.asarray(actual), np.asarray(expected), ulp=8.0)


def whole(case: str) -> Any:
    """The transform that gives everything that a loss has."""
    return nl.value_grad_hess if cases.record(case).curvature else nl.value_and_grad


def bound(function: Any) -> Any:
    return nl.value_grad_hess(function, curvature="bound")


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("case", each(CASES))
def test_value_gradient_and_curvature(case: str, dtype: str) -> None:
    arrays = cases.arrays(case, SHAPE, dtype)
    assert_equal(case, arrays, whole(case), **cases.required(case))


@pytest.mark.parametrize("reduction", cases.REDUCTIONS)
@pytest.mark.parametrize("kind", ["full", "sample"])
@pytest.mark.parametrize("case", ["huber", "gaussian_nll"])
def test_weights_and_reductions(case: str, kind: str, reduction: str) -> None:
    arrays = cases.arrays(case, SHAPE, "float32")
    weight = cases.weight(case, SHAPE, "float32", kind)
    assert_equal(case, arrays, nl.value_and_grad, weight=weight, reduction=reduction)


@pytest.mark.parametrize("exponent", [-140, 126])
def test_weights_of_any_size(exponent: int) -> None:
    """Sums of products are in float64, and the inverse of a sum that float32 has not is no float32."""
    weight = np.rint(64.0 * cases.weight("huber", SHAPE, "float64", "full")) / 64.0
    weight = np.ldexp(weight, exponent).astype(np.float32)
    assert_equal("huber", cases.arrays("huber", SHAPE, "float32"), nl.value_and_grad, weight=weight)


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_every_option_reduction_and_weight(case: str, dtype: str) -> None:
    arrays = cases.arrays(case, SHAPE, dtype)
    for options, reduction, kind in cases.calls(case):
        chosen = {**options, "reduction": reduction}
        if kind != "none":
            chosen["weight"] = cases.weight(case, SHAPE, dtype, kind)
        assert_equal(case, arrays, whole(case), **chosen)
        if cases.record(case).curvature:
            assert_equal(case, arrays, bound, **chosen)


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 1025])
def test_sizes(count: int, dtype: str) -> None:
    assert_equal("mse", cases.arrays("mse", (count,), dtype), nl.value_and_grad)


def test_several_blocks_add_up_in_a_fixed_order() -> None:
    pred, target = cases.arrays("mse", (2 * 16384 + 77,), "float32")
    value, slope = on_device(nl.value_and_grad(nl.mse), (pred, target), reduction="sum")
    expected, expected_slope = on_host(nl.value_and_grad(nl.mse), (pred, target), reduction="sum")
    assert_same_bits(slope, expected_slope)
    # the blocks are added 32 lanes wide, in float64; the host adds them one after the other
    assert abs(value - expected) <= 4 * np.spacing(expected)


def layouts(array: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """The same values in other places of memory."""
    gaps = np.zeros((array.shape[0] * 2, array.shape[1] * 3), array.dtype)[::2, ::3]
    shifted = np.zeros(array.size + 1, array.dtype)[1:].reshape(array.shape)
    backwards = np.zeros(array.shape, array.dtype)[::-1, ::-1]
    for view in (gaps, shifted, backwards):
        view[...] = array
    return {"F": np.asfortranarray(array), "gaps": gaps, "shifted": shifted, "backwards": backwards}


@pytest.mark.parametrize("layout", ["F", "gaps", "shifted", "backwards"])
def test_layouts(layout: str) -> None:
    pred, target = cases.arrays("huber", SHAPE, "float32")
    expected = on_host(nl.value_and_grad(nl.huber), (layouts(pred)[layout], target))
    actual = on_device(nl.value_and_grad(nl.huber), (layouts(pred)[layout], target))
    assert_close(np.asarray(actual[0]), np.asarray(expected[0]), ulp=8.0)
    assert_same_bits(actual[1], expected[1])


def test_layouts_of_boxes() -> None:
    boxes = cases.arrays("giou", (5, 7), "float32")
    expected = on_host(nl.value_and_grad(nl.giou), boxes, reduction="none")
    backwards = tuple(np.ascontiguousarray(a[::-1, ::-1, ::-1])[::-1, ::-1, ::-1] for a in boxes)
    for laid in (tuple(map(np.asfortranarray, boxes)), backwards, (np.asfortranarray(boxes[0]), boxes[1])):
        for actual, host in zip(on_device(nl.value_and_grad(nl.giou), laid, reduction="none"), expected, strict=True):
            assert_same_bits(actual, host)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"])
def test_targets_of_other_dtypes(dtype: str) -> None:
    pred, target = cases.arrays("mae", SHAPE, "float32")
    largest = 1 if dtype == "bool" else np.iinfo(dtype).max
    assert_equal("mae", (pred, np.where(abs(target) > 0.5, largest, 0).astype(dtype)), nl.value_and_grad)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_targets_of_the_other_float(dtype: str) -> None:
    pred, target = cases.arrays("mse", SHAPE, "float32" if dtype == "float64" else "float64")
    assert_equal("mse", (pred, target.astype(dtype)), nl.value_and_grad)


def test_an_option_per_element() -> None:
    arrays = cases.arrays("bce_with_logits", SHAPE, "float32")
    for pos_weight in (2.0, np.linspace(0.5, 3.0, SHAPE[1], dtype=np.float32)):
        assert_equal("bce_with_logits", arrays, nl.value_and_grad, pos_weight=pos_weight)


def test_sum_and_weight_adds_up() -> None:
    arrays = cases.arrays("mse", SHAPE, "float64")
    weight = cases.weight("mse", SHAPE, "float64", "sample")
    assert_equal("mse", arrays, nl.sum_and_weight, weight=weight)
    assert_equal("mse", arrays, nl.sum_and_weight)


def test_weights_that_are_all_zero() -> None:
    pred, target = cases.arrays("mse", SHAPE, "float32")
    value, slope = on_device(nl.value_and_grad(nl.mse), (pred, target), weight=np.zeros(SHAPE, np.float32))
    assert value == 0.0
    assert not slope.any()


def test_weight_zero_hides_what_is_not_finite() -> None:
    pred, target = cases.arrays("mse", SHAPE, "float32")
    weight = np.ones(SHAPE, np.float32)
    pred[0, 3], weight[0, 3] = np.inf, 0.0
    assert_equal("mse", (pred, target), nl.value_grad_hess, weight=weight)


def test_argnums() -> None:
    arrays = cases.arrays("gaussian_nll", SHAPE, "float64")
    assert_equal("gaussian_nll", arrays, lambda f: nl.value_and_grad(f, argnums=2))


@pytest.mark.parametrize("name", [name for name, loss in sorted(LOSSES.items()) if loss.tight])
def test_tight_curvatures(name: str) -> None:
    given = cases.arrays(name, (300,), "float32", ends=False)
    given[1][:9] = given[0][:9]
    assert_agrees(nl.value_grad_hess(LOSSES[name].function, curvature="tight"), given, **cases.required(name))


def test_the_gradient_by_thresholds() -> None:
    random = np.random.default_rng(0)
    scores, target = random.normal(0.0, 2.0, (3, 50)).astype(np.float32), random.integers(0, 4, (3, 50))
    function = nl.value_and_grad(nl.ordinal_logistic, argnums=(0, "thresholds"))
    weight = random.random((3, 50)).astype(np.float32)
    assert_agrees(function, (np.asfortranarray(scores), target), thresholds=(-1.0, 0.5, 2.0), weight=weight)
