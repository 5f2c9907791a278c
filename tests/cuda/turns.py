"""Threads of a simulated block that take turns: one runs until it waits at a barrier or ends, then the next.

Numba's simulator starts a thread of the operating system for each, lets all of them run at once, and asks them all the
time whether they wait. Here nobody asks, and a thread that ends leaves its place to the next. In what order they run is
drawn anew after each barrier, from a seed: where a barrier is missing, some thread meets numbers that are not there
yet, or not any more, and does so in every run.
"""

from __future__ import annotations

import random
import sys
import threading
from typing import Any

import numba
import numpy as np
from numba.cuda.simulator.kernel import BlockManager, BlockThread
from numba.cuda.simulator.kernelapi import Dim3, FakeCUDAShared
from numba.np.numpy_support import as_dtype

# Where no thread of a block runs at the moment.
_free: list[Place] = []
_draw = random.Random(0)


def held() -> threading.Lock:
    """A lock to wait at, until somebody releases it."""
    lock = threading.Lock()
    lock.acquire()
    return lock


class Ended(Exception):
    """Another thread of the block has raised."""


class Place(BlockThread):  # type: ignore[misc]
    """A thread of the operating system: one thread of a block after the other, until one waits."""

    block: Block

    def __init__(self) -> None:
        threading.Thread.__init__(self, daemon=True)
        self.turn = held()
        self.start()

    def run(self) -> None:
        while True:
            self.turn.acquire()
            block = self.block
            while block.to_begin:
                block.run_one(self)
            _free.append(self)
            block.go_on()

    def syncthreads(self) -> None:
        self.block.waiting.append(self)
        self.block.go_on()
        self.turn.acquire()
        if self.block.error is not None:
            raise Ended


class Block:
    """What is still to be done of a block."""

    def __init__(self, manager: Any, at: tuple[int, ...], arguments: tuple[Any, ...]) -> None:
        self.manager, self.at, self.arguments = manager, Dim3(*at), arguments
        self.to_begin = list(np.ndindex(*manager._block_dim))
        self.ready: list[Place] = []  # since the last barrier
        self.waiting: list[Place] = []  # at the next one
        self.error: BaseException | None = None
        self.done = held()
        _draw.shuffle(self.to_begin)

    def run_one(self, place: Place) -> None:
        """A thread that has not begun yet, until it ends."""
        place.threadIdx, place.blockIdx, place._manager = Dim3(*self.to_begin.pop()), self.at, self.manager
        x, y, z = self.manager._block_dim[0], self.manager._block_dim[1], place.threadIdx
        place.thread_id = z.x + x * (z.y + y * z.z)
        try:
            self.manager._f(*self.arguments)
        except Ended:
            pass
        except BaseException as error:
            self.error, self.to_begin = error, []

    def go_on(self) -> None:
        """Give the turn to a thread that can run, or back to who launched the kernel."""
        if self.to_begin:
            place = _free.pop() if _free else Place()
            place.block = self
        elif self.ready or self.waiting:
            if not self.ready:
                self.ready, self.waiting = self.waiting, self.ready
                _draw.shuffle(self.ready)
            place = self.ready.pop()
        else:
            self.done.release()
            return
        place.turn.release()


def run(self: BlockManager, at: tuple[int, ...], *arguments: Any) -> None:
    """Run all threads of a block; raises what the first of them raised that did."""
    block = Block(self, at, arguments)
    block.go_on()
    block.done.acquire()
    if block.error is not None:
        raise block.error


def shared_array(self: Any, shape: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """The array of the block that is made in the line that asks; the simulator looks for it in the whole stack."""
    asked_from = sys._getframe(1)
    line = asked_from.f_code.co_filename, asked_from.f_lineno
    if line not in self._allocations:
        self._allocations[line] = np.empty(shape, as_dtype(dtype) if isinstance(dtype, numba.types.Type) else dtype)
    return self._allocations[line]  # type: ignore[no-any-return]


def take_turns() -> None:
    """Let the simulator run blocks so."""
    BlockManager.run = run
    FakeCUDAShared.array = shared_array
