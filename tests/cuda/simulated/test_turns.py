"""Threads of a block that take turns: they meet at barriers, and without one they miss each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import cuda, float64

THREADS = 32


@cuda.jit
def meeting(found: Any, step: int, meets: bool) -> None:
    shared = cuda.shared.array(32, float64)
    thread = cuda.threadIdx.x
    shared[thread] = -1.0
    for turn in range(3):
        cuda.syncthreads()
        shared[thread] = turn + thread
        if meets:
            cuda.syncthreads()
        found[turn, thread] = shared[(thread + step) % 32]


@cuda.jit
def failing(found: Any) -> None:
    found[cuda.threadIdx.x] = cuda.blockIdx.x
    if cuda.blockIdx.x == 1:
        if cuda.threadIdx.x == 7:
            raise ZeroDivisionError("in a thread")
        cuda.syncthreads()
        found[cuda.threadIdx.x] = -1.0


@cuda.jit
def counting(found: Any) -> None:
    if cuda.threadIdx.x < 8:  # the others come to their end, and nobody waits for them
        found[cuda.threadIdx.x] = cuda.syncthreads_count(cuda.threadIdx.x % 2)


@pytest.mark.parametrize("step", [1, -1, 5])
def test_a_missing_barrier_is_seen_in_either_direction(step: int) -> None:
    expected = np.add.outer(np.arange(3.0), (np.arange(THREADS) + step) % THREADS)
    found = np.zeros((2, 3, THREADS))
    for meets in (True, False):
        meeting[1, THREADS](found[int(meets)], step, meets)
    assert np.array_equal(found[1], expected)
    assert (found[0] != expected).any(axis=1).all()


def test_what_a_thread_raises_ends_all_of_them() -> None:
    found = np.zeros(THREADS)
    with pytest.raises(ZeroDivisionError, match="in a thread"):
        failing[3, THREADS](found)
    assert set(found) <= {0.0, 1.0}  # no thread went past the barrier, and no block came after
    counting[2, THREADS](found)
    assert (found[:8] == 4.0).all()
