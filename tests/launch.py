"""Starts ranks that run a task of ranks.py, where there is an MPI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from machine import missing, mpiexec
from process import TESTS

needs_mpi = pytest.mark.skipif("mpi" in missing(), reason=f"mpi: {missing().get('mpi')}")


def job(size: int, task: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a task of ranks.py on so many ranks."""
    line = [*mpiexec(), "-n", str(size), sys.executable, str(TESTS / "ranks.py"), task, str(folder)]
    paths = {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(line, capture_output=True, text=True, timeout=300, env={**os.environ, **paths, **environment})
