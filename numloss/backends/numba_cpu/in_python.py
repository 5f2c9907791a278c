"""The driver where the team of kernels/team.pyx was not built: Python's threads run the blocks, compiled by Numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...loops.headers import size_of
from .. import threads
from . import compile as compiler

BYTES_OFFSET = bytes.__basicsize__ - 1


def run(loop: int, problem: bytes, blocks: int, workers: int) -> Any:
    """Run all blocks of a problem; the fields of their Result."""
    return run_at(loop, id(problem) + BYTES_OFFSET, blocks, workers)


def run_at(loop: int, problem: int, blocks: int, workers: int) -> Any:
    """The same of a problem that lies at an address."""
    some, combined = compiler.driver()
    memory = np.empty((blocks + 1) * size_of("Result"), np.uint8)
    at = memory.ctypes.data
    if workers == 1:
        some(loop, problem, at, 0, blocks)
    else:
        threads.in_turns(lambda block, worker: some(loop, problem, at, block, block + 1), blocks, workers)
    return combined(at, blocks)
