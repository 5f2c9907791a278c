"""Tests in the folder `simulated` run in a process with Numba's CUDA simulator, which test_simulator.py starts."""

from __future__ import annotations

import sys
from pathlib import Path

import numba

TESTS = Path(__file__).resolve().parent.parent
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))
collect_ignore = [] if numba.config.ENABLE_CUDASIM else ["simulated"]

if numba.config.ENABLE_CUDASIM:
    from turns import take_turns

    take_turns()
