"""Files to evaluate, and threads that do nothing but read or sum them: what evaluations are measured against."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from numloss.data.npy import NpyFile

THREADS = 2
CLASSES = 1000
# Sizes of a task of the readers: as large as those of an evaluation, so that both are as often interrupted.
SPAN = 16 << 20
# Of the madvise of Linux, which Python's mmap has no name for.
POPULATE_READ = 22


def write(path: Path, rows: int, columns: int, draw: Callable[[np.random.Generator, tuple[int, ...]], Any]) -> Path:
    """A .npy file, drawn and written in parts, so that it may be larger than the memory."""
    random, shape = np.random.default_rng(len(path.name)), (rows, columns) if columns else (rows,)
    step = max(1, (1 << 22) // max(columns, 1))
    first = draw(random, (1, *shape[1:]))
    with open(path, "wb") as file:
        header = {"descr": first.dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, rows, step):
            draw(random, (min(step, rows - start), *shape[1:])).tofile(file)
    return path


def normal(random: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Standard normal float32."""
    return random.standard_normal(shape, dtype=np.float32)


def share(random: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Float32 in [0, 1)."""
    return random.random(shape, dtype=np.float32)


def label(random: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Labels of classes."""
    return random.integers(0, CLASSES, shape)



def reading(paths: Sequence[Path], buffer_bytes: int) -> float:
    """Threads that read the files into buffers, side by side, and do nothing else."""
    files = [NpyFile(path) for path in paths]
    share_of = [file.header.nbytes for file in files]
    total, handles = sum(share_of), [file._file.fileno() for file in files]
    tasks = range(-(-total // SPAN))

    def task(k: int) -> int:
        done = 0
        for handle, size in zip(handles, share_of, strict=True):
            own = max(1, buffer_bytes * size // total)
            buffer = memoryview(bytearray(own))
            begin, end = size * k // len(tasks), size * (k + 1) // len(tasks)
            for at in range(begin, end, own):
                done += os.preadv(handle, [buffer[: min(own, end - at)]], 128 + at)
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        done = sum(pool.map(task, tasks))
    for file in files:
        file.close()
    assert abs(done - total) <= 128 * len(files)
    return float(done)


def summing(paths: Sequence[Path], window: int) -> float:
    """Threads that sum the files where they are mapped, a window at a time, and do nothing else.

    The sum is that of squares by BLAS, on one thread: it takes a third of the time of NumPy's sum in cache.
    """
    maps = []
    for path in paths:
        with open(path, "rb") as file:
            maps.append(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
    tasks = range(-(-sum(map(len, maps)) // (SPAN * len(maps))))

    def task(k: int) -> float:
        total = 0.0
        for file in maps:
            begin, end = (len(file) * at // len(tasks) // mmap.PAGESIZE * mmap.PAGESIZE for at in (k, k + 1))
            for at in range(begin, end, window or SPAN):
                stop = min(at + (window or SPAN), end)
                if window:
                    file.madvise(POPULATE_READ, at, stop - at)
                numbers = np.frombuffer(file, np.float32, (stop - at) // 4, at)
                with np.errstate(all="ignore"):  # of labels they are squares of anything
                    total += float(np.dot(numbers, numbers))
                if window:
                    file.madvise(mmap.MADV_DONTNEED, at, stop - at)
        return total

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(task, tasks))
