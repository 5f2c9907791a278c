"""All second derivatives: times a vector against differences of the gradient, and as matrices against such products."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import differences
import numpy as np
import pytest
from calls import each, refused
from cases import CASES, HELD, arrays, middle, options, record, required, small, weight
from compare import assert_close, assert_same_bits, told
from seeds import generator

import numloss as nl
from numloss.registry import LOSSES

KNOWN = [case for case in CASES if record(case).hessian and case not in HELD]
ROWS = [case for case in KNOWN if record(case).family == "rowwise"]
Array = np.ndarray[Any, Any]


def vector(case: str, shape: tuple[int, ...], dtype: str = "float64") -> Array:
    """Numbers of both signs."""
    return generator(case, shape, "vector").normal(size=shape).astype(dtype)


def smooth(case: str) -> Iterator[dict[str, Any]]:
    """Options of a case; beyond a floor the curvature is that at the floor, which no difference shows."""
    return (o for o in options(case) if "eps" not in o or record(case).family != "elementwise")


def slope_of(case: str, given: Any, extra: dict[str, Any]) -> Any:
    """The gradient as a function of the first input."""
    return lambda x: nl.grad(record(case).function)(x, *given[1:], **extra)


@pytest.mark.parametrize("case", KNOWN)
def test_a_product_is_the_derivative_of_the_gradient(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float64", ends=False)
    v = vector(case, given[0].shape)
    weights = weight(case, small(case), "float64", "full") if loss.weighted else None
    asked = [(o, "sum", None) for o in smooth(case)] + [(required(case), r, weights) for r in ("mean", "none")]
    for option, reduction, w in asked:
        extra: dict[str, Any] = {**option, "reduction": reduction, "backend": backend}
        if w is not None:
            extra["weight"] = w
        moved = [differences.central(slope_of(case, given, extra), given[0], v, step) for step in (1e-4, 5e-5)]
        found = nl.hvp(loss.function)(*given, **extra, vector=v)
        with told(case=case, options=option, reduction=reduction):
            assert found.shape == given[0].shape
            differences.assert_derivative(found, moved[1], differences.agree(np.stack(moved)), loss.kinks)


def layouts(a: Array) -> Iterator[Array]:
    """The same numbers in several layouts."""
    yield np.asfortranarray(a)
    yield np.repeat(a, 2, axis=-1)[..., ::2]
    yield np.ascontiguousarray(a[::-1])[::-1]


@pytest.mark.parametrize("case", each(KNOWN))
def test_dtypes_and_layouts(case: str, backend: str) -> None:
    loss, extra = record(case), {**required(case), "backend": backend, "reduction": "sum"}
    product = nl.hvp(loss.function)
    given = arrays(case, middle(case), "float32", ends=False)
    v = vector(case, given[0].shape, "float32")
    wide = [a.astype("float64") if a.dtype.kind == "f" else a for a in given]
    exact = product(*wide, **extra, vector=v)
    first = product(*given, **extra, vector=v)
    assert first.dtype == np.float32 and exact.dtype == np.float64
    # terms of both signs, and differences of scores that float32 rounds
    assert_close(first, exact, ulp=256.0, scale=np.abs(exact).max())
    for pred, other in zip(layouts(given[0]), layouts(v), strict=True):
        for each_vector in (v, other):
            out = np.empty_like(pred)
            assert product(pred, *given[1:], **extra, vector=each_vector, out=out) is out
            assert_close(out, first, ulp=64.0, scale=np.abs(first).max())
    half = given[0].astype(np.float16)
    found = product(half, *given[1:], **extra, vector=v)
    assert found.dtype == np.float16
    expected = product(half.astype(np.float32), *given[1:], **extra, vector=v)
    with np.errstate(over="ignore"):
        assert_same_bits(found, expected.astype(np.float16))


@pytest.mark.parametrize("case", ROWS)
def test_matrices_are_products_with_unit_vectors(case: str, backend: str) -> None:
    loss, w = record(case), weight(case, small(case), "float64", "full")
    for dtype in ("float32", "float64"):
        given = arrays(case, small(case), dtype, ends=False)
        for option in options(case):
            extra: dict[str, Any] = {**option, "backend": backend, "weight": w}
            value, slopes, found = nl.value_grad_hess(loss.function, curvature="full")(*given, **extra)
            plain = nl.value_grad_hess(loss.function)(*given, **extra)
            both = nl.value_and_grad(loss.function)(*given, **extra)
            classes = given[0].shape[1]
            with told(case=case, options=option, dtype=dtype):
                assert value == both[0]
                assert_same_bits(slopes, both[1])
                assert found.shape == (*small(case), classes, classes) and found.dtype == given[0].dtype
                assert_same_bits(found, np.swapaxes(found, -1, -2))
                bends = np.diagonal(found, axis1=-2, axis2=-1)
                size = np.abs(found).max(initial=0.0)
                assert_close(bends, plain[2], ulp=16.0, scale=size)
                for k in range(classes):
                    unit = np.zeros_like(given[0])
                    unit[:, k] = 1.0
                    product = nl.hvp(loss.function)(*given, **extra, vector=unit)
                    assert_close(product, found[..., k], ulp=16.0, scale=size)


def test_matrices_of_a_call_that_repeats(backend: str) -> None:
    random = generator("hessians again")
    target, share = np.array([0, 2, -100, 1]), np.array([1.0, 0.5, 2.0])
    full = nl.value_grad_hess(nl.cross_entropy, curvature="full")
    for extra in ({}, {"class_weight": share}, {"weight": np.arange(4.0), "reduction": "sum"}, {"axis": -1}):
        pred = random.normal(size=(4, 3))
        kept = [full(pred, target, **extra, backend=backend) for _ in range(3)]
        moved = full(2.0 * pred, target, **extra, backend=backend)
        for value, slopes, found in kept[1:]:
            assert value == kept[0][0]
            assert_same_bits(slopes, kept[0][1])
            assert_same_bits(found, kept[0][2])
        out = np.empty_like(pred), np.empty((4, 3, 3))
        assert full(2.0 * pred, target, **extra, backend=backend, out=out)[2] is out[1]
        assert_same_bits(out[1], moved[2])
        assert_same_bits(moved[2], full(np.asfortranarray(2.0 * pred), target, **extra, backend=backend)[2])
    with refused(IndexError, "target[0] = 3 is outside [0, 3)"):
        full(pred, np.array([3, 0, 1, 2]), backend=backend)


def test_images_and_long_rows(backend: str) -> None:
    random = generator("hessians")
    pred, target = random.normal(size=(2, 5, 3, 4)), random.integers(0, 5, (2, 3, 4))
    full = nl.value_grad_hess(nl.softmax_focal, curvature="full")
    v = random.normal(size=pred.shape)
    for given in (pred, np.asfortranarray(pred)):
        _, _, found = full(given, target, backend=backend)
        out = np.empty_like(given), np.empty(found.shape[::-1]).T
        assert full(given, target, backend=backend, out=out)[2] is out[1]
        assert_same_bits(out[1], found)
        product = nl.hvp(nl.softmax_focal)(given, target, vector=v, backend=backend)
        expected = np.einsum("nxyij,njxy->nixy", found, v)
        np.testing.assert_allclose(product, expected, rtol=1e-12, atol=1e-15)
    pred, v = random.normal(size=(2, 2, 1300)) * 3.0
    target = np.array([0, 1299])
    p = np.exp(pred) / np.exp(pred).sum(axis=1, keepdims=True)
    found = nl.hvp(nl.cross_entropy)(pred, target, vector=v, reduction="sum", backend=backend)
    np.testing.assert_allclose(found, p * (v - (p * v).sum(axis=1, keepdims=True)), rtol=1e-12, atol=1e-18)
    wide = np.zeros((1, 513))
    with refused(ValueError, "cross_entropy: pred has 513 classes, and curvature='full' is for up to 512"):
        nl.value_grad_hess(nl.cross_entropy, curvature="full")(wide, [0], backend=backend)


def test_sure_rows_keep_their_digits(backend: str) -> None:
    pred = np.array([[0.0, 40.0, 1.0]])
    v = np.array([[2.0, 3.0, -1.0]])
    p = np.exp(pred - 40.0) / np.exp(pred - 40.0).sum()
    # of the sure class p (v - sum p v) is a sum of the others'
    sure = p[0, 0] * (3.0 - 2.0) + p[0, 2] * (3.0 + 1.0)
    for dtype in ("float32", "float64"):
        found = nl.hvp(nl.cross_entropy)(pred.astype(dtype), [1], vector=v, backend=backend)
        assert_close(found[0, 1], sure, ulp=8.0)


@pytest.mark.parametrize("case", each(KNOWN))
def test_what_counts_nothing_is_zero(case: str, backend: str) -> None:
    loss = record(case)
    if not loss.weighted:
        return
    given = [np.array(a) for a in arrays(case, small(case), "float32", ends=False)]
    v = vector(case, given[0].shape, "float32")
    w = np.ones(len(given[0]), np.float32)
    w[2] = 0.0
    v[2] = np.nan
    found = nl.hvp(loss.function)(*given, **required(case), vector=v, weight=w, backend=backend)
    assert not np.any(found[2]) and np.all(np.isfinite(found))


def test_ignored_labels_and_class_weights(backend: str) -> None:
    random = generator("hessians of classes")
    pred, v, target = random.normal(size=(6, 4)), random.normal(size=(6, 4)), np.array([0, 1, -100, 2, 3, 1])
    share = np.array([1.0, 0.0, 2.0, 0.5])
    extra: dict[str, Any] = {"class_weight": share, "backend": backend}
    found = nl.hvp(nl.cross_entropy)(pred, target, vector=v, **extra)
    p = np.exp(pred) / np.exp(pred).sum(axis=1, keepdims=True)
    counts = np.where(target < 0, 0.0, share[np.maximum(target, 0)])[:, None]
    expected = counts / counts.sum() * p * (v - (p * v).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-17)


def test_combinations(backend: str) -> None:
    random = generator("hessians of sums")
    pred, v, target = random.normal(size=(5, 3)), random.normal(size=(5, 3)), np.array([0, 1, 2, 1, 0])
    both = nl.combine((0.5, nl.cross_entropy), (2.0, functools.partial(nl.softmax_focal, gamma=1.0)))
    found = nl.hvp(both)(pred, target, vector=v, backend=backend)
    expected = 0.5 * nl.hvp(nl.cross_entropy)(pred, target, vector=v)
    expected += 2.0 * nl.hvp(functools.partial(nl.softmax_focal, gamma=1.0))(pred, target, vector=v)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    numbers = nl.combine((0.5, nl.mse), (2.0, nl.huber))
    product = nl.hvp(numbers)(pred, 2.0 * pred, vector=v, reduction="none", backend=backend)
    np.testing.assert_allclose(product, v * (1.0 + 2.0 * (np.abs(pred) <= 1.0)), rtol=1e-15)


def test_what_is_not_known_is_refused(backend: str) -> None:
    unknown = [loss for loss in LOSSES.values() if not loss.hessian]
    assert unknown and {loss["name"] for loss in nl.list_losses() if not loss["hessian"]} == {u.name for u in unknown}
    for loss in unknown:
        for ask in (nl.hvp, functools.partial(nl.value_grad_hess, curvature="full")):
            with refused(ValueError, f"{loss.name}: not all second derivatives are known"):
                ask(loss.function)
    with refused(ValueError, "huber: curvature='full' is for losses of rows"):
        nl.value_grad_hess(nl.huber, curvature="full")
    with refused(TypeError, "hvp takes a loss, got numloss.grad(mse)"):
        nl.hvp(nl.grad(nl.mse))


@pytest.mark.parametrize("loss", [nl.mse, nl.cross_entropy])
def test_what_is_no_vector_is_refused(loss: Any, backend: str) -> None:
    pred = np.ones((3, 4), np.float32)
    target = pred if loss is nl.mse else np.zeros(3, np.int64)
    product = functools.partial(nl.hvp(loss), pred, target, backend=backend)
    with refused(TypeError, f"{loss.__name__}: hvp needs vector="):
        product()
    for wrong in (pred[:2], pred[0], np.float32(1.0)):
        with refused(ValueError, f"{loss.__name__}: vector has shape", "but pred has shape (3, 4)"):
            product(vector=wrong)
    with refused(TypeError, "vector has dtype complex"):
        product(vector=pred.astype(complex))
    if loss is nl.cross_entropy:
        for name, array in (("pred", pred), ("vector", np.ones_like(pred))):
            with refused(ValueError, f"out for the product overlaps {name}"):
                product(vector=array if name == "vector" else pred + 1.0, out=array)
        with refused(IndexError, "target[1] = 7 is outside [0, 4)"):
            nl.hvp(loss)(pred, np.array([0, 7, 1]), vector=pred, backend=backend)


@pytest.mark.more
@pytest.mark.parametrize("case", KNOWN)
def test_both_backends_have_the_same_bits(case: str) -> None:
    loss, extra = record(case), required(case)
    for dtype in ("float32", "float64"):
        given = arrays(case, middle(case), dtype, ends=False)
        v = vector(case, given[0].shape)
        assert_same_bits(*(nl.hvp(loss.function)(*given, **extra, vector=v, backend=b) for b in ("numba", "cython")))
        if loss.family == "rowwise":
            full = nl.value_grad_hess(loss.function, curvature="full")
            assert_same_bits(*(full(*given, **extra, backend=b)[2] for b in ("numba", "cython")))
