"""Losses of regions on the simulated device against the host; the order of additions differs."""

from __future__ import annotations

import itertools
from typing import Any

import cases
import numpy as np
import pytest
from helpers import assert_agrees, on_device, on_host, to_device
from oracles.cross_entropy import log_softmax

import numloss as nl

CASES = [case for case in cases.CASES if cases.record(case).family == "regional"]
both = nl.value_and_grad(nl.dice)


def labelled(pixels: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Scores of two samples, three classes and so many pixels, and labels; a tenth of them is 255."""
    random = np.random.default_rng(pixels)
    labels = random.integers(0, 3, (2, pixels))
    labels[random.random(labels.shape) < 0.1] = 255
    return random.normal(0.0, 2.0, (2, 3, pixels)).astype(np.float32), labels.astype(np.uint8)


def assert_close_to_the_host(pred: Any, target: Any, loss: Any = nl.dice, **options: Any) -> None:
    """Value and gradient. Through a softmax the slopes of the regions cancel, which may be larger than the result."""
    term = 0.0
    if options.get("activation") == "softmax":
        known = {name: value for name, value in options.items() if name not in ("activation", "ignore_index")}
        p = np.exp(log_softmax(pred))
        if target.shape != pred.shape:
            p = np.where((target == options.get("ignore_index"))[:, None], 0.0, p)
            target_of_class = (target[:, None] == np.arange(pred.shape[1])[:, None]).astype(p.dtype)
        else:
            target_of_class = target
        slopes = on_host(nl.grad(loss), (p, target_of_class), activation=None, **known)
        term = float(np.abs(slopes).max(initial=0.0))
    assert_agrees(nl.value_and_grad(loss), (pred, target), term=term, **options)


@pytest.mark.parametrize("case", CASES)
def test_value_and_gradient(case: str) -> None:
    shape, loss = (3,) if len(cases.small(case)) == 1 else (2, 3), cases.record(case).function
    weight = cases.weight(case, shape, "float32", "full")
    assert_close_to_the_host(*cases.arrays(case, shape, "float32"), loss, weight=weight, **cases.required(case))


def weighted() -> list[tuple[str, str, str]]:
    """Every reduction with every weight for dice, with values of regions and of a batch; one of them for each law."""
    every = list(itertools.product(cases.REDUCTIONS, ("none", "full", "sample")))
    full = ("dice", "dice:batch")
    return [(case, *pair) for case in CASES for pair in (every if case in full else [("mean", "sample")])]


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize(("case", "reduction", "kind"), weighted())
def test_value_and_gradient_with_every_weight(case: str, reduction: str, kind: str, dtype: str) -> None:
    shape = cases.small(case)
    options: dict[str, Any] = {"reduction": reduction} | cases.required(case)
    if kind != "none":
        options["weight"] = cases.weight(case, shape, dtype, kind)
    arrays = cases.arrays(case, shape, dtype)
    loss = cases.record(case).function
    assert_close_to_the_host(*arrays, loss, **options)
    assert_agrees(loss, arrays, **options)


def assert_labels_agree(pixels: int, per_sample: bool) -> None:
    """Labels of so many pixels, one of them ignored, whose gradient is exactly zero."""
    options = {"activation": "softmax", "ignore_index": 255, "per_sample": per_sample, "smooth": 0.5}
    pred, labels = labelled(pixels)
    assert_close_to_the_host(pred, labels, reduction="none", **options)
    _, slope = on_device(both, (pred, labels), **options)
    assert not slope.transpose(0, 2, 1)[labels == 255].any()


def test_labels() -> None:
    assert_labels_agree(129, True)


@pytest.mark.more
@pytest.mark.parametrize("per_sample", [True, False])
@pytest.mark.parametrize("pixels", [1, 127, 128, 1500])
def test_labels_of_several_blocks(pixels: int, per_sample: bool) -> None:
    assert_labels_agree(pixels, per_sample)


@pytest.mark.more
@pytest.mark.parametrize("activation", [None, "sigmoid", "softmax"])
def test_targets_of_several_blocks(activation: str | None) -> None:
    random = np.random.default_rng(0)
    pred, target = random.uniform(0.02, 0.98, (2, 2, 3, 1100))
    assert_close_to_the_host(pred, target.astype(np.float32), activation=activation, per_sample=False)


@pytest.mark.more
def test_layouts() -> None:
    random = np.random.default_rng(1)
    pred, target = random.uniform(0.02, 0.98, (2, 2, 3, 4, 5)).astype(np.float32)
    last = np.ascontiguousarray(np.moveaxis(pred, 1, 3))
    assert_agrees(both, (np.moveaxis(last, 3, 1), target > 0.5))
    assert_agrees(both, (np.asfortranarray(pred), target[..., ::-1]))
    assert_close_to_the_host(pred[..., ::2], target[..., ::2], activation="softmax")
    assert_agrees(both, (pred[..., 0, 0], target[..., 0, 0]))


@pytest.mark.more
@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 3, 0), (2, 0, 4)])
@pytest.mark.parametrize("per_sample", [True, False])
def test_nothing_to_count(shape: tuple[int, ...], per_sample: bool) -> None:
    arrays = (np.ones(shape, np.float32), np.ones(shape, np.float32))
    for reduction in cases.REDUCTIONS:
        assert_agrees(both, arrays, per_sample=per_sample, reduction=reduction)
    assert_agrees(both, arrays, per_sample=per_sample, smooth=0.0)


def test_infinite_and_missing_scores_propagate() -> None:
    pred, labels = labelled(6)
    pred[0, :, 1], pred[0, 1, 2], pred[1, 0, 3] = 1e4, -np.inf, np.nan
    assert_agrees(both, (pred, np.full(pred.shape, 0.25)), activation="sigmoid", reduction="none")
    assert_agrees(both, (pred, labels), activation="softmax", ignore_index=255, reduction="none")


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_what_is_written_goes_where_the_caller_says(reduction: str) -> None:
    pred, labels = labelled(9)
    options: dict[str, Any] = {"activation": "softmax", "ignore_index": 255, "reduction": reduction}
    expected, slope = on_device(both, (pred, labels), **options)
    moved = to_device(pred)
    assert both(moved, to_device(labels), out=moved, **options)[1] is moved
    assert np.array_equal(moved.copy_to_host(), slope)
    if reduction == "none":
        values = to_device(np.full((3, 2), np.nan, np.float32).T)
        assert nl.dice(to_device(pred), to_device(labels), out=values, **options) is values
        assert np.array_equal(values.copy_to_host(), expected)


SOFT = {"activation": "softmax"}
BAD: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "a label of no class": ("labels", (1, 37), SOFT),
    "another label is ignored": ("labels", (1, 37), SOFT | {"ignore_index": 3}),
    "a target above 1": ("target", 1.5, {}),
    "a target below 0": ("target", -0.5, SOFT),
    "a target that is NaN": ("target", np.nan, {"activation": None}),
    "a negative weight": ("weight", -1.0, {}),
    "labels without a softmax": ("labels", None, {}),
    "an unknown activation": ("target", 0.5, {"activation": "tanh"}),
    "ignored targets": ("target", 0.5, {"ignore_index": 1}),
    "negative smooth": ("target", 0.5, {"smooth": -1.0}),
    "labels of another shape": ("short", None, SOFT),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_as_on_the_host(case: str) -> None:
    kind, bad, options = BAD[case]
    pred, labels = labelled(40)
    target = np.where(np.arange(40) == 28, bad if kind == "target" else 1.0, np.ones(pred.shape))
    arrays = {"labels": labels, "short": labels[:, 1:]}.get(kind, target)
    if kind == "labels":
        arrays = np.where(labels == 255, 0, labels)
        if bad is not None:
            arrays[bad] = 7
    if kind == "weight":
        options = options | {"weight": np.array([[1.0, 2.0, 1.0], [1.0, bad, 1.0]])}
    said = []
    for call in (on_device, on_host):
        with pytest.raises((ValueError, IndexError)) as raised:
            call(both, (pred, arrays), **options)
        said.append((type(raised.value), str(raised.value)))
    assert said[0] == said[1]


@pytest.mark.parametrize("case", ["dice", "dice:softmax"])
def test_what_has_no_weight_may_be_anything(case: str) -> None:
    pred, target = cases.arrays(case, (7, 2), "float32")
    pred[3], weight = np.nan, np.where(np.arange(7) == 3, 0.0, 1.5).astype(np.float32)
    function, options = nl.value_and_grad(cases.record(case).function), {"weight": weight, **cases.required(case)}
    assert np.isfinite(on_device(function, (pred, target), **options)[1]).all()
    assert_agrees(function, (pred, target), **options)
