"""What was measured, in the format of pytest-benchmark, and the folder in which it keeps such files.

`pytest-benchmark list` and `pytest-benchmark compare` read them.
"""

from __future__ import annotations

import datetime
import json
import math
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..common.files import write_json
from . import environment
from .gate import Logs
from .run import REFERENCES, Found

FOLDER = Path(".benchmarks")
# The version of the format.
SCHEMA = "5.3.1"


def machine_name() -> str:
    """The folder of this machine, as pytest-benchmark calls it."""
    version = ".".join(platform.python_version_tuple()[:2])
    return f"{platform.system()}-{platform.python_implementation()}-{version}-{platform.architecture()[0]}"


def report(found: Sequence[Found]) -> dict[str, Any]:
    """Everything that was measured: one entry for each contestant of each question."""
    described = environment.describe()
    return {
        "machine_info": {
            "node": platform.node(),
            "processor": platform.processor(),
            "machine": platform.machine(),
            "python_implementation": platform.python_implementation(),
            "python_version": platform.python_version(),
            "system": platform.system(),
            "release": platform.release(),
            "cpu": {"brand_raw": described["machine"]["cpu"], "count": described["machine"]["cores"]},
            **{name: described[name] for name in ("level", "versions", "load_before")},
            "flags": described["machine"]["flags"],
        },
        "commit_info": commit(),
        "benchmarks": [entry(each, name) for each in found for name in (*each.measured, *REFERENCES) if each.visits],
        "datetime": datetime.datetime.now(datetime.UTC).isoformat(),
        "version": SCHEMA,
    }


def commit() -> dict[str, Any]:
    """The commit of the folder in which this runs, as pytest-benchmark says it."""

    def git(*arguments: str) -> str:
        try:
            return subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            return ""

    found = git("rev-parse", "HEAD")
    when = git("log", "-1", "--format=%aI") if found else ""
    return {
        "id": found or "unknown",
        "time": when or None,
        "author_time": when or None,
        "dirty": bool(found) and git("status", "--porcelain") != "",
        "project": Path(git("rev-parse", "--show-toplevel") or ".").name or "numloss",
        "branch": git("rev-parse", "--abbrev-ref", "HEAD") or "(unknown)",
    }


def entry(found: Found, name: str) -> dict[str, Any]:
    """One contestant of a question."""
    question, case = found.question, found.question.case
    full = f"{question.name}, {name}"
    known = {
        "loss": case.loss,
        "options": {key: str(value) for key, value in case.options.items()},
        "elements": case.size,
        "shape": list(case.shape),
        "dtype": case.dtype,
        "mode": question.mode,
        "threads": question.threads,
        "contestant": name,
    }
    more: dict[str, Any] = {"bytes": found.moved}
    if name in found.backends and all(name in each for each in found.visits):
        more["logs"] = found.logs(name)
    return {
        "group": question.name,
        "name": full,
        "fullname": f"numloss bench::{full}",
        "params": known,
        "param": name,
        "extra_info": more,
        "options": {
            "disable_gc": True,
            "timer": "perf_counter",
            "min_rounds": 1,
            "max_time": 1.0,
            "min_time": 0.001,
            "warmup": False,
        },
        "stats": stats(found.times(name)),
    }


def stats(data: Sequence[float]) -> dict[str, Any]:
    """Times as pytest-benchmark sums them up."""
    ordered = sorted(data)
    q1, median, q3 = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
    mean = statistics.fmean(ordered)
    spread = statistics.stdev(ordered) if len(ordered) > 1 else 0.0
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    far = sum(not low <= each <= high for each in ordered)
    off = sum(abs(each - mean) > spread for each in ordered)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": spread,
        "rounds": len(ordered),
        "median": median,
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": far,
        "stddev_outliers": off,
        "outliers": f"{off};{far}",
        "ld15iqr": min((each for each in ordered if each >= low), default=ordered[0]),
        "hd15iqr": max((each for each in ordered if each <= high), default=ordered[-1]),
        "ops": 1.0 / mean,
        "total": math.fsum(ordered),
        "iterations": 1,
        "data": list(data),
    }


def store(name: str, content: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Keep a report under the next number, with a name; the path of the file."""
    if not re.fullmatch(r"[\w.-]+", name):
        raise ValueError(f"a name for what is kept has letters, digits and ._- in it; got {name!r}")
    place = folder / machine_name()
    place.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.name[:4]) for path in place.glob("[0-9][0-9][0-9][0-9]_*.json")]
    path = place / f"{max(numbers, default=0) + 1:04}_{name}.json"
    write_json(path, content)
    return path


def kept(name: str, folder: Path = FOLDER) -> Path:
    """The file of that path, or the newest that was kept under that name or number."""
    if name.endswith(".json"):
        return Path(name)
    place = folder / machine_name()
    files = sorted(place.glob("[0-9][0-9][0-9][0-9]_*.json"))
    found = [path for path in files if name in (path.stem[5:], path.stem[:4])]
    if not found:
        there = ", ".join(path.stem for path in files) or "nothing"
        raise ValueError(f"nothing was kept as {name!r} in {place}; there is {there}")
    return found[-1]


def logs_of(path: Path) -> dict[str, Logs]:
    """By full name of what was measured: its times over those of the references, of each visit, as logarithms."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
        return {each["fullname"]: each["extra_info"]["logs"] for each in entries if "logs" in each["extra_info"]}
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no report of numloss bench: {type(error).__name__}: {error}") from error
