"""Metrics in the pass of an evaluation: bits, groups, what was stopped, several predictions."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scored import DTYPES, ORDERS, ROWS, classes, of_pairs, scores, values

import numloss as nl
from numloss.evaluation import counting

pytestmark = pytest.mark.usefixtures("small_blocks")

ALL = ["auc", "average_precision", "ks", "accuracy", "confusion", "f1", "brier:logits=true", "ece:logits=true"]


def everything(pred: Any, target: Any, **how: Any) -> str:
    """All figures to the last bit."""
    result = nl.evaluate(nl.bce_with_logits, pred, target, metrics=ALL, interval=0.9, **how)
    content = result.to_dict()
    for name in ("seconds", "rows_per_second", "gigabytes_per_second"):
        del content[name]
    return repr(content) + repr([value.hex() for value in values(result)])


@pytest.fixture
def files(saved: Any) -> dict[str, Path]:
    pred, target = scores("float32")
    return saved(pred=pred, target=target, by=np.arange(ROWS) % 3, weight=np.linspace(0.0, 1.0, ROWS))


def test_bits_do_not_depend_on_threads_or_chunks(files: dict[str, Path]) -> None:
    found = set()
    for workers, chunk in ((1, None), (2, 999)):
        with nl.num_threads(workers):
            found.add(everything(files["pred"], files["target"], by=files["by"], chunk=chunk))
            found.add(everything(files["pred"], files["target"], weight=files["weight"], chunk=chunk))
    assert len(found) == 2


@pytest.mark.more
def test_bits_of_other_processes(files: dict[str, Path]) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        found = everything(files["pred"], files["target"], by=files["by"], executor=pool)
    assert found == everything(files["pred"], files["target"], by=files["by"])


@pytest.mark.more
@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_both_compilers_count_the_same(dtype: str) -> None:
    """What is counted, and what cells leave."""
    pred, target = scores(dtype, 2 * ROWS)
    many = np.round(pred[:400] * 9).astype(dtype) / 2**20 + 1
    wide, labels = classes(5, dtype)
    found = set()
    for backend in ("cython", "numba"):
        one_of_each = [
            nl.evaluate((), *given, metrics=[*ORDERS, "ece:logits=true"], interval=0.9, backend=backend)
            for given in ((pred, target), (many, target[:400]))
        ]
        hits = nl.evaluate((), wide, labels, metrics=["accuracy", "top_k:k=2", "confusion"], backend=backend)
        by = nl.evaluate((), pred, target, metrics=ORDERS, by=target, backend=backend)
        found.add(repr([each.metrics for each in (*one_of_each, hits, by)]) + repr(hits.scores))
    assert len(found) == 1


class Stop(Exception):
    """Ends an evaluation."""


@pytest.mark.parametrize("at", ["rows", "passes"])
def test_what_was_stopped_goes_on(at: str, files: dict[str, Path], tmp_path: Path, monkeypatch: Any) -> None:
    from numloss.evaluation import journal

    monkeypatch.setattr(journal, "EVERY", 0.0)
    asked = {"by": files["by"], "chunk": 1, "resume": tmp_path / "state"}
    expected = everything(files["pred"], files["target"], by=files["by"])
    end_pass = counting.Counts.end_pass

    def stop(*given: Any) -> None:
        if at == "passes" or given[0] > ROWS / 2:
            raise Stop

    with monkeypatch.context() as patch, pytest.raises(Stop):
        if at == "passes":
            patch.setattr(counting.Counts, "end_pass", stop)
        everything(files["pred"], files["target"], progress=stop if at == "rows" else None, **asked)
    assert (tmp_path / "state").exists() and counting.Counts.end_pass is end_pass
    seen: list[int] = []
    again = everything(files["pred"], files["target"], progress=lambda done, *rest: seen.append(done), **asked)
    assert again == expected and not (tmp_path / "state").exists()
    assert len(seen) < 8 if at == "rows" else not seen


@pytest.mark.parametrize("key", ["parts", *(pytest.param(key, marks=pytest.mark.more) for key in ("numbers", "text"))])
def test_groups_are_evaluations_of_their_own(key: str) -> None:
    pred, target = scores("float32")
    numbers = np.arange(ROWS) % 3
    text = np.array(["a", "bc", "d"])[numbers]
    by: Any = {"numbers": numbers, "text": text, "parts": {"x": numbers, "y": target > 2}}
    result = nl.evaluate((), pred, target, metrics=ALL, by=by[key])
    assert [metric.metric for metric in result.metrics] == ["auc", "average_precision", "ks", "confusion", "f1", "ece"]
    alone = [nl.evaluate((), pred[numbers == k], target[numbers == k], metrics=ALL) for k in range(3)]
    for k, metric in enumerate(result.metrics):
        assert metric.groups is not None and metric.groups.rows.tolist() == [334, 333, 333]
        expected = [each.metrics[k].value for each in alone]
        assert metric.groups.values == pytest.approx(expected, rel=1e-12 if metric.metric == "ece" else 0.0, abs=0.0)
    assert values(result) == pytest.approx(values(nl.evaluate((), pred, target, metrics=ALL)), rel=1e-12)
    keys = result.metrics[0].groups.keys
    assert keys.tolist() == {"numbers": [0, 1, 2], "text": ["a", "bc", "d"]}.get(key, [[k, False] for k in range(3)])


def test_several_predictions_and_losses_share_the_pass(saved: Any) -> None:
    (a, target), (b, _) = scores("float32"), scores("float64", seed=1)
    paths = saved(a=a, b=b, target=target)
    models = {name: paths[name] for name in "ab"}
    result = nl.evaluate(nl.bce_with_logits, models, paths["target"], metrics=["auc", "accuracy"])
    labels = [f"{name}.{of}" for name in "ab" for of in ("bce_with_logits", "accuracy")]
    assert [score.label for score in result.scores] == labels
    assert [metric.label for metric in result.metrics] == ["a.auc", "b.auc"]
    assert values(result) == [of_pairs(a, target), of_pairs(b, target)]
    assert result.scores[0].mean == pytest.approx(nl.bce_with_logits(a, target.astype(np.float32)), rel=1e-6)


def test_metrics_of_rows_are_scores_with_intervals_and_differences() -> None:
    (a, target), (b, _) = scores("float32"), scores("float32", seed=1)
    result = nl.evaluate((), {"a": a, "b": b}, target, metrics=["accuracy:threshold=0.3"], interval=0.9, worst=2)
    hits = [(pred > 0.3) == target for pred in (a, b)]
    first, second = result.scores
    assert (first.mean, second.mean) == (hits[0].mean(), hits[1].mean()) and first.options == {"threshold": 0.3}
    changes = hits[0] * 1.0 - hits[1]
    assert result.differences[0].mean == pytest.approx(changes.mean())
    assert result.differences[0].interval.error == pytest.approx(changes.std(ddof=1) / math.sqrt(ROWS), rel=1e-9)
