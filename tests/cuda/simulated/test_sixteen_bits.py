"""Arrays of 16 bits on the device: read and written as on the host, by every family."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from compare import assert_same_bits
from helpers import flat, on_device, on_host
from seeds import SEED
from test_halves import BFLOAT16, FIRST, HALVES, as_halves, halved, widened

import numloss as nl
from numloss.backends.numba_cuda import CudaBackend, rowwise
from numloss.backends.numba_cuda.rowwise_kernels import rowwise_kernel
from numloss.backends.numba_cuda.rowwise_texts import Plan

# One of each way in which rows are worked on, and the others with `more`.
FEW = ("cross_entropy", "cross_entropy:probabilities", "kl_div", "sparsemax", "multilabel_margin", "arcface")
OF_ROWS = [case for case in cases.CASES if cases.record(case).family in ("rowwise", "distilled")]
OF_ROWS = [case if case in FEW else pytest.param(case, marks=pytest.mark.more) for case in OF_ROWS]
ONE_EACH = [case if case == "huber" else pytest.param(case, marks=pytest.mark.more) for case in ("huber", *FIRST)]


@HALVES
@pytest.mark.parametrize("case", ONE_EACH)
def test_sixteen_bits_on_the_device(case: str, half: np.dtype[Any]) -> None:
    shape = cases.small(case)
    assert_as_on_the_host(case, as_halves(cases.arrays(case, shape, "float32", ends=False), half), half)


def assert_as_on_the_host(case: str, given: tuple[Any, ...], half: np.dtype[Any]) -> None:
    """Values, gradients and curvatures of the device are those of the host, but for the last bit that is stored."""
    loss, options = cases.record(case), cases.required(case)
    function = (nl.value_grad_hess if loss.curvature else nl.value_and_grad)(loss.function)
    found, expected = flat(on_device(function, given, **options)), flat(on_host(function, given, **options))
    assert len(found) == len(expected)
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert a.dtype == b.dtype
        unit = 2.0**-10 if half == np.float16 and k else 2.0**-7 if k else 1e-5
        numbers = [widened(x).astype(np.float64) if x.dtype == half else x for x in (a, b)]
        np.testing.assert_allclose(*numbers, rtol=unit, atol=1e-7)


@HALVES
@pytest.mark.parametrize("case", OF_ROWS)
def test_rows_are_read_where_they_lie(case: str, half: np.dtype[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    # what copies whole arrays to float32, and back
    monkeypatch.setattr(CudaBackend, "widened", None)
    given = as_halves(cases.arrays(case, (3, 24), "float32", ends=False), half)
    assert_as_on_the_host(case, given, half)
    assert_as_on_the_host(case, tuple(np.asfortranarray(a) if a.dtype == half else a for a in given), half)


@HALVES
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1, "softcap": 3.0}], ids=["plain", "smoothed"])
def test_eight_classes_at_a_time_or_one(
    options: dict[str, Any], half: np.dtype[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    logits = (3.0 * np.random.default_rng(SEED).standard_normal((5, 40))).astype(np.float32)
    plans: list[Plan] = []

    def noted(dtype: str, plan: Plan) -> Any:
        plans.append(plan)
        return rowwise_kernel(dtype, plan)

    monkeypatch.setattr(rowwise, "rowwise_kernel", noted)
    labels, step = np.array([0, 7, 39, 20, -100]), nl.value_and_grad(nl.cross_entropy)
    found = []
    for columns in (48, 41):  # rows that begin at 128 bits each, or anywhere
        pred = np.zeros((5, columns), half)[:, :40]
        pred[...] = halved(logits, half)
        for dtype in (half, np.dtype(np.float32)):
            out = np.zeros(logits.shape, dtype)
            found.append(flat(on_device(step, (pred, labels), **options, out=out)))
    expected = flat(on_host(step, (widened(pred), labels), **options))
    for k, (value, slope) in enumerate(found):
        assert value == pytest.approx(expected[0], rel=1e-6)
        unit = 0.0 if k % 2 else 2.0**-7 if half == BFLOAT16 else 2.0**-10
        numbers = slope if k % 2 else widened(slope)
        np.testing.assert_allclose(numbers, expected[1], rtol=unit + 1e-5, atol=1e-7)
    assert {plan.wide for plan in plans if plan.mode == 1} == {True, False}


@HALVES
def test_a_gradient_in_float32_of_a_prediction_in_sixteen_bits(half: np.dtype[Any]) -> None:
    pred, target = cases.arrays("huber", (700,), "float32")
    for loss in (nl.huber, nl.contrastive):
        vectors = as_halves(cases.arrays("contrastive", (7,), "float32"), half)
        given = (halved(pred, half), target) if loss is nl.huber else vectors
        out = tuple(np.zeros(given[k].shape, np.float32) for k in cases.LOSSES[loss.__name__].differentiable)
        asked = out if len(out) > 1 else out[0]
        found = flat(on_device(nl.value_and_grad(loss), given, out=asked))
        expected = flat(on_host(nl.value_and_grad(loss), given, out=asked))
        for a, b in zip(found[1:], expected[1:], strict=True):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@HALVES
def test_eight_neighbours_at_a_time_or_one(half: np.dtype[Any]) -> None:
    pred, target = as_halves(cases.arrays("huber", (513,), "float32"), half)
    weight = cases.weight("huber", (513,), "float32", "full")
    shifted = np.zeros(514, half)[1:]
    shifted[...] = pred
    step = nl.value_and_grad(nl.huber)
    found = [flat(on_device(step, (given, target), weight=weight)) for given in (pred, shifted)]
    expected = flat(on_host(step, (pred, target), weight=weight))
    assert found[0][0] == found[1][0]
    assert found[0][0] == pytest.approx(expected[0], rel=1e-6)
    for _, slope in found:
        assert_same_bits(widened(slope), widened(expected[1]))


@HALVES
def test_a_combination_of_numbers_in_sixteen_bits(half: np.dtype[Any]) -> None:
    given = as_halves(cases.arrays("huber", (70,), "float32"), half)
    both = nl.value_and_grad(nl.combine((0.3, nl.huber), (1.7, nl.mse)))
    found, expected = flat(on_device(both, given)), flat(on_host(both, given))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    assert found[1].dtype == expected[1].dtype == half
    np.testing.assert_allclose(widened(found[1]), widened(expected[1]), rtol=2.0**-7, atol=1e-7)
