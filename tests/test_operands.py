"""Operands of every dtype, up to the largest number of it, wherever they lie: each backend reads the number itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compare import assert_same_bits, told
from test_layouts import LAYOUTS

import numloss as nl

Array = np.ndarray[Any, Any]
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
FLOATS = ("float32", "float64")


def numbers(dtype: str) -> Array:
    """Ordinary numbers of a dtype, and its ends: what is read as signed, or as narrower, is another number."""
    if dtype == "bool":
        return np.array([True, False, False, True])
    ends = np.iinfo(dtype) if dtype in INTEGERS else np.finfo(dtype)
    half = ends.max // 2 + 1 if dtype in INTEGERS else 0.3
    return np.array([ends.max, ends.min, half, 0, 1, 7, 100, ends.max], dtype)


def looks(array: Array) -> dict[str, Array]:
    """The numbers in every layout, and each of them for all."""
    found = {layout: LAYOUTS[layout](array) for layout in LAYOUTS if layout not in ("frame", "axes swapped")}
    return found | {"contiguous": array, "one for all": np.broadcast_to(array[0], array.shape)}


def wide(array: Array, real: str) -> Array:
    """The numbers in the dtype of the prediction, of their own layout no trace."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array).astype(real)


@pytest.mark.parametrize("real", FLOATS)
@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS, "bool"])
def test_targets_are_read_as_the_numbers_they_are(dtype: str, real: str, each_backend: str) -> None:
    for layout, target in looks(numbers(dtype)).items():
        pred = np.full(target.shape, 0.25, real)
        for function in (nl.mae, nl.value_and_grad(nl.mae)):
            options = {"reduction": "none", "backend": each_backend}
            found, expected = (function(pred, t, **options) for t in (target, wide(target, real)))
            with told(loss="mae", backend=each_backend, layout=layout, target=dtype, pred=real):
                for one, other in zip(np.atleast_2d(found), np.atleast_2d(expected), strict=True):
                    assert_same_bits(one, other)



@pytest.mark.parametrize("real", FLOATS)
@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS, "bool"])
def test_weights_are_read_as_the_numbers_they_are(dtype: str, real: str, each_backend: str) -> None:
    for layout, weight in looks(np.maximum(numbers(dtype), 0)).items():
        pred = np.full(weight.shape, 1.0, real)
        with told(loss="mse", backend=each_backend, layout=layout, weight=dtype, pred=real), np.errstate(over="ignore"):
            found = nl.mse(pred, np.zeros_like(pred), weight=weight, reduction="none", backend=each_backend)
            assert_same_bits(found, wide(weight, real))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_labels_are_read_as_the_classes_they_are(dtype: str, each_backend: str) -> None:
    classes = min(int(np.iinfo(dtype).max), 70_000) + 1
    labels = np.array([classes - 1, 0, classes // 2, 1], dtype)
    pred = np.random.default_rng(0).normal(size=(4, classes)).astype(np.float32)
    expected = nl.value_and_grad(nl.cross_entropy)(pred, labels.astype(np.int64), backend=each_backend)
    for layout, laid in looks(labels).items():
        given = labels if layout == "one for all" else laid
        with told(loss="cross_entropy", backend=each_backend, layout=layout, labels=dtype):
            found = nl.value_and_grad(nl.cross_entropy)(pred, given, backend=each_backend)
            assert_same_bits(np.float64(found[0]), np.float64(expected[0]))
            assert_same_bits(found[1], expected[1])
            slope = found[1][np.arange(4), labels.astype(np.int64)]
            assert (slope < 0.0).all(), "the class of a row is pulled up"
    largest = np.iinfo(dtype).max
    with pytest.raises(IndexError, match=rf"target\[3\] = {largest} is outside \[0, 9\)"):
        nl.cross_entropy(pred[:, :9], np.array([1, 2, 8, largest], dtype), backend=each_backend)
