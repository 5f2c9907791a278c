"""Curvatures of rows of scores: what rows worked on together have in common with a gradient alone, and their digits."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from compare import assert_close, assert_same_bits
from seeds import generator

import numloss as nl

LOSSES = {
    "cross_entropy": nl.cross_entropy,
    "z_loss": functools.partial(nl.cross_entropy, z_loss=0.1),
    "softmax_focal": nl.softmax_focal,
    "poly1_cross_entropy": nl.poly1_cross_entropy,
}


def rows(classes: int, dtype: str = "float32") -> tuple[Any, Any]:
    """Rows of scores, some of them ignored, in more than one tile."""
    random = generator("curvature", classes)
    target = random.integers(0, classes, 700)
    target[::13] = -100
    return random.normal(size=(700, classes)).astype(dtype), target


@pytest.mark.parametrize("classes", [5, 12, 40])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_those_without_a_curvature(name: str, classes: int, backend: str) -> None:
    pred, target = rows(classes)
    weight = np.where(generator("weight").random(700) < 0.2, 0.0, 1.5).astype(np.float32)
    for order in "CF":
        given = np.asarray(pred, order=order), target
        options = {"weight": weight, "backend": backend}
        value, slopes = nl.value_and_grad(LOSSES[name])(*given, **options)
        for policy in ("exact", "bound"):
            found = nl.value_grad_hess(LOSSES[name], curvature=policy)(*given, **options)
            assert found[0] == value
            assert_same_bits(found[1], slopes)
            wide = nl.value_grad_hess(LOSSES[name], curvature=policy)(pred.astype(float), target, **options)[2]
            # the sum of a law's two terms may be next to nothing
            assert_close(found[2], wide, ulp=32.0, scale=np.abs(wide).max(axis=1, keepdims=True))
            assert np.all(found[2][weight == 0.0] == 0.0)


@pytest.mark.parametrize("classes", [2, 3, 8, 20])
def test_a_class_that_is_sure_and_wrong_leaves_its_digits(classes: int, backend: str) -> None:
    pred = np.zeros((6, classes), np.float32)
    pred[:, 1] = (1.0, 3.0, 8.0, 14.0, 17.0, 60.0)
    found = nl.value_grad_hess(nl.cross_entropy)(pred, np.zeros(6, np.int64), reduction="sum", backend=backend)[2]
    term = np.exp(pred[:, 1].astype(float))
    others, total = classes - 1.0, classes - 1.0 + term
    assert_close(found[:, 1], term / total * (others / total), ulp=4.0)
    assert_close(found[:, 0], (total - 1.0) / total / total, ulp=4.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_curvatures_of_sixteen_bits_are_those_of_float32(dtype: str, backend: str) -> None:
    for classes in (5, 12):
        pred, target = rows(classes)
        if dtype == "float16":
            half = pred.astype(np.float16)
            wide = half.astype(np.float32)
        else:
            bits = (pred.view(np.uint32) >> 16).astype(np.uint16)
            half, wide = bits.view(nl.bfloat16), (bits.astype(np.uint32) << 16).view(np.float32)
        out = np.empty_like(wide), np.empty_like(wide)
        nl.value_grad_hess(nl.cross_entropy)(half, target, reduction="sum", out=out, backend=backend)
        _, slopes, bends = nl.value_grad_hess(nl.cross_entropy)(wide, target, reduction="sum", backend=backend)
        assert_same_bits(out[0], slopes)
        assert_same_bits(out[1], bends)
        narrow = nl.value_grad_hess(nl.cross_entropy)(half, target, reduction="sum", backend=backend)[2]
        assert narrow.dtype == half.dtype
        both = narrow if dtype == "float16" else (narrow.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        np.testing.assert_allclose(both.astype(np.float32), bends, rtol=2.0**-8, atol=1e-7)
