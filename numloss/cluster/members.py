"""The processes of a job as one of them sees them: alone, or ranks that MPI started."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import traceback
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from .memory import Array, SharedSum, shared_sum
from .watch import BARRIER, BROADCAST, END, GATHER, SUM, Watch, give_up, last_words


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



ALONE = Cluster()
# Seconds that a rank with an error waits for the others to come with theirs.
TOGETHER = 2.0


class Request(Pending):
    """A sum that MPI has begun."""

    def __init__(self, request: Any, watch: Watch) -> None:
        self._request, self._watch = request, watch

    def poll(self) -> None:
        self._request.Test()

    def wait(self) -> None:
        with self._watch.waiting(SUM):
            self._request.Wait()


class Ranks(Cluster):
    """Processes that an MPI library connects."""

    def __init__(self, mpi: Any) -> None:
        self._mpi, self._world = mpi, mpi.COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()
        self._shared: dict[int, SharedSum] = {}
        # what ranks say of their end shall meet nothing else
        self._ends = self._world.Dup()
        self._watch = Watch(lambda sentence: give_up(f"rank {self.rank} of {self.size} ends the job: {sentence}"),
                            self._world)  # fmt: skip

    def zeros(self, size: int, dtype: Any) -> Array:
        with self._watch.waiting(SUM):
            shared = shared_sum(self._world, size, np.dtype(dtype))
        if shared is None:
            return np.zeros(size, dtype)
        array = shared.own
        self._shared[id(array)] = shared
        weakref.finalize(array, self._shared.pop, id(array))
        return array

    def broadcast(self, array: Array) -> None:
        with self._watch.waiting(BROADCAST):
            self._world.Bcast(array, root=0)

    def all_reduce(self, array: Array) -> None:
        shared = self._shared.get(id(array))
        with self._watch.waiting(SUM):
            if shared is not None:
                shared.add_up()
                return
            self._world.Allreduce(self._mpi.IN_PLACE, array)

    def start_all_reduce(self, array: Array) -> Pending:
        return Request(self._world.Iallreduce(self._mpi.IN_PLACE, array), self._watch)

    def all_gather(self, array: Array, counts: Sequence[int]) -> None:
        width = array[:1].size
        with self._watch.waiting(GATHER):
            self._world.Allgatherv(self._mpi.IN_PLACE, [array, [count * width for count in counts]])

    def gather(self, value: Any) -> list[Any]:
        with self._watch.waiting(GATHER):
            return list(self._world.allgather(value))

    def barrier(self) -> None:
        with self._watch.waiting(BARRIER):
            self._world.Barrier()

    def leave(self, error: BaseException | None) -> None:
        """Come to the end with all ranks, or end all of them because of an error that only some have.

        If every rank raises the same, the first raises it, and the others end without a word.
        """
        told = _told(error)
        mine = np.frombuffer(hashlib.sha256(told.encode()).digest()[:8], np.int64).copy()
        everyones = np.empty(self.size, np.int64)
        # a rank with an error does not wait for long, and says better than others what is wrong
        with contextlib.nullcontext() if told else self._watch.waiting(END):
            request = self._ends.Iallgather(mine, everyones)
            until = time.monotonic() + TOGETHER
            while not request.Test():
                if told and time.monotonic() > until:
                    self.abort(error)
                time.sleep(1e-3)
        self._watch.close()
        if told and self.rank and everyones[0] == mine[0]:
            raise SystemExit(code_of(error))
        if not told and (everyones != mine[0]).any():
            raise SystemExit(1)  # a rank that raised has said why

    def abort(self, error: BaseException | None) -> None:
        """End the processes of all ranks because of an error in this one."""
        last_words(f"rank {self.rank} of {self.size} ends the job: {_told(error)}", end="")
        self._world.Abort(code_of(error))
        os._exit(code_of(error))  # MPI may return for the moment that it takes to end


def code_of(error: BaseException | None) -> int:
    """The status with which a process ends because of an error."""
    return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1


def _told(error: BaseException | None) -> str:
    """What is said about an error: the sentence of one for users, such as click's, or the traceback."""
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return ""
    if isinstance(error, SystemExit):
        return f"it ended with {error.code}\n"
    sentence = getattr(error, "format_message", None)
    return f"{sentence()}\n" if sentence else "\n" + "".join(traceback.format_exception(error))
