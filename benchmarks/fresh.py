"""What can only be measured in a process of its own: starting up, and memory beside the outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# What else is running only adds to these times: the least of several processes says what they take.
PROCESSES = 7
# What a process does, the options of its first call, and whether it starts with an empty cache.
STARTS = {
    "first small loss": ("", False),
    "first small loss, cold cache": ("", True),
    "first small loss on numba": (", backend='numba'", False),
    "first small loss on numba, cold cache": (", backend='numba'", True),
}
IMPORT = """
import json, time
begin = time.perf_counter()
spent = time.process_time()
import numpy
numpy_seconds = time.perf_counter() - begin
import numloss
both = time.perf_counter() - begin
pred = target = numpy.ones((32, 10), numpy.float32)
numloss.value_and_grad(numloss.mse)(pred, target{options})
first = time.perf_counter() - begin
print(json.dumps(dict(
    numpy_import_ms=1e3 * numpy_seconds, import_over_numpy_ms=1e3 * (both - numpy_seconds), first_loss_ms=1e3 * first,
    first_loss_cpu_ms=1e3 * (time.process_time() - spent)
)))
"""
HELP = """
import contextlib, json, sys
from numloss.cli import main
sys.argv = ["numloss", "--help"]
with contextlib.redirect_stdout(None), contextlib.suppress(SystemExit):
    main()
print(json.dumps({}))
"""
# Writing 5 to clear_refs sets the high-water mark of resident memory back to what is resident now.
MEMORY = """
import json, sys, tracemalloc
sys.path.insert(0, {folder!r})
from numloss.bench.arrays import inputs
from numloss.bench.cases import SCORECARD, USUAL
from numloss.bench.contest import numloss_call

def resident(line):
    with open("/proc/self/status") as file:
        return next(int(row.split()[1]) * 1024 for row in file if row.startswith(line + ":"))

case = next(case for case in SCORECARD if case.name == {name!r}).at_most(USUAL)
small, arrays = case.at_most(USUAL // 16), inputs(case)
numloss_call(small, inputs(small), "value_and_grad", {backend!r})()  # loads the kernel, which is no memory of a call
call = numloss_call(case, arrays, "value_and_grad", {backend!r})
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
before = resident("VmRSS")
call()
peak = resident("VmHWM") - before
tracemalloc.start()
call()
traced = tracemalloc.get_traced_memory()[1]
print(json.dumps(dict(resident_bytes=peak, traced_bytes=traced)))
"""


def _run(text: str, environment: dict[str, str] | None = None) -> tuple[dict[str, float], float]:
    """What a fresh interpreter printed as JSON, and the seconds from its start to its end."""
    start = time.perf_counter()
    line = [sys.executable, "-c", text]
    # an installed package has its bytecode
    every = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(environment or {})}
    done = subprocess.run(line, env=every, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"a fresh process failed: {done.stderr.strip()}")
    return json.loads(done.stdout), seconds


def startup(what: str, options: str, cold: bool) -> dict[str, Any]:
    """Import and first small loss of fresh processes, the least, with a warm or an empty cache of compiled kernels."""
    seen: list[dict[str, float]] = []
    for _ in range(PROCESSES):
        with tempfile.TemporaryDirectory() as folder:
            each, seconds = _run(IMPORT.format(options=options), {"NUMLOSS_CACHE_DIR": folder} if cold else None)
        seen.append({**each, "whole_process_ms": 1e3 * seconds})
    least = {name: min(each[name] for each in seen) for name in seen[0]}
    return {"case": what, "processes": PROCESSES, **least}


def help_page() -> dict[str, Any]:
    """`numloss --help` from start to end, the least of fresh processes."""
    seconds = [_run(HELP)[1] for _ in range(PROCESSES)]
    return {"case": "numloss --help", "processes": PROCESSES, "whole_process_ms": 1e3 * min(seconds)}


def memory(name: str, backend: str) -> dict[str, Any]:
    """Bytes that a call takes beside inputs and outputs: resident in memory, and as Python's allocator saw them."""
    folder = str(Path(__file__).parent)
    figures, _ = _run(MEMORY.format(folder=folder, name=name, backend=backend))
    return {"case": f"{name} on {backend}", **figures}
