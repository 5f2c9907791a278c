"""Errors of metrics that are no means: against derivatives by weights, DeLong's differences, and simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scored import ROWS, classes, one, scores
from sklearn import metrics as sk

import numloss as nl
from numloss.evaluation import plan
from numloss.metrics.places import cells_between

pytestmark = pytest.mark.usefixtures("small_blocks")
FEW = 60


def decided(kind: Callable[..., float], **options: Any) -> Callable[..., float]:
    def of(target: np.ndarray, pred: np.ndarray, sample_weight: np.ndarray) -> float:
        found = pred > 0.5 if pred.ndim == 1 else pred.argmax(axis=1)
        return kind(target, found, sample_weight=sample_weight, **options)

    return of


def gap(target: np.ndarray, pred: np.ndarray, sample_weight: np.ndarray) -> float:
    """Expected calibration error of four bins."""
    shares = pred if pred.ndim == 1 else pred.max(axis=1)
    happened = target if pred.ndim == 1 else pred.argmax(axis=1) == target
    place = np.minimum((shares * 4).astype(int), 3)
    return float(np.abs(np.bincount(place, sample_weight * (shares - happened))).sum() / sample_weight.sum())


def distance(target: np.ndarray, pred: np.ndarray, sample_weight: np.ndarray) -> float:
    false, true, _ = sk.roc_curve(target, pred, sample_weight=sample_weight, drop_intermediate=False)
    return float(np.abs(true - false).max())


def numbers(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    target = rng.normal(size=rows) + 9.0
    return target + 0.4 * rng.normal(size=rows), target


def shares(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are too small, and what happens."""
    rng = np.random.default_rng(2)
    chance = rng.random(rows)
    return chance**2, (rng.random(rows) < chance).astype(int)


def of_classes(rows: int) -> tuple[np.ndarray, np.ndarray]:
    pred, target = classes(3, "float64")
    powers = np.exp(pred[:rows])
    return powers / powers.sum(axis=1, keepdims=True), target[:rows]


def of_orders(rows: int) -> tuple[np.ndarray, np.ndarray]:
    return scores("float32", rows)


Drawn = tuple[Callable[[int], tuple[np.ndarray, np.ndarray]], Callable[..., float]]
KINDS: dict[str, Drawn] = {
    "r2": (numbers, sk.r2_score),
    "confusion": (shares, decided(sk.accuracy_score)),
    "precision": (shares, decided(sk.precision_score)),
    "recall": (of_classes, decided(sk.recall_score, average="macro")),
    "f1": (shares, decided(sk.f1_score)),
    "f1:average=macro": (of_classes, decided(sk.f1_score, average="macro")),
    "f1:average=micro": (of_classes, decided(sk.f1_score, average="micro")),
    "precision:average=weighted": (of_classes, decided(sk.precision_score, average="weighted")),
    "f1:average=weighted": (of_classes, decided(sk.f1_score, average="weighted")),
    "ece:bins=4": (shares, gap),
    "ece:bins=4:logits=false": (of_classes, gap),
    "ks": (of_orders, distance),
    "average_precision": (of_orders, sk.average_precision_score),
}
WEIGHTED = [name for name in KINDS if name not in ("ks", "average_precision")]


def derivatives(metric: str, rows: int, weight: np.ndarray | None = None) -> np.ndarray:
    """What each row moves a metric by, times its weight: derivatives by weights of other people's metrics."""
    draw, of = KINDS[metric]
    pred, target = draw(rows)
    start = np.ones(rows) if weight is None else weight
    step, found = 1e-5, np.zeros(rows)
    for k in range(rows):
        ends = [of(target, pred, sample_weight=start + side * step * (np.arange(rows) == k)) for side in (1, -1)]
        found[k] = start[k] * (ends[0] - ends[1]) / (2 * step)
    return found


@pytest.mark.parametrize("metric", KINDS)
def test_errors_are_those_of_derivatives_by_weights(metric: str) -> None:
    pred, target = KINDS[metric][0](FEW)
    moves = derivatives(metric, FEW)
    found = one(metric, pred, target, interval=0.9)
    assert found.interval is not None
    assert found.interval.error == pytest.approx(math.sqrt((moves**2).sum() * FEW / (FEW - 1)), rel=1e-5)
    reach = 1.6448536 * found.interval.error
    assert found.interval.high == pytest.approx(min(1.0, found.value + reach))
    least = -math.inf if metric == "r2" else 0.0
    assert found.interval.low == pytest.approx(max(least, found.value - reach))
    cluster = np.arange(FEW) // 4 * 7
    found = one(metric, pred, target, interval=0.9, cluster=cluster)
    sums = np.bincount(np.arange(FEW) // 4, moves)
    assert found.interval is not None
    assert found.interval.error == pytest.approx(math.sqrt((sums**2).sum() * 15 / 14), rel=1e-5)


@pytest.mark.parametrize("metric", ["f1", *(pytest.param(m, marks=pytest.mark.more) for m in WEIGHTED if m != "f1")])
def test_errors_of_rows_with_weights(metric: str) -> None:
    pred, target = KINDS[metric][0](FEW)
    weight = np.random.default_rng(5).integers(1, 8, FEW) / 4.0
    moves = derivatives(metric, FEW, weight)
    found = one(metric, pred, target, weight=weight, interval=0.9)
    assert found.interval is not None
    assert found.interval.error == pytest.approx(math.sqrt((moves**2).sum() * FEW / (FEW - 1)), rel=1e-5)


def delong(one: np.ndarray, other: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """The difference of two areas and its error, by all pairs of a label 1 and a label 0."""
    wins = []
    for pred in (one, other):
        positives, negatives = pred[target == 1].astype(float), pred[target == 0].astype(float)
        wins.append((positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives))
    apart = wins[0] - wins[1]
    ones, zeros = apart.mean(axis=1), apart.mean(axis=0)
    return float(apart.mean()), math.sqrt(ones.var(ddof=1) / len(ones) + zeros.var(ddof=1) / len(zeros))


def two(dtype: str = "float32", rows: int = ROWS) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Scores of two models that are alike."""
    (a, target), (b, _) = scores(dtype, rows), scores(dtype, rows, seed=1)
    return {"a": a, "b": (0.8 * a + 0.2 * b).astype(dtype)}, target


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_differences_of_areas_are_delongs(dtype: str) -> None:
    models, target = two(dtype)
    found = nl.evaluate((), models, target, metrics=["auc", "ks"], interval=0.95)
    area, error = delong(*models.values(), target)
    first = found.differences[0]
    assert (first.first, first.second) == ("a.auc", "b.auc")
    assert first.mean == pytest.approx(area, rel=1e-12) and first.interval.error == pytest.approx(error, rel=1e-9)
    assert first.interval.high == pytest.approx(area + 1.959964 * error)
    assert first.p == pytest.approx(math.erfc(abs(area) / error / math.sqrt(2.0)))
    chances = sorted((each.p, each.holm) for each in found.differences)
    assert chances[0][1] == pytest.approx(2 * chances[0][0]) and len(chances) == 2
    alone = one("auc", models["a"], target, interval=0.95)
    assert found.metrics[0].interval is not None and alone.interval is not None
    assert found.metrics[0].interval.error == pytest.approx(alone.interval.error, rel=1e-9)
    same = nl.evaluate((), {"a": models["a"], "b": models["a"].copy()}, target, metrics="auc", interval=0.95)
    assert same.differences[0].p == 1.0 and same.differences[0].interval.error == 0.0


def test_many_rows_are_told_apart_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SAMPLE", 300)
    models, target = two(rows=3000)
    found = nl.evaluate((), models, target, metrics="auc", interval=0.95).differences[0]
    assert found.interval.error == pytest.approx(delong(*models.values(), target)[1], rel=2e-3)


@pytest.mark.parametrize("backend", ["numba", "cython"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cells_between_cuts(dtype: str, backend: str) -> None:
    random = np.random.default_rng(11)
    pred = np.concatenate([random.standard_normal(1500), [np.inf, -np.inf, 0.0, -0.0]]).astype(dtype)
    for count in (1, 2, 3, 700):
        cuts = np.unique(pred[:count].astype(np.float64))
        below, above = (np.searchsorted(cuts, pred, side) for side in ("left", "right"))
        np.testing.assert_array_equal(cells_between(pred, cuts, backend), below + above)
    assert cells_between(np.array([np.nan], dtype), cuts, backend) == 2 * len(cuts)
    assert len(cells_between(pred[:0], cuts, backend)) == 0


def test_differences_of_clusters_and_of_other_metrics() -> None:
    models, target = two(rows=300)
    cluster = np.arange(300) % 50
    asked: dict[str, Any] = {"metrics": ["f1", "auc"], "interval": 0.95}
    found = nl.evaluate((), models, target, cluster=cluster, **asked)
    order = np.argsort(cluster, kind="stable")
    again = nl.evaluate(
        (), {name: pred[order] for name, pred in models.items()}, target[order], cluster=cluster[order], **asked
    )
    alone = nl.evaluate((), models, target, cluster=np.arange(300), **asked)
    by_row = nl.evaluate((), models, target, **asked)
    for k in range(2):
        error = found.differences[k].interval.error
        assert error == pytest.approx(again.differences[k].interval.error, rel=1e-9)
        assert by_row.differences[k].interval.error == pytest.approx(alone.differences[k].interval.error, rel=1e-9)
        assert error != pytest.approx(by_row.differences[k].interval.error, rel=1e-3)


@pytest.mark.parametrize("clustered", [False, True])
def test_errors_of_groups_are_those_of_evaluations_of_their_own(clustered: bool) -> None:
    pred, target = shares(ROWS)
    by, cluster = np.array(["x", "yz"])[np.arange(ROWS) % 2], np.arange(ROWS) // 8
    names = ["auc", "ks", "f1", "ece:bins=4", "r2"]
    more = {"cluster": cluster} if clustered else {}
    found = nl.evaluate((), pred, target, metrics=names, by=by, interval=0.9, **more)
    for key in range(2):
        some = np.arange(ROWS) % 2 == key
        more = {"cluster": cluster[some]} if clustered else {}
        alone = nl.evaluate((), pred[some], target[some], metrics=names, interval=0.9, **more)
        for metric, expected in zip(found.metrics, alone.metrics, strict=True):
            assert metric.groups is not None and metric.groups.errors is not None and expected.interval is not None
            assert metric.groups.errors[key] == pytest.approx(expected.interval.error, rel=1e-6)
            ends = expected.interval.low, expected.interval.high
            assert metric.groups.intervals[key] == pytest.approx(ends, rel=1e-6)


def test_errors_leave_out_what_values_leave_out() -> None:
    pred, target = shares(ROWS)
    bad = pred.copy()
    bad[[3, 500]] = np.nan
    for metric in ("f1", "auc", "r2"):
        asked: dict[str, Any] = {"interval": 0.9, "cluster": np.arange(ROWS) // 2 * 2}
        found = one(metric, bad, target, nan="omit", **asked)
        kept = np.delete(np.arange(ROWS), [3, 500])
        expected = one(metric, pred[kept], target[kept], interval=0.9, cluster=asked["cluster"][kept])
        assert found.interval is not None and expected.interval is not None
        assert found.interval.error == pytest.approx(expected.interval.error, rel=1e-9)
        assert math.isnan(one(metric, bad, target, **asked).interval.low)  # type: ignore[union-attr]
    models = nl.evaluate((), {"a": pred, "b": bad}, target, metrics="f1", nan="omit", interval=0.9)
    assert math.isnan(models.differences[0].p)


def test_without_two_rows_of_a_label_there_is_no_error() -> None:
    for target in (np.array([0, 1, 1]), np.ones(3, int)):
        assert one("auc", np.arange(3.0), target, interval=0.9, cluster=np.arange(3)).interval is None
    assert one("f1", np.zeros(0), np.zeros(0), interval=0.9).interval is None
    assert one("auc", np.zeros(0), np.zeros(0), interval=0.9, cluster=np.zeros(0, int)).interval is None


@pytest.mark.more
@pytest.mark.parametrize("metric", ["f1", "precision", "ece:bins=4", "r2", "average_precision"])
def test_errors_are_the_spread_of_values(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 400 samples; rows that belong together, too."""
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 1 << 17)
    values, errors = [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        skill = np.repeat(rng.normal(size=100), 4)
        chance = (1.0 / (1.0 + np.exp(-skill - rng.normal(size=400)))).astype(np.float16)
        target = (rng.random(400) < chance**1.5).astype(int)
        found = one(metric, chance, target, interval=0.9, cluster=np.arange(400) // 4)
        assert found.interval is not None
        values.append(found.value)
        errors.append(found.interval.error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.12)
