"""Rows of classes: labels that are no class, rows that are ignored, weights of classes, the class axis."""

from __future__ import annotations

import importlib
from typing import Any

import mpmath
import numpy as np
import pytest
from calls import call, each
from cases import CASES, arrays, record, required, small
from compare import assert_close, assert_same_bits, told

import numloss as nl
from numloss.loops.codes import LEVELS, PLACED, SCORES, SPREAD

pytestmark = pytest.mark.loops

ROWWISE = [case for case in CASES if record(case).family == "rowwise"]
LABELLED = [case for case in ROWWISE if arrays(case, (3,), "float64")[1].dtype.kind == "i"]
# Targets that are logits, or numbers that classes share, may be any number.
ANY = (SCORES, PLACED, SPREAD)
DISTRIBUTED = [case for case in ROWWISE if case not in LABELLED and record(case).rows["target"] not in ANY]
WEIGHTED = [case for case in ROWWISE if "class_weight" in record(case).defaults and not record(case).rows["factor"]]
# Losses with factors of classes that are in no denominator.
FACTORED = [case for case in ROWWISE if record(case).rows["factor"]]
CLASSES = 5


def oracle(case: str, function: str, given: Any, **extra: Any) -> np.ndarray[Any, Any]:
    module = importlib.import_module(f"oracles.{record(case).name}")
    with np.errstate(all="ignore"):
        return np.asarray(getattr(module, function)(*given, **{**required(case), **extra}))


@pytest.mark.parametrize("position", [0, 3276, 3277, 9999])
@pytest.mark.parametrize(
    ("dtype", "bad"),
    [
        ("int64", CLASSES),
        ("int64", -1),
        ("int64", 2**31),
        ("int64", 2**40),
        ("int64", -(2**63)),
        ("int64", 2**63 - 1),
        ("int32", -(2**31)),
        ("int8", 127),
        ("uint8", 255),
        ("uint64", 2**64 - 1),
        ("uint64", 2**63),
    ],
)
@pytest.mark.parametrize("case", each(LABELLED))
def test_labels_that_are_no_class(case: str, backend: str, dtype: str, bad: int, position: int) -> None:
    pred, target = arrays(case, (10000,), "float32", ends=False)
    target = target.astype(dtype)
    levels = record(case).rows["classes"] == LEVELS
    # of levels there is a label more than these
    bad += levels and bad == CLASSES
    target[position] = bad
    found = r"\[0, 6\).*5 levels" if levels else r"\[0, 5\).*5 classes"
    said = rf"{record(case).name}: target\[{position}\] = {bad} is outside {found} on axis 1.*1 of 10000"
    for reduction in ("mean", "none"):
        with pytest.raises(IndexError, match=said):
            call(case, backend, (pred, target), reduction=reduction)
    with pytest.raises(IndexError, match=said):
        nl.value_and_grad(record(case).function)(pred, target, **required(case), backend=backend)


def integers_of(case: str) -> list[tuple[int, str]]:
    """The inputs that are integers which must be in a range: labels, actions, lengths; not those that may be any."""
    loss = record(case)
    any_of = [name for name, axis in loss.rows.get("labels", {}).items() if not axis]
    given = zip(loss.inputs, arrays(case, small(case), "float32"), strict=True)
    return [(k, name) for k, (name, array) in enumerate(given) if array.dtype.kind == "i" and name not in any_of]


@pytest.mark.parametrize("bad", [2**64 - 100, 2**64 - 1, 2**64 - 7, 2**63, 2**64 - 2**40])
@pytest.mark.parametrize("case", [case for case in CASES if integers_of(case) and record(case).family != "similarity"])
def test_a_large_unsigned_integer_is_not_the_negative_one_of_its_bits(case: str, backend: str, bad: int) -> None:
    """Not even where that one is the label that is ignored."""
    loss, given = record(case), arrays(case, small(case), "float32", ends=False)
    ignored = [None, bad - 2**64] if "ignore_index" in loss.defaults and given[-1].dtype.kind == "i" else []
    for k, name in integers_of(case):
        changed = [*given]
        changed[k] = given[k].astype(np.uint64)
        changed[k][(1,) + (0,) * (given[k].ndim - 1)] = bad
        for extra in ({}, *({"ignore_index": ignore} for ignore in ignored)):
            said = rf"{loss.name}: {name}\[1.*\] = {bad} is outside"
            with pytest.raises((IndexError, ValueError), match=said):
                call(case, backend, changed, **extra)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("case", each(LABELLED))
def test_the_place_of_a_bad_label_in_several_axes(case: str, backend: str, order: str) -> None:
    given = arrays(case, (3, 61, 23), "float32", ends=False)
    pred, target = (np.array(a, order=order) for a in given)
    target[2, 17, 5] = 9
    target[2, 60, 22] = -7
    with pytest.raises(IndexError, match=r"target\[2, 17, 5\] = 9 .*2 of 4209"):
        call(case, backend, (pred, target))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("case", each(LABELLED))
def test_labels_of_every_integer_dtype(case: str, backend: str, dtype: str) -> None:
    pred, target = arrays(case, (513,), "float64", ends=False)
    assert call(case, backend, (pred, target.astype(dtype))) == call(case, backend, (pred, target))


@pytest.mark.parametrize("case", each(LABELLED))
def test_labels_that_are_not_integers(case: str, backend: str) -> None:
    pred, target = arrays(case, (7,), "float32", ends=False)
    for wrong in (target.astype(np.float64), np.full(7, 1.7), np.full(7, np.nan), target.astype(complex), target > 0):
        with pytest.raises((TypeError, ValueError), match="target has"):
            call(case, backend, (pred, wrong))
    for shape in ((6,), (7, 1), (1, 7), (7, 5)):
        with pytest.raises(ValueError, match="target has shape"):
            call(case, backend, (pred, np.zeros(shape, np.int64)))


@pytest.mark.parametrize("ignored", [-100, 3, 4, 77, None])
@pytest.mark.parametrize("case", each(LABELLED))
def test_ignored_rows_count_nothing(case: str, backend: str, ignored: int | None) -> None:
    loss = record(case)
    pred, target = arrays(case, (4001,), "float64", ends=False)
    if ignored is None:
        assert call(case, backend, (pred, target), ignore_index=None) == call(case, backend, (pred, target))
        with pytest.raises(IndexError):
            call(case, backend, (pred, np.where(target == 2, -100, target)), ignore_index=None)
        return
    skipped = np.arange(4001) % 3 == 0
    target = np.where(skipped, ignored, target)
    skipped = target == ignored
    pred[skipped] = np.nan
    extra = {**required(case), "backend": backend, "ignore_index": ignored}
    value, slope = nl.value_and_grad(loss.function)(pred, target, **extra)
    alone = nl.value_and_grad(loss.function)(pred[~skipped], target[~skipped], **extra)
    assert_close(np.float64(value), alone[0], ulp=64)
    assert_close(slope[~skipped], alone[1], ulp=2)
    assert_same_bits(slope[skipped], np.zeros_like(pred[skipped]))
    pair = nl.sum_and_weight(loss.function)(pred, target, **extra)
    counts = oracle(case, "count", (pred, target), ignore_index=ignored) if loss.rows.get("asked") else ~skipped
    assert pair[1] == np.sum(counts)
    assert not np.any(call(case, backend, (pred, target), reduction="none", ignore_index=ignored)[skipped])


@pytest.mark.parametrize("case", each(LABELLED))
def test_when_everything_is_ignored(case: str, backend: str) -> None:
    pred = np.full((9, CLASSES), np.nan, np.float32)
    value, slope = nl.value_and_grad(record(case).function)(pred, np.full(9, -100), **required(case), backend=backend)
    assert value == 0.0
    assert_same_bits(slope, np.zeros_like(pred))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", each(WEIGHTED))
def test_weights_of_classes(case: str, backend: str, dtype: str) -> None:
    loss = record(case)
    for shape in ((103,), (3, 5, 7)):
        given = arrays(case, shape, dtype)
        factors = np.array([0.0, 0.5, 2.0, 1.0, 0.25])
        wide = tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in given)
        values, counts = (oracle(case, f, wide, class_weight=factors) for f in ("value", "count"))
        w = np.abs(np.sin(np.arange(float(shape[0])))).reshape((-1,) + (1,) * (len(shape) - 1))
        extra = {**required(case), "backend": backend, "class_weight": factors}
        unreduced = loss.function(*given, **extra, reduction="none", weight=w.ravel())
        assert_close(unreduced, w * values, ulp=32, scale=2.0)
        mean = loss.function(*given, **extra, weight=w.ravel())
        assert_close(np.asarray(mean, dtype), (w * values).sum() / (w * counts).sum(), ulp=32)
        slope = nl.grad(loss.function)(*given, **extra, weight=w.ravel())
        total = nl.grad(loss.function)(*given, **extra, weight=w.ravel(), reduction="sum")
        # a slope is a probability less a target, each up to its weight
        whole = (w * counts).sum()
        assert_close(slope, total.astype(float) / whole, ulp=8, scale=factors.max() / whole)


@pytest.mark.parametrize("case", FACTORED)
def test_factors_of_classes(case: str, backend: str) -> None:
    given, loss, option = arrays(case, (3, 5, 7), "float32"), record(case), record(case).rows["factor"]
    factors = np.array([0.0, 0.5, 2.0, 1.0, 0.25])
    wide = tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in given)
    values = oracle(case, "value", wide, **{option: factors})
    extra = {"backend": backend, option: factors}
    assert_close(loss.function(*given, **extra, reduction="none"), values, ulp=32, scale=2.0)
    labelled = given[1].dtype.kind == "i"
    counted = np.count_nonzero(given[1] >= 0) if labelled else values.size
    assert nl.sum_and_weight(loss.function)(*given, **extra)[1] == counted
    for transform in (nl.value_and_grad, nl.value_grad_hess):
        each_alike = transform(loss.function)(*given, backend=backend, **{option: 2.0})
        for found, once in zip(each_alike, transform(loss.function)(*given, backend=backend), strict=True):
            assert_same_bits(np.asarray(found), 2.0 * np.asarray(once))
    slope = nl.grad(loss.function)(*given, **extra, reduction="sum")
    plain = nl.grad(loss.function)(*given, backend=backend, reduction="sum")
    of_rows = factors[np.maximum(given[1], 0)][:, None] if labelled else factors[:, None, None]
    assert_close(slope, of_rows * plain, ulp=4, scale=2.0)
    bad = ((np.ones(4), "has shape"), (-factors, r"\[1\] = -0.5"), (-1.0, "must be >= 0"))
    for wrong, said in bad:
        with pytest.raises(ValueError, match=option + ".*" + said):
            loss.function(*given, backend=backend, **{option: wrong})


def test_priors_of_classes(backend: str) -> None:
    pred, target = arrays("logit_adjusted_cross_entropy", (3, 5, 7), "float64")
    prior = np.array([3.0, 50.0, 2.0, 1.0, 0.25])
    moved = pred + 0.5 * np.log(prior)[:, None, None]
    plain = nl.value_grad_hess(nl.cross_entropy)(moved, target, backend=backend)
    found = nl.value_grad_hess(nl.logit_adjusted_cross_entropy)(pred, target, prior=prior, tau=0.5, backend=backend)
    for one, other in zip(found, plain, strict=True):  # rows without a prior are served by another loop
        assert_close(np.asarray(one), np.asarray(other), ulp=8)
    bad = ((np.ones(4), "prior has shape"), (prior - 2.0, r"prior\[2\] = 0.0 .*> 0"), (0.0, "prior must be > 0"))
    for wrong, said in bad:
        with pytest.raises(ValueError, match=said):
            nl.logit_adjusted_cross_entropy(pred, target, prior=wrong, backend=backend)


def test_margins_follow_from_the_counts_of_classes(backend: str) -> None:
    pred, target = arrays("ldam", (3, 5, 7), "float64")
    counts = np.array([160.0, 10.0, 810.0, 2560.0, 10.0])
    margins = np.array([0.15, 0.3, 0.1, 0.075, 0.3])[:, None, None]
    moved = 4.0 * (pred - np.where(target[:, None] == np.arange(5)[:, None, None], margins, 0.0))
    plain = nl.value_grad_hess(nl.cross_entropy)(moved, target, backend=backend)
    option: dict[str, Any] = {"margin": 0.3, "scale": 4.0, "backend": backend}
    found = nl.value_grad_hess(nl.ldam)(pred, target, counts=counts, **option)
    for one, other, factor in zip(found, plain, (1.0, 4.0, 16.0), strict=True):
        assert_close(np.asarray(one), factor * np.asarray(other), ulp=64)
    with pytest.raises(ValueError, match=r"counts\[1\] = 0.0 .*> 0"):
        nl.ldam(pred, target, counts=counts - 10.0, **option)


def test_weights_by_the_effective_number_of_examples() -> None:
    counts = np.array([1, 20, 3000, 0, 10**9])
    for beta in (0.0, 0.9, 0.9999, 1.0 - 1e-12, 1.0):
        found = nl.class_balanced_weight(counts, beta=beta)
        with mpmath.workdps(40):
            b, some = mpmath.mpf(beta), [int(n) for n in counts]
            exact = [0 if n == 0 else (1 - b) / (1 - b**n) if beta < 1.0 else mpmath.mpf(1) / n for n in some]
            expected = np.array([float(each * 4 / sum(exact)) for each in exact])
        assert_close(found, expected, ulp=8)
    assert nl.class_balanced_weight([]).shape == (0,) and not nl.class_balanced_weight([0, 0]).any()
    for bad, said in (([1, -2], r"counts\[1\] = -2"), ([[1]], "shape"), ([1, np.inf], r"counts\[1\] = inf")):
        with pytest.raises(ValueError, match=said):
            nl.class_balanced_weight(bad)
    with pytest.raises(ValueError, match=r"beta must be in \[0, 1\]"):
        nl.class_balanced_weight([1], beta=1.5)
    for wrong in ({"counts": ["a"]}, {"counts": [1], "beta": "1"}):
        with pytest.raises(TypeError):
            nl.class_balanced_weight(**wrong)


@pytest.mark.parametrize("case", each(WEIGHTED))
def test_weights_of_classes_that_make_no_sense(case: str, backend: str) -> None:
    given = arrays(case, (7,), "float32")
    for wrong, said in (
        (np.ones(4), r"class_weight has shape \(4,\); pred has 5 classes"),
        (np.ones((1, 5)), "class_weight has shape"),
        (np.array([1.0, -1.0, 1.0, 1.0, 1.0]), r"class_weight\[1\] = -1.0 .*>= 0"),
        (np.array([1.0, 1.0, np.nan, 1.0, 1.0]), r"class_weight\[2\] = nan"),
        (np.array([1.0, 1.0, np.inf, 1.0, 1.0]), r"class_weight\[2\] = inf"),
    ):
        with pytest.raises(ValueError, match=said):
            call(case, backend, given, class_weight=wrong)


@pytest.mark.parametrize("case", each(ROWWISE))
def test_the_class_axis(case: str, backend: str) -> None:
    loss = record(case)
    pred, target = arrays(case, (3, 5, 7), "float64")
    expected = nl.value_and_grad(loss.function)(pred, target, **required(case), backend=backend, reduction="none")
    for axis in (0, 2, 3, -1, -2, -4):
        moved = np.moveaxis(pred, 1, axis)
        there = np.moveaxis(target, 1, axis) if target.shape == pred.shape else target
        for given in ((moved, there), (np.ascontiguousarray(moved), np.ascontiguousarray(there))):
            extra = {**required(case), "backend": backend, "reduction": "none", "axis": axis}
            value, slope = nl.value_and_grad(loss.function)(*given, **extra)
            assert_close(value, expected[0], ulp=16, scale=1.0)
            assert_close(np.moveaxis(slope, axis, 1), expected[1], ulp=16, scale=1.0)


@pytest.mark.parametrize("case", each(ROWWISE))
def test_class_axes_that_are_none(case: str, backend: str) -> None:
    given = arrays(case, (3,), "float32")
    for axis in (2, -3):
        with pytest.raises(ValueError, match=rf"axis = {axis} is outside \[-2, 2\)"):
            call(case, backend, given, axis=axis)
    for axis in (1.0, "1", None, True):
        with pytest.raises(TypeError, match="axis must be an integer"):
            call(case, backend, given, axis=axis)
    with pytest.raises(ValueError, match="class axis"):
        call(case, backend, (np.zeros(3, np.float32), np.zeros(3, np.int64)))
    with pytest.raises((ValueError, IndexError)):
        call(case, backend, (np.zeros((3, 0), np.float32), given[1][..., :0] if given[1].ndim == 2 else given[1]))


@pytest.mark.parametrize("case", DISTRIBUTED)
def test_distributions_that_are_none(case: str, backend: str) -> None:
    if required(case).get("log_target"):
        return
    pred, target = arrays(case, (4001,), "float32")
    for bad in (-0.25, np.nan, -np.inf):
        for position in ((0, 0), (3276, 4), (4000, 2)):
            wrong = target.copy()
            wrong[position] = bad
            said = rf"target\[{position[0]}, {position[1]}\] = {bad} .*(>= 0|in \[0, 1\]|0 or 1)"
            with pytest.raises(ValueError, match=said):
                call(case, backend, (pred, wrong))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_largest_score_is_found_wherever_it_stands(dtype: str, each_backend: str) -> None:
    # a row whose largest score is overlooked overflows
    top = 1000.0 if dtype == "float64" else 200.0
    for classes in range(2, 71):
        scores = np.zeros((classes, classes), dtype)
        np.fill_diagonal(scores, top)
        found = nl.cross_entropy(scores, np.zeros(classes, int), reduction="none", backend=each_backend)
        with told(backend=each_backend, dtype=dtype, classes=classes):
            assert_close(found, np.r_[0.0, np.full(classes - 1, top)], ulp=8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_score_is_in_the_sum(dtype: str, each_backend: str) -> None:
    for classes in range(2, 71):
        for label in (0, classes - 1):
            found = nl.cross_entropy(np.zeros((3, classes), dtype), np.full(3, label), backend=each_backend)
            with told(backend=each_backend, dtype=dtype, classes=classes):
                assert_close(np.asarray(found, dtype), np.asarray(np.log(classes), dtype), ulp=8)
