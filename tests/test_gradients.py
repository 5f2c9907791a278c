"""Gradients and curvatures in float64 against differences of the loss itself; float32 against float64."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import differences
import numpy as np
import pytest
from calls import each
from cases import CASES, DTYPES, HELD, REDUCTIONS, arrays, middle, options, record, small, weight, weights
from compare import assert_close, assert_same_bits, told
from differences import assert_derivative

import numloss as nl
from numloss.domains import REAL
from numloss.loops.codes import LOGIT, LOGITS

# What holds a factor constant is held to its definition in test_tails.py and test_similarity.py.
# Differences take a call an entry: lists of thousands of rows are left to their smaller twins.
WHOLE = [case for case in CASES if case not in HELD and not case.endswith(":many")]
CURVED = [case for case in CASES if record(case).curvature]


def problem(case: str, dtype: str = "float64", seed: int = 0) -> tuple[Any, ...]:
    return arrays(case, small(case), dtype, ends=False, seed=("gradient", seed))


def as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def check(case: str, backend: str, option: dict[str, Any], reduction: str, kind: str, seed: int = 0) -> None:
    """Gradient and curvature by every differentiable input, for one choice of everything else."""
    loss, given = record(case), problem(case, seed=seed)
    extra = {**option, "backend": backend, "reduction": reduction}
    if kind != "none":
        extra["weight"] = weight(case, small(case), "float64", kind)
    slopes = as_tuple(nl.value_and_grad(loss.function)(*given, **extra)[1])
    curvatures = as_tuple(nl.value_grad_hess(loss.function)(*given, **extra)[2]) if loss.curvature else ()
    assert len(slopes) == len(loss.differentiable)
    # the gradient of reduction="none" is that of the sum of what it returns
    reduced = {**extra, "reduction": "sum" if reduction == "none" else reduction}
    for k, position in enumerate(loss.differentiable):

        def moved(x: Any, position: int = position) -> Any:
            return (*given[:position], x, *given[position + 1 :])

        def value(x: Any) -> Any:
            return loss.function(*moved(x), **reduced)

        def slope(x: Any, k: int = k) -> Any:
            return as_tuple(nl.grad(loss.function)(*moved(x), **extra))[k]

        size = abs(value(given[position]))
        facts = {"loss": case, "backend": backend, "reduction": reduction, "weight": kind, "options": option}
        with told(**facts, gradient_by=loss.inputs[position], draw=seed):
            assert_derivative(slopes[k], *differences.gradient(value, given[position]), loss.kinks, size)
        if curvatures:
            with told(**facts, curvature_by=loss.inputs[position], draw=seed):
                assert_derivative(curvatures[k], *differences.diagonal(slope, given[position]), loss.kinks)


def check_options(case: str, backend: str, seeds: range) -> None:
    """Gradient and curvature for every option, on several draws."""
    for option in options(case):
        if "eps" in option and record(case).family == "elementwise":
            continue  # beyond a floor the slope is that at the floor, below: no difference shows it
        for seed in seeds:
            check(case, backend, option, "sum", "none", seed)


@pytest.mark.parametrize("case", WHOLE)
def test_gradient_and_curvature(case: str, backend: str) -> None:
    check_options(case, backend, range(2))


@pytest.mark.more
@pytest.mark.parametrize("case", WHOLE)
def test_gradient_and_curvature_on_other_draws(case: str, backend: str) -> None:
    if record(case).name == "weibull_aft":
        pytest.skip("differences of exp(z / 0.1) disagree with themselves on these draws; test_tails.py has its slopes")
    check_options(case, backend, range(2, 5))


@pytest.mark.parametrize("case", [case for case in WHOLE if record(case).weighted])
def test_gradient_with_weights(case: str, backend: str) -> None:
    check(case, backend, next(options(case)), "mean", "full")


def floored(case: str) -> bool:
    """Whether eps is a floor of something that the loss differentiates."""
    loss = record(case)
    domains = [loss.domains.get(loss.inputs[k], REAL) for k in loss.differentiable]
    return "eps" in loss.params and any(domain.low >= 0.0 for domain in domains)


@pytest.mark.parametrize("case", [case for case in CASES if floored(case)])
def test_beyond_a_floor_everything_is_as_at_the_floor(case: str, backend: str) -> None:
    loss = record(case)
    for dtype, eps in itertools.product(DTYPES, (0.125, 0.5)):
        given = arrays(case, middle(case), dtype, seed="floor")
        moved = []
        for name, array in zip(loss.inputs, given, strict=True):
            domain = loss.domains.get(name, REAL) if loss.inputs.index(name) in loss.differentiable else REAL
            low = eps if domain.low >= 0.0 else -np.inf
            moved.append(np.clip(array, low, 1.0 - eps if domain.high == 1.0 else np.inf))
        assert any(not np.array_equal(a, b) for a, b in zip(given, moved, strict=True))
        transform = nl.value_grad_hess(loss.function)
        results = (transform(*x, eps=eps, reduction="none", backend=backend) for x in (given, moved))
        for beyond, at in zip(*map(flattened, results), strict=True):
            assert_same_bits(beyond, at)


# Reductions and kinds of weight that are taken by default, besides the weighted mean; the other pairs with `more`.
PAIRS = [("mean", "none"), ("mean", "sample"), ("sum", "full"), ("none", "full")]
OTHERS = [pair for pair in itertools.product(REDUCTIONS, ("none", "full", "sample")) if pair not in PAIRS]


@pytest.mark.loops
@pytest.mark.parametrize(
    ("reduction", "kind"), [*PAIRS, *(pytest.param(*pair, marks=pytest.mark.more) for pair in OTHERS)]
)
@pytest.mark.parametrize("case", each(WHOLE))
def test_gradient_of_reductions_and_weights(case: str, backend: str, reduction: str, kind: str) -> None:
    if kind in weights(case):
        check(case, backend, next(options(case)), reduction, kind)


@pytest.mark.parametrize("case", CASES)
def test_float32_follows_float64(case: str, backend: str) -> None:
    loss = record(case)
    transform = nl.value_grad_hess if loss.curvature else nl.value_and_grad
    for option in options(case):
        given = problem(case, "float32")
        wide = tuple(a.astype("float64") if a.dtype == "float32" else a for a in given)
        narrow_results = transform(loss.function)(*given, **option, backend=backend, reduction="none")
        wide_results = transform(loss.function)(*wide, **option, backend=backend, reduction="none")
        for k, (narrow, exact) in enumerate(zip(flattened(narrow_results), flattened(wide_results), strict=True)):
            with told(loss=case, backend=backend, options=option, output=k):
                assert narrow.dtype == np.float32
                assert_close(narrow, exact, ulp=32, scale=1.0 + np.max(np.abs(exact)) / 8.0)


def flattened(results: Any) -> list[Any]:
    return [array for part in results for array in as_tuple(part)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CURVED)
def test_bound_is_positive_and_not_below_the_curvature(case: str, backend: str, dtype: str) -> None:
    loss = record(case)
    for option in options(case):
        given = arrays(case, small(case), dtype, ends=False, seed="bound")
        exact = nl.value_grad_hess(loss.function)(*given, **option, backend=backend, reduction="none")[2]
        bound = nl.value_grad_hess(loss.function, curvature="bound")(
            *given, **option, backend=backend, reduction="none"
        )[2]
        for upper, curvature in zip(as_tuple(bound), as_tuple(exact), strict=True):
            with told(loss=case, backend=backend, options=option):
                assert np.all(upper > 0.0), f"the least is {np.min(upper)}"
                assert np.all((upper >= curvature) | ~np.isfinite(curvature))


# Losses of rows and lists, whose scores bend each other: what they say majorises is a diagonal against a matrix.
BENT = [case for case in CURVED if record(case).family in ("rowwise", "distilled", "ranked")]


def matrix(slope: Any, x: Any, step: float = 1e-4) -> tuple[Any, Any]:
    """The second derivatives of a loss by the entries of x, and how much they differ from those of twice the step."""
    found = np.empty((2, x.size, x.size))
    for j in range(x.size):
        direction = np.zeros(x.size)
        direction[j] = 1.0
        for k, h in enumerate((step, 2.0 * step)):
            found[k, j] = differences.central(lambda y: slope(y).ravel(), x, direction.reshape(x.shape), h)
    return found[0], np.abs(found[0] - found[1]).max()


@pytest.mark.parametrize("case", [case for case in BENT if not case.endswith(":many")])
def test_bound_majorises_the_matrix(case: str, backend: str) -> None:
    """diag(bound) less the second derivatives has no negative eigenvalue, wherever the scores are."""
    loss, tried = record(case), 0
    for option, (shift, scale) in itertools.product(options(case), ((0.0, 1.0), (-6.0, 0.02), (4.0, 2.0))):
        given = problem(case, seed="matrix")
        if (shift, scale) != (0.0, 1.0):
            if loss.rows.get("scores") != LOGITS or loss.rows["classes"] == LOGIT or case.endswith("probabilities"):
                continue
            given = (given[0] * scale + shift, *given[1:])
        extra = {**option, "backend": backend, "reduction": "sum"}
        bound = nl.value_grad_hess(loss.function, curvature="bound")(*given, **extra)[2]
        if loss.family != "ranked":  # one row after the other
            given = tuple(a[:2] for a in given)
            bound = bound[:2]

        def slope(x: Any, given: Any = given, extra: Any = extra) -> Any:
            return nl.grad(loss.function)(x, *given[1:], **extra)

        bends, lost = matrix(slope, given[0])
        if lost > 1e-6 * (1.0 + np.abs(bends).max()):
            assert loss.kinks
            continue
        tried += 1
        least = np.linalg.eigvalsh(np.diag(bound.ravel()) - 0.5 * (bends + bends.T))[0]
        with told(loss=case, backend=backend, options=option, shift=shift, scale=scale):
            assert least >= -1e-6 * (1.0 + np.abs(bends).max()), f"the least eigenvalue is {least}"
    assert tried, "no differences could be trusted"


@pytest.mark.parametrize("case", [case for case in CURVED if record(case).convex])
def test_convex_losses_curve_upwards(case: str, backend: str) -> None:
    loss, option = record(case), next(options(case))
    given = arrays(case, small(case), "float64", seed="convex")
    for curvature in as_tuple(nl.value_grad_hess(loss.function)(*given, **option, backend=backend)[2]):
        assert np.all(curvature >= 0.0)


def test_partial_fixes_options(backend: str) -> None:
    pred, target = problem("huber")
    fixed = nl.value_and_grad(partial(nl.huber, delta=0.3))(pred, target, backend=backend)
    given = nl.value_and_grad(nl.huber)(pred, target, delta=0.3, backend=backend)
    assert fixed[0] == given[0] and np.array_equal(fixed[1], given[1])


def test_differences_know_a_wrong_slope_and_a_kink() -> None:
    x = np.array([0.5, -1.0, 2.0])
    slope, trusted = differences.gradient(lambda y: float(np.sum(y**3)), x)
    assert trusted.all()
    assert_derivative(3.0 * x**2, slope, trusted, "")
    with pytest.raises(AssertionError, match="off by"):
        assert_derivative(3.0 * x**2 * (1.0 + 1e-6), slope, trusted, "")
    _, trusted = differences.gradient(lambda y: float(np.sum(np.abs(y))), np.array([1e-4, 1.0]))
    assert list(trusted) == [False, True]
    with pytest.raises(AssertionError, match="disagree"):
        assert_derivative(np.ones(2), np.ones(2), trusted, "")
