"""Metrics of an evaluation beside scikit-learn: `python benchmarks/metrics.py --help`.

Scores are a sigmoid's, with labels of a byte, in files in the page cache; scikit-learn has them in memory. Of several
classes scores are a softmax's. The difference of two areas with its error has no peer there: it is held against the
method of DeLong by ranks, as Sun and Xu have it (IEEE Signal Processing Letters 21, 2014), in NumPy and SciPy. Both
give the same answer, of as many rows as the peer is given; shares are of the time for a row. Memory is the most that a
process of its own has had, less what it had before the evaluation.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from session import RESULTS

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import least
from numloss.common.files import write_json

PART = 1 << 22
CLASSES = 10
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What is asked, what is read beside labels, the peer's answer, and how far they may be apart."""

    metric: str
    peer: Callable[[Arrays], Any]
    inputs: tuple[str, ...] = ("pred",)
    classes: int = 0
    within: float = 1e-12

    @property
    def columns(self) -> tuple[int, ...]:
        """What a score has beside its row."""
        return (self.classes,) if self.classes else ()

    def answer(self, data: Arrays) -> Any:
        """The answer of numloss: a number, or a difference and its error."""
        models = {name: data[name] for name in self.inputs if name != "weight"}
        options: dict[str, Any] = {"weight": data["weight"]} if "weight" in self.inputs else {}
        if len(models) == 1:
            return nl.evaluate((), data["pred"], data["target"], metrics=self.metric, **options).metrics[0].value
        found = nl.evaluate((), models, data["target"], metrics=self.metric, interval=0.95).differences[0]
        assert found.interval is not None
        return found.mean, found.interval.error


def by_sklearn(name: str) -> Callable[[Arrays], float]:
    """A metric of scikit-learn."""

    def call(data: Arrays) -> float:
        from sklearn import metrics

        weight = data.get("weight")
        return float(getattr(metrics, name)(data["target"], data["pred"], sample_weight=weight))

    return call


def by_classes(data: Arrays) -> float:
    """The mean of the areas of each class against all others; scikit-learn's own wants rows whose sum is 1."""
    from sklearn.metrics import roc_auc_score

    return float(np.mean([roc_auc_score(data["target"] == k, data["pred"][:, k]) for k in range(CLASSES)]))


def by_ranks(data: Arrays) -> tuple[float, float]:
    """The difference of two areas, the first less the second, and its error."""
    from scipy.stats import rankdata

    ones = np.asarray(data["target"]) == 1
    areas, positives, negatives = [], [], []
    for name in ("pred", "other"):
        scores = np.asarray(data[name])
        ranks, m, n = rankdata(scores), int(ones.sum()), int((~ones).sum())
        positives.append((ranks[ones] - rankdata(scores[ones])) / n)
        negatives.append(1.0 - (ranks[~ones] - rankdata(scores[~ones])) / m)
        areas.append(positives[-1].mean())
    moved = [(of[1] - of[0]).var(ddof=1) / len(of[0]) for of in (positives, negatives)]
    return areas[0] - areas[1], float(np.sqrt(sum(moved)))


CASES = {
    "auc": Case("auc", by_sklearn("roc_auc_score")),
    "average_precision": Case("average_precision", by_sklearn("average_precision_score")),
    "weighted": Case("auc", by_sklearn("roc_auc_score"), ("pred", "weight"), within=1e-9),
    "paired": Case("auc", by_ranks, ("pred", "other"), within=2e-3),
    "classes": Case("auc", by_classes, classes=CLASSES),
}


def write(folder: Path, case: Case, rows: int, dtype: str) -> dict[str, Path]:
    """Files of scores, labels and weights, drawn in parts."""
    kinds = {name: np.dtype(np.float32 if name == "weight" else dtype) for name in case.inputs}
    kinds["target"] = np.dtype(np.uint8)
    paths = {name: folder / f"{name}.npy" for name in kinds}
    files = {
        name: np.lib.format.open_memmap(
            paths[name], "w+", kind, (rows, *(case.columns if name in ("pred", "other") else ()))
        )
        for name, kind in kinds.items()
    }
    for start in range(0, rows, PART):
        random, stop = np.random.default_rng(start), min(start + PART, rows)
        files["target"][start:stop] = labels = random.integers(0, case.classes or 2, stop - start)
        towards = labels[:, None] == np.arange(case.classes) if case.classes else labels
        common = random.standard_normal((stop - start, *case.columns), np.float32) + towards
        for name in set(case.inputs) - {"weight"}:
            own = common + 0.5 * random.standard_normal(common.shape, np.float32) if name == "other" else common
            powers = np.exp(own)
            files[name][start:stop] = powers / (powers.sum(axis=1, keepdims=True) if case.classes else 1.0 + powers)
        if "weight" in files:
            files["weight"][start:stop] = random.uniform(0.5, 2.0, stop - start)
    return paths


def compared(name: str, dtype: str, rows: int, peer_rows: int, threads: int, times: int) -> dict[str, Any]:
    """Seconds of both, the answers and the memory."""
    case = CASES[name]
    found: dict[str, Any] = {"metric": name, "dtype": dtype, "rows": rows, "threads": threads}
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder), case, rows, dtype)
        with nl.num_threads(threads):
            case.answer(few(case))
            found["seconds"], found["value"] = least(lambda: case.answer(paths), times)
        command = [sys.executable, __file__, "--one", name, folder, "--threads", str(threads)]
        found["bytes"] = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        some = min(rows, peer_rows)
        if some:
            part = {name: np.array(np.load(path, mmap_mode="r")[:some]) for name, path in paths.items()}
            seconds, expected = least(lambda: case.peer(part), min(times, 2))
            answer = found["value"] if some == rows else case.answer(part)
            assert np.allclose(answer, expected, rtol=case.within, atol=0.0), (answer, expected)
            share = found["seconds"] / rows / (seconds / some)
            found |= {"peer": "DeLong by ranks" if name == "paired" else "scikit-learn"}
            found |= {"peer_rows": some, "peer_seconds": seconds, "share": share}
    return found


def most() -> int:
    """The most memory that this process has had."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) << 10  # type: ignore[index]


def few(case: Case) -> Arrays:
    """Inputs of some rows, to compile with."""
    scores = np.random.default_rng(0).random((1000, *case.columns), np.float32)
    weight = np.ones(len(scores), np.float32)
    small: Arrays = {name: weight if name == "weight" else scores for name in case.inputs}
    return small | {"target": np.arange(len(scores)) % (case.classes or 2)}


def one(name: str, folder: str, threads: int) -> None:
    """Print the memory of one evaluation of files."""
    case = CASES[name]
    with nl.num_threads(threads):
        case.answer(few(case))
        before = most()
        case.answer({path.stem: path for path in Path(folder).glob("*.npy")})
    print(most() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--metrics", nargs="+", default=["auc"], choices=list(CASES))
    parser.add_argument("--dtypes", nargs="+", default=["float32"])
    parser.add_argument("--rows", nargs="+", type=float, default=[1e7])
    parser.add_argument("--peer-rows", type=float, default=1e7, help="the most rows that a peer is given; 0: no peer")
    parser.add_argument("--threads", nargs="+", type=int, default=[2])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--output", help="a .json file")
    parser.add_argument("--save", action="store_true", help="write the figures to benchmarks/results")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(*given.one, given.threads[0])
        return
    found: dict[str, Any] = {**environment.describe(), "results": []}
    for rows in given.rows:
        for dtype in given.dtypes:
            for name in given.metrics:
                for threads in given.threads:
                    sizes = int(rows) // (CASES[name].classes or 1), int(given.peer_rows) // (CASES[name].classes or 1)
                    found["results"].append(compared(name, dtype, *sizes, threads, given.times))
                    print(found["results"][-1], flush=True)
    if given.output:
        write_json(given.output, found)
    if given.save:
        save(found)


def save(found: dict[str, Any]) -> None:
    """Write the figures beside others of the same day and machine."""
    path = RESULTS / f"{environment.short_name(found)}-metrics.json"
    asked = [{name: each[name] for name in ("metric", "dtype", "rows", "threads")} for each in found["results"]]
    before = json.loads(path.read_text())["results"] if path.exists() else []
    others = [each for each in before if not any(each.items() >= own.items() for own in asked)]
    write_json(path, {**found, "results": others + found["results"], "load_after": environment.load()})


if __name__ == "__main__":
    main()
