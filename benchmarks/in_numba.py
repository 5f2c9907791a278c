"""Losses in functions that a user compiles with Numba, beside the same written by hand.

    python benchmarks/in_numba.py [--turns 9] [--save]

One thread. Of vectors of 2^14 the loss is called for all elements at once, and for each element in a loop of the user;
by hand it is the loop that one would write. Rows of logits are given one by one, and written by hand with three loops.
The contestants take turns; the lowest of each counts. Numba finds numloss by the entry point of an installed package,
or as it is told here.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numba import njit
from session import keep

import numloss as nl
import numloss_in_numba
from numloss.bench import environment

numloss_in_numba.register()
# How often a contestant is called in a turn.
CALLS = 200
WAYS = ("at once", "in a loop", "by hand")


@njit
def huber_at_once(pred: Any, target: Any) -> Any:
    return nl.huber(pred, target, delta=1.5)


@njit
def huber_in_a_loop(pred: Any, target: Any) -> Any:
    total = 0.0
    for i in range(pred.size):
        total += nl.huber(pred[i], target[i], delta=1.5)
    return total / pred.size


@njit
def huber_by_hand(pred: Any, target: Any) -> Any:
    total = 0.0
    for i in range(pred.size):
        error = abs(pred[i] - target[i])
        total += 0.5 * error * error if error <= 1.5 else 1.5 * (error - 0.75)
    return total / pred.size


@njit
def logistic_at_once(pred: Any, target: Any) -> Any:
    return nl.bce_with_logits(pred, target)


@njit
def logistic_in_a_loop(pred: Any, target: Any) -> Any:
    total = 0.0
    for i in range(pred.size):
        total += nl.bce_with_logits(pred[i], target[i])
    return total / pred.size


@njit
def logistic_by_hand(pred: Any, target: Any) -> Any:
    total = 0.0
    for i in range(pred.size):
        total += max(pred[i], 0.0) - pred[i] * target[i] + np.log1p(np.exp(-abs(pred[i])))
    return total / pred.size


@njit
def rows_at_once(logits: Any, labels: Any) -> Any:
    return nl.cross_entropy(logits, labels)


@njit
def rows_in_a_loop(logits: Any, labels: Any) -> Any:
    total = 0.0
    for i in range(logits.shape[0]):
        total += nl.cross_entropy(logits[i], labels[i])
    return total / logits.shape[0]


@njit
def rows_by_hand(logits: Any, labels: Any) -> Any:
    total = 0.0
    for i in range(logits.shape[0]):
        top = logits[i, 0]
        for j in range(logits.shape[1]):
            top = max(top, logits[i, j])
        terms = 0.0
        for j in range(logits.shape[1]):
            terms += np.exp(logits[i, j] - top)
        total += np.log(terms) + top - logits[i, labels[i]]
    return total / logits.shape[0]


def contests(dtype: str) -> dict[str, tuple[tuple[Any, ...], list[Any]]]:
    """What is computed, of which arrays, and by whom, who does it by hand last."""
    random = np.random.default_rng(20260101)
    pred, target = random.standard_normal((2, 1 << 14)).astype(dtype) * 2.0
    vectors = pred.astype(dtype), target.astype(dtype)
    truth = (vectors[1] > 0).astype(dtype)
    found: dict[str, tuple[tuple[Any, ...], list[Any]]] = {
        f"huber (2^14) {dtype}": (vectors, [huber_at_once, huber_in_a_loop, huber_by_hand]),
        f"bce_with_logits (2^14) {dtype}": (
            (vectors[0], truth),
            [logistic_at_once, logistic_in_a_loop, logistic_by_hand],
        ),
    }
    for classes in (10, 100):
        logits = random.standard_normal(((1 << 14) // classes, classes)).astype(dtype)
        labels = random.integers(0, classes, len(logits))
        rows = [rows_at_once, rows_in_a_loop, rows_by_hand]
        found[f"cross_entropy {logits.shape} {dtype}"] = ((logits, labels), rows)
    return found


def lowest(functions: list[Any], arrays: tuple[Any, ...], turns: int) -> list[float]:
    """The lowest microseconds of a call of each function, which agree on the value."""
    found = [function(*arrays) for function in functions]
    np.testing.assert_allclose(found, found[0], rtol=1e-5)
    least = [float("inf")] * len(functions)
    for _ in range(turns):
        for k, function in enumerate(functions):
            for _ in range(CALLS):
                start = time.perf_counter()
                function(*arrays)
                least[k] = min(least[k], 1e6 * (time.perf_counter() - start))
    return least


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    described, rows = environment.describe(), []
    for dtype in ("float32", "float64"):
        for name, (arrays, functions) in contests(dtype).items():
            least = lowest(functions, arrays, options.turns)
            rows.append({"name": name, "lowest_us": dict(zip(WAYS, least, strict=True))})
            print(
                f"{name}: " + ", ".join(f"{way} {took:.1f} us" for way, took in rows[-1]["lowest_us"].items()),
                flush=True,
            )
    if options.save:
        keep({**described, "rows": rows}, "in-numba")


if __name__ == "__main__":
    main()
