"""The score of an ensemble, with its gradient, against NumPy's sort of its members, scoringrules and properscoring.

    python benchmarks/ensemble.py [--shape 1000000 50] [--threads 1] [--turns 5] [--peers 20000] [--avx2] [--save]

A million forecasts of 50 members, float32. The contestants take turns; medians count. The sort is `numpy.sort` along
the last axis, of as many parts of the rows as there are threads, at the same time. scoringrules (its kernels compiled
by Numba) and properscoring give the value alone, of `--peers` rows, counted for all. --save writes to results/.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from session import asked, keep

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import BACKENDS, Call, medians

SORT = "numpy.sort"


def ours(pred: Any, target: Any, backend: str) -> dict[str, Call]:
    """The value, and the value with a gradient written to memory that is reused."""
    out, both = np.ones_like(pred), nl.value_and_grad(nl.crps_ensemble)
    return {
        f"{backend}, value": lambda: nl.crps_ensemble(pred, target, backend=backend),
        f"{backend}, gradient": lambda: both(pred, target, backend=backend, out=out)[0],
    }


def sort(pred: Any, workers: int) -> Call:
    """All rows sorted, by so many threads."""
    pool, parts = ThreadPoolExecutor(workers), np.array_split(pred, workers)
    return lambda: list(pool.map(lambda part: np.sort(part, axis=-1), parts))


def peers(pred: Any, target: Any) -> dict[str, Call]:
    """Other libraries, where they are installed: the mean of the values of all rows given."""
    calls: dict[str, Call] = {}
    try:
        import scoringrules

        for name in ("qd", "nrg"):
            calls[f"scoringrules, {name}"] = lambda name=name: float(
                np.mean(scoringrules.crps_ensemble(target, pred, estimator=name, backend="numba"))
            )
    except ImportError:
        print("scoringrules is not installed")
    try:
        import properscoring

        calls["properscoring"] = lambda: float(np.mean(properscoring.crps_ensemble(target, pred)))
    except ImportError:
        print("properscoring is not installed")
    return calls


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, nargs=2, default=(1_000_000, 50))
    parser.add_argument("--peers", type=int, default=20_000, help="rows that other libraries are given")
    options = asked(parser, 5)
    random, rows = np.random.default_rng(20260101), options.shape[0]
    pred = random.standard_normal(options.shape, np.float32)
    target = random.standard_normal(rows, np.float32)
    calls = {SORT: sort(pred, options.threads)}
    for backend in BACKENDS:
        calls |= ours(pred, target, backend)
    few = min(rows, options.peers)
    others = peers(pred[:few], target[:few])
    for name, call in others.items():
        np.testing.assert_allclose(call(), nl.crps_ensemble(pred[:few], target[:few]), rtol=1e-4, err_msg=name)
    took = medians(calls | others, options.turns)
    took = {name: each * (rows / few if name in others else 1.0) for name, each in took.items()}
    for name, each in took.items():
        print(f"{name:<20}{each:10.1f} ms{each / took[SORT]:8.2f} x {SORT}")
    if options.save:
        described = environment.describe()
        keep({**described, "shape": options.shape, "threads": options.threads, "median_ms": took}, "ensemble")


if __name__ == "__main__":
    main()
