"""Every loss at its size, on every backend and in every mode, with the floor and the peers beside it.

A benchmark first asserts that the answer is right, and never how long it took.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import pytest

from numloss.bench.arrays import floor_bytes, inputs
from numloss.bench.cases import SMALL, Case, cases
from numloss.bench.contest import BACKENDS, Floor, check, numloss_call, read, timed, truth
from numloss.bench.peers import NAMES, NotAvailable, NotCovered, prepare

THREADS = len(os.sched_getaffinity(0))
CASES = list(cases())
# Seconds and rounds of one benchmark; a short call is repeated within a round.
SECONDS, LEAST_ROUNDS, MOST_ROUNDS = 0.5, 3, 20
ROUND_SECONDS = 1e-3

# Peers are run as they are: a deprecation inside one of them is no failure of a benchmark.
pytestmark = pytest.mark.filterwarnings("default")


@functools.lru_cache(maxsize=1)
def prepared(case: Case) -> tuple[Any, Any]:
    """Inputs and the right answer of a case: its benchmarks come one after another."""
    arrays = inputs(case)
    return arrays, truth(case, arrays)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every case, at the size that was asked for, and called by it."""
    small = metafunc.config.getoption("size") == "small"
    chosen = [case.at_most(SMALL) if small else case for case in CASES]
    metafunc.parametrize("case", chosen, ids=[case.name for case in chosen])


def measure(benchmark: Any, case: Case, mode: str, call: Callable[[], Any]) -> None:
    """Time a call whose answer is right, in as many rounds as the time allows."""
    moved, passes = floor_bytes(case, prepared(case)[0], mode)
    benchmark.group = case.name
    benchmark.extra_info.update(mode=mode, bytes=moved, passes=passes, threads=THREADS)
    seconds = max(timed(call, 1), 1e-7)
    loops = max(1, int(ROUND_SECONDS / seconds))
    rounds = min(MOST_ROUNDS, max(LEAST_ROUNDS, int(SECONDS / (loops * seconds))))
    benchmark.pedantic(call, rounds=rounds, iterations=loops, warmup_rounds=1)


@pytest.mark.parametrize("mode", ["value", "value_and_grad"])
def test_floor(benchmark: Any, case: Case, mode: str) -> None:
    """A copy of the bytes that the case must move."""
    floor = Floor(floor_bytes(case, prepared(case)[0], mode)[0], THREADS)
    floor.source[:] = 7
    floor()
    assert (floor.target == 7).all()
    measure(benchmark, case, mode, floor)
    floor.close()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["value", "value_and_grad", "value_and_grad, fresh gradient"])
def test_numloss(benchmark: Any, case: Case, backend: str, mode: str) -> None:
    """The public call: the value, value and gradient into reused memory, and into new memory."""
    arrays, expected = prepared(case)
    mode, _, fresh = mode.partition(", ")
    call = numloss_call(case, arrays, mode, backend, bool(fresh))
    check(f"{case.name} on {backend}", read(call(), mode), expected)
    measure(benchmark, case, mode, call)


@pytest.mark.parametrize("peer", NAMES)
def test_peer(benchmark: Any, case: Case, peer: str) -> None:
    """The same value and gradient from another library."""
    arrays, expected = prepared(case)
    try:
        ready = prepare(peer, case, arrays, THREADS)
    except (NotAvailable, NotCovered) as error:
        pytest.skip(str(error))
    check(f"{case.name} by {peer}", ready.read(ready.call()), expected)
    measure(benchmark, case, "value_and_grad", ready.call)
