"""Teachers that name some of the classes: against rows that stand for those of the call, made here by hand."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pytest
from compare import assert_close, assert_same_bits, told
from named import RESTS, problem
from seeds import generator
from test_divergences import DISTANCES, kl, logarithms

import numloss as nl

Array = np.ndarray[Any, Any]
LOSSES = (nl.kl_logits, nl.js_logits, nl.skew_kl, nl.total_variation, nl.alpha_divergence)
BACKENDS = ("numba", "cython")


def standing(x: Array, indices: Array, logs: Array, rest: str, temperature: float) -> tuple[Array, Array]:
    """Logits of the named classes and of the rest, of both, in more digits than either dtype has."""
    own, given = np.full((2, len(x), indices.shape[1] + 1), -np.inf, np.longdouble)
    for row, (scores, classes, known) in enumerate(zip(x, indices, logs, strict=True)):
        some = np.flatnonzero(classes >= 0)
        wide = scores.astype(np.longdouble) / temperature
        own[row, some], given[row, some] = wide[classes[some]], known[some]
        others, left = np.delete(wide, classes[some]), 1.0 - np.exp(given[row, some]).sum()
        if rest != "drop" and len(others):
            own[row, -1] = others.max() + np.log(np.exp(others - others.max()).sum())
        if rest == "tail" and left > 0.0 and len(others):
            given[row, -1] = np.log(left)
    return own, given


def spread(slopes: Array, x: Array, indices: Array, own: Array, temperature: float) -> Array:
    """Slopes with respect to all logits, from those of the rows that stand for them."""
    found = np.zeros(x.shape)
    for row, classes in enumerate(indices):
        some = np.flatnonzero(classes >= 0)
        shares = np.exp(x[row].astype(np.longdouble) / temperature - own[row, -1]) if own[row, -1] > -np.inf else 0.0
        found[row] = slopes[row, -1] * shares
        found[row, classes[some]] = slopes[row, some]
    return found / temperature


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rest", RESTS)
def test_values_and_gradients(rest: str, dtype: str, backend: str) -> None:
    for loss, (classes, named), temperature in itertools.product(LOSSES, ((3, 1), (7, 7), (700, 20)), (1.0, 2.5)):
        x, indices, logs = problem(classes, named, dtype)
        own, given = standing(x, indices, logs, rest, temperature)
        options: dict[str, Any] = {"reduction": "none", "backend": backend}
        wide = own.astype(np.float64), given.astype(np.float64)
        value, slopes = nl.value_and_grad(loss)(*wide, **options)
        found = nl.value_and_grad(loss)(x, logs, indices=indices, rest=rest, temperature=temperature, **options)
        expected = spread(slopes, x, indices, own, temperature)
        with told(loss=loss.__name__, classes=classes, temperature=temperature):
            assert found[0].dtype == found[1].dtype == np.dtype(dtype)
            # the rows that stand for those of the call are rounded to float64 here
            assert_close(found[0], value, ulp=8, scale=0.0 if dtype == "float32" else 1.0)
            assert_close(found[1], expected, ulp=8, scale=np.abs(expected).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_digits_at_any_distance(dtype: str, backend: str) -> None:
    for rest, distance in itertools.product(RESTS[:2], DISTANCES[1:-1]):
        x, indices, logs = problem(600, 40, dtype, distance)
        own, given = standing(x, indices, logs, rest, 1.0)
        with np.errstate(invalid="ignore"):
            exact = kl(given, own)
        found = nl.kl_logits(x, logs, indices=indices, rest=rest, reduction="none", backend=backend)
        with told(rest=rest, distance=distance):
            assert np.all(found >= 0.0)
            known = 1024.0 * np.finfo(np.float64).eps / distance
            assert np.all(np.abs(found / exact - 1.0) <= 8.4 * np.finfo(dtype).eps + known)


def test_curvatures(backend: str) -> None:
    x, indices, logs = problem(9, 4, "float64")
    for loss, rest in itertools.product(LOSSES[:3], RESTS):
        options: dict[str, Any] = {"indices": indices, "rest": rest, "temperature": 1.5, "reduction": "sum"}
        slopes = nl.grad(loss)
        bends = nl.value_grad_hess(loss)(x, logs, **options, backend=backend)[2]
        bounds = nl.value_grad_hess(loss, curvature="bound")(x, logs, **options, backend=backend)[2]
        step = 1e-4
        for j in range(x.shape[1]):
            moved = np.zeros(x.shape[1])
            moved[j] = step
            near = (slopes(x + k * moved, logs, **options, backend=backend)[:, j] for k in (-1, 1))
            least, most = near
            with told(loss=loss.__name__, rest=rest):
                assert_close(np.float32(bends[:, j]), (most - least) / (2.0 * step), ulp=8, scale=1.0)
        assert np.all(bounds > 0.0) and np.all(bounds >= bends)


def test_a_row_of_all_classes_is_any_row(backend: str) -> None:
    random = generator("all classes")
    x, y = random.normal(0.0, 3.0, (2, 4, 6, 3)).astype(np.float32)
    indices = np.broadcast_to(random.permutation(6)[:, None], (4, 6, 3))
    logs = np.take_along_axis(logarithms(y), indices, axis=1).astype(np.float32)
    for rest in RESTS:
        options: dict[str, Any] = {"temperature": 1.0, "backend": backend, "reduction": "none"}
        value, slope = nl.value_and_grad(nl.kl_logits)(x, logs, indices=indices, rest=rest, **options)
        whole, slopes = nl.value_and_grad(nl.kl_logits)(x, y, **options)
        assert_close(value, whole.astype(np.float64), ulp=32, scale=1.0)
        assert_close(slope, slopes.astype(np.float64), ulp=32, scale=1.0)


def test_distillation_is_both_parts(backend: str) -> None:
    x, indices, logs = problem(50, 8, "float32")
    labels, weight = np.array([3, -100, 0, 49, 7]), np.array([0.5, 3.0, 0.0, 2.0, 1.0], np.float32)
    for reduction, curvature in itertools.product(("mean", "none"), ("exact", "bound")):
        options: dict[str, Any] = {"reduction": reduction, "backend": backend}
        soft = nl.value_grad_hess(nl.kl_logits, curvature=curvature)(
            x, logs, indices=indices, temperature=3.0, weight=np.where(labels < 0, np.float32(0), weight), **options
        )
        hard = nl.value_grad_hess(nl.cross_entropy, curvature=curvature)(x, labels, weight=weight, **options)
        for alpha in (0.0, 0.25, 1.0):
            found = nl.value_grad_hess(nl.distillation, curvature=curvature)(
                x, logs, labels, indices=indices, temperature=3.0, alpha=alpha, weight=weight, **options
            )
            for one, first, second in zip(found, soft, hard, strict=True):
                expected = 9.0 * alpha * np.float64(first) + (1.0 - alpha) * np.float64(second)
                assert_close(np.float32(one), expected, ulp=8, scale=np.abs(expected).max())


def test_arrays_of_sixteen_bits_and_outputs(backend: str) -> None:
    x, indices, logs = problem(300, 5, "float32")
    halves = x.astype(np.float16)
    step = nl.value_and_grad(nl.kl_logits)
    value, slope = step(halves.astype(np.float32), logs, indices=indices, backend=backend)
    again, narrow = step(halves, logs, indices=indices, backend=backend)
    assert again == value and narrow.dtype == np.float16
    assert_same_bits(narrow, slope.astype(np.float16))
    work = np.asfortranarray(halves.astype(np.float32))
    there = step(work, logs, indices=indices, backend=backend, out=work)[1]
    assert there is work
    assert_same_bits(np.ascontiguousarray(work), slope)


def test_both_backends_have_the_same_bits() -> None:
    x, indices, logs = problem(1500, 30, "float32")
    found = [nl.value_and_grad(nl.kl_logits)(x, logs, indices=indices, backend=name) for name in BACKENDS]
    assert found[0][0] == found[1][0]
    assert_same_bits(found[0][1], found[1][1])


def test_bad_input(backend: str) -> None:
    x, indices, logs = problem(10, 4, "float32")

    def refused(error: type[Exception], text: str, given: Array = indices, known: Array = logs, **more: Any) -> None:
        with pytest.raises(error, match=text):
            nl.kl_logits(x, known, indices=given, backend=backend, **more)

    wrong = indices.copy()
    wrong[3, 1] = 10
    refused(IndexError, r"indices\[3, 1\] = 10 is outside \[0, 10\)", wrong)
    wrong[3, 1] = -2
    refused(IndexError, r"indices\[3, 1\] = -2 is outside \[0, 10\)", wrong)
    wrong[3, 1] = wrong[3, 2]
    refused(ValueError, rf"indices\[3\] names class {wrong[3, 2]} more than once", wrong)
    refused(TypeError, "indices has dtype float32", logs)
    refused(TypeError, "target has dtype int32; log-probabilities are floating", known=indices)
    refused(ValueError, r"target has shape \(5, 3\), indices \(5, 4\)", known=logs[:, 1:])
    refused(ValueError, r"indices has shape \(4, 4\)", indices[1:], logs[1:])
    unknown = logs.copy()
    unknown[2, 0] = np.nan
    refused(ValueError, r"target\[2, 0\] = nan", known=unknown)
    refused(ValueError, "rest must be 'tail' or 'drop' or 'zero'", rest="some")
    with pytest.raises(ValueError, match="rest says what becomes of classes that indices do not name"):
        nl.kl_logits(x, x, rest="drop", backend=backend)


def test_the_rest_of_scores_of_any_size(backend: str) -> None:
    # scores that rise from tile to tile, of which the first ones have nothing, or all but one
    x = np.linspace(-900.0, 900.0, 2600, dtype=np.float32)[None] * np.array([[1.0], [-1.0], [0.01]], np.float32)
    x = np.concatenate([x, np.where(np.arange(2600) < 1100, -np.inf, x[2:]), np.full((1, 2600), -np.inf, np.float32)])
    x[4, 1500] = 3.0
    x = x.astype(np.float32)
    indices = np.broadcast_to(np.array([1300, 2599, 0]), (len(x), 3)).copy()
    x[3, 0], x[4, indices[4]] = -2.0, 1.0
    logs = np.log(np.array([[0.5, 0.25, 0.125]] * len(x)))
    for temperature in (1.0, 0.5, 30.0):
        own, given = standing(x, indices, logs, "tail", temperature)
        found, slopes = nl.value_and_grad(nl.kl_logits)(
            x, logs, indices=indices, temperature=temperature, reduction="none", backend=backend
        )
        exact = spread(np.exp(logarithms(own)) - np.exp(logarithms(given)), x, indices, own, temperature)
        with told(temperature=temperature):
            assert_close(found, kl(given, own).astype(np.float64), ulp=4)
            assert_close(slopes, exact, ulp=8, scale=np.abs(exact).max())


def test_cotangents_and_combinations(backend: str) -> None:
    x, indices, logs = problem(40, 6, "float32")
    cotangent = np.array([1.0, -2.0, 0.0, 3.0, 0.5], np.float32)
    options: dict[str, Any] = {"indices": indices, "temperature": 2.0}
    dropped = functools.partial(nl.skew_kl, **options, rest="drop")
    for loss in LOSSES[:2]:
        slopes = nl.grad(loss)(x, logs, **options, reduction="sum", backend=backend)
        found = nl.vjp(loss)(x, logs, **options, reduction="none", cotangent=cotangent, backend=backend)
        expected = slopes.astype(np.float64) * cotangent[:, None]
        assert_close(found, expected, ulp=8, scale=np.abs(expected).max())
        both = nl.combine((0.75, functools.partial(loss, **options)), (0.5, dropped))
        extra: dict[str, Any] = {"reduction": "none", "backend": backend}
        value, slope = nl.value_and_grad(both)(x, logs, **extra)
        parts = [nl.value_and_grad(each)(x, logs, **extra) for each in (functools.partial(loss, **options), dropped)]
        for k, each in enumerate((value, slope)):
            sum_of = 0.75 * parts[0][k].astype(np.float64) + 0.5 * parts[1][k]
            assert_close(each, sum_of, ulp=8, scale=np.abs(sum_of).max())
        pulled = nl.vjp(both)(x, logs, **extra, cotangent=cotangent)
        sum_of = slope.astype(np.float64) * cotangent[:, None]
        assert_close(pulled, sum_of, ulp=8, scale=np.abs(sum_of).max())
