"""Rowwise losses on the simulated device against the host; the order of additions differs."""

from __future__ import annotations

import math

import cases
import numpy as np
import pytest
from compare import assert_close
from helpers import assert_agrees, on_device, on_host

import numloss as nl

CASES = [case for case in cases.CASES if cases.record(case).family in ("rowwise", "distilled")]
# 5 classes, with one and with two axes of rows.
SHAPES = [(7,), (3, 4)]
# The gradient, or the curvature, of a divergence or of a law through a softmax is a difference of terms of this size.
TERMS = {"js_div:logits": 0.2, "distillation": 0.5, "kl_logits:reverse": 0.5, "skew_kl:reverse": 0.5}
TERMS |= {"skew_kl": 0.25, "total_variation": 0.125}
TERMS |= {"generalized_cross_entropy": 0.25, "symmetric_cross_entropy": 0.25}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("case", CASES)
def test_value_gradient_and_curvature(case: str, shape: tuple[int, ...]) -> None:
    function = nl.value_grad_hess(cases.record(case).function)
    terms = TERMS.get(case, 0.0) / math.prod(shape)
    assert_agrees(function, cases.arrays(case, shape, "float32"), term=terms, **cases.required(case))


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_every_option_reduction_and_weight(case: str, dtype: str) -> None:
    function = cases.record(case).function
    for shape in ((7,), (3, 4)):
        arrays = cases.arrays(case, shape, dtype)
        for options, reduction, kind in cases.calls(case):
            weight = cases.weight(case, shape, dtype, kind)
            chosen = {**options, "reduction": reduction} | ({} if weight is None else {"weight": weight})
            chosen["term"] = TERMS.get(case, 0.0) / (math.prod(shape) if reduction == "mean" else 1)
            assert_agrees(nl.value_grad_hess(function), arrays, **chosen)
            assert_agrees(nl.value_grad_hess(function, curvature="bound"), arrays, **chosen)


@pytest.mark.parametrize("reduction", cases.REDUCTIONS)
@pytest.mark.parametrize("kind", ["full", "sample"])
def test_weights_class_weights_and_ignored_rows(kind: str, reduction: str) -> None:
    pred, target = cases.arrays("cross_entropy", (5, 6), "float32")
    target[1, :2], target[0, 0] = -100, 2
    pred[1, :, 1] = np.nan
    class_weight = np.array([1.0, 0.0, 2.0, 0.5, 3.0], np.float32)
    weight = cases.weight("cross_entropy", (5, 6), "float32", kind)
    options = {"weight": weight, "class_weight": class_weight, "reduction": reduction}
    assert_agrees(nl.value_and_grad(nl.cross_entropy), (pred, target), **options)
    _, slope = on_device(nl.value_and_grad(nl.cross_entropy), (pred, target), **options)
    assert not slope[1, :, :2].any()


def test_sum_and_weight() -> None:
    arrays = cases.arrays("cross_entropy", (40,), "float64")
    assert_agrees(nl.sum_and_weight(nl.cross_entropy), arrays)


@pytest.mark.parametrize("options", [{"z_loss": 0.1}, {"softcap": 3.0}, {"label_smoothing": 0.2}])
def test_options_of_logits(options: dict[str, float]) -> None:
    arrays = cases.arrays("cross_entropy", (9, 3), "float64")
    assert_agrees(nl.value_grad_hess(nl.cross_entropy), arrays, **options)


@pytest.mark.parametrize("classes", [1, 2, 17, 300])
def test_numbers_of_classes(classes: int) -> None:
    random = np.random.default_rng(classes)
    rows = max(2, 68 // classes)
    arrays = random.normal(0.0, 9.0, (rows, classes)).astype(np.float32), random.integers(0, classes, rows)
    assert_agrees(nl.value_and_grad(nl.cross_entropy), arrays)


def test_confident_rows_keep_their_digits() -> None:
    arrays = np.array([[60.0, 0.0], [0.0, 60.0], [1e4, -1e4]]), np.array([0, 0, 0])
    device = on_device(nl.value_and_grad(nl.cross_entropy), arrays, reduction="none")
    host = on_host(nl.value_and_grad(nl.cross_entropy), arrays, reduction="none")
    assert 0.0 < device[0][0] < 1e-25
    for actual, expected in zip(device, host, strict=True):
        assert_close(actual, expected, ulp=4)


def test_masked_classes_and_rows_that_are_not_finite() -> None:
    pred = np.zeros((4, 20), np.float32)
    pred[0, 3:7], pred[1, 7], pred[2, 7], pred[3, :] = -np.inf, np.nan, np.inf, -np.inf
    value, slope = on_device(nl.value_and_grad(nl.cross_entropy), (pred, np.full(4, 7)), reduction="none")
    expected, expected_slope = on_host(nl.value_and_grad(nl.cross_entropy), (pred, np.full(4, 7)), reduction="none")
    assert np.array_equal(value, expected, equal_nan=True)
    assert_close(slope[0], expected_slope[0], ulp=4)
    assert np.isnan(slope[1:]).any(axis=1).all()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_dtypes_of_labels(dtype: str) -> None:
    pred, target = cases.arrays("nll", (21,), "float32")
    assert_agrees(nl.value_and_grad(nl.nll), (pred, np.abs(target % 5).astype(dtype)))


def test_layouts() -> None:
    pred, target = cases.arrays("cross_entropy", (6, 3, 4), "float64")
    gaps = np.zeros((12, 5, 6, 4), pred.dtype)[::2, :, ::2]
    gaps[...] = pred
    for view in (np.asfortranarray(pred), gaps, pred[::-1, :, ::-1]):
        assert_agrees(nl.value_and_grad(nl.cross_entropy), (view, target))
    assert_agrees(nl.value_and_grad(nl.cross_entropy), (np.moveaxis(pred, 1, -1).copy(), target), axis=-1)


def test_gradient_in_place() -> None:
    from helpers import to_device

    pred, target = cases.arrays("cross_entropy", (9, 2), "float32")
    moved = to_device(pred)
    expected = on_device(nl.grad(nl.cross_entropy), (pred, target))
    nl.grad(nl.cross_entropy)(moved, to_device(target), out=moved)
    assert np.array_equal(moved.copy_to_host(), expected)


@pytest.mark.parametrize(("position", "bad"), [(0, -1), (12, 5), (79, 2**40), (0, -(2**63))])
def test_a_bad_label_is_named_as_on_the_host(position: int, bad: int) -> None:
    pred, target = cases.arrays("cross_entropy", (40, 2), "float32")
    target = target.astype(np.int64)
    target.flat[position] = bad
    said = []
    for call in (on_device, on_host):
        with pytest.raises(IndexError) as raised:
            call(nl.value_and_grad(nl.cross_entropy), (pred, target))
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_a_distribution_with_a_bad_entry_is_named_as_on_the_host() -> None:
    pred, target = cases.arrays("cross_entropy:distributions", (40,), "float32")
    target[31, 3] = -0.25
    said = []
    for call in (on_device, on_host):
        with pytest.raises(ValueError) as raised:
            call(nl.cross_entropy, (pred, target))
        said.append(str(raised.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("case", ["cross_entropy", "nll", "softmax_focal", "multi_margin", "sparsemax"])
def test_a_class_without_weight_may_be_impossible(case: str) -> None:
    pred, target = cases.arrays(case, (7,), "float32", ends=False)
    factors = np.ones(5, np.float32)
    factors[target[2]] = 0.0
    pred[target == target[2], target[2]] = -np.inf
    function = nl.value_grad_hess(cases.record(case).function)
    assert np.isfinite(on_device(function, (pred, target), class_weight=factors)[1]).all()
    assert_agrees(function, (pred, target), class_weight=factors)
    if case == "softmax_focal":
        assert_agrees(function, (pred, target), alpha=factors)
        assert np.isfinite(on_device(function, (pred, target), alpha=factors)[0])


def test_a_share_of_zero_of_what_is_infinite() -> None:
    student, teacher, target = cases.arrays("distillation", (7,), "float32", ends=False)
    masked = student.copy()
    masked[3, target[3]] = -np.inf
    apart = teacher.copy()
    apart[3, target[3]] = -np.inf
    for arrays, alpha in (((masked, apart, target), 1.0), ((student, teacher * np.nan, target), 0.0)):
        assert np.isfinite(on_device(nl.distillation, arrays, alpha=alpha))
        assert_agrees(nl.value_grad_hess(nl.distillation), arrays, alpha=alpha)


@pytest.mark.parametrize("distance", [0.0, 1e-5, 1e-3])
def test_divergences_of_what_nearly_agrees(distance: float) -> None:
    student, _, target = cases.arrays("distillation", (7,), "float32", ends=False)
    teacher = student + np.float32(distance) * np.sin(np.arange(student.size, dtype=np.float32)).reshape(student.shape)
    for temperature in (1.0, 3.0):
        assert_agrees(nl.distillation, (student, teacher, target), alpha=1.0, temperature=temperature, reduction="none")
    powers = np.exp(teacher - teacher.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    assert_agrees(nl.kl_div, (student, probabilities), from_logits=True, reduction="none")
    assert_agrees(nl.kl_div, (student, np.log(probabilities)), from_logits=True, log_target=True, reduction="none")
    assert_agrees(nl.kl_div, (np.log(probabilities), probabilities), reduction="none")


def test_a_distribution_on_one_class_is_a_label() -> None:
    pred, target = np.array([[60.0, 0.0, 1.0]], np.float32), np.array([[1.0, 0.0, 0.0]], np.float32)
    slope = on_device(nl.grad(nl.cross_entropy), (pred, target))
    assert_close(slope, on_host(nl.grad(nl.cross_entropy), (pred, np.array([0]))).astype(np.float64), ulp=8)


def test_large_scores_have_a_threshold() -> None:
    pred = np.array([[2e7, 0.0, 0.0], [4e6 + 0.25, 4e6, 0.0], [0.5, 0.25, 3.0]], np.float32)
    for label in range(3):
        assert_agrees(nl.value_grad_hess(nl.sparsemax), (pred, np.full(3, label)), reduction="none")


@pytest.mark.parametrize("labelled", [True, False])
def test_what_is_no_probability_is_named_as_on_the_host(labelled: bool) -> None:
    pred, target = cases.arrays("cross_entropy:probabilities", (40,), "float32", ends=False)
    pred[31, target[31]] = 3.0
    arrays = (pred, target if labelled else np.eye(5, dtype=np.float32)[target])
    said = []
    for call in (on_device, on_host):
        with pytest.raises(ValueError) as raised:
            call(nl.value_and_grad(nl.cross_entropy), arrays, from_probabilities=True)
        said.append(str(raised.value))
    assert said[0] == said[1] and f"pred[31, {target[31]}] = 3.0" in said[0]


def test_probabilities_near_zero() -> None:
    pred = np.array([[0.5, 1e-25, 0.0], [0.25, 1e-40, 0.5]], np.float32)
    for target in (np.array([0, 2]), np.array([[1.0, 0.0, 0.0], [0.5, 0.0, 0.5]])):
        for policy in ("exact", "bound"):
            function = nl.value_grad_hess(nl.cross_entropy, curvature=policy)
            assert_agrees(function, (pred, target), from_probabilities=True, reduction="none")


@pytest.mark.parametrize("case", ["softmax_focal", "generalized_cross_entropy", "symmetric_cross_entropy"])
def test_sure_rows_have_finite_curvatures(case: str) -> None:
    pred = np.array([[90.0, 0.0], [0.0, 90.0], [103.0, 0.0], [200.0, 0.0]], np.float32)
    for policy in ("exact", "bound"):
        function = nl.value_grad_hess(cases.record(case).function, curvature=policy)
        assert np.isfinite(on_device(function, (pred, np.zeros(4, np.int64)))[2]).all()
        assert_agrees(function, (pred, np.zeros(4, np.int64)), reduction="none")
