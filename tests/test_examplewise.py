"""The examplewise family by a loss that has all that its arrays may be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from compare import assert_same_bits
from seeds import generator
from whole import among_loops, chosen, expected, problem

import numloss as nl


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """The loop of the loss, among those of the package."""
    with among_loops(), nl.use_backend("numba"):
        yield


@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (700,), (5, 3)])
def test_labels_lengths_and_what_is_shared(shape: tuple[int, ...]) -> None:
    for dtype, weighted in itertools.product(("float32", "float64"), (False, True)):
        given = problem(shape, dtype)
        weight = np.where(generator("weight", shape).random(shape) < 0.3, 0.0, 1.5) if weighted else np.ones(shape)
        extra = {"weight": weight} if weighted else {}
        values, slopes, shared = expected(given, weight)
        found = nl.value_and_grad(chosen)(*given, **extra, reduction="sum")
        digits = {"rtol": 1e-4 if dtype == "float32" else 1e-12, "atol": 1e-4 if dtype == "float32" else 1e-12}
        np.testing.assert_allclose(found[0], values.sum(), **digits)
        np.testing.assert_allclose(found[1][0], slopes, **digits)
        np.testing.assert_allclose(found[1][1], shared, **digits)
        np.testing.assert_allclose(chosen(*given, **extra, reduction="none"), values, **digits)
        mean = nl.value_and_grad(chosen)(*given, **extra)
        total = max(weight.sum(), 1.0)
        np.testing.assert_allclose(mean[1][1], shared / total, **digits)
        with nl.num_threads(3):
            again = nl.value_and_grad(chosen)(*given, **extra, reduction="sum")
        assert_same_bits(again[1][1], found[1][1])


def test_what_is_shared_may_have_16_bits() -> None:
    pred, target, lengths, bias = problem((9,), "float16")
    _, slopes, shared = expected((pred, target, lengths, bias), np.ones(9))
    found = nl.value_and_grad(chosen)(pred, target, lengths, bias, reduction="sum")
    assert found[1][1].dtype == np.float16
    np.testing.assert_allclose(found[1][1], shared, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found[1][0], slopes, rtol=1e-3, atol=1e-3)


def test_what_is_past_the_length_is_not_looked_at() -> None:
    given = problem((7,))
    value = chosen(*given)
    past = np.arange(6) >= given[2][:, None]
    pred, target = given[0].copy(), given[1].copy()
    pred[past], target[past] = np.nan, -100
    assert chosen(pred, target, *given[2:]) == value


def test_what_is_wrong_is_told() -> None:
    pred, target, lengths, bias = problem((7,))
    lengths[:] = 6
    for at, bad, error, told in (
        (1, (3, 2, 4), IndexError, r"chosen: target\[3, 2\] = 4 is outside \[0, 4\)"),
        (1, (3, 2, -1), IndexError, r"chosen: target\[3, 2\] = -1 is outside \[0, 4\)"),
        (2, (5, 7), ValueError, r"chosen: steps\[5\] = 7 is outside \[0, 6\]"),
        (3, (1, np.inf), ValueError, r"chosen: bias\[1\] = inf is outside its domain: it must be finite"),
    ):
        given = [array.copy() for array in (pred, target, lengths, bias)]
        given[at][bad[:-1]] = bad[-1]
        for transform in (lambda f: f, nl.value_and_grad):
            with pytest.raises(error, match=told):
                transform(chosen)(*given)
            with pytest.raises(error, match=told):
                transform(chosen)(*given, weight=np.zeros(7))


def test_shapes_that_do_not_fit_are_told() -> None:
    pred, target, lengths, bias = problem((7,))
    for given, told in (
        ((pred[0, 0], target, lengths, bias), r"pred has shape \(4,\); it must be \(..., step, tag\)"),
        ((pred, target[:, :5], lengths, bias), "its axis of step has 5 entries, but there are 6"),
        ((pred, target[:5], lengths, bias), r"target has shape \(5, 6\); it must be \(..., step\)"),
        ((pred, target, lengths, bias[None]), r"bias has shape \(1, 4\); it must be \(tag,\)"),
        ((pred[:, :0], target[:, :0], lengths, bias), "no step"),
    ):
        with pytest.raises(ValueError, match=told):
            chosen(*given)
    with pytest.raises(TypeError, match="integers are needed"):
        chosen(pred, target.astype(float), lengths, bias)
    with pytest.raises(TypeError, match="all that are differentiated must agree"):
        chosen(pred, target, lengths, bias.astype("f4"))
