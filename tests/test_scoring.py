"""Rows of scores of tokens against sums in more digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from machine import default_backend, missing

from numloss.common.halves import BFLOAT16, widened
from numloss.scoring.kernels import measured

Numbers = np.ndarray[Any, Any]
DTYPES = ("bfloat16", "float16", "float32", "float64")
ROWS, CLASSES = 90, 700


def stored(values: Numbers, dtype: str) -> Numbers:
    """Numbers in a dtype, those of bfloat16 cut off."""
    if dtype != "bfloat16":
        return values.astype(dtype)
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(BFLOAT16)


def some_logits(seed: int = 0, rows: int = ROWS, classes: int = CLASSES) -> Numbers:
    return np.random.default_rng(seed).normal(size=(rows, classes)) * 4


def exactly(logits: Numbers, labels: Numbers) -> dict[str, Numbers]:
    """What there is to know of each token, in more digits than are asked for."""
    z = widened(logits).astype(np.longdouble)
    top = z.max(axis=1, keepdims=True)
    logs = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
    own = logs[np.arange(len(z)), labels]
    terms = np.where(logs > -np.inf, np.exp(logs) * logs, 0.0)
    order = np.argsort(-z, axis=1, kind="stable")
    rank = 1 + (z > z[np.arange(len(z)), labels][:, None]).sum(axis=1)
    sums = {"nll": -own, "entropy": -terms.sum(axis=1), "logs": logs}
    return {name: values.astype(np.float64) for name, values in sums.items()} | {"rank": rank, "order": order}


@pytest.mark.parametrize("classes", [2, 40, 512, 1500])
@pytest.mark.parametrize("dtype", DTYPES)
def test_tokens_are_exact(dtype: str, classes: int) -> None:
    logits = stored(some_logits(rows=9, classes=classes), dtype)
    labels = np.random.default_rng(1).integers(0, classes, 9)
    kept = min(6, classes)
    found, expected = measured(logits, labels, kept, default_backend()), exactly(logits, labels)
    close = 1e-13 if dtype == "float64" else 4e-7
    np.testing.assert_allclose(found.label_logs, -expected["nll"], rtol=close)
    np.testing.assert_allclose(found.entropies, expected["entropy"], rtol=close)
    assert (found.ranks == expected["rank"]).all() and (found.ids == expected["order"][:, :kept]).all()
    logs = np.take_along_axis(expected["logs"], found.ids, axis=1)
    np.testing.assert_allclose(found.logs, logs, rtol=close, atol=close)


def test_sure_predictions_keep_their_digits() -> None:
    """A perplexity near 1, and an entropy near 0: what is added up over classes is what is left beside the top."""
    for gap in (20.0, 60.0, 95.0):
        logits = np.zeros((1, 300), np.float32)
        logits[0, 170] = gap
        found = measured(logits, np.array([170]), 1, None)
        rest = 299 * math.exp(-gap)
        assert found.label_logs[0] == pytest.approx(-math.log1p(rest), rel=1e-6)
        assert found.entropies[0] == pytest.approx(math.log1p(rest) + gap * rest / (1 + rest), rel=1e-6)


def test_ties_and_ends_of_the_line() -> None:
    inf, nan = math.inf, math.nan
    rows: list[Any] = [[1, 3, 3, 2, 3], [-inf, 0, -inf, 0, -inf], [-inf] * 5, [0, nan, 1, 2, 3], [5, 4, inf, 2, 1]]
    found = measured(np.array(rows, np.float32), np.array([2, 0, 0, 0, 2]), 3, None)
    assert found.ids.tolist() == [[1, 2, 4], [1, 3, -1], [-1] * 3, [-1] * 3, [-1] * 3]
    assert found.ranks.tolist() == [1, 3, 0, 0, 0]
    assert found.label_logs[1] == -inf and found.entropies[1] == pytest.approx(math.log(2))
    assert np.isnan(found.label_logs[2:]).all() and np.isnan(found.entropies[2:]).all()


def test_groups_of_classes_are_wide_where_there_are_many() -> None:
    logits = stored(some_logits(rows=1, classes=300_001), "float16")
    logits[0, [512, 513, 300_000]] = 30, 30, 29
    found, expected = measured(logits, np.array([300_000]), 5, None), exactly(logits, np.array([300_000]))
    assert (found.ids == expected["order"][:, :5]).all() and found.ranks[0] == 3


@pytest.mark.more
def test_backends_give_the_same_bits() -> None:
    if len({"numba", "cython"} - missing().keys()) < 2:
        pytest.skip("one backend alone runs here")
    for dtype in DTYPES:
        logits, labels = stored(some_logits(rows=20, classes=1300), dtype), np.arange(20) * 7
        one, other = (measured(logits, labels, 4, name) for name in ("numba", "cython"))
        assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))
