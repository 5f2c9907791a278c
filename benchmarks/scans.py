"""Advantages and returns over time against a loop over steps in NumPy and in torch.

    python benchmarks/scans.py [--turns 9] [--threads 1] [--avx2] [--save]

float32, 1024 steps of 4096 columns, flags of one byte, results written to memory that is reused; also where time is the
last axis in memory. The others take one step of all columns at a time, as is usual. The floor is a copy of as many
bytes as must move: what is given is read once, and results are written once. The contestants take turns; medians
count. --save writes to results/.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from session import asked, keep

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import BACKENDS, Call, Floor, medians

SHAPE = (1024, 4096)
DISCOUNT, LAM = 0.99, 0.95
LOGS = ("log_prob", "old_log_prob")
NAMES = {"gae": ("reward", "value", "next_value"), "vtrace": ("reward", "value", "next_value", *LOGS)}


def arrays(shape: tuple[int, int]) -> dict[str, Any]:
    """What a scan is given, by name."""
    random = np.random.default_rng(20260101)
    found = {name: random.standard_normal(shape, np.float32) for name in ("reward", "value", *LOGS)}
    found["next_value"] = random.standard_normal(shape[1:], np.float32)
    found["terminated"] = random.random(shape, np.float32) < 0.01
    return found


def ours(name: str, given: dict[str, Any], backend: str, axis: int = 0) -> Call:
    """numloss."""
    function = getattr(nl.returns, name)
    inputs = [given[each] for each in NAMES[name]]
    out = tuple(np.ones_like(given["reward"]) for _ in range(2))
    options = {"terminated": given["terminated"], "discount": DISCOUNT, "lam": LAM if name == "gae" else 1.0}
    return lambda: function(*inputs, **options, axis=axis, backend=backend, out=out)


def stepwise(name: str, given: dict[str, Any], module: Any) -> Call:
    """A loop over steps with the functions of a module, NumPy or torch."""
    reward, value, final = (given[each] for each in NAMES["gae"])
    first, second = module.empty_like(reward), module.empty_like(reward)

    def gae() -> Any:
        going = DISCOUNT * (1.0 - given["terminated"] * module.ones_like(reward[:1]))
        ahead, following = module.zeros_like(final), final
        for step in range(len(reward) - 1, -1, -1):
            error = reward[step] + going[step] * following - value[step]
            ahead = error + LAM * going[step] * ahead
            first[step], following = ahead, value[step]
        return first, first + value

    def vtrace() -> Any:
        clipped = module.exp(given["log_prob"] - given["old_log_prob"]).clip(max=1.0)
        going = DISCOUNT * (1.0 - given["terminated"] * module.ones_like(reward[:1]))
        ahead, following = module.zeros_like(final), final
        for step in range(len(reward) - 1, -1, -1):
            error = reward[step] + going[step] * following - value[step]
            second[step] = clipped[step] * (error + going[step] * ahead)
            ahead = clipped[step] * (error + going[step] * ahead)
            first[step], following = value[step] + ahead, value[step]
        return first, second

    return gae if name == "gae" else vtrace


def moved(name: str, given: dict[str, Any]) -> int:
    """Bytes that must move."""
    return sum(given[each].nbytes for each in (*NAMES[name], "terminated")) + 2 * int(given["reward"].nbytes)


def main() -> None:
    """Print the comparisons, and keep them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options = asked(parser, 9)
    import torch

    torch.set_num_threads(options.threads)
    found: dict[str, Any] = {**environment.describe(), "threads": options.threads, "median_ms": {}}
    given = arrays(SHAPE)
    turned = {name: np.ascontiguousarray(array.T) for name, array in given.items()}
    for name in NAMES:
        calls = {backend: ours(name, given, backend) for backend in BACKENDS}
        calls["time last"] = ours(name, turned, BACKENDS[0], axis=1)
        calls["numpy"] = stepwise(name, given, np)
        calls["torch"] = stepwise(name, {each: torch.from_numpy(array) for each, array in given.items()}, torch)
        expected = calls["numpy"]()
        for each, call in calls.items():
            for a, b in zip(call(), expected, strict=True):
                np.testing.assert_allclose(a.T if each == "time last" else a, b, rtol=1e-3, atol=1e-3, err_msg=each)
        copies = {n: Floor(moved(name, given), n) for n in sorted({1, options.threads})}
        took = medians({**{f"copy, {n} threads": floor for n, floor in copies.items()}, **calls}, options.turns)
        floor = min(took.pop(f"copy, {n} threads") for n in copies)
        found["median_ms"][name] = {"floor": floor, **took}
        print(f"{name} of {SHAPE}, floor {floor:.2f} ms")
        for each, time in took.items():
            over = f"{time / floor:8.2f} x floor{time / took[BACKENDS[0]]:8.1f} x {BACKENDS[0]}"
            print(f"  {each:<10}{time:10.2f} ms{over}")
    if options.save:
        keep(found, "scans")


if __name__ == "__main__":
    main()
