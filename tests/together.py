"""Ranks that are threads of this process: for what needs no more of MPI than that arrays and objects are gathered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from numloss.cluster import Cluster


class Together(Cluster):
    """One of the threads."""

    def __init__(self, rank: int, told: list, barrier: threading.Barrier) -> None:
        self.rank, self.size, self.told, self.barriers = rank, len(told), told, barrier

    def gather(self, value: Any) -> list:
        self.told[self.rank] = value
        self.barriers.wait()
        found = list(self.told)
        self.barriers.wait()
        return found

    def all_gather(self, array: np.ndarray, counts: list[int]) -> None:
        edges = np.cumsum([0, *counts])
        np.concatenate(self.gather(array[edges[self.rank] : edges[self.rank + 1]].copy()), out=array)


def together(size: int, work: Callable[[Cluster], Any]) -> list:
    """What the work gives on each of so many ranks; raises what it raised on the first that was not kept waiting."""
    told, barrier = [None] * size, threading.Barrier(size, timeout=60)

    def one(rank: int) -> Any:
        try:
            return work(Together(rank, told, barrier))
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(size) as threads:
        done = [threads.submit(one, rank) for rank in range(size)]
    errors = [error for future in done if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error
    return [future.result() for future in done]
