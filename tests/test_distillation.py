"""A teacher beside labels: against the two losses that it is made of, and what is not to be taken for a teacher."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import arrays
from compare import assert_close, assert_same_bits

import numloss as nl

Array = np.ndarray[Any, Any]


def softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("shape", [(103,), (11,), (3,), (3, 5, 7)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_a_divergence_and_a_cross_entropy(shape: tuple[int, ...], dtype: str, backend: str) -> None:
    student, teacher, target = arrays("distillation", shape, dtype)
    q, p = (softmax(x.astype(np.float64) / 3.0) for x in (teacher, student))
    for curvature in ("exact", "bound"):
        hard = nl.value_grad_hess(nl.cross_entropy, curvature=curvature)(
            student.astype(np.float64), target, reduction="sum"
        )
        found = nl.value_grad_hess(nl.distillation, curvature=curvature)(
            student, teacher, target, temperature=3.0, alpha=0.25, reduction="sum", backend=backend
        )
        counts = np.expand_dims(target >= 0, 1)
        soft = np.where(counts, q * np.log(q / p), 0.0).sum()
        bends = np.where(counts, p * (1.0 - p) * (2.0 if curvature == "bound" else 1.0), 0.0)
        assert_close(np.asarray(found[0], dtype), 0.25 * 9.0 * soft + 0.75 * hard[0], ulp=64)
        assert_close(found[1], 0.75 * np.where(counts, p - q, 0.0) + 0.75 * hard[1], ulp=16, scale=1.0)
        assert_close(found[2], 0.25 * bends + 0.75 * hard[2], ulp=16, scale=1.0)


def test_without_the_teacher_it_is_the_cross_entropy(backend: str) -> None:
    student, teacher, target = arrays("distillation", (11,), "float32")
    alone = nl.value_and_grad(nl.distillation)(student, teacher, target, alpha=0.0, backend=backend)
    plain = nl.value_and_grad(nl.cross_entropy)(student, target, backend=backend)
    assert_close(np.float32(alone[0]), plain[0], ulp=4)
    assert_close(alone[1], plain[1].astype(np.float64), ulp=4, scale=0.1)


def test_sure_rows_keep_their_digits(backend: str) -> None:
    student, target = np.array([[60.0, 0.0, -3.0]], np.float32), np.array([0])
    teacher = np.array([[60.0, 0.0, -2.0]], np.float32)
    value, slope = nl.value_and_grad(nl.distillation)(student, teacher, target, temperature=1.0, backend=backend)
    p, q = (np.exp(np.float64(x) - 60.0) for x in (student, teacher))
    left = p[0, 1:].sum()
    assert_close(slope[0, 0], 0.5 * (q[0, 1:].sum() - left) - 0.5 * left, ulp=32)
    assert 0.0 < value < 1e-25


def test_rows_that_count_nothing_are_not_read(backend: str) -> None:
    student, teacher, target = arrays("distillation", (7,), "float64", ends=False)
    target[3] = -100
    student[3], teacher[3] = np.nan, np.nan
    value, slope = nl.value_and_grad(nl.distillation)(student, teacher, target, backend=backend)
    assert np.isfinite(value) and np.isfinite(slope).all()
    assert_same_bits(slope[3], np.zeros_like(slope[3]))


def test_the_class_axis_and_the_place_of_the_gradient(backend: str) -> None:
    student, teacher, target = arrays("distillation", (3, 5, 7), "float64")
    value, slope = nl.value_and_grad(nl.distillation)(student, teacher, target, backend=backend)
    moved = np.ascontiguousarray(np.moveaxis(student, 1, -1))
    given = (moved, np.moveaxis(teacher, 1, -1), target)
    again = nl.value_and_grad(nl.distillation)(*given, axis=-1, backend=backend, out=moved)
    assert_close(np.asarray(again[0]), value, ulp=16)
    assert_close(np.moveaxis(moved, -1, 1), slope, ulp=4, scale=1e-3)


def test_what_is_no_teacher(backend: str) -> None:
    student, teacher, target = arrays("distillation", (7,), "float32", ends=False)
    with pytest.raises(ValueError, match=r"distillation: teacher has shape \(7, 4\)"):
        nl.distillation(student, teacher[:, :4], target, backend=backend)
    with pytest.raises(TypeError, match="teacher has dtype int64"):
        nl.distillation(student, teacher.astype(np.int64), target, backend=backend)
    with pytest.raises(ValueError, match="overlaps teacher"):
        nl.value_and_grad(nl.distillation)(student, teacher, target, backend=backend, out=teacher)
    with pytest.raises(IndexError, match=r"target\[2\] = 5 is outside \[0, 5\) \(student has 5 classes"):
        nl.distillation(student, teacher, np.where(np.arange(7) == 2, 5, target), backend=backend)
    assert_close(
        np.float32(nl.distillation(student, teacher.astype(np.float64), target, backend=backend)),
        nl.distillation(student, teacher, target, backend=backend),
        ulp=4,
    )
