"""Vector-Jacobian products: a cotangent is weights of both signs, and hides what it leaves out."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from calls import each
from cases import CASES, arrays, middle, record, required, small, solid
from compare import assert_same_bits, told
from seeds import generator

import numloss as nl

pytestmark = pytest.mark.loops

POISONS = (np.nan, np.inf, -np.inf)
Array = np.ndarray[Any, Any]


def parts(gradients: Any) -> tuple[Array, ...]:
    """Gradients as a tuple, of one input too."""
    return gradients if isinstance(gradients, tuple) else (gradients,)


def cotangent(case: str, shape: tuple[int, ...], dtype: str = "float32") -> Array:
    """Numbers of both signs, a fifth of them zero."""
    random = generator(case, shape, "cotangent")
    drawn = random.uniform(0.1, 2.0, shape) * random.choice([-1.0, 1.0], shape)
    return np.where(random.random(shape) < 0.2, 0.0, drawn).astype(dtype)


def close(found: Array, expected: Array, terms: Array) -> None:
    """Equal to some ulp of the terms that make it up."""
    size = np.abs(terms).max(initial=0.0)
    eps = np.finfo(found.dtype).eps
    np.testing.assert_allclose(found, expected, rtol=32 * eps, atol=16 * eps * size)


@pytest.mark.parametrize("case", each(CASES))
def test_a_cotangent_is_weights_of_both_signs(case: str, backend: str) -> None:
    loss = record(case)
    pull, gradients = nl.vjp(loss.function), nl.value_and_grad(loss.function)
    extra = {**required(case), "backend": backend}
    for shape in (small(case), middle(case)):
        for dtype in ("float32", "float64"):
            given = arrays(case, shape, dtype, ends=False)
            c = cotangent(case, shape, dtype)
            found = parts(pull(*given, **extra, reduction="none", cotangent=c))
            if loss.weighted:
                up, down = (
                    parts(gradients(*given, **extra, reduction="sum", weight=np.maximum(sign * c, 0.0))[1])
                    for sign in (1.0, -1.0)
                )
            else:  # what takes no weight has a value of its own for each entry, or for each row
                slopes = parts(gradients(*given, **extra, reduction="sum")[1])
                each_entry = [c.reshape(c.shape + (1,) * (s.ndim - c.ndim)) * s for s in slopes]
                up, down = each_entry, [np.zeros_like(s) for s in slopes]
            for result, plus, minus in zip(found, up, down, strict=True):
                with told(case=case, shape=shape, dtype=dtype):
                    assert result.dtype == plus.dtype and result.shape == plus.shape
                    close(result, plus - minus, np.abs(plus) + np.abs(minus))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("case", each(CASES))
def test_a_number_multiplies_the_gradient(case: str, backend: str, reduction: str) -> None:
    loss, shape = record(case), middle(case)
    given, extra = arrays(case, shape, "float32", ends=False), {**required(case), "backend": backend}
    options = {**extra, "reduction": reduction}
    slopes = parts(nl.grad(loss.function)(*given, **options))
    for number in (1.0, -3.0, np.float32(0.5), np.array(2.0)):
        found = parts(nl.vjp(loss.function)(*given, **options, cotangent=number))
        for result, slope in zip(found, slopes, strict=True):
            with told(case=case, number=number):
                close(result, np.float64(number) * slope, np.abs(slope))
    for result in parts(nl.vjp(loss.function)(*given, **options, cotangent=0)):
        assert not np.any(result)


@pytest.mark.parametrize("case", each(CASES))
def test_the_bits_are_those_of_a_call_that_repeats(case: str, backend: str) -> None:
    loss, shape = record(case), solid(case)
    given, extra = arrays(case, shape, "float32"), {**required(case), "backend": backend, "reduction": "none"}
    first, again = (
        parts(nl.vjp(loss.function)(*given, **extra, cotangent=cotangent(case, shape))) for _ in range(2)
    )
    for a, b in zip(first, again, strict=True):
        assert_same_bits(a, b)
    # a plan of signed numbers is not one of weights
    if loss.weighted:
        bad = -np.ones(shape, np.float32)
        with pytest.raises(ValueError, match="weight"):
            nl.grad(loss.function)(*given, **{**extra, "reduction": "sum"}, weight=bad)


# What is one sample's stays there: of batches that are compared with each other, and lists, a bad row is in all.
FAMILIES = ("elementwise", "rowwise", "distilled", "embedding")
APART = [case for case in CASES if record(case).family in FAMILIES and len(small(case)) == 1]


@pytest.mark.parametrize("case", each(APART))
def test_zeros_hide_what_is_not_finite(case: str, backend: str) -> None:
    loss, shape = record(case), small(case)
    for poison in POISONS:
        given = [np.array(a) for a in arrays(case, shape, "float32", ends=False)]
        c = cotangent(case, shape)
        c[2] = 0.0
        domain = loss.domains.get(loss.inputs[0])
        if domain is not None and not np.isnan(poison) and poison not in domain:
            continue
        given[0][2] = poison
        slopes = nl.vjp(loss.function)(*given, **required(case), backend=backend, reduction="none", cotangent=c)
        assert not np.any(parts(slopes)[0][2])


@pytest.mark.parametrize("case", each([case for case in CASES if record(case).weighted]))
def test_a_weight_beside_it_is_multiplied(case: str, backend: str) -> None:
    loss, shape = record(case), small(case)
    given, extra = arrays(case, shape, "float32", ends=False), {**required(case), "backend": backend}
    c, weight = cotangent(case, shape), np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    c[c == 0.0] = np.inf
    weight[np.isinf(c)] = 0.0
    pull = functools.partial(nl.vjp(loss.function), *given, **extra, reduction="none")
    product = np.where(weight > 0, np.where(weight > 0, c, 0) * weight, 0)
    for result, expected in zip(parts(pull(cotangent=c, weight=weight)), parts(pull(cotangent=product)), strict=True):
        assert_same_bits(result, expected)
    with pytest.raises(ValueError, match=r"weight\[0.* = -1.0 is outside its domain"):
        pull(cotangent=c, weight=-np.ones(shape, np.float32))
    halves = [(array.view(np.uint32) >> 16).astype(np.uint16).view(nl.bfloat16) for array in (c, weight)]
    wide = [(half.view(np.uint16).astype(np.uint32) << 16).view(np.float32) for half in halves]
    for result, expected in zip(
        *(parts(pull(cotangent=a, weight=b)) for a, b in (halves, wide)), strict=True
    ):
        assert_same_bits(result, expected)


def test_infinite_and_nan_cotangents_are_numbers(backend: str) -> None:
    pred, target = np.array([1.0, 2.0, 3.0, 4.0], np.float32), np.zeros(4, np.float32)
    found = nl.vjp(nl.mse)(pred, target, reduction="none", cotangent=np.array([np.inf, np.nan, -np.inf, 1.0]))
    np.testing.assert_array_equal(found, [np.inf, np.nan, -np.inf, 8.0])


def test_combinations_and_partials(backend: str) -> None:
    pred, target = np.array([1.0, -2.0, 3.0]), np.array([0.5, 1.0, 1.0])
    both = nl.combine((0.5, nl.mse), (2.0, functools.partial(nl.huber, delta=0.5)))
    c = np.array([1.0, -2.0, 0.0])
    expected = 0.5 * nl.vjp(nl.mse)(pred, target, reduction="none", cotangent=c)
    expected += 2.0 * nl.vjp(functools.partial(nl.huber, delta=0.5))(pred, target, reduction="none", cotangent=c)
    np.testing.assert_allclose(nl.vjp(both)(pred, target, reduction="none", cotangent=c), expected, rtol=1e-15)
    out = pred.copy()
    assert nl.vjp(both)(out, target, reduction="none", cotangent=c, out=out) is out
    np.testing.assert_allclose(out, expected, rtol=1e-15)


def test_combinations_of_sixteen_bits(backend: str) -> None:
    """Added up in float32 and rounded once, as without a cotangent."""
    both = nl.combine((0.5, nl.mse), (2.0, functools.partial(nl.huber, delta=0.5)))
    wide, target = np.linspace(-3.0, 3.0, 40, dtype=np.float32), np.zeros(40, np.float32)
    halves = ((wide.view(np.uint32) >> 16).astype(np.uint16).view(nl.bfloat16), wide.astype(np.float16))
    for pred in halves:
        expected = nl.grad(both)(pred, target, reduction="sum", backend=backend)
        for options in ({"reduction": "none", "cotangent": np.ones(40)}, {"reduction": "sum", "cotangent": 1.0}):
            found = nl.vjp(both)(pred, target, **options, backend=backend)
            assert found.dtype == pred.dtype
            np.testing.assert_array_equal(found.view(np.uint16), expected.view(np.uint16))


def test_several_inputs(backend: str) -> None:
    random = generator("several inputs")
    mean, var, target = random.normal(size=9), random.uniform(0.5, 2.0, 9), random.normal(size=9)
    c = random.normal(size=9)
    both = nl.vjp(nl.gaussian_nll)(mean, target, var, reduction="none", cotangent=c)
    for k, slope in zip((0, 2), both, strict=True):
        alone = nl.vjp(nl.gaussian_nll, argnums=k)(mean, target, var, reduction="none", cotangent=c)
        assert_same_bits(alone, slope)


def test_what_is_no_cotangent_is_refused(backend: str) -> None:
    pred, target = np.ones((3, 4), np.float32), np.zeros((3, 4), np.float32)
    pull = functools.partial(nl.vjp(nl.mse), pred, target, backend=backend)
    with pytest.raises(TypeError, match="mse: vjp needs cotangent="):
        pull()
    with pytest.raises(ValueError, match=r"cotangent has shape \(3, 4\), but with reduction='mean' the value is a num"):
        pull(cotangent=pred)
    with pytest.raises(ValueError, match=r"cotangent has shape \(4, 3\); it must be \(3, 4\) \(the unreduced loss\)"):
        pull(cotangent=pred.T, reduction="none")
    for wrong in ("1", True, None, object()):
        with pytest.raises(TypeError, match="cotangent must be a number"):
            pull(cotangent=wrong)
    with pytest.raises(TypeError, match="cotangent has dtype complex"):
        pull(cotangent=np.ones((3, 4), complex), reduction="none")
    with pytest.raises(TypeError, match="unknown option 'cotangent'"):
        nl.mse(pred, target, cotangent=pred)
    with pytest.raises(TypeError, match=r"vjp takes a loss, got numloss\.sum_and_weight"):
        nl.vjp(nl.sum_and_weight(nl.mse))
