"""Options that are unknown or outside their domain raise, with what exists and what is allowed."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from calls import call, refused
from cases import NAMES, arrays, record, small
from generators import SILENT


@pytest.mark.parametrize("name", NAMES)
def test_options_outside_their_domain(name: str, backend: str) -> None:
    loss, given = record(name), arrays(name, small(name), "float32")
    for option, domain in loss.domains.items():
        if option not in loss.defaults:
            continue
        for bad in {0.0, -1.0, 0.5, 1.0, 2.0, math.nan, math.inf, -math.inf}:
            if bad not in domain:
                with refused(ValueError, loss.name, option, domain.text, bad):
                    call(name, backend, given, **{option: bad})
        for wrong in ("text", [1.0, 2.0, 3.0], {}, 1j):
            with pytest.raises((TypeError, ValueError), match=option):
                call(name, backend, given, **{option: wrong})


@pytest.mark.parametrize("name", NAMES)
def test_options_that_are_numbers_and_what_looks_like_one(name: str, backend: str) -> None:
    """Any type of number is taken as the float that it is; text, truth and arrays of one number are none."""
    loss, given = record(name), arrays(name, small(name), "float32")
    for option, domain in loss.domains.items():
        if option not in loss.defaults or isinstance(loss.defaults[option], bool) or option in SILENT.get(name, ()):
            continue
        value = next(value for value in (0.5, 1.0, 1.5, 2.0) if value in domain)
        exact = call(name, backend, given, **{option: value})
        alike: list[Any] = [np.float32(value), np.float64(value), np.array(value), Fraction(value), Decimal(value)]
        for number in alike + ([int(value)] if value == int(value) else []):
            assert call(name, backend, given, **{option: number}) == exact
        wrong: list[Any] = [str(value), str(value).encode(), True, np.bool_(True), 1j]
        if option not in (*loss.per_element, loss.rows.get("factor"), "counts", "prior", "bandwidth"):
            wrong += [[value], (value,), np.array([value]), bytearray(b"1")]
        for bad in wrong:
            with refused(TypeError, name, option, "must be a number"):
                call(name, backend, given, **{option: bad})


@pytest.mark.parametrize("name", NAMES)
def test_no_reduction_is_none(name: str, backend: str) -> None:
    """None may stand for the default or for 'none', whose results differ: it has to be said."""
    given = arrays(name, small(name), "float32")
    with refused(ValueError, name, "reduction must be one of 'mean', 'sum', 'none', 'top', got None; 'none' is a word"):
        call(name, backend, given, reduction=None)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_options_are_named_with_those_that_exist(name: str, backend: str) -> None:
    loss, given = record(name), arrays(name, small(name), "float32")
    known = (*loss.defaults, "reduction", "out", "backend")
    with refused(TypeError, loss.name, "detla", *known):
        call(name, backend, given, detla=1.0)
    with pytest.raises(ValueError, match=r"reduction.*'mean', 'sum', 'none'.*'average'"):
        call(name, backend, given, reduction="average")
    with pytest.raises(ValueError, match=r"backend 'fortran'.*numba, cython, cuda"):
        call(name, "fortran", given)
    for wrong in ("", 0, ["numba"]):
        with pytest.raises(ValueError, match="unknown backend"):
            record(name).function(*given, backend=wrong)
        with refused(ValueError, name, "reduction"):
            call(name, backend, given, reduction=wrong)


@pytest.mark.parametrize("name", NAMES)
def test_too_many_and_too_few_arrays(name: str, backend: str) -> None:
    loss, given = record(name), arrays(name, small(name), "float32")
    with refused(TypeError, loss.name, len(given) + 1, *loss.inputs):
        call(name, backend, (*given, given[0]))
    with refused(TypeError, loss.name, loss.inputs[-1]):
        call(name, backend, given[:-1])
    with refused(TypeError, loss.name):
        call(name, backend, given, **{loss.inputs[0]: given[0]})


@pytest.mark.parametrize("name", [name for name in NAMES if not record(name).weighted])
def test_parameters_take_no_weight(name: str, backend: str) -> None:
    given = arrays(name, small(name), "float32")
    with refused(TypeError, name, "weight"):
        call(name, backend, given, weight=np.ones(7))
    with refused(TypeError, name, "mae or mse"):
        call(name, backend, (*given, given[0]))
