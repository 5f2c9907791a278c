"""The last layer and its loss on the simulated device against the host; the products add up in another order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compare import assert_same_bits
from helpers import flat, on_device, on_host, to_device

import numloss as nl
from numloss.backends.numba_cuda import head

STEP = nl.value_and_grad(nl.linear_cross_entropy)
ROWS, FEATURES, CLASSES = 20, 7, 18
WEIGHT = np.where(np.arange(ROWS) % 7 == 3, 0.0, np.linspace(0.5, 2.0, ROWS)).astype(np.float32)
EVERYTHING = {"label_smoothing": 0.1, "z_loss": 0.01, "softcap": 5.0, "class_weight": np.arange(18.0)}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one tile of rows."""
    for name in ("BLOCK_BYTES", "LEAST_ROWS", "MOST_ROWS"):
        monkeypatch.setattr(head, name, 1)


def layer(dtype: str = "float32", rows: int = ROWS) -> tuple[tuple[Any, ...], Any]:
    """hidden, classifier, labels, some of them ignored, and the bias."""
    random = np.random.default_rng(7)
    shapes = ((ROWS, FEATURES), (CLASSES, FEATURES), (CLASSES,))
    hidden, classifier, bias = (random.normal(0.0, 1.0, shape).astype(dtype) for shape in shapes)
    target = random.integers(0, CLASSES, ROWS)
    target[[2, 17]] = -100
    return (hidden[:rows], classifier, target[:rows]), bias


def assert_as_on_the_host(function: Any, arrays: Any, **options: Any) -> None:
    """Within the tolerance of the host's own tests."""
    unit = np.finfo(arrays[0].dtype).eps
    pairs = zip(flat(on_device(function, arrays, **options)), flat(on_host(function, arrays, **options)), strict=True)
    for actual, expected in pairs:
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=0.0, atol=64 * unit * np.abs(expected).max(initial=0.0))


@pytest.mark.parametrize(
    ("dtype", "reduction", "options"),
    [
        ("float32", "mean", {}),
        ("float32", "sum", {"weight": WEIGHT, "ignore_index": None}),
        ("float64", "none", EVERYTHING),
        ("float32", "mean", {"weight": WEIGHT.astype(np.float64), **EVERYTHING}),
    ],
    ids=["plain", "weights", "values", "everything"],
)
def test_value_and_gradients(dtype: str, reduction: str, options: dict[str, Any]) -> None:
    arrays, bias = layer(dtype)
    if options.get("ignore_index", 0) is None:
        arrays[2][arrays[2] < 0] = 3
    given = {"reduction": reduction, **options} | ({} if not options else {"bias": bias})
    assert_as_on_the_host(STEP, arrays, **given)


def test_value_alone_and_sum_and_weight() -> None:
    arrays, bias = layer()
    assert_as_on_the_host(nl.linear_cross_entropy, arrays, bias=bias)
    few = layer(rows=9)[0]
    assert_as_on_the_host(nl.sum_and_weight(nl.linear_cross_entropy), few, weight=WEIGHT[:9])


def test_rows_that_do_not_count_are_not_read() -> None:
    (hidden, classifier, target), bias = layer()
    expected = on_device(STEP, (hidden, classifier, target), bias=bias)
    hidden[target == -100] = np.nan
    again = on_device(STEP, (hidden, classifier, target), bias=bias)
    for found, first in zip(flat(again), flat(expected), strict=True):
        assert_same_bits(found, first)
    assert not again[1][0][target == -100].any()


def test_layouts_and_arrays_to_write_to() -> None:
    (hidden, classifier, target), _ = layer(rows=9)
    expected = on_device(STEP, (hidden, classifier, target))
    moved = [to_device(a) for a in (np.asfortranarray(hidden), classifier[::-1, ::-1][::-1, ::-1], target.astype("i2"))]
    for k in (0, 1):
        out = to_device(np.full_like((hidden, classifier)[k], np.nan, order="F"))
        value, slope = nl.value_and_grad(nl.linear_cross_entropy, argnums=k)(*moved, out=out)
        assert slope is out and float(value.copy_to_host()) == expected[0]
        assert_same_bits(out.copy_to_host(), expected[1][k])
    with pytest.raises(ValueError, match="out for the gradient of hidden overlaps hidden; give it memory of its own"):
        nl.grad(nl.linear_cross_entropy, argnums=0)(*moved, out=moved[0])


@pytest.mark.parametrize("rows", [0, 3])
def test_where_nothing_counts(rows: int) -> None:
    (hidden, classifier, _), bias = layer()
    value, slopes = on_device(STEP, (hidden[:rows], classifier, np.full(rows, -100)), bias=bias)
    assert value == 0.0 and [slope.shape for slope in slopes] == [(rows, FEATURES), (CLASSES, FEATURES), (CLASSES,)]
    assert not any(slope.any() for slope in slopes)


def messages(arrays: Any, **options: Any) -> list[str]:
    """What is raised on the device and on the host."""
    said = []
    for call in (on_device, on_host):
        with pytest.raises((ValueError, IndexError, TypeError)) as raised:
            call(STEP, arrays, **options)
        said.append(f"{raised.type.__name__}: {raised.value}")
    return said


def test_bad_input_is_named_as_on_the_host() -> None:
    (hidden, classifier, target), bias = layer()
    labels = np.where(np.arange(ROWS) >= 18, [2**40], target)
    weight = np.where(np.arange(ROWS) == 19, np.nan, 1.0)
    for arrays, options in (
        ((hidden, classifier, labels), {}),
        ((hidden, classifier, target), {"weight": weight}),
        ((hidden[:, 1:], classifier, target), {}),
        ((hidden, classifier, target[1:]), {}),
        ((hidden, classifier, target), {"bias": bias[1:]}),
        ((hidden, classifier.astype(np.float64), target), {}),
        ((hidden, classifier, target), {"label_smoothing": 2.0}),
    ):
        found, expected = messages(arrays, **options)
        assert found == expected
    with pytest.raises(TypeError, match=r"classifier is numpy\.ndarray, but hidden is an array of numba"):
        nl.linear_cross_entropy(to_device(hidden), classifier, target)


def test_rows_of_a_class_without_weight_are_not_read() -> None:
    (hidden, classifier, target), bias = layer()
    factors = np.ones(CLASSES, np.float32)
    factors[target[4]] = 0.0
    hidden[(target >= 0) & (target == target[4])] = np.nan
    loss, slopes = on_device(STEP, (hidden, classifier, target), bias=bias, class_weight=factors)
    assert np.isfinite(loss) and all(np.isfinite(slope).all() for slope in slopes)
    assert_as_on_the_host(STEP, (hidden, classifier, target), bias=bias, class_weight=factors)
