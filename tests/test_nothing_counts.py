"""Where nothing counts, in empty batches and under weights of zero, means are 0.0 and gradients zero."""

from __future__ import annotations

import math

import numpy as np
import pytest
from calls import call, each
from cases import CASES, DTYPES, arrays, middle, record, required, shapes, small, solid, weights

import numloss as nl

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
