"""What this machine has: backends, levels of its CPU, the team of threads."""

from __future__ import annotations

import functools
import importlib.util
import os
import shlex
import shutil
import sys
from pathlib import Path

import numloss
from numloss import dispatch
from numloss.backends import cython_aot
from numloss.errors import BackendUnavailable

LEVELS = ("v2", "v3", "v4")


@functools.cache
def missing() -> dict[str, str]:
    """Backends, levels and other parts that cannot run here, each with the reason."""
    backends = numloss.available_backends()
    found = {name: backends[name] for name in ("numba", "cython") if backends[name] != "available"}
    built, runnable = cython_aot.build_report()["built"], cython_aot.runnable_levels()
    for level in LEVELS:
        if level not in runnable:
            found[level] = f"this CPU does not run x86-64-{level}"
        elif level not in built:
            found[level] = f"the kernels for x86-64-{level} are not built"
    if importlib.util.find_spec("numloss.backends.host._team") is None:
        found["team"] = "kernels/team.pyx is not built"
    if importlib.util.find_spec("mpi4py") is None or shutil.which(mpiexec()[0]) is None:
        found["mpi"] = "pip install mpi4py mpich"
    return found


@functools.cache
def default_backend() -> str:
    """The kernels that are compiled already, where there are any: test_bits.py holds the others to the same bits."""
    try:
        return str(dispatch.load("cython").name)
    except BackendUnavailable:
        return "numba"


def mpiexec() -> list[str]:
    """The command that starts ranks: NUMLOSS_TEST_MPIEXEC, the one of this environment, or any."""
    beside = Path(sys.executable).parent / "mpiexec"
    return shlex.split(os.environ.get("NUMLOSS_TEST_MPIEXEC") or (str(beside) if beside.exists() else "mpiexec"))
