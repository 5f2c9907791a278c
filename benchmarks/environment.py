"""What a figure depends on: the machine, the versions, and what else was running."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

PACKAGES = ("numloss", "numpy", "numba", "cython", "torch", "jax", "jaxlib", "scikit-learn", "pytest-benchmark")
FLAGS = ("avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512dq")


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
    found = {"python": platform.python_version()}
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
        "versions": versions(),
        "load_before": load(),
    }


def short_name(described: dict[str, Any]) -> str:
    """Date and machine, as the name of a file."""
    flags = described["machine"]["flags"]
    level = "avx512" if "avx512f" in flags else "avx2" if "avx2" in flags else "sse"
    words = f"{described['machine']['cpu']} {described['machine']['cores']} cores {level}"
    date: str = described["date"][:10]
    return date + "-" + re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
