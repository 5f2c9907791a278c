"""Every wait for other ranks ends: by their coming, or with a sentence that says which of them does not come.

MPI waits for ever for a rank that has died, has left, is stopped or makes other calls. So each rank tells the others
of its machine what it waits in, on a board of shared memory, and a thread of its own looks at that while it waits.
Ranks of other machines cannot be seen; a wait for them ends by its length.
"""

from __future__ import annotations

import mmap
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from .memory import new_file, room

# What a rank waits in, as words of a sentence; the first is no wait.
START, BROADCAST, SUM, GATHER, BARRIER, END = 1, 2, 3, 4, 5, 6
WAITS = ("", "the start", "a broadcast", "a sum", "an exchange", "a barrier", "the end")
# Numbers of a rank on the board: its process, the waits that it has begun, and what it waits in now.
PROCESS, BEGUN, WAIT, NUMBERS = 0, 1, 2, 3
# Seconds between two looks, and how long each state may last: a dead rank leaves its launcher time to say so; a rank
# that others have overtaken by one call may only be slow to wake.
LOOKS = 0.5
DEAD, APART, OVERTAKEN, STOPPED = 2.0, 1.0, 20.0, 30.0
# The longest wait in seconds, 0 for any, and how long it is by default.
LONGEST, USUALLY = "NUMLOSS_CLUSTER_TIMEOUT", 1800.0


def longest() -> float:
    """How many seconds a rank waits for the others; 0 for ever. ValueError if it was asked for as something else."""
    asked = os.environ.get(LONGEST, "")
    try:
        seconds = float(asked or USUALLY)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0.0:
        raise ValueError(f"{LONGEST}={asked}: seconds that ranks wait for each other, 0 for ever")
    return seconds


class Board:
    """What the ranks of this machine tell each other; ranks of other machines are not on it."""

    def __init__(self, numbers: memoryview, ranks: list[int]) -> None:
        self._numbers, self.ranks = numbers, ranks

    def __getitem__(self, rank: int) -> memoryview:
        return self._numbers[NUMBERS * rank : NUMBERS * (rank + 1)]


def board(world: Any) -> Board:
    """The board of this machine; one with this rank alone where there is no shared memory."""
    rank, size = world.Get_rank(), world.Get_size()
    hosts = world.allgather(socket.gethostname())
    first = hosts.index(hosts[rank])
    path = world.allgather(new_file() if rank == first else "")[first]
    file = room(path, 0, 8 * NUMBERS * size)
    seen = world.allgather(file >= 0)
    if rank == first and path:
        os.unlink(path)
    here = [other for other, host in enumerate(hosts) if host == hosts[rank]]
    common = all(seen[other] for other in here)
    memory = mmap.mmap(file if common else -1, 8 * NUMBERS * size)
    if file >= 0:
        os.close(file)
    found = Board(memoryview(memory).cast("q"), here if common else [rank])
    found[rank][PROCESS] = os.getpid()
    world.Barrier()
    # a rank in a container of its own has a number that means nothing here
    found.ranks = [other for other in found.ranks if other == rank or _state(found[other][PROCESS]) != "Z"]
    return found


class Wait:
    """A wait, for a `with` block: told on the board as long as it lasts."""

    __slots__ = ("_mine", "_what")

    def __init__(self, mine: memoryview, what: int) -> None:
        self._mine, self._what = mine, what

    def __enter__(self) -> None:
        self._mine[BEGUN] += 1
        self._mine[WAIT] = self._what

    def __exit__(self, *error: object) -> None:
        self._mine[WAIT] = 0


class Watch:
    """A thread that looks every now and then whether the wait of this rank can still end, and calls `end` if not."""

    def __init__(self, end: Callable[[str], object], world: Any = None) -> None:
        self.rank, self.size, self.longest = 0, 1, longest()
        self._board = Board(memoryview(bytearray(8 * NUMBERS)).cast("q"), [])
        if world is not None:
            self.rank, self.size = world.Get_rank(), world.Get_size()
            self._board = board(world)
        self._mine, self._end, self._over = self._board[self.rank], end, threading.Event()
        self._wait, self._since = (0, 0), 0.0
        self._lasted: dict[str, float] = {}
        self._thread = threading.Thread(target=self._looks, name="numloss-watch", daemon=True)
        self._thread.start()

    def waiting(self, what: int) -> Wait:
        """A `with` block in which this rank waits for the others."""
        return Wait(self._mine, what)

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _looks(self) -> None:
        while not self._over.wait(LOOKS):
            sentence = self._looked()
            if sentence:
                self._end(sentence)
                return

    def _looked(self) -> str:
        """The sentence with which to end, or none."""
        _, begun, what = self._mine
        if not what or (begun, what) != self._wait:
            self._wait, self._since, self._lasted = (begun, what), 0.0, {}
            return ""
        self._since += LOOKS  # not by a clock: a job that was suspended has not waited
        states = self._states()
        self._lasted = {state: self._lasted.get(state, 0.0) + LOOKS for state in states}
        for state, may_last in states.items():
            # one of those who wait says so: the first, or if it does not, the next
            if self._lasted[state] >= may_last + 4 * LOOKS * self._place():
                return f"{state}, and rank {self.rank} waits for it in {WAITS[what]}"
        if self.longest and self._since >= self.longest + 4 * LOOKS * self._place():
            return (
                f"rank {self.rank} has waited {self._since:.0f} s for the others in {WAITS[what]}; "
                f"{LONGEST} sets the seconds after which it gives up"
            )
        return ""

    def _place(self) -> int:
        """How many ranks before this one wait too, and are there to say what is wrong."""
        before = [rank for rank in self._board.ranks if rank < self.rank]
        return sum(self._board[rank][WAIT] > 0 and _state(self._board[rank][PROCESS]) not in "ZT" for rank in before)

    def _states(self) -> dict[str, float]:
        """What is wrong with other ranks, each with the seconds that it may last."""
        found, apart, all_wait = {}, {}, len(self._board.ranks) == self.size
        begun, _ = self._wait
        for rank in self._board.ranks:
            process, theirs, wait = self._board[rank]
            state = _state(process)
            if state == "Z":
                found[f"rank {rank}, process {process}, has died"] = DEAD
            elif state == "T":
                found[f"rank {rank}, process {process}, is stopped"] = STOPPED
            elif wait and (theirs, wait) != self._wait:
                may_last = OVERTAKEN if abs(theirs - begun) == 1 else APART
                if wait == END:
                    found[f"rank {rank} has come to its end"] = may_last
                apart[f"rank {rank} waits in {WAITS[wait]}"] = may_last
            all_wait &= bool(wait) and state not in "ZT"
        # whoever computes may still come
        return found or (apart if all_wait else {})


def _state(process: int) -> str:
    """The state of a process as Linux has it: Z also for one that is gone, T for one that is stopped."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return chr(file.read().rpartition(b")")[2].split()[0][0])
    except FileNotFoundError:
        return "Z" if os.path.exists("/proc/self/stat") else "?"
    except (OSError, IndexError):
        return "?"


def last_words(text: str, end: str = "\n") -> None:
    """Print what the job ends for, and wait a moment: launchers lose what they have not passed on when they end it."""
    print(text, end=end, file=sys.stderr, flush=True)
    time.sleep(0.2)


def give_up(sentence: str) -> None:
    """Print the sentence and end this process, by MPI if it still answers, so that the job ends."""
    last_words(sentence)
    late = threading.Timer(3.0, os._exit, (1,))
    late.daemon = True
    late.start()
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized():
        mpi.COMM_WORLD.Abort(1)
    os._exit(1)
