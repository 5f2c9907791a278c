"""What a figure depends on: the machine, the versions, and what else was running."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..version import __version__

PACKAGES = ("numpy", "numba", "cython", "torch", "jax", "jaxlib", "scikit-learn", "pytest-benchmark")
FLAGS = ("avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512dq")
# What lets everybody compute as on a CPU that has AVX2 alone; libraries read it when they are loaded.
AVX2 = {
    "NUMLOSS_LEVEL": "v3",
    "NUMBA_CPU_NAME": "x86-64-v3",
    # those that come with the name, not those of this CPU
    "NUMBA_CPU_FEATURES": "",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
}


def as_avx2() -> None:
    """Begin this program again as on a CPU with AVX2 alone, unless it runs so already."""
    if os.environ.get("NUMLOSS_LEVEL") != AVX2["NUMLOSS_LEVEL"]:
        # what torch.compile keeps for wider vectors gives wrong sums here
        kept = {"TORCHINDUCTOR_CACHE_DIR": str(Path(tempfile.gettempdir()) / f"torchinductor-avx2-{os.getuid()}")}
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **AVX2, **kept})


def level() -> str:
    """The widest vectors that are used here: of this CPU, or fewer where the environment says so."""
    flags = machine()["flags"]
    if "avx512f" in flags:
        return "avx512 as avx2" if os.environ.get("NUMLOSS_LEVEL") == AVX2["NUMLOSS_LEVEL"] else "avx512"
    return "avx2" if "avx2" in flags else "sse"


def _cpuinfo() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return dict((part.strip() for part in line.split(":", 1)) for line in lines if ":" in line)  # type: ignore[misc]


def machine() -> dict[str, Any]:
    """Model, cores that this process may use, and the vector instructions among its flags."""
    cpu = _cpuinfo()
    flags = cpu.get("flags", "").split()
    return {
        "cpu": cpu.get("model name", platform.processor() or platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "flags": [flag for flag in FLAGS if flag in flags],
        "cache": cpu.get("cache size", ""),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
    }


def versions() -> dict[str, str]:
    """Python and the packages that are installed here."""
    found = {"python": platform.python_version(), "numloss": __version__}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _running() -> list[str]:
    """Names of other processes that are running or waiting for the processor at this moment."""
    names = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:  # it ended meanwhile
            continue
        name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :]
        if rest.startswith("R") and int(text.split(" ", 1)[0]) != os.getpid():
            names.append(name)
    return sorted(names)


def load() -> dict[str, Any]:
    """Load average and the other processes at work: a benchmark beside them says little."""
    return {"average": [round(value, 2) for value in os.getloadavg()], "running": _running()}


def describe() -> dict[str, Any]:
    """Everything above, with the time."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "level": level(),
        "versions": versions(),
        "load_before": load(),
    }


def short_name(described: dict[str, Any]) -> str:
    """Date and machine, as the name of a file."""
    words = f"{described['machine']['cpu']} {described['machine']['cores']} cores {described['level']}"
    date: str = described["date"][:10]
    return date + "-" + re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
