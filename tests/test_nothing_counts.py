"""Where nothing counts, in empty batches and under weights of zero, means are 0.0 and gradients zero."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from calls import call, each
from cases import CASES, DTYPES, arrays, middle, record, required, shapes, small, solid, weights
from compare import assert_same_bits, told
from generators import SILENT
from seeds import generator

import numloss as nl
from numloss.domains import REAL
from numloss.loops.codes import LABELS

pytestmark = pytest.mark.loops

WEIGHTED = [case for case in CASES if record(case).weighted]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", each(CASES))
def test_empty_batches(case: str, backend: str, dtype: str) -> None:
    loss = record(case)
    for shape in (shape for shape in shapes(case) if math.prod(shape) == 0):
        given = arrays(case, shape, dtype)
        for reduction in ("mean", "sum"):
            assert call(case, backend, given, reduction=reduction) == 0.0
        unreduced = call(case, backend, given, reduction="none")
        assert unreduced.shape == shape and unreduced.dtype == dtype
        slopes = nl.grad(loss.function)(*given, **required(case), backend=backend)
        for slope, k in zip(slopes if isinstance(slopes, tuple) else (slopes,), loss.differentiable, strict=True):
            assert slope.shape == given[k].shape and slope.dtype == dtype


@pytest.mark.parametrize("case", each(WEIGHTED))
def test_weights_that_are_all_zero(case: str, backend: str) -> None:
    loss = record(case)
    for kind in weights(case)[1:]:
        for shape in (small(case), middle(case), solid(case)):
            given = arrays(case, shape, "float32")
            w = np.zeros(shape if kind == "full" else shape[:1])
            extra = {**required(case), "weight": w, "backend": backend}
            value, slopes = nl.value_and_grad(loss.function)(*given, **extra)
            assert value == 0.0
            assert all(not np.any(s) for s in (slopes if isinstance(slopes, tuple) else (slopes,)))
            if loss.adds_up != "no":
                assert nl.sum_and_weight(loss.function)(*given, **extra) == (0.0, 0.0)


# Others are told apart from what has a weight of its own: rows of a batch or of a list, and classes of a softmax.
TOGETHER = ("lovasz_softmax", "lovasz_softmax:all")
APART = [case for case in WEIGHTED if record(case).family not in ("similarity", "ranked") and case not in TOGETHER]
POISONS = (math.nan, math.inf, -math.inf)


def outputs(function: Any, *given: Any, **extra: Any) -> list[Any]:
    """Everything that a loss gives in any mode, reduced and not, as a flat list."""
    loss = function.__loss__
    transforms: list[Any] = [lambda f: f, nl.value_and_grad]
    if loss.curvature:
        transforms += [partial(nl.value_grad_hess, curvature=policy) for policy in ("exact", "bound")]
    found = [
        transform(function)(*given, **extra, reduction=reduction)
        for transform, reduction in itertools.product(transforms, ("mean", "sum", "none"))
    ]
    return list(flat(found))


def flat(value: Any) -> Iterator[Any]:
    for part in value if isinstance(value, (tuple, list)) else ():
        yield from flat(part)
    if not isinstance(value, (tuple, list)):
        yield np.asarray(value)


def assert_equal(found: list[Any], expected: list[Any], **facts: Any) -> None:
    for k, (one, other) in enumerate(zip(found, expected, strict=True)):
        with told(**facts, output=k):
            assert_same_bits(one + 0.0, other + 0.0)  # a zero is a zero, whatever its sign


@pytest.mark.parametrize("case", APART)
def test_what_has_no_weight_is_not_seen(case: str, backend: str) -> None:
    """Nothing times infinity is nothing: predictions under a weight of 0 may be anything."""
    loss, shape = record(case), small(case)
    axis = 1 if loss.family == "sequence" or case.endswith(":batch") else 0
    for dtype, poison in itertools.product(DTYPES, POISONS):
        given = arrays(case, shape, dtype, ends=False)
        changed = [np.moveaxis(a.copy(), axis if a.ndim > axis else 0, 0) for a in given]
        for k in (k for k in loss.differentiable if k not in loss.shared):
            if math.isnan(poison) or poison in loss.domains.get(loss.inputs[k], REAL):
                changed[k][1::2] = poison
        changed = [np.moveaxis(a, 0, axis if a.ndim > axis else 0) for a in changed]
        weight = np.where(np.arange(shape[0]) % 2 == 1, 0.0, 1.5)
        extra = {**required(case), "backend": backend, "weight": weight}
        found = outputs(loss.function, *changed, **extra)
        assert_equal(found, outputs(loss.function, *given, **extra), loss=case, dtype=dtype, poison=poison)


LABELLED = [
    case for case in CASES if record(case).family == "rowwise" and arrays(case, (3,), "float64")[1].dtype.kind == "i"
]


def impossible(case: str, classes: int, dtype: str, poison: float) -> tuple[Any, Any]:
    """Rows of so many classes, of which those with label 1 give it no chance."""
    random = generator("impossible", case, classes)
    low, high = (0.01, 0.99) if case.endswith("probabilities") else (-3.0, 3.0)
    pred, target = random.uniform(low, high, (9, classes)).astype(dtype), np.arange(9) % 4
    pred[target == 1, 1] = 0.0 if case.endswith("probabilities") else poison
    return pred, target


POISONED = (("float32", -math.inf), ("float64", math.nan))
LAYOUTS = (np.ascontiguousarray, np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2])


@pytest.mark.parametrize("classes", [5, 40, 300, 600])
@pytest.mark.parametrize("case", [case for case in LABELLED if "class_weight" in record(case).defaults])
def test_a_class_without_weight_is_as_if_it_were_ignored(case: str, backend: str, classes: int) -> None:
    loss, factors = record(case), np.ones(classes)
    factors[1] = 0.0
    for (dtype, poison), layout in itertools.product(POISONED, LAYOUTS):
        pred, target = impossible(case, classes, dtype, poison)
        extra = {**required(case), "backend": backend}
        found = outputs(loss.function, layout(pred), target, **extra, class_weight=factors)
        ignored = np.where(target == 1, -100, target)
        expected = outputs(loss.function, layout(pred), ignored, **extra, class_weight=factors)
        assert all(np.isfinite(part).all() for part in expected)
        assert_equal(found, expected, loss=case, dtype=dtype)


@pytest.mark.parametrize("classes", [5, 40, 300, 600])
@pytest.mark.parametrize("case", [case for case in CASES if record(case).rows.get("factor")])
def test_a_class_with_a_factor_of_zero_costs_nothing(case: str, backend: str, classes: int) -> None:
    loss, option = record(case), record(case).rows["factor"]
    factors = np.ones(classes)
    factors[1] = 0.0
    for (dtype, poison), layout in itertools.product(POISONED, LAYOUTS):
        pred, target = impossible(case, classes, dtype, poison)
        calm = np.where(np.isfinite(pred), pred, 0.0).astype(dtype)
        if loss.rows["target"] != LABELS:
            target = np.eye(classes)[target]
        extra = {**required(case), "backend": backend, option: factors}
        found, expected = (outputs(loss.function, layout(x), target, **extra) for x in (pred, calm))
        assert all(np.isfinite(part).all() for part in found)
        assert_equal(found, expected, loss=case, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_of_a_last_layer_rows_of_a_class_without_weight_are_not_read(backend: str, dtype: str) -> None:
    hidden, classifier, target = arrays("linear_cross_entropy", (11,), dtype)
    factors = np.ones(len(classifier))
    factors[target[3]] = 0.0
    ignored = np.where(factors[target] == 0.0, -100, target)
    hidden[ignored < 0] = np.nan
    step = nl.value_and_grad(nl.linear_cross_entropy)
    found, expected = (step(hidden, classifier, t, class_weight=factors, backend=backend) for t in (target, ignored))
    assert all(np.isfinite(part).all() for part in flat(expected))
    assert_equal(list(flat(found)), list(flat(expected)))


# Inputs that are not differentiated and may be anything.
ANY_NUMBER = ("teacher", "next_q", "old_log_prob", "reference_chosen", "reference_rejected")


def everywhere(case: str, poison: float) -> tuple[Any, ...]:
    """The inputs of a case, some of their numbers infinite where they may be; of rows some of each."""
    loss, given = record(case), [a.copy() for a in arrays(case, small(case), "float64", ends=False)]
    for name, array in zip(loss.inputs, given, strict=True):
        if case.endswith("probabilities") and name == "pred":
            array.ravel()[::3] = 0.0
        elif name in ANY_NUMBER or loss.inputs.index(name) in loss.differentiable:
            array.ravel()[::3] = poison if poison in loss.domains.get(name, REAL) else array.ravel()[::3]
    return tuple(given)


# An end of a domain, and what is next to it.
EDGES = ((0.0, 1e-30), (1.0, 1.0 - 1e-12))


@pytest.mark.parametrize("case", [case for case in CASES if record(case).family not in ("similarity", "sequence")])
def test_a_share_of_zero_is_no_nan(case: str, backend: str) -> None:
    """Where an option takes a part away there is a number, if there is one where a little of it is left."""
    loss = record(case)
    for option, (end, inside), poison in itertools.product(loss.defaults, EDGES, (math.inf, -math.inf)):
        domain = loss.domains.get(option)
        if domain is None or option in (*required(case), *SILENT.get(case, ())):
            continue
        if not (end in domain and inside in domain):
            continue
        extra = {**required(case), "backend": backend}
        given = everywhere(case, poison)
        at, beside = (outputs(loss.function, *given, **extra, **{option: value}) for value in (end, inside))
        for k, (one, other) in enumerate(zip(at, beside, strict=True)):
            with told(loss=case, option=option, value=end, poison=poison, output=k):
                assert not np.any(np.isnan(one) & ~np.isnan(other))


ANYTHING = np.array([[np.inf, np.nan, -np.inf]])
MASKED = np.array([[0.5, -np.inf, 1.0]])
ROWS, FIRST, SECOND = np.array([[0.5, -1.0, 2.0]]), np.array([0]), np.array([1])
STEP = (np.ones((2, 3)), np.array([0, 2]), np.array([0.5, 2.0]))
# Losses of two parts with a share of 0 of one that is infinite or NaN; and what is left.
SHARES: list[tuple[Any, Any]] = [
    (
        lambda t, b: t(nl.distillation)(MASKED, MASKED, SECOND, alpha=1.0, backend=b),
        lambda t, b: t(nl.distillation)(MASKED, MASKED, FIRST, alpha=1.0, backend=b),
    ),
    (
        lambda t, b: t(nl.distillation)(ROWS, ANYTHING, FIRST, alpha=0.0, backend=b),
        lambda t, b: t(nl.distillation)(ROWS, ROWS, FIRST, alpha=0.0, backend=b),
    ),
    (
        lambda t, b: t(nl.symmetric_cross_entropy)(MASKED, SECOND, alpha=0.0, backend=b),
        lambda t, b: t(nl.symmetric_cross_entropy)(np.nan_to_num(MASKED), SECOND, alpha=0.0, backend=b),
    ),
    (
        lambda t, b: t(nl.td_error)(*STEP, np.repeat(ANYTHING, 2, 0), np.array([0.0, 0.5]), discount=0.0, backend=b),
        lambda t, b: t(nl.td_error)(*STEP, np.zeros((2, 3)), np.zeros(2), discount=0.0, backend=b),
    ),
    (
        lambda t, b: t(nl.elastic_net)(ANYTHING, l1=0.0, l2=0.0, backend=b),
        lambda t, b: t(nl.elastic_net)(ROWS, l1=0.0, l2=0.0, backend=b),
    ),
    (
        lambda t, b: t(nl.combine((0.0, nl.mse), (2.0, nl.hinge)))(MASKED, np.ones((1, 3)), backend=b),
        lambda t, b: t(nl.combine((2.0, nl.hinge)))(MASKED, np.ones((1, 3)), backend=b),
    ),
    (
        lambda t, b: t(nl.combine((0.0, nl.mse)))(ANYTHING, ROWS, backend=b),
        lambda t, b: t(nl.combine((0.0, nl.mse)))(ROWS, ROWS, backend=b),
    ),
]


@pytest.mark.parametrize("share", range(len(SHARES)))
def test_a_share_of_zero_leaves_the_other_part(share: int, backend: str) -> None:
    for transform in (lambda f: f, nl.value_and_grad, nl.value_grad_hess):
        found, expected = (list(flat(call(transform, backend))) for call in SHARES[share])
        assert not any(np.isnan(part).any() for part in expected)
        assert_equal(found, expected, share=share)
