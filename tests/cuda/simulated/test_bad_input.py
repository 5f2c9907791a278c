"""Bad input on the device raises what it raises on the host, or says how to bring arrays together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cases
import numpy as np
import pytest
from helpers import on_device, on_host, to_device

import numloss as nl
from numloss.backends.numba_cuda.arrays import DeviceArray
from numloss.backends.numba_cuda.checks import deferred_checks, raise_deferred
from numloss.backends.numba_cuda.libraries import library_of

SHAPE = (40, 30)


def message(call: Any, function: Any, arrays: tuple[Any, ...], **options: Any) -> str:
    """What a call raises."""
    with pytest.raises(ValueError) as raised:
        call(function, arrays, **options)
    return str(raised.value)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("position", [0, 777, 1199])
def test_a_value_outside_its_domain_is_named_as_on_the_host(position: int, order: Any) -> None:
    pred, target = cases.arrays("bce", SHAPE, "float32")
    target.flat[position], target.flat[1000] = 1.5, np.nan
    arrays = (np.asarray(pred, order=order), np.asarray(target, order=order))
    assert message(on_device, nl.bce, arrays) == message(on_host, nl.bce, arrays)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_bad_coordinate_is_named_as_on_the_host(order: Any) -> None:
    pred, target = cases.arrays("giou", (5, 7), "float64")
    target[3, 2, 1] = np.nan
    arrays = (np.asarray(pred, order=order), np.asarray(target, order=order))
    said = message(on_host, nl.giou, arrays)
    assert "target[3, 2, 1] = nan" in said
    assert message(on_device, nl.giou, arrays) == said


@pytest.mark.parametrize("transform", [lambda f: f, nl.value_and_grad])
@pytest.mark.parametrize("kind", ["full", "sample"])
def test_a_bad_weight_is_named_as_on_the_host(kind: str, transform: Any) -> None:
    arrays = cases.arrays("mse", SHAPE, "float64")
    weight = cases.weight("mse", SHAPE, "float64", kind)
    weight.flat[17] = -1.0
    function = transform(nl.mse)
    assert message(on_device, function, arrays, weight=weight) == message(on_host, function, arrays, weight=weight)


def test_the_first_of_several_bad_operands_is_named() -> None:
    pred, target = cases.arrays("mse", SHAPE, "float64")
    weight = np.ones(SHAPE)
    target.flat[400], weight.flat[3] = np.nan, np.nan
    first = message(on_host, nl.mse, (pred, target), weight=weight)
    assert message(on_device, nl.mse, (pred, target), weight=weight) == first


def test_options_and_shapes_are_checked_as_on_the_host() -> None:
    pred, target = cases.arrays("huber", SHAPE, "float32")
    short = (pred, target[:-1].copy())
    assert message(on_device, nl.huber, short) == message(on_host, nl.huber, short)
    for options in ({"delta": -1.0}, {"reduction": "median"}, {"weight": np.ones(3, np.float32)}):
        assert message(on_device, nl.huber, (pred, target), **options) == message(
            on_host, nl.huber, (pred, target), **options
        )


def test_host_arrays_are_not_moved() -> None:
    pred, target = cases.arrays("mse", SHAPE, "float32")
    with pytest.raises(TypeError, match=r"mse: target is numpy\.ndarray, but pred is an array of numba"):
        nl.mse(to_device(pred), target)
    with pytest.raises(TypeError, match="mse: backend 'cuda' takes device arrays"):
        nl.mse(pred, target, backend="cuda")
    with pytest.raises(TypeError, match="mse: backend 'cuda' takes device arrays"):
        nl.mse([1.0], [2.0], backend="cuda")
    with pytest.raises(TypeError, match="mse: backend 'cython' takes host arrays"):
        nl.mse(to_device(pred), to_device(target), backend="cython")


@pytest.mark.parametrize(
    ("dtype", "hint"), [("int64", "predictions are float32 or float64"), ("complex128", "real numbers are needed")]
)
def test_dtypes_of_predictions(dtype: str, hint: str) -> None:
    with pytest.raises(TypeError, match=f"mse: pred has dtype {dtype}; {hint}"):
        on_device(nl.mse, (np.ones(3, dtype), np.ones(3)))


def test_out_is_written_and_returned() -> None:
    pred, target = (to_device(a) for a in cases.arrays("mse", SHAPE, "float32"))
    out = to_device(np.full(SHAPE, np.nan, np.float32))
    _, slope = nl.value_and_grad(nl.mse)(pred, target, out=out)
    assert slope is out
    assert np.array_equal(out.copy_to_host(), nl.grad(nl.mse)(pred, target).copy_to_host())


def test_out_may_be_the_prediction_itself() -> None:
    pred, target = cases.arrays("mse", SHAPE, "float32")
    expected = on_host(nl.grad(nl.mse), (pred, target))
    moved = to_device(pred)
    nl.grad(nl.mse)(moved, to_device(target), out=moved)
    assert np.array_equal(moved.copy_to_host(), expected)


def test_a_bad_value_that_the_gradient_would_replace_is_named() -> None:
    pred, target = cases.arrays("bce", SHAPE, "float32")
    pred.flat[700] = 1.25
    moved = to_device(pred)
    with pytest.raises(ValueError, match=r"bce: pred\[23, 10\] = 1\.25 is outside its domain"):
        nl.grad(nl.bce)(moved, to_device(target), out=moved)


def test_out_that_overlaps_an_input_or_does_not_fit_raises() -> None:
    memory = to_device(np.ones(101, np.float32))
    pred, target = memory[:100], to_device(np.zeros(100, np.float32))
    with pytest.raises(ValueError, match="overlaps pred; give it pred itself or memory of its own"):
        nl.grad(nl.mse)(pred, target, out=memory[1:])
    with pytest.raises(ValueError, match=r"has shape \(99,\) and dtype float32; it must have \(100,\) and float32"):
        nl.grad(nl.mse)(pred, target, out=to_device(np.ones(99, np.float32)))
    with pytest.raises(TypeError, match="must be an array of numba on the same device"):
        nl.grad(nl.mse)(pred, target, out=np.ones(100, np.float32))


def test_out_that_overlaps_any_array_of_the_call_is_refused_untouched() -> None:
    memory = to_device(np.full(101, 0.5, np.float32))
    pred, target = (to_device(np.linspace(0.0, 1.0, 100, dtype=np.float32)) for _ in range(2))
    for weight, out in ((memory[:100], memory[:100]), (memory[:100], memory[1:]), (memory[1:], memory[:100])):
        with pytest.raises(ValueError, match="mse: out for the gradient overlaps weight"):
            nl.value_and_grad(nl.mse)(pred, target, weight=weight, out=out)
    assert np.array_equal(memory.copy_to_host(), np.full(101, 0.5, np.float32))


WEIGHED: list[Any] = ["huber", "giou", "cross_entropy", "dice", "cosine_embedding", "td_error"]
WEIGHED.append(pytest.param("lovasz_hinge", marks=pytest.mark.more))


@pytest.mark.parametrize("case", WEIGHED)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_infinite_weights_are_refused_as_on_the_host(case: str, reduction: str) -> None:
    loss, shape = cases.record(case), cases.small(case)
    given = cases.arrays(case, shape, "float32", ends=False)
    w = np.ones(shape[0], np.float32)
    w[1] = np.inf
    for function in (loss.function, nl.value_and_grad(loss.function)):
        assert message(on_device, function, given, weight=w, reduction=reduction) == message(
            on_host, function, given, weight=w, reduction=reduction
        )


def test_columns_of_one_table_are_memory_of_their_own() -> None:
    pred, target = cases.arrays("mse", (40,), "float32")
    table = to_device(np.stack([pred, target, np.full(40, np.nan, np.float32)], axis=1))
    nl.value_and_grad(nl.mse)(table[:, 0], table[:, 1], out=table[:, 2])
    expected = nl.grad(nl.mse)(pred, target)
    assert np.array_equal(table.copy_to_host(), np.stack([pred, target, expected], axis=1))


def test_elements_that_share_memory_are_seen() -> None:
    library = library_of(to_device(np.ones(1)))
    for shape, strides, shared in (((4, 3), (12, 4), 0), ((4, 3), (4, 4), 1), ((4, 3), (4, 16), 0), ((5,), (2,), 1)):
        array = DeviceArray(None, 4096, shape, strides, np.dtype(np.float32))
        assert library.folded(array) == bool(shared)
        assert library.overlap(array, array)
        assert not library.overlap(array, replace(array, address=4096 + 256))


def test_deferred_checks_raise_when_asked_and_at_the_end() -> None:
    pred, target = (to_device(a) for a in cases.arrays("mse", SHAPE, "float32"))
    bad = to_device(np.full(SHAPE, np.nan, np.float32))
    with deferred_checks():
        nl.mse(pred, bad)
        with pytest.raises(ValueError, match="mse: target"):
            raise_deferred()
        nl.mse(pred, target)
    with pytest.raises(ValueError, match="mse: target"), deferred_checks():
        nl.mse(pred, bad)
        reached = True
    assert reached
