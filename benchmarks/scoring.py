"""Scores of tokens from a file of logits beside PyTorch and NumPy: `python benchmarks/scoring.py --help`.

The file lies in the page cache. PyTorch maps it and takes log_softmax and the label's entry, a batch of rows at a time,
in bfloat16, as it is usually done, and in float32; NumPy widens rows and subtracts the logarithm of the sum of
exponentials. Both give the log-probability of the label and nothing else, as numloss does where the perplexity alone is
asked for. The exact perplexity is that of float64. Beside a reference PyTorch takes log_softmax of both in float32, and
both divergences.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import least
from numloss.common.files import write_json
from numloss.common.halves import BFLOAT16, widened

BATCH = 64
# Bytes before the numbers of a .npy file.
HEADER = 128


def write(folder: Path, rows: int, classes: int) -> tuple[str, str, Path]:
    """Logits of bfloat16, those of another model, and labels that the former make likely."""
    labels = np.empty(rows, np.int32)
    paths = [folder / "logits.npy", folder / "other.npy"]
    with paths[0].open("wb") as file, paths[1].open("wb") as other:
        header = {"descr": "|V2", "fortran_order": False, "shape": (rows, classes)}
        for each in (file, other):
            np.lib.format.write_array_header_1_0(each, header)
            assert each.tell() == HEADER
        for start in range(0, rows, BATCH):
            random, count = np.random.default_rng(start), min(BATCH, rows - start)
            values = random.standard_normal((count, classes), np.float32) * np.float32(3)
            share = np.exp(values - values.max(axis=1, keepdims=True))
            drawn = random.random((count, 1)) * share.sum(axis=1, keepdims=True)
            labels[start : start + count] = np.minimum((np.cumsum(share, axis=1) < drawn).sum(axis=1), classes - 1)
            file.write(rounded(values))
            other.write(rounded(values + random.standard_normal(values.shape, np.float32) * np.float32(0.3)))
    np.save(folder / "labels.npy", labels)
    return f"{paths[0]}::bfloat16", f"{paths[1]}::bfloat16", folder / "labels.npy"


def rounded(values: np.ndarray) -> bytes:
    """Numbers of bfloat16."""
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16).tobytes()


def exact(logits: np.ndarray, labels: np.ndarray) -> float:
    """The perplexity in float64."""
    total = 0.0
    for start in range(0, len(labels), BATCH):
        z = widened(logits[start : start + BATCH]).astype(np.float64)
        top = z.max(axis=1)
        own = z[np.arange(len(z)), labels[start : start + BATCH]]
        total += float((top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - own).sum())
    return math.exp(total / len(labels))


def by_numpy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The perplexity in float32."""
    total = 0.0
    for start in range(0, len(labels), BATCH):
        z = widened(logits[start : start + BATCH])
        top = z.max(axis=1)
        own = z[np.arange(len(z)), labels[start : start + BATCH]]
        total += float((top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - own).sum(dtype=np.float64))
    return math.exp(total / len(labels))


def by_torch(logits: np.ndarray, labels: np.ndarray, dtype: str) -> float:
    """The perplexity by log_softmax."""
    import torch

    total, target = 0.0, torch.from_numpy(labels.astype(np.int64))
    rows = torch.from_numpy(logits.view(np.int16)).view(torch.bfloat16)
    for start in range(0, len(labels), BATCH):
        found = torch.log_softmax(rows[start : start + BATCH].to(getattr(torch, dtype)), dim=1)
        total -= float(found.gather(1, target[start : start + BATCH, None]).double().sum())
    return math.exp(total / len(labels))


def beside(logits: np.ndarray, other: np.ndarray, labels: np.ndarray) -> float:
    """The perplexity by log_softmax, after both divergences from another model and of it."""
    import torch

    total, target = 0.0, torch.from_numpy(labels.astype(np.int64))
    rows, others = (torch.from_numpy(each.view(np.int16)).view(torch.bfloat16) for each in (logits, other))
    for start in range(0, len(labels), BATCH):
        one, two = (torch.log_softmax(each[start : start + BATCH].float(), dim=1) for each in (rows, others))
        for a, b in ((one, two), (two, one)):
            torch.nn.functional.kl_div(a, b, reduction="none", log_target=True).sum(dim=1)
        total -= float(one.gather(1, target[start : start + BATCH, None]).double().sum())
    return math.exp(total / len(labels))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2048)
    parser.add_argument("--classes", type=int, default=32000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--out", help="a file for the figures, as JSON")
    asked = parser.parse_args()
    figures: dict[str, Any] = {"rows": asked.rows, "classes": asked.classes, "threads": asked.threads}
    with tempfile.TemporaryDirectory() as folder:
        path, reference, labels = write(Path(folder), asked.rows, asked.classes)
        target = np.load(labels)
        logits, other = (
            np.memmap(Path(folder, f"{name}.npy"), BFLOAT16, "c", HEADER, (asked.rows, asked.classes))
            for name in ("logits", "other")
        )
        right = exact(logits, target)
        calls: dict[str, Callable[[], float]] = {
            "numloss, perplexity": lambda: nl.score(path, labels, figures=(), interval=None).perplexity(),
            "numloss": lambda: nl.score(path, labels).perplexity(),
            "numloss, no intervals": lambda: nl.score(path, labels, interval=None).perplexity(),
            "numloss, top_k=20": lambda: nl.score(path, labels, top_k=20).perplexity(),
            "numloss, reference": lambda: nl.score(path, labels, reference=reference).perplexity(),
            "numpy": lambda: by_numpy(logits, target),
        }
        try:
            import torch

            torch.set_num_threads(asked.threads)
            calls["torch bfloat16"] = lambda: by_torch(logits, target, "bfloat16")
            calls["torch float32"] = lambda: by_torch(logits, target, "float32")
            calls["torch, reference"] = lambda: beside(logits, other, target)
        except ImportError:
            pass
        with nl.num_threads(asked.threads):
            for name, call in calls.items():
                seconds, perplexity = least(call, asked.times)
                rate, error = asked.rows / seconds, perplexity / right - 1.0
                figures[name] = {"tokens_per_second": rate, "error_of_perplexity": error}
                print(f"{name:24s} {rate:10.0f} tokens/s, perplexity wrong by {error:.2e}")
    if asked.out:
        write_json(asked.out, {**figures, "environment": environment.describe()})


if __name__ == "__main__":
    main()
