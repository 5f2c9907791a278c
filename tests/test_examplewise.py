"""The examplewise family by a loss that has all that its arrays may be: labels, lengths, what all examples share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compare import assert_same_bits
from seeds import generator

import numloss as nl
from numloss.backends.numba_cpu import compile as compiler
from numloss.declare import ANY, FINITE, Array, Options, Unpack, examplewise
from numloss.loops.headers import Examples, Result
from numloss.loops.language import Int, double, doubles, ints, offset, reals


def chosen_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Of each of the steps that count the score of its tag, times what the tag has for all examples."""
    steps = e.sizes[0]
    tags = e.sizes[1]
    bias = reals(e.inputs[3])
    for i in range(n):
        pred = offset(reals(e.inputs[0]), i * steps * tags)
        tag = offset(ints(e.inputs[1]), i * steps)
        stop = ints(e.inputs[2])[i]
        total = double(0.0)
        for t in range(stop):
            total = total + double(pred[t * tags + tag[t]]) * double(bias[tag[t]])
        doubles(e.losses)[i] = total
        if e.mode > 0:
            g = offset(reals(e.slopes[0]), i * steps * tags)
            shared = reals(e.slopes[1])
            for k in range(tags):
                shared[k] = 0.0
            for k in range(steps * tags):
                g[k] = 0.0
            for t in range(stop):
                shared[tag[t]] = shared[tag[t]] + pred[t * tags + tag[t]]
                g[t * tags + tag[t]] = bias[tag[t]]
    return 0


@examplewise(
    "chosen_examples",
    axes={"pred": ("...", "step", "tag"), "target": ("...", "step"), "steps": ("...",), "bias": ("tag",)},
    labels={"target": "tag"},
    lengths={"steps": "step"},
    scratch=lambda sizes, mode: (0, 0, 0),
    work=lambda sizes: 100.0 * sizes["step"],
    differentiable=(0, 3),
    pred=ANY,
    bias=FINITE,
)
def chosen(pred: Array, target: Array, steps: Array, bias: Array, **options: Unpack[Options]) -> Any:
    """Scores of tags, times a bias of each tag."""


@pytest.fixture(autouse=True)
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The loop of the loss, among those of the package."""
    monkeypatch.setattr(chosen_examples, "__module__", "numloss.loops.chosen")
    monkeypatch.setitem(compiler.LOOPS, "chosen_examples", chosen_examples)
    with nl.use_backend("numba"):
        yield


def problem(shape: tuple[int, ...], dtype: str = "float64", steps: int = 6, tags: int = 4) -> tuple[Any, ...]:
    random = generator("chosen", shape)
    pred, bias = random.normal(size=(*shape, steps, tags)), random.normal(size=tags)
    target, lengths = random.integers(0, tags, (*shape, steps)), random.integers(0, steps + 1, shape)
    return pred.astype(dtype), target, lengths, bias.astype(dtype)


def expected(given: tuple[Any, ...], weight: Any) -> tuple[Any, Any, Any]:
    """Values, and gradients of their sum."""
    pred, target, lengths, bias = (np.asarray(a, np.float64) if a.dtype.kind == "f" else a for a in given)
    values, slopes, shared = np.zeros(lengths.shape), np.zeros(pred.shape), np.zeros(bias.shape)
    for at in np.ndindex(lengths.shape):
        for t in range(lengths[at]):
            tag = target[(*at, t)]
            values[at] += pred[(*at, t, tag)] * bias[tag]
            slopes[(*at, t, tag)] = weight[at] * bias[tag]
            shared[tag] += weight[at] * pred[(*at, t, tag)]
    return values * weight, slopes, shared


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
