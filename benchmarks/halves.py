"""Cross-entropy of logits stored in 16 bits, beside the same in float32, and beside torch.

    python benchmarks/halves.py [--shapes 1024x32000 ...] [--turns 9] [--avx2] [--files FOLDER] [--save]

Value, and value and gradient, into memory that is reused. torch works in the dtype itself, eager, and in float32 after
a cast. The contestants take turns; medians count. The errors are those of the values, relative to the exact ones.
--files: instead, evaluations of files of bfloat16 and of float32 that are written to a folder: as they were written,
which Linux may keep in large pages, from the disk, and from the small pages in which they lie then. --save writes to
results/.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from session import keep

import numloss as nl
from numloss.backends import threads
from numloss.bench import environment
from numloss.bench.contest import Call, medians
from numloss.common.halves import widened

FILES = ("float32", "bfloat16")
SHAPES = ("1024x32000", "8192x1000", "65536x100", "65536x10", "8x19x256x256")


def rounded(logits: Any, kind: str) -> Any:
    """Logits in a dtype of 16 bits."""
    if kind == "float16":
        return logits.astype(np.float16)
    bits = logits.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16).view(nl.bfloat16)


def ours(pred: Any, labels: Any, graded: bool) -> Call:
    """numloss, the gradient in the dtype of the logits, in memory that is reused."""
    if not graded:
        return lambda: (nl.cross_entropy(pred, labels), None)
    out, step = np.zeros_like(pred), nl.value_and_grad(nl.cross_entropy)
    return lambda: step(pred, labels, out=out)


def in_torch(pred: Any, labels: Any, kind: str, graded: bool, wide: bool) -> Call:
    """torch eager in the dtype of the logits, or in float32 after a cast."""
    import torch

    torch.set_num_threads(threads.cores())
    given = torch.from_numpy(pred.view(np.int16)).view(getattr(torch, kind)).requires_grad_(graded)
    target, loss = torch.from_numpy(labels), torch.nn.functional.cross_entropy

    def run() -> Any:
        given.grad = None
        with torch.set_grad_enabled(graded):
            value = loss(given.float() if wide else given, target)
        if graded:
            value.backward()
        return float(value.detach()), given.grad

    return run


def contestants(shape: tuple[int, ...], graded: bool) -> tuple[dict[str, Call], dict[str, float]]:
    """Everybody, and the errors of their values."""
    random = np.random.default_rng(20260101)
    logits = random.standard_normal(shape, np.float32) * np.float32(3.0)
    labels = random.integers(0, shape[1], (shape[0], *shape[2:]))
    calls: dict[str, Call] = {"float32": ours(logits, labels, graded)}
    errors: dict[str, float] = {}
    for kind in ("bfloat16", "float16"):
        pred = rounded(logits, kind)
        calls[kind] = ours(pred, labels, graded)
        calls[f"torch {kind}"] = in_torch(pred, labels, kind, graded, wide=False)
        calls[f"torch {kind}, cast"] = in_torch(pred, labels, kind, graded, wide=True)
        exact = nl.cross_entropy(widened(pred).astype(np.float64), labels)
        for name in (kind, f"torch {kind}", f"torch {kind}, cast"):
            errors[name] = abs(calls[name]()[0] - exact) / exact
        assert errors[kind] < 1e-6, errors
    return calls, errors


def written(folder: Path, mean: bool) -> dict[str, dict[str, Path]]:
    """The inputs of an evaluation in files, by dtype: numbers and targets, or rows of 1000 logits and their labels."""
    random, found = np.random.default_rng(20260101), {}
    shape = (1 << 26,) if mean else (1 << 16, 1000)
    pred, target = random.standard_normal(shape, np.float32), random.integers(0, 1000, shape[0])
    if mean:
        target = random.standard_normal(shape, np.float32)
    for kind in FILES:
        found[kind] = {}
        for name, array in (("pred", pred), ("target", target)):
            kept = array if kind == "float32" or array.dtype.kind == "i" else rounded(array, kind)
            path = found[kind][name] = folder / f"{name}-{kind}.npy"
            np.save(path, kept.view("V2") if kept.dtype.kind == "V" else kept)
    return found


def forget(paths: Iterable[Path]) -> None:
    """Have the system read these files from the disk again."""
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def evaluations(folder: Path, turns: int) -> list[dict[str, Any]]:
    """Medians of evaluations of files of both dtypes."""
    rows = []
    for loss in (nl.mse, nl.cross_entropy):
        files = written(folder, loss is nl.mse)
        for state in ("as written", "from the disk", "in small pages"):
            took: dict[str, list[float]] = {kind: [] for kind in files}
            for kind in [*files] * turns:
                if state == "from the disk":
                    forget(files[kind].values())
                tail = "" if kind == "float32" else f"::{kind}"
                tails = {"pred": tail, "target": tail if loss is nl.mse else ""}
                named = {name: f"{path}{tails[name]}" for name, path in files[kind].items()}
                start = time.perf_counter()
                nl.evaluate(loss, **named)
                took[kind].append(1e3 * (time.perf_counter() - start))
            middle = {kind: statistics.median(each) for kind, each in took.items()}
            rows.append({"loss": loss.__name__, "files": state, "median_ms": middle})
            ratio = middle["float32"] / middle["bfloat16"]
            print(f"{loss.__name__}, files {state}: {middle}, {ratio:.2f} times the rows a second", flush=True)
    return rows


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--avx2", action="store_true", help="as on a CPU that has AVX2 alone")
    parser.add_argument("--files", type=Path)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    if options.avx2:
        environment.as_avx2()
    rows: list[dict[str, Any]] = []
    described = environment.describe()
    if options.files:
        rows = evaluations(options.files, options.turns)
    for text in () if options.files else options.shapes:
        shape = tuple(map(int, text.split("x")))
        for graded in (False, True):
            calls, errors = contestants(shape, graded)
            took = medians(calls, options.turns)
            mode = "value and gradient" if graded else "value"
            told = {name: error if math.isfinite(error) else str(error) for name, error in errors.items()}
            rows.append({"shape": shape, "mode": mode, "median_ms": took, "errors": told})
            parts = (f"{name} {time:.2f} ms ({errors.get(name, 0.0):.0e})" for name, time in took.items())
            print(f"{shape} {mode}: {'; '.join(parts)}", flush=True)
    if options.save:
        keep({**described, "rows": rows}, "halves-files" if options.files else "halves")


if __name__ == "__main__":
    main()
