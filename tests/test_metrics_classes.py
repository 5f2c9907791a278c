"""Orders of scores of several classes against scikit-learn: each against all others, and against each other one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scored import ROWS, classes, one, values
from sklearn import metrics as sk

import numloss as nl
from numloss.evaluation import counting
from numloss.metrics import ranking

COUNT = 4
MORE = ["float32", *(pytest.param(each, marks=pytest.mark.more) for each in ("float16", "float64"))]
OVR = [f"{name}:average={average}" for name in ("auc", "average_precision") for average in ("macro", "weighted")]
OVO = [f"auc:multi_class=ovo:average={average}" for average in ("macro", "weighted")]


def drawn(dtype: str, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of classes, some of which are rare."""
    pred, target = classes(COUNT, "float64")
    target = np.where((target == 3) & (np.arange(ROWS) % 3 > 0), 1, target)
    powers = np.exp(pred)
    shares = (powers / powers.sum(axis=1, keepdims=True)).astype(dtype)
    shares[::7] = np.round(shares[::7], 1)
    return shares[:rows], target[:rows]


def each_against_others(pred: np.ndarray, target: np.ndarray, weight: np.ndarray | None = None) -> list[float]:
    labels, given = (target[:, None] == np.arange(COUNT)).astype(int), pred.astype(float)
    return [
        kind(labels, given, average=average, sample_weight=weight)
        for kind in (sk.roc_auc_score, sk.average_precision_score)
        for average in ("macro", "weighted")
    ]


@pytest.mark.parametrize("room", [ranking.ROOM, 300])
@pytest.mark.parametrize("dtype", MORE)
def test_each_class_against_all_others(dtype: str, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ranking, counting):
        monkeypatch.setattr(module, "ROOM", room)
    pred, target = drawn(dtype, 300)
    by, weight = np.arange(300) % 2, np.linspace(0.1, 1.0, 300)
    found = nl.evaluate((), pred, target, metrics=OVR, by=by)
    assert values(found) == pytest.approx(each_against_others(pred, target), rel=1e-12)
    groups = [metric.groups.values[1] for metric in found.metrics if metric.groups is not None]
    assert groups == pytest.approx(each_against_others(pred[1::2], target[1::2]), rel=1e-12)
    assert all(metric.exact and metric.rows == 300 for metric in found.metrics)
    found = nl.evaluate((), pred, target, metrics=OVR, weight=weight)
    assert values(found) == pytest.approx(each_against_others(pred, target, weight), rel=1e-12)
    table = found.metrics[0].tables["per_class"]
    alone = one("auc", pred[:, 2], target == 2, weight=weight)
    assert table["value"][2] == pytest.approx(alone.value, rel=1e-12) and table["class"].tolist() == [0, 1, 2, 3]


def test_each_class_against_each_other_one() -> None:
    pred, target = drawn("float64", 300)
    pred /= pred.sum(axis=1, keepdims=True)
    expected = [sk.roc_auc_score(target, pred, multi_class="ovo", average=each) for each in ("macro", "weighted")]
    found = nl.evaluate((), pred, target, metrics=OVO)
    assert values(found) == pytest.approx(expected, rel=1e-12)
    table = found.metrics[0].tables["per_class"]
    assert len(table["value"]) == COUNT * (COUNT - 1)
    some = (target == 1) | (target == 3)
    at = np.flatnonzero((table["class"] == 1) & (table["against"] == 3))[0]
    assert table["value"][at] == pytest.approx(sk.roc_auc_score(target[some] == 1, pred[some, 1]), rel=1e-12)
    repeated = nl.evaluate((), np.repeat(pred, 2, axis=0), np.repeat(target, 2), metrics=OVO)
    assert values(nl.evaluate((), pred, target, metrics=OVO, weight=np.full(300, 2.0))) == values(repeated)


def test_classes_of_no_row_are_left_out() -> None:
    pred, target = drawn("float32", 200)
    target = np.where(target == 2, 0, target)
    labels = [k for k in range(COUNT) if k != 2]
    expected = np.mean([sk.roc_auc_score(target == k, pred[:, k]) for k in labels])
    assert one("auc", pred, target).value == pytest.approx(expected, rel=1e-12)
    assert math.isnan(one("auc", pred, np.zeros(200)).value)
    assert one("auc", pred, np.zeros(200), interval=0.9).interval is None


def test_one_pass_gives_ends_of_averages() -> None:
    pred, target = drawn("float32", 300)
    for metric in (OVR[0], OVR[3], OVO[1]):
        exact, sure = one(metric, pred, target), one(f"{metric}:exact=false", pred, target)
        assert sure.low <= exact.value <= sure.high and sure.low < sure.high < sure.low + 0.1


def by_pairs(metric: str, pred: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    """The average of areas by all pairs of rows, or of precisions, of rows with weights."""
    if metric in OVR:
        return each_against_others(pred, target, weight)[OVR.index(metric)]
    found, amounts = [], []
    for first in range(COUNT):
        for other in range(COUNT):
            (ones,), (zeros,) = np.nonzero(target == first), np.nonzero(target == other)
            if first != other:
                apart = pred[ones, None, first] - pred[zeros, first]
                wins = weight[ones] @ ((apart > 0) + 0.5 * (apart == 0)) @ weight[zeros]
                found.append(wins / weight[ones].sum() / weight[zeros].sum())
                amounts.append(weight[ones].sum() + weight[zeros].sum())
    return float(np.average(found, weights=amounts if "weighted" in metric else None))


@pytest.mark.parametrize("metric", [*OVO, *(pytest.param(m, marks=pytest.mark.more) for m in OVR)])
def test_errors_are_those_of_derivatives_by_weights(metric: str) -> None:
    """Of areas nearly so: by DeLong's method rows of a class count as one less."""
    pred, target = drawn("float16", 100)
    moves = np.zeros(100)
    for k in range(100):
        ends = [by_pairs(metric, pred, target, 1.0 + h * (np.arange(100) == k)) for h in (1e-5, -1e-5)]
        moves[k] = (ends[0] - ends[1]) / 2e-5
    found = one(metric, pred, target, interval=0.9)
    again = one(metric, pred, target, interval=0.9, cluster=np.arange(100))
    assert found.interval is not None and again.interval is not None
    expected = math.sqrt((moves**2).sum() * 100 / 99)
    assert found.interval.error == pytest.approx(expected, rel=1e-5 if metric.startswith("average") else 0.05)
    assert again.interval.error == pytest.approx(found.interval.error, rel=1e-9)


def test_differences_of_models_are_of_the_same_rows() -> None:
    pred, target = drawn("float32", 300)
    other = (0.9 * pred + 0.1 * pred[::-1]).astype(np.float32)
    found = nl.evaluate((), {"a": pred, "b": other}, target, metrics=["auc", "ece"], interval=0.9)
    alone = [metric.interval for metric in found.metrics if metric.metric == "auc"]
    assert all(each is not None for each in alone)
    apart = found.differences[0].interval
    assert 0.0 < apart.error < 0.7 * math.hypot(*(each.error for each in alone if each is not None))


@pytest.mark.usefixtures("small_blocks")
def test_bits_and_states(saved: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from numloss.evaluation import journal

    monkeypatch.setattr(journal, "EVERY", 0.0)
    pred, target = drawn("float32")
    paths = saved(pred=pred, target=target, weight=np.linspace(0.0, 1.0, len(pred)))

    def figures(**how: Any) -> list[str]:
        result = nl.evaluate((), **paths, metrics=[OVR[1], OVO[1]], interval=0.9, **how)
        return [repr((each.value.hex(), each.interval)) for each in result.metrics]

    def stop(done: int, *rest: int) -> None:
        if done > len(pred) / 2:
            raise KeyboardInterrupt

    expected = figures()
    with nl.num_threads(2):
        assert figures(chunk=999) == expected
    with pytest.raises(KeyboardInterrupt):
        figures(chunk=1, resume=tmp_path / "state", progress=stop)
    assert figures(chunk=1, resume=tmp_path / "state") == expected
