"""Calls on a machine that others use, too: with one thread, with all, and beside what an idle machine takes.

    python benchmarks/busy.py [--turns 10] [--calls 20] [--save]

Competitors are processes that count, started here and ended here: one, or one for each core, of the same priority as
the calls or of the least. "torch" is an operation of torch on all cores before each call, whose threads then wait
awake. Calls with one thread and with all take turns, so many in a row; value and gradient in float32. Medians count,
the mean tells of the calls that lost a core. --save writes to results/.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from session import keep

import numloss as nl
from numloss.backends.threads import cores
from numloss.bench import environment
from numloss.bench.contest import BACKENDS, Call

# Competitors, and how nice they are.
SCENES = {
    "idle": (0, 0),
    "one competitor": (1, 0),
    "one a core": (cores(), 0),
    "one a core, nice 19": (cores(), 19),
}
# Seconds in which competitors find their cores.
SETTLE = 0.3
COUNT = "import os, sys; os.nice(int(sys.argv[1]))\nwhile True: pass"


def calls_of(backend: str) -> dict[str, Call]:
    """The calls, which write their gradients to memory that is reused."""
    random = np.random.default_rng(20260101)

    def normal(*shape: int) -> Any:
        return random.standard_normal(shape, np.float32)

    def call(name: str, *arrays: Any) -> Call:
        out, step = np.ones_like(arrays[0]), nl.value_and_grad(getattr(nl, name))
        return lambda: step(*arrays, backend=backend, out=out)

    rows, labels = normal(65536, 10), random.integers(0, 10, 65536)
    images = normal(4, 4, 256, 256)
    return {
        "huber (65536)": call("huber", normal(65536), normal(65536)),
        "cross_entropy (65536, 10)": call("cross_entropy", rows, labels),
        "dice (4, 4, 256, 256)": call("dice", images, (images > 0).astype(np.float32)),
        "nll (65536, 10)": call("nll", np.log(np.abs(rows) + np.float32(0.01)), labels),
    }


@contextlib.contextmanager
def competitors(count: int, nice: int) -> Iterator[None]:
    """So many processes that count."""
    started = [subprocess.Popen([sys.executable, "-c", COUNT, str(nice)]) for _ in range(count)]
    try:
        time.sleep(SETTLE if count else 0.0)
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def torch_operation() -> Callable[[], Any] | None:
    """An operation of torch on all cores, None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(cores())
    x = torch.randn(1 << 20)
    out = torch.empty_like(x)
    return lambda: torch.sigmoid(x, out=out)


def timed(call: Call, before: Callable[[], Any] | None, count: int) -> list[float]:
    """Milliseconds of so many calls."""
    found = []
    for _ in range(count):
        if before is not None:
            before()
        start = time.perf_counter()
        call()
        found.append(1e3 * (time.perf_counter() - start))
    return found


def measure(calls: dict[str, Call], before: Callable[[], Any] | None, turns: int, count: int) -> dict[str, Any]:
    """Median and mean of each call in milliseconds, with one thread and with all."""
    times: dict[str, dict[int, list[float]]] = {name: {1: [], cores(): []} for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            for threads, found in times[name].items():
                with nl.num_threads(threads):
                    found += timed(call, before, count)
    return {
        name: {
            label: {"median_ms": statistics.median(found), "mean_ms": statistics.fmean(found)}
            for label, found in zip(("one", "all"), each.values(), strict=True)
        }
        for name, each in times.items()
    }


def show(scene: str, found: dict[str, Any], idle: dict[str, Any]) -> None:
    """A line for each call."""
    for name, each in found.items():
        one, every = each["one"], each["all"]
        ratios = [every[kind] / one[kind] for kind in ("median_ms", "mean_ms")]
        ratios += [every[kind] / idle[name]["all"][kind] for kind in ("median_ms", "mean_ms")]
        figures = f"{one['median_ms']:9.3f}{every['median_ms']:9.3f} ms" + "".join(f"{ratio:9.2f}" for ratio in ratios)
        print(f"{scene:<28}{name:<26}{figures}", flush=True)


def main() -> None:
    """Print the ratios, and keep them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    results: dict[str, Any] = {**environment.describe(), "threads": cores(), "records": []}
    beside = torch_operation()
    print(f"{'':<54}medians of one, all     all / one: median, mean; all / idle: median, mean")
    for backend in BACKENDS:
        calls, idle = calls_of(backend), {}
        for call in calls.values():
            call()
        scenes = [(name, *scene, None) for name, scene in SCENES.items()]
        for scene, count, nice, before in [*scenes, *([("torch", 0, 0, beside)] if beside else [])]:
            with competitors(count, nice):
                found = measure(calls, before, options.turns, options.calls)
            idle = idle or found
            show(f"{backend} {scene}", found, idle)
            results["records"].append({"backend": backend, "scene": scene, "calls": found})
    if options.save:
        keep(results, "busy")


if __name__ == "__main__":
    main()
