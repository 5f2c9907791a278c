"""Evaluation from files beside the speed at which these can be summed: `python benchmarks/streaming.py --help`.

Everybody first shows the right answer; then all take turns, threads among them that only sum the same files, mapped, or
read them into buffers. The files lie in the page cache. Figures are medians unless said; memory is watched from outside
the process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

# sums by BLAS are on the threads that make them
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from file_readers import CLASSES, THREADS, label, normal, reading, share, summing, write

import numloss as nl
from numloss.bench import environment
from numloss.common.files import write_json
from numloss.evaluation import block
from numloss.scalar import exp

RTOL = 1e-5
BUFFERS = (1 << 18, 1 << 20, 1 << 22)
# Windows of a mapped file; 0 leaves all of it mapped.
WINDOWS = (0, 2 << 20, 8 << 20)
# Calls of what takes microseconds.
OFTEN = 999
# Seconds after which threads of other libraries do not spin any more.
PAUSE = 0.02
Call = Callable[[], float]


# who computes -----------------------------------------------------------------------------------------------------


def mean_of(loss: Any, paths: Sequence[Path], **how: Any) -> float:
    """The mean by numloss."""
    with nl.num_threads(THREADS):
        return float(nl.evaluate(loss, *paths, **how).scores[0].mean)


def by_numpy(name: str, paths: Sequence[Path]) -> float:
    """Load, then the formula."""
    pred, target = (np.load(path) for path in paths)
    if name == "mse":
        return float(np.mean((pred - target) ** 2, dtype=np.float64))
    shifted = pred - pred.max(axis=1, keepdims=True)
    rows = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(target)), target]
    return float(rows.mean(dtype=np.float64))


def by_torch(name: str, paths: Sequence[Path]) -> float:
    """Mapped files in batches, without a copy."""
    import torch

    torch.set_num_threads(THREADS)
    pred, target = (np.load(path, mmap_mode="c") for path in paths)  # tensors are never read-only
    step, total = max(1, (1 << 20) // (pred.size // len(pred))), 0.0
    function = torch.nn.functional.mse_loss if name == "mse" else torch.nn.functional.cross_entropy
    for start in range(0, len(pred), step):
        batch = (torch.from_numpy(array[start : start + step]) for array in (pred, target))
        total += float(function(*batch, reduction="sum"))
    return total / len(pred)


def by_dask(name: str, paths: Sequence[Path]) -> float:
    """Mapped files as arrays of blocks."""
    import dask
    import dask.array as da

    maps = [np.load(path, mmap_mode="r") for path in paths]
    step = max(1, (1 << 22) // (maps[0].size // len(maps[0])))
    pred, target = (da.from_array(array, chunks=(step, *array.shape[1:])) for array in maps)
    with dask.config.set(scheduler="threads", num_workers=THREADS):
        if name == "mse":
            return float(((pred - target) ** 2).mean(dtype=np.float64).compute())

        def rows(scores: Any, labels: Any) -> Any:
            shifted = scores - scores.max(axis=1, keepdims=True)
            return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]

        losses = da.blockwise(rows, "i", pred, "ij", target, "i", dtype=np.float32, concatenate=True)
        return float(losses.mean(dtype=np.float64).compute())


PEERS = {"numpy": by_numpy, "torch": by_torch, "dask": by_dask}


# what is measured -------------------------------------------------------------------------------------------------


def turns(
    contestants: dict[str, Callable[[], Any]], rounds: int, of: Callable[[list[float]], float] = statistics.median
) -> dict[str, float]:
    """The median time of each, taking turns; or the least. Between them threads that wait come to rest."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            time.sleep(PAUSE)
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    return {name: of(found) for name, found in times.items()}


def against_summing(name: str, loss: Any, paths: Sequence[Path], rounds: int, peers: bool) -> dict[str, Any]:
    """An evaluation beside threads that only sum or read, and beside peers."""
    contestants: dict[str, Callable[[], Any]] = {"numloss": partial(mean_of, loss, paths)}
    for size in WINDOWS:
        contestants[f"summing {size >> 20} MiB" if size else "summing"] = partial(summing, paths, size)
    for size in BUFFERS:
        contestants[f"reading {size >> 10} KiB"] = partial(reading, paths, size)
    missing = {}
    expected = mean_of(loss, paths)
    for peer, function in PEERS.items() if peers else ():
        try:
            found = function(name, paths)
        except ImportError as error:
            missing[peer] = str(error)
            continue
        assert abs(found - expected) <= RTOL * abs(expected), f"{peer}: {name} is {found}, not {expected}"
        contestants[peer] = partial(function, name, paths)
    seconds = turns(contestants, rounds)
    summer = min(time for of, time in seconds.items() if of.startswith("summing"))
    reader = min(time for of, time in seconds.items() if of.startswith("reading"))
    size = sum(path.stat().st_size for path in paths)
    others = {of: time for of, time in seconds.items() if of in PEERS}
    return {
        "case": name,
        "gigabytes_per_second": size / seconds["numloss"] / 1e9,
        "summing_gigabytes_per_second": size / summer / 1e9,
        "share_of_summing": summer / seconds["numloss"],
        "share_of_reading": reader / seconds["numloss"],
        "faster_than": {of: time / seconds["numloss"] for of, time in others.items()},
        "seconds": seconds,
        "missing": missing,
    }


def one_pass(paths: Sequence[Path], rounds: int) -> dict[str, Any]:
    """Three losses together beside each by itself."""
    losses = [nl.mse, nl.mae, nl.huber]
    alone = {loss.__name__: partial(mean_of, loss, paths) for loss in losses}
    seconds = turns({**alone, "together": partial(mean_of, losses, paths)}, rounds)
    slowest = max(time for name, time in seconds.items() if name != "together")
    return {"case": "mse, mae and huber", "times_the_slowest": seconds["together"] / slowest, "seconds": seconds}


def with_weights(paths: Sequence[Path], weight: Path, rounds: int) -> dict[str, Any]:
    """A file more, of weights, beside threads that sum all three files."""
    contestants = {"weighted": partial(mean_of, nl.mse, paths, weight=weight)}
    seconds = turns({**contestants, "summing": partial(summing, [*paths, weight], 0)}, rounds)
    part = seconds["summing"] / seconds["weighted"]
    return {"case": "mse with weights", "share_of_summing": part, "seconds": seconds}


def four_models(pred: Path, target: Path, rounds: int) -> dict[str, Any]:
    """Four sets of predictions against one target, which is read once."""
    models = dict.fromkeys("abcd", pred)

    def together() -> Any:
        with nl.num_threads(THREADS):
            return nl.evaluate(nl.mse, models, target)

    expected = 4 * nl.data.npy.NpyFile(pred).header.nbytes  # type: ignore[attr-defined]
    assert together().bytes == expected + np.load(target, mmap_mode="r").nbytes
    seconds = turns({"one model": partial(mean_of, nl.mse, (pred, target)), "four models": together}, rounds)
    return {"case": "four models", "bytes": together().bytes, "seconds": seconds}


def _exponential(pred: Any, target: Any) -> Any:
    value = exp(pred - target)
    return value, value, value


def _difference(pred: Any, target: Any) -> Any:
    return pred - target, 1.0, 0.0


def often(law: Any, pred: Any, target: Any) -> None:
    """Many calls, so that a CPU that has rested is awake for most of them."""
    for _ in range(OFTEN):
        law(pred, target, reduction="sum")


def exp_limit(path: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The share of the time of one exponential an element: what it adds to a law in cache, on every thread."""
    laws = [nl.elementwise(law) for law in (_exponential, _difference)]
    pred, target = (normal(np.random.default_rng(k), (1 << 13,)) for k in range(2))
    with nl.num_threads(1):
        calls = {law.__name__.strip("_"): partial(often, law, pred, target) for law in laws}
        seconds = turns(calls, 9, min)
    each = (seconds["exponential"] - seconds["difference"]) / len(pred) / OFTEN
    limit = each * np.load(path, mmap_mode="r").size / THREADS
    return {"case": "cross_entropy", "nanoseconds": each * 1e9, "share_of_limit": limit / record["seconds"]["numloss"]}


def rows_of(folder: Path, rows: int, rounds: int) -> dict[str, Any]:
    """What is asked of single rows, of two losses on two sets of predictions, beside their sums."""
    drawn = {name: np.random.default_rng(k).standard_normal(rows, np.float32) for k, name in enumerate("abt")}
    drawn["by"] = np.random.default_rng(3).integers(0, 50, rows)
    for name, values in drawn.items():
        np.save(folder / f"{name}.npy", values)
    asked: dict[str, dict[str, Any]] = {
        "sums": {}, "intervals": {"interval": 0.95}, "quantiles": {"quantiles": (0.5, 0.9)}, "worst": {"worst": 10},
        "groups": {"by": folder / "by.npy"},
    }  # fmt: skip
    models = {name: folder / f"{name}.npy" for name in "ab"}

    def evaluation(**how: Any) -> Any:
        with nl.num_threads(THREADS):
            return nl.evaluate([nl.mse, nl.mae], models, folder / "t.npy", **how)

    seconds = turns({name: partial(evaluation, **how) for name, how in asked.items()}, rounds)
    return {"case": f"{rows} rows, 4 series", "seconds": seconds}


def peak_memory(paths: Sequence[Path]) -> dict[str, Any]:
    """The largest resident memory of the command, seen from outside, and its time."""
    line = [sys.executable, "-m", "numloss", "evaluate", "--loss", "mse", "--threads", str(THREADS), "--json"]
    began, peak = time.perf_counter(), 0
    process = subprocess.Popen([*line, "--pred", str(paths[0]), "--target", str(paths[1])], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        peak = max([peak, *(int(text.split()[1]) for text in status.splitlines() if text.startswith("VmHWM"))])
        time.sleep(0.005)
    assert process.wait() == 0
    size = sum(path.stat().st_size for path in paths)
    beyond = peak / 1024 - THREADS * block.WINDOWS / 2**20
    took = time.perf_counter() - began
    return {"case": "memory", "bytes": size, "peak_mib": peak / 1024, "beyond_windows_mib": beyond, "seconds": took}


def small_ones(folder: Path, rounds: int) -> dict[str, Any]:
    """A call on two arrays of a thousand rows; the command on files of as many, from start to end; its help."""
    pred, target = (normal(np.random.default_rng(k), (1000,)) for k in range(2))
    for name, values in (("p", pred), ("t", target)):
        np.save(folder / f"{name}.npy", values)
    line = [sys.executable, "-m", "numloss"]
    given = ["evaluate", "--loss", "mse", "--pred", str(folder / "p.npy"), "--target", str(folder / "t.npy")]

    def command(*arguments: str) -> None:
        subprocess.run([*line, *arguments], check=True, stdout=subprocess.DEVNULL)

    calls = turns({"call": partial(nl.evaluate, nl.mse, pred, target)}, 100)
    seconds = turns({"command": partial(command, *given), "help": partial(command, "--help")}, rounds)
    return {"case": "small", "call_ms": calls["call"] * 1e3, "seconds": seconds}


def line_of(record: dict[str, Any]) -> str:
    """A record in one line."""
    name, parts = record["case"], []
    for key, value in record.items():
        if isinstance(value, dict):
            parts += [f"{inner} {outer:.3g}" for inner, outer in value.items() if isinstance(outer, float)]
        elif key != "case":
            parts.append(f"{key.replace('_', ' ')} {value:.4g}")
    return f"{name:<20}{', '.join(parts)}"


def main() -> None:
    """Write the files, measure, print a line for each case, keep everything in a file of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1 << 26, help="float32 numbers in each file of single numbers")
    parser.add_argument("--large-rows", type=int, default=0, help="also watch the memory over files of so many numbers")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--avx2", action="store_true", help="all of them as on a CPU that has AVX2, but not AVX-512")
    parser.add_argument("--folder", type=Path, help="where the files go for a while; by default the temporary folder")
    parser.add_argument("--output", type=Path, help="file of results")
    options = parser.parse_args()
    if options.avx2:
        environment.as_avx2()
    results: dict[str, Any] = {**environment.describe(), "threads": THREADS, "records": []}

    def add(record: dict[str, Any]) -> None:
        results["records"].append(record)
        print(line_of(record), flush=True)
        if options.output is not None:
            write_json(options.output, {**results, "load_after": environment.load()})

    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder, rows, peers = Path(name), options.rows, not options.no_peers
        single = [write(folder / f"{kind}.npy", rows, 0, normal) for kind in ("pred", "target")]
        shares = write(folder / "share.npy", rows, 0, share)
        logits = write(folder / "logits.npy", rows // 500, CLASSES, normal)
        wide = logits, write(folder / "labels.npy", rows // 500, 0, label)
        add(small_ones(folder, options.rounds))
        add(against_summing("mse", nl.mse, single, options.rounds, peers))
        add(against_summing("huber", nl.huber, single, options.rounds, False))
        add(against_summing("bce_with_logits", nl.bce_with_logits, (single[0], shares), options.rounds, False))
        add(against_summing("cross_entropy", nl.cross_entropy, wide, options.rounds, peers))
        logarithms = results["records"][-1]
        add(one_pass(single, options.rounds))
        add(with_weights(single, shares, options.rounds))
        add(four_models(*single, options.rounds))
        add(rows_of(folder, rows >> 6, options.rounds))
        if options.large_rows:
            large = [write(folder / f"large-{k}.npy", options.large_rows, 0, normal) for k in range(2)]
            add(peak_memory(large))
        add(exp_limit(logits, logarithms))  # the last: a law of one's own is compiled by Numba, which others then use


if __name__ == "__main__":
    main()
