"""Options at the ends of their domains, as users give them: data of float32 get what float64 gets, or are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from calls import call
from cases import CASES, arrays, record, required, small
from compare import assert_close, told
from generators import SILENT

import numloss as nl
from numloss.registry import law_arguments

# Next to 0, 1 and 2, where float32 has other numbers or none; and where it has no numbers at all.
EDGES = (0.9999, 1.0 - 1e-7, 1.0 - 1e-9, 1.0 - 2.0**-53, 1.0001, 1.0 + 1e-9, 1.0 + 2.0**-52, 1.9999, 2.0 - 1e-9)
EDGES += (1e-7, 1e-9, 1e-17, 1e-46, 2.2e-308, 5e-324, 1e39, 1e300)
# Options that are a number for each class, and those that say nothing in a case.
OF_CLASSES = ("class_weight", "counts", "prior")
# The logarithm of an option that is nearly 1, which the dtype rounds first; what costs are divided by in an exponent.
LOGARITHMS = {
    ("cross_entropy:probabilities", "eps"),
    *((f"sinkhorn_divergence{variant}", "eps") for variant in ("", ":transport")),
}
# Units of the largest number of an output: an option that is an exponent is rounded to the dtype as such.
UNITS = 64.0


def answers(case: str, backend: str, given: Any, option: dict[str, float]) -> list[Any]:
    """The values, and the gradients of their sum."""
    loss = record(case)
    values = call(case, backend, given, reduction="none", **option)
    slopes = nl.grad(loss.function)(*given, **{**required(case), **option}, reduction="sum", backend=backend)
    return [values, *(slopes if isinstance(slopes, tuple) else (slopes,))]


@pytest.mark.parametrize("case", CASES)
def test_options_that_float32_has_not(case: str, backend: str) -> None:
    loss = record(case)
    given = arrays(case, small(case), "float32", ends=False)
    wide = tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in given)
    for name, domain in loss.domains.items():
        if name not in loss.defaults or domain.integers or name in SILENT.get(case, ()):
            continue
        if name in OF_CLASSES or (case, name) in LOGARITHMS or loss.rows.get("factor") == name:
            continue
        for value in (edge for edge in EDGES if edge in domain and required(case).get(name) != edge):
            with told(loss=case, option=name, value=value), np.errstate(over="ignore"):
                expected = answers(case, backend, wide, {name: value})
                try:
                    found = answers(case, backend, given, {name: value})
                except ValueError as error:
                    assert f"{value!r} is {float(np.float32(value))!r} there" in str(error)
                    low, high = domain.ends("float32")
                    assert not low <= value <= high
                    continue
                for one, other in zip(found, expected, strict=True):
                    exact = other.astype(np.float32)
                    # of what is derived of an option every number has its digits
                    kept = any(name in law_arguments(function) for function in loss.derived.values())
                    size = 0.0 if kept else float(np.abs(exact[np.isfinite(exact)]).max(initial=1.0))
                    assert_close(one, exact, ulp=UNITS, scale=size)
