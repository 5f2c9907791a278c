"""Metrics of an evaluation beside scikit-learn: `python benchmarks/metrics.py --help`.

Scores are a sigmoid's, with labels of a byte, in files in the page cache; scikit-learn has them in memory. Both first
give the same answer. Memory is the most that a process of its own has had, less what it had before the evaluation.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import environment
import numpy as np
from contest import least

import numloss as nl
from numloss.common.files import write_json

KINDS = {"auc": "roc_auc_score", "average_precision": "average_precision_score"}
PART = 1 << 22
WATCHED = """
import re, sys
import numpy as np
import numloss as nl

def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) << 10

pred, target, metric, threads = sys.argv[1:]
with nl.num_threads(int(threads)):
    nl.evaluate((), np.arange(1000) % 7 / np.float32(7), np.arange(1000) % 2, metrics=metric)
    before = most()
    nl.evaluate((), pred, target, metrics=metric)
print(most() - before)
"""


def write(folder: Path, rows: int, dtype: str) -> tuple[Path, Path]:
    """Files of scores and labels, drawn in parts."""
    paths = folder / "pred.npy", folder / "target.npy"
    pred = np.lib.format.open_memmap(paths[0], "w+", np.dtype(dtype), (rows,))
    target = np.lib.format.open_memmap(paths[1], "w+", np.dtype(np.uint8), (rows,))
    for start in range(0, rows, PART):
        random, stop = np.random.default_rng(start), min(start + PART, rows)
        target[start:stop] = random.integers(0, 2, stop - start)
        pred[start:stop] = 1.0 / (1.0 + np.exp(-(random.standard_normal(stop - start) + target[start:stop])))
    return paths


def compared(metric: str, dtype: str, rows: int, threads: int, times: int, alone: bool) -> dict[str, Any]:
    """Seconds of both, the answers and the memory."""
    with tempfile.TemporaryDirectory() as name:
        pred, target = write(Path(name), rows, dtype)
        with nl.num_threads(threads):
            own, answer = least(lambda: nl.evaluate((), pred, target, metrics=metric).metrics[0].value, times)
        found = {"metric": metric, "dtype": dtype, "rows": rows, "threads": threads, "seconds": own, "value": answer}
        command = [sys.executable, "-c", WATCHED, str(pred), str(target), metric, str(threads)]
        found["bytes"] = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        if not alone:
            from sklearn import metrics

            scores, labels = np.load(pred), np.load(target)
            other, expected = least(lambda: getattr(metrics, KINDS[metric])(labels, scores), min(times, 3))
            assert abs(answer - expected) < 1e-12, (answer, expected)
            found |= {"scikit-learn": other, "share": own / other}
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--metrics", nargs="+", default=["auc"], choices=list(KINDS))
    parser.add_argument("--dtypes", nargs="+", default=["float32"])
    parser.add_argument("--rows", nargs="+", type=float, default=[1e7])
    parser.add_argument("--threads", nargs="+", type=int, default=[2])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="without scikit-learn")
    parser.add_argument("--output", help="a .json file")
    given = parser.parse_args()
    results = []
    for rows in given.rows:
        for dtype in given.dtypes:
            for metric in given.metrics:
                for threads in given.threads:
                    results.append(compared(metric, dtype, int(rows), threads, given.times, given.alone))
                    print(results[-1], flush=True)
    if given.output:
        write_json(given.output, {**environment.describe(), "results": results})


if __name__ == "__main__":
    main()
