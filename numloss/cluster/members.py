"""The processes of a job as one of them sees them: alone, or ranks that MPI started."""

from __future__ import annotations

import sys
import traceback
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from .memory import Array, SharedSum, shared_sum


class Pending:
    """A sum over ranks that is under way; alone there is nothing to wait for."""

    def poll(self) -> None:
        """Let it get on: MPI does so only when it is called."""

    def wait(self) -> None:
        """Wait for its end."""


class Cluster:
    """The processes that share a job; this class is a process that has one to itself.

    All of them must make the same calls in the same order. Arrays are changed in place and must be contiguous.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and how many there are.
    """

    rank = 0
    size = 1

    @property
    def is_root(self) -> bool:
        """True for the one process that prints and writes."""
        return self.rank == 0

    def zeros(self, size: int, dtype: Any) -> Array:
        """Zeros in memory for an array that is added up often: ranks of one machine reach each other's."""
        return np.zeros(size, dtype)

    def broadcast(self, array: Array) -> None:
        """Fill the array of every rank with that of rank 0."""

    def all_reduce(self, array: Array) -> None:
        """Replace the array of every rank with the sum over all ranks."""

    def start_all_reduce(self, array: Array) -> Pending:
        """Begin to do so; until the end of what this returns the array may be neither read nor written."""
        return Pending()

    def all_gather(self, array: Array, counts: Sequence[int]) -> None:
        """Fill in what the other ranks hold: of the rows of the array each rank has so many, one after another."""

    def gather(self, value: Any) -> list[Any]:
        """What each rank gives, in order of ranks, on every rank; for small objects, as they are pickled."""
        return [value]

    def barrier(self) -> None:
        """Wait until all ranks are here."""

    def abort(self, error: BaseException) -> None:
        """End the processes of all ranks because of an error in this one."""


ALONE = Cluster()


class Request(Pending):
    """A sum that MPI has begun."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def poll(self) -> None:
        self._request.Test()

    def wait(self) -> None:
        self._request.Wait()


class Ranks(Cluster):
    """Processes that an MPI library connects."""

    def __init__(self, mpi: Any) -> None:
        self._mpi, self._world = mpi, mpi.COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()
        self._shared: dict[int, SharedSum] = {}

    def zeros(self, size: int, dtype: Any) -> Array:
        shared = shared_sum(self._world, size, np.dtype(dtype))
        if shared is None:
            return np.zeros(size, dtype)
        array = shared.own
        self._shared[id(array)] = shared
        weakref.finalize(array, self._shared.pop, id(array))
        return array

    def broadcast(self, array: Array) -> None:
        self._world.Bcast(array, root=0)

    def all_reduce(self, array: Array) -> None:
        shared = self._shared.get(id(array))
        if shared is not None:
            shared.add_up()
            return
        self._world.Allreduce(self._mpi.IN_PLACE, array)

    def start_all_reduce(self, array: Array) -> Pending:
        return Request(self._world.Iallreduce(self._mpi.IN_PLACE, array))

    def all_gather(self, array: Array, counts: Sequence[int]) -> None:
        width = array[:1].size
        self._world.Allgatherv(self._mpi.IN_PLACE, [array, [count * width for count in counts]])

    def gather(self, value: Any) -> list[Any]:
        return list(self._world.allgather(value))

    def barrier(self) -> None:
        self._world.Barrier()

    def abort(self, error: BaseException) -> None:
        told = "".join(traceback.format_exception(error))
        print(f"rank {self.rank} of {self.size} ends the job:\n{told}", end="", file=sys.stderr, flush=True)
        code = error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1
        self._world.Abort(code)
