"""Whatever a loss is called with: an answer, the same from both backends bit by bit, or an exception that says why."""

from __future__ import annotations

import random
from typing import Any

import pytest
from cases import CASES, stands_for_its_kind
from fuzz import Recipe, outcome, recipe
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from machine import default_backend, missing
from seeds import SEED

BACKENDS = [name for name in ("numba", "cython") if name not in missing()]
USUAL = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
# Cheap calls of the long run, over all cases together.
CALLS = 200_000


# What was wrong once: case, shape, dtypes, looks, options.
FOUND = [
    ("cross_entropy:distributions", (1,), (None, None), ("field", "plain"), ()),
    ("gaussian_nll", (512,), (None, None, "uint64"), ("plain",) * 3, ()),
    ("gaussian_nll", (512,), (None, None, "float32"), ("plain",) * 3, ()),
    ("dice", (7, 2), (None, None), ("plain", "plain"), (("activation", [0.5]),)),
    ("mse", (7,), (None, None), ("plain", "swapped"), ()),
    ("mse", (7,), (None, None), ("swapped", "plain"), ()),
    ("cross_entropy", (7,), (None, None), ("plain", "plain"), (("axis", True),)),
    ("cross_entropy", (103,), (None, None), ("backward", "plain"), ()),
    ("cross_entropy", (103,), (None, None), ("spaced", "plain"), ()),
    ("hinge", (7,), (None, "float16"), ("plain", "swapped"), ()),
    ("poisson_nll", (7,), ("float16", None), ("swapped", "plain"), ()),
]


def agree(drawn: Recipe, backends: list[str] = BACKENDS) -> None:
    """Every backend comes to the same, also when the call is made again, which may be replayed."""
    first, *others = [outcome(drawn, name) for name in backends for _ in range(2)]
    assert all(other == first for other in others), drawn


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found[0])
@pytest.mark.parametrize("transform", ["value_and_grad", "hess"])
def test_what_was_found_before(found: tuple[Any, ...], transform: str) -> None:
    case, shape, dtypes, looks, options = found
    nothing = (None,) * len(dtypes)
    agree(Recipe(case, shape, "float64", transform, dtypes, looks, nothing, "none", options, "mean", "none", 38))


@pytest.mark.parametrize("case", CASES)
@seed(SEED)
@settings(USUAL, max_examples=20)
@given(data=st.data())
def test_anything_is_answered_or_refused(case: str, data: st.DataObject) -> None:
    """On one backend: the kernels of all losses, modes and dtypes would have to be compiled for the other."""
    agree(recipe(lambda several: data.draw(st.sampled_from(several)), case), [default_backend()])


@pytest.mark.parametrize("case", ["huber", "cross_entropy"])
@seed(SEED)
@settings(USUAL, max_examples=40)
@given(data=st.data())
def test_both_backends_answer_alike(case: str, data: st.DataObject) -> None:
    agree(recipe(lambda several: data.draw(st.sampled_from(several)), case))


@pytest.mark.more
@pytest.mark.parametrize("case", CASES)
def test_much_more_of_it(case: str) -> None:
    """Most of it for the losses that stand for their kind: the others differ from them in their law."""

    @seed(SEED)
    @settings(USUAL, max_examples=500 if stands_for_its_kind(case) else 100)
    @given(data=st.data())
    def search(data: st.DataObject) -> None:
        agree(recipe(lambda several: data.draw(st.sampled_from(several)), case))

    search()


@pytest.mark.more
@pytest.mark.parametrize("case", CASES)
def test_many_cheap_calls(case: str) -> None:
    generator = random.Random(f"{SEED} {case}")
    for _ in range(CALLS // (2 * len(BACKENDS) * len(CASES))):
        drawn = recipe(generator.choice, case)
        try:
            agree(drawn)
        except BaseException as error:
            error.add_note(repr(drawn))
            raise
