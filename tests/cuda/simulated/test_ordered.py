"""Losses of sorted errors on the simulated device against the host; the order of additions differs."""

from __future__ import annotations

import itertools
from typing import Any

import cases
import numpy as np
import pytest
from helpers import assert_agrees, on_device, on_host, to_device

import numloss as nl
from numloss.backends.numba_cuda import ordered

softmax, hinge = nl.value_and_grad(nl.lovasz_softmax), nl.value_and_grad(nl.lovasz_hinge)
Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def labelled(*shape: int, dtype: str = "float32") -> Arrays:
    """Scores that are often equal, and labels; a fifth of them is 255."""
    random = np.random.default_rng(shape)
    labels = random.integers(0, shape[1], (shape[0], *shape[2:]))
    labels[random.random(labels.shape) < 0.2] = 255
    return np.rint(random.normal(0.0, 1.5, shape)).astype(dtype), labels.astype(np.uint8)


def margins(*shape: int, dtype: str = "float32") -> Arrays:
    """Scores that are often equal, and which pixels belong to each class."""
    random = np.random.default_rng(shape)
    return np.rint(random.normal(0.0, 1.5, shape)).astype(dtype), random.integers(0, 2, shape)


CALLS = [
    ("lovasz_softmax", (2,), "float32", "mean", "full"),
    ("lovasz_softmax:all", (1,), "float64", "none", "none"),
    ("lovasz_softmax:sample", (1, 3), "float32", "none", "sample"),
    ("lovasz_hinge", (2, 1), "float64", "sum", "full"),
    ("lovasz_hinge:batch", (1,), "float32", "mean", "none"),
]
EVERY = itertools.product(
    (("lovasz_softmax:sample", (1, 2), "float64"), ("lovasz_hinge", (2, 1), "float32")),
    cases.REDUCTIONS,
    ("none", "full", "sample"),
)


def assert_case_agrees(case: str, shape: tuple[int, ...], dtype: str, reduction: str, kind: str) -> None:
    """Value and gradient of a case, for regions of this shape."""
    options: dict[str, Any] = {"reduction": reduction} | cases.required(case)
    if kind != "none":
        options["weight"] = cases.weight(case, shape, dtype, kind)
    assert_agrees(nl.value_and_grad(cases.record(case).function), cases.arrays(case, shape, dtype), **options)


@pytest.mark.parametrize(("case", "shape", "dtype", "reduction", "kind"), CALLS)
def test_value_and_gradient(case: str, shape: tuple[int, ...], dtype: str, reduction: str, kind: str) -> None:
    assert_case_agrees(case, shape, dtype, reduction, kind)


@pytest.mark.more
@pytest.mark.parametrize(("what", "reduction", "kind"), [*EVERY])
def test_value_and_gradient_with_every_weight(what: tuple[str, Any, str], reduction: str, kind: str) -> None:
    assert_case_agrees(*what, reduction, kind)


def test_ties_over_several_tiles_of_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered, "MOST_PARTS", 2)
    assert_agrees(softmax, labelled(2, 2, 400), ignore_index=255)
    assert_agrees(nl.lovasz_hinge, margins(1, 1, 901))


@pytest.mark.more
@pytest.mark.parametrize(("pixels", "dtype"), [(1, "float32"), (287, "float64"), (288, "float32"), (289, "float64")])
def test_tiles_that_are_full_and_tiles_that_are_not(pixels: int, dtype: str) -> None:
    assert_agrees(softmax, labelled(1, 2, pixels, dtype=dtype), ignore_index=255, reduction="none")
    assert_agrees(hinge, margins(2, 1, pixels, dtype=dtype), per_sample=False)


def test_layouts_and_the_order_of_equal_errors() -> None:
    pred, labels = labelled(2, 2, 4, 5)
    assert_agrees(softmax, (np.asfortranarray(pred), labels[:, ::-1]), ignore_index=255, per_sample=True)
    last = np.ascontiguousarray(np.moveaxis(pred, 1, 3))
    assert_agrees(softmax, (np.moveaxis(last, 3, 1), labels.astype(np.int64)), ignore_index=255)
    scores, target = margins(1, 2, 4, 6)
    assert_agrees(hinge, (np.asfortranarray(scores[:, :1]), np.asfortranarray(target[:, :1]).astype(np.float64)))
    assert_agrees(hinge, (scores[..., ::2], target[..., ::2]), per_sample=False)
    assert_agrees(hinge, (scores[0, 0], target[0, 0]), per_sample=False)
    pred, labels = labelled(50, 2)
    assert_agrees(softmax, (pred, labels), ignore_index=255)
    assert_agrees(softmax, (np.asfortranarray(pred), labels[::-1]), ignore_index=255, reduction="none")


def test_infinite_and_missing_scores_propagate() -> None:
    scores, target = margins(1, 2, 9)
    scores[0, 0, :3], target[0, 0, :3] = [np.inf, -np.inf, -np.inf], [1, 0, 1]
    scores[0, 1, 4] = np.nan
    assert_agrees(hinge, (scores, target), reduction="none")
    pred, labels = labelled(1, 2, 9)
    labels[0, :5] = [0, 255, 1, 1, 0]
    pred[0, 0, :5] = [np.nan, np.nan, np.inf, -np.inf, 1e4]
    assert_agrees(softmax, (pred, labels), ignore_index=255, reduction="none")


def test_ignored_pixels_are_not_counted() -> None:
    pred, labels = labelled(1, 2, 40, dtype="float64")
    loss, slope = on_device(softmax, (pred, labels), ignore_index=255)
    kept = labels[0] != 255
    expected, slopes = on_host(softmax, (pred[..., kept], labels[:, kept]))
    np.testing.assert_allclose(loss, expected, rtol=1e-14)
    np.testing.assert_allclose(slope[..., kept], slopes, rtol=1e-14)
    assert not slope[..., ~kept].any() and not kept.all()


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 3, 0), (2, 0, 4)])
def test_nothing_to_count(shape: tuple[int, ...]) -> None:
    scores, labels = np.ones(shape, np.float32), np.full((shape[0], *shape[2:]), 255)
    for options in ({}, {"reduction": "none"}, {"per_sample": True}, {"classes": "all"}):
        assert_agrees(softmax, (scores, labels), ignore_index=255, **options)
        if "classes" not in options:
            assert_agrees(hinge, (scores, scores), **options)


def test_what_is_written_goes_where_the_caller_says() -> None:
    pred, labels = labelled(1, 2, 9)
    options: dict[str, Any] = {"ignore_index": 255, "reduction": "none"}
    expected, slope = on_device(softmax, (pred, labels), **options)
    moved = to_device(pred)
    assert softmax(moved, to_device(labels), out=moved, **options)[1] is moved
    assert np.array_equal(moved.copy_to_host(), slope)
    values = to_device(np.full((2, 2), np.nan, np.float32)[0])
    assert nl.lovasz_softmax(to_device(pred), to_device(labels), out=values, **options) is values
    assert np.array_equal(values.copy_to_host(), expected)


BAD: dict[str, tuple[Any, Any, tuple[int, ...], Any, dict[str, Any]]] = {
    "a label of no class": (softmax, labelled, (0, 7), 2, {"ignore_index": 255}),
    "an ignored label that nobody ignores": (nl.lovasz_softmax, labelled, (0, 0), 255, {}),
    "a target between 0 and 1": (hinge, margins, (0, 0, 5), 0.5, {}),
    "a target that is NaN": (hinge, margins, (0, 0, 0), np.nan, {}),
    "a target of 2": (nl.lovasz_hinge, margins, (0, 0, 8), 2, {}),
    "a negative weight": (hinge, margins, (0, 0, 1), 1, {"weight": np.array([[-1.0]])}),
    "a weight that is NaN, and a label": (softmax, labelled, (0, 1), 9, {"weight": np.array([1.0, np.nan])}),
    "a negative weight, and a target": (hinge, margins, (0, 0, 1), 0.5, {"weight": np.array([[-1.0]])}),
    "a weight of another shape": (hinge, margins, (0, 0, 1), 1, {"weight": np.ones((2, 1))}),
    "an unknown word": (softmax, labelled, (0, 0), 1, {"classes": "some"}),
    "no labels": (softmax, margins, (0, 0, 0), 1, {}),
    "ignored targets": (hinge, margins, (0, 0, 0), 1, {"ignore_index": 1}),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_as_on_the_host(case: str) -> None:
    function, make, at, bad, options = BAD[case]
    pred, target = make(1, 1 if function in (hinge, nl.lovasz_hinge) else 2, 9)
    target = target.astype(np.float64) if make is margins else target
    target[at] = bad
    said = []
    for call in (on_device, on_host):
        with pytest.raises((ValueError, IndexError, TypeError)) as raised:
            call(function, (pred, target), **options)
        said.append((type(raised.value), str(raised.value)))
    assert said[0] == said[1]


def test_what_has_no_weight_may_be_anything() -> None:
    weight = np.array([0.0, 1.5])
    scores, target = margins(2, 1, 9)
    pred, labels = labelled(2, 2, 9)
    scores[0], pred[0] = np.nan, np.nan
    for function, arrays, extra in (
        (hinge, (scores, target), {}),
        (softmax, (pred, labels), {"ignore_index": 255, "per_sample": True}),
    ):
        assert np.isfinite(on_device(function, arrays, weight=weight, **extra)[1]).all()
        assert_agrees(function, arrays, weight=weight, **extra)
