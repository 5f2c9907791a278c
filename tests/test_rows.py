"""Rows of scores at their ends: sure labels, large scores, probabilities near 0, and what is no probability."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import numpy as np
import pytest
from calls import refused
from cases import CASES, DTYPES, arrays, options, record, required
from compare import assert_close, assert_same_bits, told
from seeds import generator

import numloss as nl
from numloss.loops.codes import LEVELS, LOGIT, LOGITS

Array = np.ndarray[Any, Any]
ROWS = [case for case in CASES if record(case).family in ("rowwise", "distilled")]
LABELLED = [case for case in ROWS if arrays(case, (3,), "float64")[-1].dtype.kind == "i"]
CURVATURES = [partial(nl.value_grad_hess, curvature=policy) for policy in ("exact", "bound")]
# Up to where what the label lacks is subnormal, and on to where it is nothing.
MARGINS = {
    "float32": (1.0, 20.0, 60.0, 87.0, 88.75, 90.0, 95.0, 100.0, 103.75, 104.0, 500.0),
    "float64": (1.0, 36.0, 300.0, 708.0, 710.0, 720.0, 740.0, 745.0, 750.0, 5000.0),
}


def sure(case: str, dtype: str, margin: float) -> tuple[Array, ...]:
    """A row whose label leads by a margin, and one whose label is behind by it."""
    pred = np.array([[margin, 0.0, -1.5], [0.25, 0.0, margin]], dtype)
    labels = np.array([0, 1])
    return (pred, pred[::-1].copy(), labels) if record(case).family == "distilled" else (pred, labels)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [case for case in LABELLED if not case.endswith("probabilities")])
def test_sure_rows_have_finite_slopes_and_curvatures(case: str, backend: str, dtype: str) -> None:
    for option, margin in itertools.product(options(case), MARGINS[dtype]):
        given = sure(case, dtype, margin)
        for transform in CURVATURES:
            results = transform(record(case).function)(*given, **option, reduction="none", backend=backend)
            with told(loss=case, options=option, margin=margin, dtype=dtype):
                assert all(np.isfinite(part).all() for part in results)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", [nl.softmax_focal, nl.poly1_cross_entropy])
def test_without_its_option_a_law_is_the_cross_entropy(loss: Any, backend: str, dtype: str) -> None:
    option: dict[str, float] = {"gamma": 0.0} if loss is nl.softmax_focal else {"epsilon": 0.0}
    for margin, transform in itertools.product(MARGINS[dtype], CURVATURES):
        pred, labels = sure("cross_entropy", dtype, margin)
        found = transform(loss)(pred, labels, **option, reduction="none", backend=backend)
        plain = transform(nl.cross_entropy)(pred, labels, reduction="none", backend=backend)
        for one, other in zip(found, plain, strict=True):
            with told(loss=loss.__name__, margin=margin, dtype=dtype):
                assert_close(one, other.astype(np.float64), ulp=4)


SPREAD: list[tuple[Any, dict[str, Any]]] = [
    (nl.cross_entropy, {}),
    (nl.cross_entropy, {"z_loss": 0.25}),
    (nl.cross_entropy, {"softcap": 200.0}),
    (nl.kl_div, {"from_logits": True}),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "option"), SPREAD)
def test_a_distribution_on_one_class_is_a_label(loss: Any, option: dict[str, Any], dtype: str, backend: str) -> None:
    """Also where the probability of that class rounds to 1: its slope is what the others have."""
    random = generator("one class", dtype)
    labelled = {name: value for name, value in option.items() if name != "from_logits"}
    for classes, margin in itertools.product((2, 5, 40, 600), (1.0, 17.0, 40.0, 80.0)):
        labels = random.integers(0, classes, 9)
        pred = random.normal(0.0, 1.0, (9, classes))
        pred[np.arange(9), labels] += margin
        pred = pred.astype(dtype)
        target = np.eye(classes, dtype=dtype)[labels]
        for transform in (nl.value_and_grad, *CURVATURES):
            found = transform(loss)(pred, target, **option, reduction="none", backend=backend)
            plain = transform(nl.cross_entropy)(pred, labels, **labelled, reduction="none", backend=backend)
            for k, (one, other) in enumerate(zip(found, plain, strict=True)):
                with told(loss=loss.__name__, options=option, classes=classes, margin=margin, output=k):
                    assert_close(one, other.astype(np.float64), ulp=16)


def test_a_divergence_from_one_class_keeps_its_slope(backend: str) -> None:
    pred, target = np.array([[60.0, 0.0]], np.float32), np.array([[1.0, 0.0]])
    value, slope = nl.value_and_grad(nl.js_div)(pred, target, from_logits=True, backend=backend)
    exact = 0.5 * np.log(2.0) * np.exp(-60.0)
    assert_close(np.float32(value), exact, ulp=8)
    assert_close(slope, np.array([[-exact, exact]]), ulp=8)


# Adjusted logits are rounded before they are scores.
MOVABLE = [
    case
    for case in LABELLED
    if "prior" not in record(case).defaults
    and record(case).rows.get("scores", LOGITS) == LOGITS
    and record(case).rows.get("classes") not in (LOGIT, LEVELS)
    and not case.endswith("probabilities")
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", MOVABLE)
def test_what_large_scores_have_in_common_makes_no_difference(case: str, backend: str, dtype: str) -> None:
    """Scores that differ by multiples of 1/4 are known exactly, however large they are."""
    loss, random = record(case), generator("large scores", case)
    for classes, offset in itertools.product((3, 40, 600), (2.0**13, -(2.0**20), 2.0**21)):
        labels = random.integers(0, classes, 17)
        pred = np.rint(random.normal(0.0, 12.0, (17, classes))).astype(dtype) / 4
        pred[3, labels[3]] = pred[3].max() + 1.0
        given = (pred, pred[::-1].copy(), labels) if loss.family == "distilled" else (pred, labels)
        extra = {**required(case), "reduction": "none", "backend": backend}
        plain = nl.value_grad_hess(loss.function)(*given, **extra)
        moved = tuple(a + a.dtype.type(offset) if a.dtype.kind == "f" else a for a in given)
        found = nl.value_grad_hess(loss.function)(*moved, **extra)
        for k, (one, other) in enumerate(zip(found, plain, strict=True)):
            with told(loss=case, classes=classes, offset=offset, dtype=dtype, output=k):
                assert_close(one, other.astype(np.float64), ulp=16, scale=0.25)


@pytest.mark.parametrize("loss", [nl.sparsemax, nl.entmax15, partial(nl.entmax, alpha=1.25)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_sparse_probabilities_add_up_to_one(dtype: str, loss: Any, backend: str) -> None:
    near = [[2e7, 0.0, 0.0], [4e6 + 0.25, 4e6, 0.0], [0.3, 0.1, 0.2], [-3e30, 3e30, 0.0]]
    equal = [np.zeros((2, 5000)), np.full((2, 700), 1e7), np.tile([1e6, 1e6 + 0.5], (2, 40))]
    equal.append(generator("nearly equal").normal(0.0, 1e-7, (2, 5000)))
    # powers have a rounding more, which equal ones share
    units = 8.0 if isinstance(loss, partial) else 4.0
    for scores in (np.array(near), *equal):
        pred = scores.astype(dtype)
        for label in range(3 if pred.shape[1] == 3 else 2):
            labels = np.full(len(pred), label)
            value, slope = nl.value_and_grad(loss)(pred, labels, reduction="sum", backend=backend)
            p = slope.astype(np.float64) + np.eye(pred.shape[1])[labels]
            most = units * np.finfo(dtype).eps + pred.shape[1] * np.finfo(np.float64).eps
            assert np.all(np.abs(p.sum(axis=1) - 1.0) <= most)
            assert np.all(p >= -(2.0**-24)) and value >= 0.0
    value, slope = nl.value_and_grad(loss)(np.array([near[0]], dtype), np.array([2]), backend=backend)
    assert value == 2e7
    assert_same_bits(slope, np.array([[1.0, 0.0, -1.0]], dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_what_has_a_target_has_a_slope_by_its_probability(dtype: str, backend: str) -> None:
    tiny = np.finfo(dtype).tiny
    small = np.array([0.0, float(tiny) / 8.0, float(tiny), float(tiny) ** 0.5, 1e-20, 0.25], dtype)
    p = np.stack([np.full_like(small, 0.5), small, small[::-1]], axis=1)
    for target in (np.zeros(len(p), np.int64), np.eye(3)[np.zeros(len(p), np.int64)]):
        for transform in (nl.value_and_grad, *CURVATURES):
            results = transform(nl.cross_entropy)(p, target, from_probabilities=True, backend=backend, reduction="sum")
            least = 1e-16 if transform is CURVATURES[1] else 0.0
            for part, expected in zip(results[1:], (-2.0, 4.0), strict=False):
                assert_close(part[:, 0], np.full(len(p), expected), ulp=0)
                assert np.all(part[:, 1:] == np.dtype(dtype).type(0.0 if expected < 0.0 else least))
    half = np.array([[0.5, float(tiny) ** 0.75]], dtype)
    share = np.array([[0.5, float(tiny)]])
    _, slope, bend = nl.value_grad_hess(nl.cross_entropy)(half, share, from_probabilities=True, backend=backend)
    wide = half.astype(np.float64)
    assert_close(slope, -share / wide, ulp=2)
    assert_close(bend, share / wide / wide, ulp=4)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("bad", [3.0, 1.0000002, -0.1, np.inf])
def test_what_is_no_probability_is_named(bad: float, order: Any, backend: str) -> None:
    random = generator("no probabilities")
    for shape, place in (((700, 5), (513, 3)), ((3, 4, 50), (2, 1, 7)), ((2, 600), (1, 599))):
        pred = np.asarray(random.uniform(0.01, 0.99, shape).astype(np.float32), order=order)
        labels = random.integers(0, shape[1], shape[:1] + shape[2:])
        labels[(place[0], *place[2:])] = place[1]
        pred[place] = bad
        given = np.moveaxis(np.eye(shape[1])[labels], -1, 1)
        where = ", ".join(map(str, place))
        said = ("cross_entropy", f"pred[{where}] = {float(pred[place]):.6}", "in [0, 1]", "from_probabilities")
        for target, transform in itertools.product((labels, given), (lambda f: f, nl.value_and_grad, *CURVATURES)):
            with refused(ValueError, *said):
                transform(nl.cross_entropy)(pred, target, from_probabilities=True, backend=backend)
            work = pred.copy(order="K")
            with refused(ValueError, *said):
                nl.value_and_grad(nl.cross_entropy)(work, target, from_probabilities=True, backend=backend, out=work)
        # what a label does not ask for is not read, nor is a row that counts nothing
        other = np.where(labels == place[1], (place[1] + 1) % shape[1], labels)
        assert np.isfinite(nl.cross_entropy(pred, other, from_probabilities=True, backend=backend))
        ignored = labels.copy()
        ignored[(place[0], *place[2:])] = -100
        assert np.isfinite(nl.cross_entropy(pred, ignored, from_probabilities=True, backend=backend))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cap", [5.0, 15.0, 50.0])
def test_capped_logits_lose_what_they_are_rounded_by(cap: float, dtype: str, backend: str) -> None:
    random = generator("capped", cap)
    labels = random.integers(0, 50, 64)
    pred = random.normal(0.0, cap * random.choice([0.1, 0.5, 1.0], (64, 1)), (64, 50)).astype(dtype)
    step = nl.value_and_grad(nl.cross_entropy)
    value, slope = step(pred, labels, softcap=cap, reduction="none", backend=backend)
    wide = pred.astype(np.longdouble) / np.longdouble(cap)
    z = cap * np.tanh(wide)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    rows, total = np.arange(64), e.sum(axis=1)
    others = e.copy()
    others[rows, labels] = 0
    others = others.sum(axis=1)
    p = e / total[:, None]
    p[rows, labels] = -others / total
    units = (8.0 + 2.0 * cap) * np.finfo(dtype).eps
    assert np.all(np.abs(value - np.log1p(others / e[rows, labels])) <= units * value)
    assert np.all(np.abs(slope - p / np.cosh(wide) ** 2) <= units * np.abs(slope) + np.finfo(dtype).tiny)


@pytest.mark.parametrize("dtype", DTYPES)
def test_entmax_is_sparsemax_entmax15_and_nearly_the_cross_entropy(dtype: str, backend: str) -> None:
    random = generator("entmax", dtype)
    pred, labels = random.normal(0.0, 1.5, (60, 7)).astype(dtype), random.integers(0, 7, 60)
    vector = random.normal(size=pred.shape).astype(dtype)
    close = {"rtol": 0.0, "atol": 32.0 * np.finfo(dtype).eps}
    for alpha, same in ((2.0, nl.sparsemax), (1.5, nl.entmax15), (1.0 + 2.0**-52, nl.cross_entropy)):
        for transform in (nl.value_grad_hess, partial(nl.value_grad_hess, curvature="full")):
            found = transform(nl.entmax)(pred, labels, alpha=alpha, backend=backend)
            for one, other in zip(found, transform(same)(pred, labels, backend=backend), strict=True):
                np.testing.assert_allclose(one, other, **close)
        found = nl.hvp(nl.entmax)(pred, labels, alpha=alpha, vector=vector, backend=backend)
        np.testing.assert_allclose(found, nl.hvp(same)(pred, labels, vector=vector, backend=backend), **close)
