"""Tests in the folder `simulated` run in a process with Numba's CUDA simulator, which test_simulator.py starts."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numba
import numpy as np

TESTS = Path(__file__).resolve().parent.parent
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))
collect_ignore = [] if numba.config.ENABLE_CUDASIM else ["simulated"]


def hasten() -> None:
    """Let the simulator's threads take turns sooner, which they do at every barrier, and share their arrays safely.

    Two threads that ask for the same shared array at once get one each from the simulator.
    """
    from numba.cuda.simulator.kernelapi import FakeCUDAShared
    from numba.np.numpy_support import as_dtype

    one_at_a_time = threading.Lock()

    def array(self: Any, shape: Any, dtype: Any) -> np.ndarray[Any, Any]:
        asked_from = sys._getframe(1)
        line = asked_from.f_code.co_filename, asked_from.f_lineno
        with one_at_a_time:
            if line not in self._allocations:
                kind = as_dtype(dtype) if isinstance(dtype, numba.types.Type) else dtype
                self._allocations[line] = np.empty(shape, kind)
        return self._allocations[line]  # type: ignore[no-any-return]

    FakeCUDAShared.array = array
    sys.setswitchinterval(1e-4)


if numba.config.ENABLE_CUDASIM:
    hasten()
