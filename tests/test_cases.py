"""The generated inputs are worth testing with: they vary, lie in their domains and reach the ends."""

from __future__ import annotations

import numpy as np
import pytest
from cases import CASES, DTYPES, NAMES, arrays, middle, options, outside, record, weight
from generators import FAMILIES, draw
from seeds import generator

from numloss import domains
from numloss.domains import Domain
from numloss.registry import LOSSES

DOMAINS = [value for value in vars(domains).values() if isinstance(value, Domain)]


def test_every_family_has_a_generator() -> None:
    assert {loss.family for loss in LOSSES.values()} <= set(FAMILIES)
    assert NAMES


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.text)
def test_drawn_values_are_in_their_domain_and_reach_its_ends(domain: Domain) -> None:
    values = draw(domain, (500,), generator("draw"))
    assert all(value in domain for value in values)
    assert all(value in domain for value in draw(domain, (500,), generator("draw"), ends=False))
    closed = {end for end in (domain.low, domain.high) if end in (-1.0, 0.0, 0.5, 1.0)}
    assert closed <= set(values)
    assert len(set(values)) > (1 if domain.integers else 300)


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.text)
def test_values_outside_are_outside(domain: Domain) -> None:
    assert not any(value in domain for value in outside(domain))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_inputs_vary_and_repeat(case: str, dtype: str) -> None:
    first, again, other = (arrays(case, middle(case), dtype, seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(first, again, other, strict=True):
        assert np.array_equal(a, b) and not np.array_equal(a, c)
        assert len(np.unique(a)) > 1
    assert all(first[k].dtype == dtype for k in record(case).differentiable)


@pytest.mark.parametrize("case", CASES)
def test_options_have_other_values_than_the_default(case: str) -> None:
    tried = list(options(case))
    assert len({repr(option) for option in tried}) == len(tried)
    assert all(option != tried[0] for option in tried[1:])


def test_some_weights_are_zero_and_most_are_not() -> None:
    given = weight("mse", (100,), "float64", "full")
    assert given is not None
    assert 5 < np.count_nonzero(given == 0.0) < 40
