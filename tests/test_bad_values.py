"""Values outside their domain raise, with the loss, the argument, the place, the value and the range."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from calls import call, each, refused
from cases import CASES, DTYPES, arrays, outside, record, required, small, solid

import numloss as nl
from numloss.calls.thresholds import of_intervals
from numloss.domains import Domain

WEIGHTED = [case for case in CASES if record(case).weighted]


def number(value: float) -> str:
    """How a message prints a number: enough of it to recognise."""
    return f"{value}"[:5]


def places(size: int) -> tuple[int, ...]:
    """First, last, and both sides of the edges of tiles and blocks."""
    return tuple(p for p in (0, 511, 512, 16383, 16384, size - 1) if p < size)


def checked_inputs(case: str) -> list[tuple[int, str, Domain]]:
    """Elementwise inputs whose domain excludes something."""
    loss = record(case)
    if loss.cuts is not None:  # how many intervals there are says what the domain is
        loss, _ = of_intervals(loss, required(case)[loss.cuts], np.dtype(np.float64))
    domains = [(k, name, loss.domains.get(name)) for k, name in enumerate(loss.inputs)]
    return [(k, name, domain) for k, name, domain in domains if domain is not None and loss.family == "elementwise"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [case for case in CASES if checked_inputs(case)])
def test_values_outside_their_domain(case: str, backend: str, dtype: str) -> None:
    loss, shape = record(case), solid(case)
    given = arrays(case, shape, dtype)
    for k, name, domain in checked_inputs(case):
        for bad in outside(domain):
            if math.isnan(bad) and k in loss.differentiable:
                continue  # in a prediction it is data
            for place in places(given[k].size):
                changed = [*given]
                changed[k] = given[k].copy()
                index = np.unravel_index(place, given[k].shape)
                changed[k][index] = bad
                where = ", ".join(str(i) for i in index)
                with refused(ValueError, loss.name, f"{name}[{where}] = {number(changed[k][index])}", domain.text):
                    call(case, backend, changed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [case for case in CASES if checked_inputs(case)])
def test_zero_where_only_positive_numbers_are_allowed(case: str, backend: str, dtype: str) -> None:
    given = arrays(case, small(case), dtype)
    for k, name, domain in checked_inputs(case):
        if 0.0 not in domain:
            changed = [*given]
            changed[k] = np.where(np.arange(7) == 5, 0.0, given[k]).astype(dtype)
            with refused(ValueError, record(case).name, f"{name}[5] = 0.0", domain.text):
                call(case, backend, changed)


@pytest.mark.loops
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("case", each(WEIGHTED))
def test_weights_that_are_negative_or_nan(case: str, backend: str, order: str) -> None:
    shape = solid(case)
    given = tuple(np.array(a, order=order) for a in arrays(case, shape, "float32"))
    for bad in (-1.0, math.nan, -math.inf):
        for place in places(math.prod(shape)):
            w = np.ones(shape, np.float32)
            index = np.unravel_index(place, shape)
            w[index] = bad
            where = ", ".join(str(i) for i in index)
            for reduction in ("mean", "sum", "none"):
                with refused(ValueError, record(case).name, f"weight[{where}] = {bad}", ">= 0 and finite"):
                    call(case, backend, given, weight=w, reduction=reduction)
            with refused(ValueError, f"weight[{where}] = {bad}"):
                nl.value_and_grad(record(case).function)(*given, **required(case), weight=w, backend=backend)
        sample, place = np.ones(shape[0]), min(2, shape[0] - 1)
        sample[place] = bad
        with refused(ValueError, f"weight[{place}", f"= {bad}"):
            call(case, backend, given, weight=sample)


@pytest.mark.loops
@pytest.mark.parametrize("case", each(WEIGHTED))
def test_weights_that_are_infinite(case: str, backend: str) -> None:
    """They are refused in every reduction, but where they count nothing."""
    loss, shape = record(case), small(case)
    given, fixed = arrays(case, shape, "float32", ends=False), {**required(case), "backend": backend}
    refusals = 0
    for kind, place in itertools.product((shape, shape[:1]), range(shape[0])):
        w = np.ones(kind, np.float32)
        index = (place,) + (0,) * (len(kind) - 1)
        w[index] = math.inf
        plain = {**fixed, "weight": np.ones(kind, np.float32)}
        where = ", ".join(str(i) for i in index)
        for function in (loss.function, nl.value_and_grad(loss.function)):
            for reduction in ("mean", "sum", "none"):
                try:
                    answer = function(*given, **fixed, weight=w, reduction=reduction)
                except ValueError as error:
                    assert str(error).startswith(f"{loss.name}: weight[{where}")
                    assert "] = inf is outside its domain: it must be >= 0 and finite" in str(error)
                    refusals += 1
                else:
                    np.testing.assert_equal(answer, function(*given, **plain, reduction=reduction))
    assert refusals >= 12


TOLD = [case for case in WEIGHTED if any(k not in record(case).differentiable for k, *_ in checked_inputs(case))]


@pytest.mark.parametrize("case", each(TOLD))
def test_the_first_of_several_is_named_and_all_are_counted(case: str, backend: str) -> None:
    given = arrays(case, (20000,), "float32")
    k, name, _ = next(checked for checked in checked_inputs(case) if checked[0] not in record(case).differentiable)
    changed = [*given]
    changed[k] = given[k].copy()
    changed[k][[700, 19000, 19999]] = np.nan
    where, size = ("700, 0", 80000) if record(case).columns == 4 else ("700", 20000)
    with refused(ValueError, f"{name}[{where}] = nan", f" of {size}"):
        call(case, backend, changed)
