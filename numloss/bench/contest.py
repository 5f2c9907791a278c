"""A fair comparison: every contestant proves its answer first, then all take turns in one process.

The floor takes its turns among them: a copy that moves as many bytes as the case must move, with as many threads.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from .. import transforms
from ..common.halves import is_half, widened
from .arrays import Array, dtype_of, floor_bytes, inputs, outputs
from .cases import Case
from .peers import Answer, NotAvailable, NotCovered, prepare, with_numpy

BACKENDS = ("numba", "cython")
MODES = ("value", "grad", "value_and_grad", "value_grad_hess")
FRESH = ", fresh gradient"
# A sample of a short call is the mean over as many calls as take this long.
SAMPLE_SECONDS = 1e-3
# Teams of OpenMP threads keep a core busy for a while after their work: the next contestant shall not pay for it.
SETTLE_SECONDS = 3e-3
ROUNDS = 25
LEAST_ROUNDS = 3
RTOL = 1e-4
# The same of what is computed or stored in 16 bits, and what such numbers may be off by near 0.
RTOL_OF_HALVES = {"float16": 4e-3, "bfloat16": 2e-2}
LEAST_HALF = 2.0**-23

Call = Callable[[], Any]


def numloss_call(case: Case, arrays: tuple[Array, ...], mode: str, backend: str, fresh: bool = False) -> Call:
    """The public call of a case on a backend, writing to memory that is reused, or to new memory."""
    options: dict[str, Any] = {**case.keywords, "backend": backend}
    function: Callable[..., Any] = case.record.function
    if mode != "value":
        function = getattr(transforms, mode)(function)
        if not fresh:
            out = outputs(case, arrays)
            options["out"] = (out, outputs(case, arrays)) if mode == "value_grad_hess" else out
    return lambda: function(*arrays, **options)


def read(answer: Any, mode: str = "value_and_grad") -> Answer:
    """Value and gradients of what a call of a mode returned; a plain loss has no gradients, a gradient no value."""
    if mode == "value":
        return answer, ()
    value, gradients = (None, answer) if mode == "grad" else answer[:2]
    return value, gradients if isinstance(gradients, tuple) else (gradients,)


def truth(case: Case, arrays: tuple[Array, ...], backend: str | None = None) -> Answer:
    """Value and gradients in float64, from plain NumPy if there are lines for the loss, else from numloss itself."""
    wide = tuple(array if array.dtype.kind in "biu" else widened(array).astype(np.float64) for array in arrays)
    try:
        lines = with_numpy.prepare("numpy", replace(case, dtype="float64"), wide, 1, False, "value_and_grad")
        return lines.read(lines.call())
    except NotCovered:
        return read(transforms.value_and_grad(case.record.function)(*wide, **case.keywords, backend=backend))


def check(name: str, answer: Answer, expected: Answer, dtype: str = "float32", loose: bool = False) -> None:
    """Raise unless what was computed of value and gradients is right, to what float32 or a dtype of 16 bits allows.

    Gradients of 16 bits are rounded to them; `loose` is who computes in them, too.
    """
    value, gradients = answer
    stored = RTOL_OF_HALVES.get(dtype, RTOL)
    if value is not None and expected[0] is not None:
        np.testing.assert_allclose(value, expected[0], rtol=stored if loose else RTOL, err_msg=f"value of {name}")
    if not gradients:
        return
    for gradient, right in zip(gradients, expected[1], strict=True):
        assert gradient.shape == right.shape, f"gradient of {name}: shape {gradient.shape}, not {right.shape}"
        error = np.abs(widened(gradient) - right)
        allowed = stored * np.abs(right) + (stored if loose else 0.01 * stored) * np.abs(right).max()
        if is_half(dtype_of(dtype)):
            allowed += LEAST_HALF
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
            self.copy(self.parts[0])
        else:
            list(self.pool.map(self.copy, self.parts))  # np.copyto releases the interpreter

    def copy(self, part: slice) -> None:
        np.copyto(self.target[part], self.source[part])

    def close(self) -> None:
        """End the threads."""
        if self.pool is not None:
            self.pool.shutdown()


class Arithmetic(Floor):
    """Square roots of numbers that stay in the cache, as many as take about as long as copying so many bytes.

    What waits for memory and what waits for arithmetic are disturbed by different neighbours, so there is one of each.
    """

    BLOCK = 4096

    def __init__(self, moved: int, threads: int) -> None:
        super().__init__(2 * threads, threads)
        self.turns = max(1, moved // (threads * self.BLOCK * 16))
        self.numbers = np.linspace(1.0, 2.0, self.BLOCK)
        self.roots = np.empty((threads, self.BLOCK))

    def copy(self, part: slice) -> None:
        for _ in range(self.turns):
            np.sqrt(self.numbers, out=self.roots[part.start])


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
    gc.collect(1)
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
    case: Case,
    arrays: tuple[Array, ...],
    mode: str,
    threads: int,
    peers: Iterable[str],
    sizes_vary: bool = False,
    backends: Sequence[str] = BACKENDS,
) -> tuple[dict[str, Call], dict[str, str]]:
    """Everyone who can run a case and has shown the right answer, and why the others cannot."""
    expected = truth(case, arrays, backends[-1])
    calls: dict[str, Call] = {}
    missing: dict[str, str] = {}
    for backend in backends:
        calls[backend] = numloss_call(case, arrays, mode, backend)
        check(f"{case.name} on {backend}", read(calls[backend](), mode), expected, case.dtype)
    if mode == "value_and_grad":
        calls[backends[0] + FRESH] = numloss_call(case, arrays, mode, backends[0], fresh=True)
    for name in peers:
        try:
            peer = prepare(name, case, arrays, threads, sizes_vary, mode)
        except NotCovered:
            continue
        except NotAvailable as error:
            missing[name] = str(error)
            continue
        check(f"{case.name} by {name}", peer.read(peer.call()), expected, case.dtype, loose=True)
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
