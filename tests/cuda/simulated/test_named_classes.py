"""Teachers that name some of the classes, on the simulated device against the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import assert_agrees, on_device
from named import RESTS, problem

import numloss as nl


@pytest.mark.parametrize("rest", RESTS)
def test_value_gradient_and_curvature(rest: str) -> None:
    x, indices, logs = problem(45, 5, "float32")
    weight = np.array([0.5, 2.0, 0.0, 1.0, 3.0], np.float32)
    options: dict[str, Any] = {"indices": indices, "rest": rest, "temperature": 1.5, "weight": weight}
    curvature = "bound" if rest == "tail" else "exact"
    assert_agrees(nl.value_grad_hess(nl.kl_logits, curvature=curvature), (x, logs), **options)
    assert_agrees(nl.kl_logits, (x, logs), **options, reduction="none")


@pytest.mark.parametrize("alpha", [0.25, 1.0])
def test_distillation(alpha: float) -> None:
    x, indices, logs = problem(45, 5, "float64")
    labels, weight = np.array([3, -100, 0, 44, 7]), np.array([0.5, 3.0, 0.0, 2.0, 1.0])
    options: dict[str, Any] = {"indices": indices, "alpha": alpha, "weight": weight}
    reduction = "none" if alpha == 1.0 else "mean"
    assert_agrees(nl.value_grad_hess(nl.distillation), (x, logs, labels), term=1.0, **options, reduction=reduction)
    assert_agrees(nl.sum_and_weight(nl.distillation), (x, logs, labels), **options)


def test_classes_of_another_axis_and_sixteen_bits() -> None:
    x, indices, logs = problem(40, 4, "float32")
    arrays = np.ascontiguousarray(x.T).astype(np.float16), np.ascontiguousarray(logs.T)
    assert_agrees(nl.value_and_grad(nl.kl_logits), arrays, indices=np.ascontiguousarray(indices.T), axis=0)


def test_bad_input() -> None:
    x, indices, logs = problem(40, 4, "float32")
    wrong = indices.copy()
    wrong[3, 1] = 40
    with pytest.raises(IndexError, match=r"indices\[3, 1\] = 40 is outside \[0, 40\)"):
        on_device(nl.kl_logits, (x, logs), indices=wrong)
    wrong[3, 1] = wrong[3, 2]
    with pytest.raises(ValueError, match=rf"indices\[3\] names class {wrong[3, 2]} more than once"):
        on_device(nl.kl_logits, (x, logs), indices=wrong)
    unknown = logs.copy()
    unknown[2, 0] = np.nan
    with pytest.raises(ValueError, match=r"target\[2, 0\] = nan"):
        on_device(nl.kl_logits, (x, unknown), indices=indices)
