"""A fair comparison: every contestant proves its answer first, then all take turns in one process.

The floor takes its turns among them: a copy that moves as many bytes as the case must move, with as many threads.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from arrays import Array, floor_bytes, inputs, outputs
from cases import Case
from peers import Answer, NotAvailable, NotCovered, prepare, with_numpy, with_sklearn

import numloss as nl

BACKENDS = ("numba", "cython")
MODES = ("value", "value_and_grad", "value_grad_hess")
FRESH = ", fresh gradient"
# A sample of a short call is the mean over as many calls as take this long.
SAMPLE_SECONDS = 1e-3
# Teams of OpenMP threads keep a core busy for a while after their work: the next contestant shall not pay for it.
SETTLE_SECONDS = 3e-3
ROUNDS = 25
LEAST_ROUNDS = 3
RTOL = 1e-4

Call = Callable[[], Any]


def numloss_call(case: Case, arrays: tuple[Array, ...], mode: str, backend: str, fresh: bool = False) -> Call:
    """The public call of a case on a backend, writing to memory that is reused, or to new memory."""
    options: dict[str, Any] = {**case.keywords, "backend": backend}
    function: Callable[..., Any] = case.record.function
    if mode != "value":
        function = getattr(nl, mode)(function)
        if not fresh:
            out = outputs(case, arrays)
            options["out"] = (out, outputs(case, arrays)) if mode == "value_grad_hess" else out
    return lambda: function(*arrays, **options)


def read(answer: Any) -> Answer:
    """Value and gradients of what a transformed loss returned; a plain loss has no gradients."""
    if not isinstance(answer, tuple):
        return answer, ()
    gradients = answer[1]
    return answer[0], gradients if isinstance(gradients, tuple) else (gradients,)


def truth(case: Case, arrays: tuple[Array, ...]) -> Answer:
    """Value and gradients in float64, from plain NumPy if there are lines for the loss, else from numloss itself."""
    wide = tuple(array.astype(np.float64) if array.dtype.kind == "f" else array for array in arrays)
    try:
        lines = with_numpy.prepare("numpy", case, wide, 1, False)
        return with_numpy.read(lines.call())
    except NotCovered:
        return read(nl.value_and_grad(case.record.function)(*wide, **case.keywords))


def check(name: str, answer: Answer, expected: Answer) -> None:
    """Raise unless what was computed of value and gradients is right, to what float32 allows."""
    value, gradients = answer
    if value is not None:
        np.testing.assert_allclose(value, expected[0], rtol=RTOL, err_msg=f"value of {name}")
    for gradient, right in zip(gradients, expected[1], strict=True):
        assert gradient.shape == right.shape, f"gradient of {name}: shape {gradient.shape}, not {right.shape}"
        error = np.abs(gradient - right)
        allowed = RTOL * np.abs(right) + 0.01 * RTOL * np.abs(right).max()
        assert (error <= allowed).all(), f"gradient of {name}: wrong by up to {np.max(error)}"


class Floor:
    """A copy that moves so many bytes, half of them read and half written, with so many threads."""

    def __init__(self, moved: int, threads: int) -> None:
        self.source, self.target = np.ones(moved // 2, np.uint8), np.ones(moved // 2, np.uint8)
        cuts = np.linspace(0, moved // 2, threads + 1).astype(int)
        self.parts = [slice(low, high) for low, high in pairwise(cuts)]
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __call__(self) -> None:
        if self.pool is None:
            np.copyto(self.target, self.source)
        else:
            list(self.pool.map(self.copy, self.parts))  # np.copyto releases the interpreter

    def copy(self, part: slice) -> None:
        np.copyto(self.target[part], self.source[part])

    def close(self) -> None:
        """End the threads."""
        if self.pool is not None:
            self.pool.shutdown()


def timed(call: Call, loops: int) -> float:
    """Seconds of one call, the mean of so many."""
    start = time.perf_counter()
    for _ in range(loops):
        call()
    return (time.perf_counter() - start) / loops


def race(calls: dict[str, Call], seconds: float, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Times in seconds of calls that take turns; who begins changes from round to round."""
    once = {name: min(timed(call, 1) for _ in range(2)) for name, call in calls.items()}
    loops = {name: max(1, int(SAMPLE_SECONDS / max(each, 1e-7))) for name, each in once.items()}
    names = list(calls)
    times: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    end = time.perf_counter() + seconds
    try:
        for k in range(rounds):
            if k >= LEAST_ROUNDS and time.perf_counter() > end:
                break
            first = k % len(names)
            for name in names[first:] + names[:first]:
                time.sleep(SETTLE_SECONDS)
                if loops[name] > 1:
                    calls[name]()  # brings its data back into the cache, as between the calls that are timed
                times[name].append(timed(calls[name], loops[name]))
    finally:
        gc.enable()
    return times


def medians(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Milliseconds of calls that take so many turns."""
    return {name: 1e3 * statistics.median(each) for name, each in race(calls, math.inf, rounds).items()}


def least(call: Callable[[], Any], times: int) -> tuple[float, Any]:
    """The least seconds of a call that is made so many times, and its answer."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        answer = call()
        found.append(time.perf_counter() - began)
    return min(found), answer


def contestants(
    case: Case, arrays: tuple[Array, ...], mode: str, threads: int, peers: Iterable[str], sizes_vary: bool = False
) -> tuple[dict[str, Call], dict[str, str]]:
    """Everyone who can run a case and has shown the right answer, and why the others cannot."""
    expected = truth(case, arrays)
    calls: dict[str, Call] = {}
    missing: dict[str, str] = {}
    for backend in BACKENDS:
        calls[backend] = numloss_call(case, arrays, mode, backend)
        check(f"{case.name} on {backend}", read(calls[backend]()), expected if mode != "value" else (expected[0], ()))
    if mode == "value":
        return calls, missing
    calls[BACKENDS[0] + FRESH] = numloss_call(case, arrays, mode, BACKENDS[0], fresh=True)
    for name in peers:
        try:
            if mode == "value_grad_hess":
                peer = with_sklearn.prepare(name, case, arrays, threads, curvature=True)
            else:
                peer = prepare(name, case, arrays, threads, sizes_vary)
        except NotCovered:
            continue
        except NotAvailable as error:
            missing[name] = str(error)
            continue
        check(f"{case.name} by {name}", peer.read(peer.call()), expected)
        calls[name] = peer.call
    return calls, missing


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """The median, and between which two of the ratios it lies in 95 of 100 such runs."""
    ordered = sorted(ratios)
    middle = len(ordered) // 2
    apart = min(middle, math.ceil(0.98 * math.sqrt(len(ordered))))
    return statistics.median(ordered), ordered[middle - apart], ordered[min(len(ordered) - 1, middle + apart)]


def compete(
    case: Case,
    threads: int,
    peers: Iterable[str],
    seconds: float,
    mode: str = "value_and_grad",
    sizes_vary: bool = False,
    rounds: int = ROUNDS,
) -> dict[str, Any]:
    """One case, all contestants, times in milliseconds: a record of the results."""
    arrays = inputs(case)
    moved, passes = floor_bytes(case, arrays, mode)
    calls, missing = contestants(case, arrays, mode, threads, peers, sizes_vary)
    # a copy with fewer threads is the faster one where arrays are small
    copies = {f"copy, {n} threads": Floor(moved, n) for n in sorted({1, threads})}
    times = race({**copies, **calls}, seconds, rounds)
    for copy in copies.values():
        copy.close()
    medians = {name: 1e3 * statistics.median(each) for name, each in times.items()}
    # of the times of one turn, which the same neighbours on the machine have disturbed
    over = {
        ours: {name: interval([a / b for a, b in zip(times[name], times[ours], strict=True)]) for name in calls}
        for ours in BACKENDS
    }
    return {
        "case": case.name,
        "loss": case.loss,
        "mode": mode,
        "threads": threads,
        "elements": case.size,
        "rounds": len(times[BACKENDS[0]]),
        "passes": passes,
        "bytes": moved,
        "floor_ms": min(medians.pop(name) for name in copies),
        "median_ms": medians,
        "least_ms": {name: 1e3 * min(times[name]) for name in medians},
        "over": over,
        "not_available": missing,
    }
