"""Divergences of distributions that nearly agree, and of those that do not: their digits, and that none is negative."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import DTYPES
from compare import assert_close, assert_same_bits, told
from seeds import generator

import numloss as nl

Array = np.ndarray[Any, Any]
# Between logits; full digits from the last of those where the inputs themselves are too coarse to tell.
DISTANCES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 1e3)


def logarithms(logits: Array) -> Array:
    """Their log-softmax, in more digits than either dtype has."""
    wide = logits.astype(np.longdouble)
    wide = wide - wide.max(axis=1, keepdims=True)
    return np.asarray(wide - np.log(np.exp(wide).sum(axis=1, keepdims=True)))


def kl(target: Array, pred: Array) -> Array:
    """KL(target || pred) of logarithms of anything: of the distributions that they are up to a factor."""
    target, pred = logarithms(target), logarithms(pred)
    away = target - pred
    mean = (np.exp(target) * np.where(target > -np.inf, away, 0)).sum(axis=1, keepdims=True)
    u = mean - away
    small = np.abs(u) < 1e-3
    near = u**2 / 2 + u**3 / 6 + u**4 / 24 + u**5 / 120
    with np.errstate(invalid="ignore"):
        far = np.exp(mean + pred) - np.where(target > -np.inf, np.exp(target) * (1 + u), 0)
        terms = np.where(small, np.exp(target) * near, far)
    return np.asarray(np.log1p(terms.sum(axis=1)))


def js(target: Array, pred: Array) -> Array:
    """The Jensen-Shannon divergence of probabilities and logarithms."""
    p, q = target.astype(np.longdouble), np.exp(pred.astype(np.longdouble))
    m = (p + q) / 2

    def curve(r: Array) -> Array:
        small = np.abs(r) < 1e-4
        whole = (1 + r) * np.log1p(np.where(r <= -1, 0, r)) - r
        return np.where(small, r**2 / 2 - r**3 / 6 + r**4 / 12 - r**5 / 20, np.where(r <= -1, 1, whole))

    apart = (p - q) / 2
    m = np.where(m == 0, 1, m)
    return np.asarray((m * (curve(apart / m) + curve(-apart / m)) / 2).sum(axis=1))


def pair(classes: int, distance: float, dtype: str, *, offset: float = 0.0) -> tuple[Array, Array]:
    """Logits and others at a distance from them."""
    random = generator("divergence", classes, distance)
    x = random.normal(0.0, 3.0, (6, classes)).astype(dtype)
    y = x + (distance * random.normal(0.0, 1.0, x.shape)).astype(dtype)
    return (x + np.dtype(dtype).type(offset)).astype(dtype), y.astype(dtype)


Form = Callable[[Array, Array, str], tuple[Array, Array]]


def distilled(temperature: float) -> Form:
    def found(x: Array, y: Array, backend: str) -> tuple[Array, Array]:
        labels = np.zeros(len(x), np.int64)
        options: dict[str, Any] = {"alpha": 1.0, "temperature": temperature, "reduction": "none", "backend": backend}
        exact = temperature**2 * kl(y.astype(np.longdouble) / temperature, x.astype(np.longdouble) / temperature)
        return nl.distillation(x, y, labels, **options), exact

    return found


def of_logarithms(x: Array, y: Array, backend: str) -> tuple[Array, Array]:
    target = logarithms(y).astype(x.dtype)
    options: dict[str, Any] = {"log_target": True, "from_logits": True, "reduction": "none", "backend": backend}
    return nl.kl_div(x, target, **options), kl(target, x)


def of_logits(x: Array, y: Array, backend: str) -> tuple[Array, Array]:
    target = np.exp(logarithms(y)).astype(x.dtype)
    found = nl.kl_div(x, target, from_logits=True, reduction="none", backend=backend)
    with np.errstate(divide="ignore"):
        return found, kl(np.log(target.astype(np.longdouble)), x)


def of_probabilities(x: Array, y: Array, backend: str) -> tuple[Array, Array]:
    target, pred = np.exp(logarithms(y)).astype(x.dtype), logarithms(x).astype(x.dtype)
    found = nl.kl_div(pred, target, reduction="none", backend=backend)
    with np.errstate(divide="ignore"):
        return found, kl(np.log(target.astype(np.longdouble)), pred)


def between(direction: str, temperature: float = 1.0) -> Form:
    def found(x: Array, y: Array, backend: str) -> tuple[Array, Array]:
        options: dict[str, Any] = {"direction": direction, "temperature": temperature, "reduction": "none"}
        p, q = (logits.astype(np.longdouble) / temperature for logits in (y, x))
        exact = {"forward": kl(p, q), "reverse": kl(q, p), "jeffreys": kl(p, q) + kl(q, p)}[direction]
        return nl.kl_logits(x, y, **options, backend=backend), exact

    return found


def jensen_shannon(x: Array, y: Array, backend: str) -> tuple[Array, Array]:
    return nl.js_logits(x, y, reduction="none", backend=backend), js(np.exp(logarithms(y)), logarithms(x))


def variation(x: Array, y: Array, backend: str) -> tuple[Array, Array]:
    p, apart = logarithms(y), logarithms(x) - logarithms(y)
    with np.errstate(over="ignore", invalid="ignore"):
        terms = np.where(apart < 1.0, np.exp(p) * np.expm1(apart), np.exp(logarithms(x)) - np.exp(p))
    return nl.total_variation(x, y, reduction="none", backend=backend), np.abs(terms).sum(axis=1) / 2


def powered(target: Array, pred: Array, alpha: float) -> Array:
    """The alpha divergence of probabilities of logits, for 0 < alpha < 1."""
    p, q = logarithms(target), logarithms(pred)
    b = 1.0 - np.longdouble(alpha)
    with np.errstate(invalid="ignore"):
        r = q - p
    near = r**2 / 2 * (1 + r / 3 * (1 + b) + r**2 / 12 * (1 + b + b**2) + r**3 / 60 * (1 + b + b**2 + b**3))
    far = (alpha * np.exp(p) + b * np.exp(q) - np.exp(alpha * p + b * q)) / (alpha * b)
    return np.asarray(np.where(np.abs(r) < 1e-3, np.exp(p) * near, far).sum(axis=1))


def alpha(share: float) -> Form:
    def found(x: Array, y: Array, backend: str) -> tuple[Array, Array]:
        exact = kl(x, y) if share == 0.0 else kl(y, x) if share == 1.0 else powered(y, x, share)
        return nl.alpha_divergence(x, y, alpha=share, reduction="none", backend=backend), exact

    return found


FORMS: dict[str, Form] = {
    **{f"alpha {share}": alpha(share) for share in (0.0, 0.0625, 0.5, 0.75, 1.0)},
    "Jensen and Shannon": jensen_shannon,
    "variation": variation,
    "forward": between("forward"),
    "reverse": between("reverse"),
    "jeffreys at a temperature": between("jeffreys", 3.0),
    "distillation": distilled(1.0),
    "distillation at a temperature": distilled(3.0),
    "distillation at a low temperature": distilled(0.25),
    "logarithms and logits": of_logarithms,
    "probabilities and logits": of_logits,
    "probabilities and logarithms": of_probabilities,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
def test_divergences_at_any_distance(form: str, dtype: str, backend: str) -> None:
    # 1e-6 in float32, in float64 some more for what probabilities are rounded to and for a low temperature
    most = (8.4 if dtype == "float32" else 64.0) * np.finfo(dtype).eps
    for classes, distance in itertools.product((2, 5, 600), DISTANCES):
        x, y = pair(classes, distance, dtype)
        found, exact = FORMS[form](x, y, backend)
        with told(form=form, classes=classes, distance=distance, dtype=dtype):
            assert np.all(found >= 0.0)
            finite = np.isfinite(found) & (exact > 1e-300) & (exact < 1e30)
            error = np.abs(found[finite] / exact[finite] - 1.0)
            # sums are in float64: they know the distance to so many digits
            known = 1024.0 * np.finfo(np.float64).eps / max(distance, 1e-9)
            assert distance == 0.0 or np.all(error <= most + known)


Step = Callable[..., Any]
STEPS: dict[str, Step] = {
    "distillation": lambda x, y, **options: nl.value_and_grad(nl.distillation)(
        x, y, np.zeros(len(x), np.int64), alpha=1.0, temperature=1.0, **options
    ),
    "logits": nl.value_and_grad(nl.kl_logits),
    "alpha 1": functools.partial(nl.value_and_grad(nl.alpha_divergence), alpha=1.0),
    "probabilities": lambda x, y, **options: nl.value_and_grad(nl.kl_div)(x, y, from_logits=True, **options),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STEPS)
def test_gradients_at_any_distance(name: str, dtype: str, backend: str) -> None:
    for classes, distance in itertools.product((2, 600), DISTANCES[1:]):
        x, y = pair(classes, distance, dtype)
        if name == "probabilities":
            given = np.exp(logarithms(y)).astype(dtype)
            with np.errstate(divide="ignore"):
                y = np.log(given.astype(np.longdouble))
        else:
            given = y
        found = STEPS[name](x, given, reduction="sum", backend=backend)[1]
        p, apart = logarithms(y), logarithms(x) - logarithms(y)
        with np.errstate(over="ignore", invalid="ignore"):
            exact = np.where(apart < 1.0, np.exp(p) * np.expm1(apart), np.exp(logarithms(x)) - np.exp(p))
        error = np.abs(found - exact).max(axis=1) / np.abs(exact).max(axis=1)
        with told(name=name, classes=classes, distance=distance, dtype=dtype):
            known = 2048.0 * np.finfo(np.float64).eps / distance
            assert np.all(error <= (16.8 if dtype == "float32" else 64.0) * np.finfo(dtype).eps + known)


def test_a_row_that_is_far_may_have_slopes_next_to_nothing(backend: str) -> None:
    # most of both lies on one class, and the others are apart: what is left of q - p there are not the digits of q
    y = np.concatenate([[9.0], np.full(20, 4.0), np.full(400, -9.0)])[None].astype(np.float32)
    x = np.concatenate([[9.0], np.full(20, -9.0), np.full(400, 0.96)])[None].astype(np.float32)
    x[0, 0] += np.float32(0.0123)
    for name, given in (("logits", y), ("probabilities", np.exp(logarithms(y)).astype(np.float32))):
        value, slope = STEPS[name](x, given, backend=backend)
        p, q = np.exp(logarithms(y if name == "logits" else np.log(given.astype(np.longdouble)))), np.exp(logarithms(x))
        with told(name=name):
            assert value > 0.5 and np.abs(q - p).max() < 0.02 * q.max()
            # what is known of the sums, next to all of which lies on the class that both agree on
            assert np.abs(slope - (q - p)).max() <= 1e-5 * np.abs(q - p).max()


def test_distances_are_counted_from_where_the_weight_is(backend: str) -> None:
    # the most probable class alone is a thousand away, and says nothing of the others, which nearly agree
    random = generator("weight")
    y = np.zeros((1, 600), np.float32)
    y[0, 300] = 0.5
    x = (1000.0 + random.normal(0.0, 1.3, y.shape)).astype(np.float32)
    x[0, 300] = 0.0
    found = nl.kl_logits(x, y, reduction="none", backend=backend)
    assert abs(float(found[0] / kl(y, x)[0]) - 1.0) < 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
def test_slopes_of_rows_that_are_sure_keep_their_digits(dtype: str, backend: str) -> None:
    # at the class that both are sure of a softmax leaves next to nothing of a slope
    x = np.array([[16.0, 0.0, 1.0, 0.25], [-3.0, 14.0, 0.5, 1.0], [0.0, 1.0, 0.0, 2.0]], dtype)
    y = np.array([[13.0, 1.0, 0.0, -1.0], [0.0, 15.0, 1.0, 0.5], [3.0, 1.0, 0.0, 2.0]], dtype)
    p, q = np.exp(logarithms(y)), np.exp(logarithms(x))
    others = 1 - np.eye(4, dtype=np.longdouble)
    slopes = {
        nl.js_logits: q * np.log(2 * q / (p + q)) / 2,
        nl.total_variation: np.sign(q - p) * q / 2,
        nl.skew_kl: -p * q * np.longdouble(0.9) / (np.longdouble(0.1) * p + np.longdouble(0.9) * q),
    }
    for function, slope in slopes.items():
        exact = slope * (q @ others) - q * (slope @ others)
        found = nl.grad(function)(x, y, reduction="sum", backend=backend)
        with told(function=function, dtype=dtype):
            error = np.abs(found - exact).max(axis=1) / np.abs(exact).max(axis=1)
            assert np.all(error <= 32.0 * np.finfo(dtype).eps)


def test_classes_that_a_distribution_has_not(backend: str) -> None:
    inf = np.inf
    x = np.array([[0.0, 1.0, -inf], [0.0, 1.0, -inf], [0.0, 1.0, 2.0], [-inf, 3.0, -inf]], np.float32)
    y = np.array([[0.5, 1.0, -inf], [0.5, 1.0, 0.0], [0.5, 1.0, -inf], [-inf, -7.0, -inf]], np.float32)
    value, slope = nl.value_and_grad(nl.kl_logits)(x, y, reduction="none", backend=backend)
    two = nl.kl_logits(x[:1, :2], y[:1, :2], backend=backend)
    assert np.isclose(value[0], two, rtol=1e-6) and np.isinf(value[1]) and np.isfinite(value[2]) and value[3] == 0.0
    p, q = (np.exp(logarithms(z)) for z in (y, x))
    assert_close(slope, (q - p).astype(np.float64), ulp=8, scale=1.0)
    reverse = nl.kl_logits(x, y, direction="reverse", reduction="none", backend=backend)
    assert np.isfinite(reverse[[0, 1, 3]]).all() and np.isinf(reverse[2])


def test_rows_of_more_classes_than_are_kept(backend: str) -> None:
    random = generator("many classes")
    y = random.normal(0.0, 3.0, (2, 33000)).astype(np.float32)
    x = (y + np.array([[1e-4], [3.0]]) * random.normal(0.0, 1.0, y.shape)).astype(np.float32)
    value, slope = nl.value_and_grad(nl.kl_logits)(x, y, reduction="none", backend=backend)
    assert np.abs(value / kl(y, x) - 1.0).max() < 1e-6
    p, q = (np.exp(logarithms(z)) for z in (y, x))
    assert (np.abs(slope - (q - p)).max(axis=1) / np.abs(q - p).max(axis=1)).max() < 2e-6


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_logits_have_in_common_makes_no_difference(dtype: str, backend: str) -> None:
    for distance, offset in itertools.product((1e-3, 0.1, 2.0), (64.0, 1e4)):
        x, y = pair(700, distance, dtype, offset=offset)
        for form in ("distillation", "distillation at a temperature"):
            found, exact = FORMS[form](x, y, backend)
            with told(form=form, distance=distance, offset=offset):
                most = 512.0 * np.finfo(dtype).eps + 8.0 * np.finfo(np.float64).eps * offset / distance
                assert np.all(np.abs(found / exact - 1.0) <= most)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_symmetric_divergence_at_any_distance(dtype: str, backend: str) -> None:
    eps = np.finfo(dtype).eps
    for classes, distance in itertools.product((2, 5, 600), DISTANCES):
        x, y = pair(classes, distance, dtype)
        target, pred = np.exp(logarithms(y)).astype(dtype), logarithms(x).astype(dtype)
        found = nl.js_div(pred, target, reduction="none", backend=backend)
        exact = js(target, pred)
        with told(classes=classes, distance=distance, dtype=dtype):
            assert np.all(found >= 0.0)
            # probabilities are made of logarithms, and rounded to the last digit
            lost = 8.0 * eps * exact + 8.0 * eps * np.sqrt(exact) + 4.0 * eps**2
            assert np.all(np.abs(found - exact) <= lost)


@pytest.mark.parametrize("dtype", DTYPES)
def test_targets_that_are_no_distributions_are_taken_as_they_are(dtype: str, backend: str) -> None:
    x, y = pair(7, 1e-3, dtype)
    target, pred = np.exp(logarithms(y)).astype(dtype), logarithms(x).astype(dtype)
    for factor in (0.5, 1.001, 3.0):
        q = (target * np.dtype(dtype).type(factor)).astype(np.longdouble)
        exact = (q * (np.log(q) - pred.astype(np.longdouble))).sum(axis=1)
        found = nl.kl_div(pred, q.astype(dtype), reduction="none", backend=backend)
        assert_close(found, exact.astype(np.float64), ulp=16, scale=factor * np.log(7.0))


def test_the_gradient_may_replace_logits_that_a_divergence_reads_again(backend: str) -> None:
    x, y = pair(700, 1e-3, "float32")
    target = np.exp(logarithms(y)).astype(np.float32)
    step = nl.value_and_grad(nl.kl_div)
    value, slope = step(x, target, from_logits=True, backend=backend)
    work = x.copy()
    again, written = step(work, target, from_logits=True, backend=backend, out=work)
    assert written is work and again == value
    assert_same_bits(written, slope)
