"""Vectors and boxes of any size: lengths and areas neither overflow nor vanish where results do not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import CASES, DTYPES, arrays, record, required, small
from compare import assert_close, told

import numloss as nl

GEOMETRIC = [case for case in CASES if record(case).family in ("embedding", "similarity") or record(case).columns > 1]
# By which power of a size a loss grows, if its lengths do: what depends on directions alone does not.
DEGREES = {"contrastive": 2, "triplet_margin": 1, "group_lasso": 1}
# The exponents of powers of two that entries of about 1 are multiplied by.
EXPONENTS = {"float32": (-120, -100, -70, 62, 90, 120), "float64": (-1000, -900, -560, 510, 900, 1000)}


def of_size(case: str, given: Any, exponent: int, extra: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Inputs and options of a problem of another size: margins and sides are lengths, what areas get is almost 0."""
    loss = record(case)
    scaled = [np.ldexp(a, exponent) if a.dtype.kind == "f" and k in (*loss.differentiable, *boxes(case)) else a
              for k, a in enumerate(given)]  # fmt: skip
    if loss.columns > 1:
        lengths = {name: math.ldexp(value, exponent) for name, value in required(case).items()}
        return scaled, {**lengths, "eps": 1e-30}
    if DEGREES.get(loss.name, 0) and "margin" in loss.defaults:
        return scaled, {**extra, "margin": math.ldexp(loss.defaults["margin"], exponent)}
    return scaled, extra


def boxes(case: str) -> tuple[int, ...]:
    """The inputs that are boxes."""
    return (0, 1) if record(case).columns > 1 else ()


def computed(case: str, backend: str, given: Any, options: dict[str, Any]) -> list[Any]:
    """Values of rows, and gradients of their sum."""
    value, slopes = nl.value_and_grad(record(case).function)(
        *given, **{**required(case), **options}, reduction="none", backend=backend
    )
    return [value, *(slopes if isinstance(slopes, tuple) else (slopes,))]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", GEOMETRIC)
def test_lengths_and_areas_of_any_size(case: str, backend: str, dtype: str) -> None:
    """A problem of another size is the same problem: values and gradients times powers of two."""
    loss, degree = record(case), DEGREES.get(record(case).name, 0)
    given = arrays(case, small(case), dtype, ends=False)
    extras: list[dict[str, Any]] = [{"p": 1.0, "swap": True}, {"swap": True}] if "swap" in loss.defaults else []
    for extra in ({}, *extras):
        near = computed(case, backend, given, of_size(case, given, 0, extra)[1])
        for exponent in EXPONENTS[dtype]:
            if loss.columns > 1 and exponent < 0:
                continue  # what is added to areas is more than these are
            scaled, options = of_size(case, given, exponent, extra)
            with told(loss=case, exponent=exponent, options=options), np.errstate(over="ignore", under="ignore"):
                found = computed(case, backend, scaled, options)
                for k, (one, other) in enumerate(zip(near, found, strict=True)):
                    power = exponent * (degree - (k > 0))
                    true = np.ldexp(one, power)
                    size = float(np.abs(np.where(np.isfinite(true), true, 0.0)).max(initial=0.0))
                    assert_close(other, true, ulp=32.0, scale=size)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_far_apart_costs_nothing(dtype: str, backend: str) -> None:
    """Beyond the margin of a pair of different things, whose squared distance may be infinite."""
    far = float(np.finfo(dtype).max) / 8.0
    first, second = np.array([[far, 0.0], [1.0, 0.0]], dtype), np.array([[-far, far], [1.0, 0.0]], dtype)
    value, slopes = nl.value_and_grad(nl.contrastive)(first, second, np.zeros(2), reduction="none", backend=backend)
    assert value.tolist() == [0.0, 1.0] and not any(slope.any() for slope in slopes)
