"""Memory that the ranks of one machine share, in which they add up arrays without sending them."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

FOLDER = "/dev/shm"


class SharedSum:
    """An array of each rank, zeros at first, which the others see: every rank adds up a part of it for all."""

    def __init__(self, world: Any, memory: mmap.mmap, size: int, dtype: np.dtype[Any]) -> None:
        self._world, ranks = world, world.Get_size()
        stride = len(memory) // ranks
        self._arrays: list[Array] = [np.frombuffer(memory, dtype, size, rank * stride) for rank in range(ranks)]
        self._parts = [slice(size * rank // ranks, size * (rank + 1) // ranks) for rank in range(ranks)]
        self._rank = world.Get_rank()

    @property
    def own(self) -> Array:
        """The array of this rank."""
        array: Array = self._arrays[self._rank][:]
        return array

    def add_up(self) -> None:
        """Replace the array of every rank with the sum."""
        mine, own = self._parts[self._rank], self._arrays[self._rank]
        others = [rank for rank in range(len(self._arrays)) if rank != self._rank]
        self._world.Barrier()
        total = own[mine]
        for rank in others:
            total += self._arrays[rank][mine]
        self._world.Barrier()
        for rank in others:
            own[self._parts[rank]] = self._arrays[rank][self._parts[rank]]
        self._world.Barrier()  # before a rank may write what another still reads


def shared_sum(world: Any, size: int, dtype: np.dtype[Any]) -> SharedSum | None:
    """Arrays of this size in memory that all ranks see; None if they are on several machines, or it has no room."""
    rank, ranks = world.Get_rank(), world.Get_size()
    stride = -(-size * dtype.itemsize // mmap.PAGESIZE) * mmap.PAGESIZE
    path = world.bcast(new_file() if rank == 0 else "", root=0)
    file = room(path, rank * stride, stride)
    seen = all(world.allgather(file >= 0))
    if rank == 0 and path:
        os.unlink(path)  # the memory stays for as long as an array of it does
    memory = mmap.mmap(file, ranks * stride) if seen else None
    if file >= 0:
        os.close(file)
    return None if memory is None else SharedSum(world, memory, size, dtype)


def new_file() -> str:
    try:
        file, path = tempfile.mkstemp(prefix="numloss-", dir=FOLDER)
    except OSError:
        return ""
    os.close(file)
    return path


def room(path: str, start: int, size: int) -> int:
    """The file, with room for so many bytes; -1 where there is none: to touch memory without room would kill."""
    file = -1
    try:
        file = os.open(path, os.O_RDWR)
        os.posix_fallocate(file, start, size)
    except OSError:
        if file >= 0:
            os.close(file)
        return -1
    return file
