"""Divergences and their gradients against what mpmath says of them, at distances from next to nothing to a thousand."""

from __future__ import annotations

from typing import Any

import exact_divergences as exact
import numpy as np
import pytest
from compare import told

import numloss as nl

Case = tuple[str, str, float]
# Slopes of a law that is bounded from above are equal, times q, wherever q is far above p; of what is left of them
# beside each other no more is known than of these terms, times the inverse of the temperature.
BOUNDED = ("skew", "skew reverse", "alpha", "Jensen and Shannon", "Jensen and Shannon of shares", "variation")


def found(case: Case, backend: str) -> tuple[Any, Any]:
    """Values and gradients."""
    kept, (loss, options, _) = exact.kept(), exact.TERMS[case[0]]
    given: dict[str, Any] = {**options, "temperature": case[2], "reduction": "none", "backend": backend}
    target = kept["y"]
    if case[1] != "all":
        given |= {"indices": kept["indices"], "rest": case[1]}
        target = kept["logs"]
    labels = [np.arange(len(target)) % exact.CLASSES] if loss == "distillation" else []
    return nl.value_and_grad(getattr(nl, loss))(kept["x"], target, *labels, **given)  # type: ignore[no-any-return]


@pytest.mark.parametrize("case", list(exact.cases()), ids=exact.name_of)
def test_values_and_gradients_are_those_of_mpmath(case: Case, backend: str) -> None:
    value, slope = found(case, backend)
    true, slopes = exact.kept()[exact.name_of(case)][:, 0], exact.kept()[exact.name_of(case)][:, 1:]
    finite = np.isfinite(true)
    assert np.all(value >= 0.0) and np.all(np.isinf(value[~finite]))
    value, slope, true, slopes = value[finite], slope[finite], true[finite], slopes[finite]
    terms = np.finfo(np.float32).eps / case[2] if case[0] in BOUNDED else 0.0
    with told(distance=np.repeat(exact.DISTANCES, exact.ROWS)[finite]):
        assert np.all(np.abs(value - true) <= 1e-6 * true)
        largest = np.abs(slopes).max(axis=1)
        assert np.all(np.abs(slope - slopes).max(axis=1) <= 1e-6 * largest + terms)


@pytest.mark.more
@pytest.mark.parametrize("case", list(exact.cases()), ids=exact.name_of)
def test_what_is_kept_is_what_mpmath_says(case: Case) -> None:
    kept, some = exact.kept(), slice(1, None, 7)
    np.testing.assert_array_equal(exact.compute(case, kept, some), kept[exact.name_of(case)][some])
