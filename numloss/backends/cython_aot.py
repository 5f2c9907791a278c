"""The `cython` backend: kernels compiled when the package was built.

For each x86-64 level there is a module of the loops, and one of the laws of each task, loaded with its first loss. The
tile of a law that was not there then is one that `numloss build` compiled, or Numba compiles it for the same loops.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from ..errors import BackendUnavailable
from ..loops.fingerprint import fingerprint
from .host import HostBackend

if TYPE_CHECKING:
    from ..registry import Loss

# The CPU flags of each level, as Linux names them, best level first.
LEVELS = {
    "v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "abm"},
    "v2": {"cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"},
}


def cpu_flags() -> set[str] | None:
    """The flags of this CPU; None where they cannot be read."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("flags"):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return None


def runnable_levels() -> list[str]:
    """Levels that this CPU can run, best first; "base", the compiler's default, is always among them."""
    flags = cpu_flags() or set()
    found: list[str] = []
    for level in LEVELS:
        needed = set().union(*(LEVELS[lower] for lower in LEVELS if lower <= level))
        if needed <= flags:
            found.append(level)
    return [*found, "base"]


def build_report() -> dict[str, Any]:
    """What the build wrote down: how the kernels were built, or why they were not."""
    try:
        from .._build_report import REPORT
    except ImportError:
        return {"built": [], "why": "the package was not built by its setup.py", "sources": ""}
    return REPORT


class CythonBackend(HostBackend):
    """Host arrays through kernels compiled ahead of time."""

    name = "cython"

    def __init__(self, module: Any, level: str) -> None:
        self.level = level
        self.loops: dict[str, int] = module.ADDRESSES
        team = importlib.import_module("numloss.backends.host._team")
        self.run = team.run  # type: ignore[method-assign]  # the same signature, without a call in between

    def tile(self, loss: Loss, dtype: str, mode: int) -> int:
        if loss.law is None:
            return 0
        if loss.addresses:
            return loss.addresses[f"{mode}/{dtype}"]
        home = loss.function.__module__.split(".")
        if loss.results or home[:2] == ["numloss", "losses"]:
            unit = home[1] if loss.results else home[2]
            laws: dict[str, int] = importlib.import_module(module_name(self.level, unit)).ADDRESSES
            key = loss.step(mode)[0].__name__ if loss.results else f"{loss.law.__name__}/{mode}"
            return laws[f"{key}/{dtype}"]
        try:
            from . import numba_cpu

            return numba_cpu.backend().tile(loss, dtype, mode)
        except BackendUnavailable as error:
            raise BackendUnavailable(
                f"{loss.name}: the cython backend holds the losses of numloss, compiled ahead of time; "
                f"a law of your own needs numba, or `numloss build` where there is a compiler. {error}"
            ) from None

    def loop(self, name: str, dtype: str) -> int:
        return self.loops[f"{name}/{dtype}"]


def module_name(level: str, unit: str) -> str:
    """The module of the loops, or of a task, for a level."""
    return f"numloss.backends._aot_{level}_{unit}"


def backend() -> CythonBackend:
    """The backend at the best level that this CPU runs, or NUMLOSS_LEVEL; BackendUnavailable if none."""
    asked = os.environ.get("NUMLOSS_LEVEL")
    report = build_report()
    problem = report["why"]
    if report["built"] and fingerprint() not in ("", report["sources"]):
        raise BackendUnavailable(
            "the Cython kernels are older than their sources; run python setup.py build_ext --inplace"
        )
    if asked and asked not in runnable_levels():
        raise BackendUnavailable(f"NUMLOSS_LEVEL={asked}: this CPU runs {', '.join(runnable_levels())}")
    for level in [asked] if asked else runnable_levels():
        if report["built"] and level not in report["built"]:  # what lies there may be of other sources
            problem = problem or f"the last build left {level} out"
            continue
        try:
            return CythonBackend(importlib.import_module(module_name(level, "loops")), level)
        except ImportError as error:
            problem = problem or str(error)
    raise BackendUnavailable(
        f"the Cython kernels are not built ({problem}); install a C compiler and Python's headers, then reinstall"
    )
