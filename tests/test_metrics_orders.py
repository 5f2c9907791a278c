"""Orders of scores: areas, average precision, distances, against scikit-learn and sums over all pairs."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from scored import DTYPES, ORDERS, ROWS, of_pairs, one, scores, values
from sklearn import metrics as sk

import numloss as nl
from numloss.dispatch import load
from numloss.errors import FormatError
from numloss.evaluation import counting, plan
from numloss.metrics import kernels, ranking
from numloss.metrics.binary import half_of

pytestmark = pytest.mark.usefixtures("small_blocks")

MORE_SPREADS = (("float16", 1e-3), ("float32", 1e-3), ("float64", 1.0))


# few bytes make many passes: keys of some cells, then counts of the further bits of one
@pytest.mark.parametrize(("room", "rows"), [(ranking.ROOM, 1000), (256, 300), (4, 30)])
@pytest.mark.parametrize(
    ("dtype", "spread"),
    [
        *(("float16", 1.0), ("float32", 1.0), ("float64", 1e-3)),
        *(pytest.param(dtype, spread, marks=pytest.mark.more) for dtype, spread in MORE_SPREADS),
    ],
)
def test_orders_are_exact(dtype: str, spread: float, room: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ranking, counting):
        monkeypatch.setattr(module, "ROOM", room)
    pred, target = scores(dtype, rows, spread)
    found = nl.evaluate((), pred, target, metrics=ORDERS)
    area, precision, distance = values(found)
    assert area == of_pairs(pred, target)
    assert precision == pytest.approx(sk.average_precision_score(target, pred), rel=1e-13)
    false, true, _ = sk.roc_curve(target, pred, drop_intermediate=False)
    assert distance == pytest.approx(np.abs(true - false).max(), rel=1e-13)
    assert all(metric.exact and metric.rows == len(pred) for metric in found.metrics)


@pytest.mark.parametrize("room", [ranking.ROOM, 300])
@pytest.mark.parametrize(
    ("dtype", "spread"),
    [
        *(("float16", 1.0), ("float32", 1.0), ("float64", 1e-3)),
        *(pytest.param(dtype, spread, marks=pytest.mark.more) for dtype, spread in MORE_SPREADS),
    ],
)
def test_orders_of_rows_with_weights(dtype: str, spread: float, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ranking, counting):
        monkeypatch.setattr(module, "ROOM", room)
    pred, target = scores(dtype, 400, spread)
    weight = np.random.default_rng(5).random(400) ** 9 * 1e-3
    weight[:20] = 0.0
    found = nl.evaluate((), pred, target, weight=weight, metrics=ORDERS, by=np.arange(400) % 2)
    for some in (slice(None), slice(1, None, 2)):
        given: Any = {"y_true": target[some], "y_score": pred[some], "sample_weight": weight[some]}
        false, true, _ = sk.roc_curve(**given, drop_intermediate=False)
        expected = [sk.roc_auc_score(**given), sk.average_precision_score(**given), np.abs(true - false).max()]
        own = values(found) if some.step is None else [each.groups.values[1] for each in found.metrics]  # type: ignore[union-attr]
        assert own == pytest.approx(expected, rel=1e-12)
    assert all(metric.exact and metric.rows == 400 for metric in found.metrics)
    curve = found.metrics[0].tables["curve"]
    k = len(curve["threshold"]) // 2
    above = pred >= curve["threshold"][k]
    assert curve["true_positives"][k] == pytest.approx((weight * target)[above].sum(), rel=1e-12)
    assert found.metrics[0].figures["positives"] == pytest.approx((weight * target).sum(), rel=1e-12)


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_whole_weights_are_so_many_rows(dtype: str) -> None:
    pred, target = scores(dtype, 300)
    weight = np.arange(300) % 4
    many = nl.evaluate((), np.repeat(pred, weight), np.repeat(target, weight), metrics=ORDERS)
    for factor in (1, 1e-200, 1e200):
        found = nl.evaluate((), pred, target, weight=weight * factor, metrics=ORDERS)
        assert values(found) == pytest.approx(values(many), rel=1e-15)
    assert math.isnan(one("auc", pred, target, weight=np.zeros(300)).value)
    sure = [one(f"{name}:exact=false", pred, target, weight=weight) for name in ORDERS]
    assert all(each.low <= value <= each.high for each, value in zip(sure, values(many), strict=True))
    assert not sure[0].exact and sure[0].high - sure[0].low < 0.05


def test_rows_with_weights_take_bounded_memory() -> None:
    """Keys that are kept at once, and their places; tables of sums for each score took 370 bytes a row."""
    random = np.random.default_rng(3)
    pred, target, weight = random.random(200_000, np.float32), random.integers(0, 2, 200_000), random.random(200_000)
    one("auc", pred[:5000], target[:5000], weight=weight[:5000])  # compiles
    tracemalloc.start()
    try:
        one("auc", pred, target, weight=weight)
        assert tracemalloc.get_traced_memory()[1] < 200 * len(pred)
    finally:
        tracemalloc.stop()


def test_the_error_of_an_area_with_weights() -> None:
    """By derivatives of the area by weights; rows of labels are one less than there are, as DeLong has it."""
    pred, target = scores("float32", 60)
    weight = np.random.default_rng(5).integers(1, 8, 60) / 4.0
    moves = np.zeros(60)
    for k in range(60):
        ends = [sk.roc_auc_score(target, pred, sample_weight=weight + h * (np.arange(60) == k)) for h in (1e-5, -1e-5)]
        moves[k] = weight[k] * (ends[0] - ends[1]) / 2e-5
    counts = [(target == label).sum() for label in (0, 1)]
    expected = sum((moves[target == k] ** 2).sum() * counts[k] / (counts[k] - 1) for k in (0, 1))
    found = one("auc", pred, target, weight=weight, interval=0.9).interval
    assert found is not None and found.error == pytest.approx(math.sqrt(expected), rel=1e-6)


def test_cells_of_many_rows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 65,536 rows in one cell of scores of 32 bits their keys are not sorted."""
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 1 << 17)
    rng = np.random.default_rng(0)
    pred, target = (1.0 + rng.integers(0, 40_000, 150_000) / 2**23).astype(np.float32), rng.integers(0, 2, 150_000)
    area, precision, _ = values(nl.evaluate((), pred, target, metrics=ORDERS))
    assert area == pytest.approx(sk.roc_auc_score(target, pred), rel=1e-13)
    assert precision == pytest.approx(sk.average_precision_score(target, pred), rel=1e-12)


def test_ends_of_the_line_and_what_lies_between_floats() -> None:
    next_one = float(np.nextafter(np.float32(1.0), np.float32(2.0)))
    ends = [-np.inf, -3e38, -1.0, -1e-45, -0.0, 0.0, 1e-45, 1e-38, 1.0, next_one, 3e38, np.inf]
    for dtype in DTYPES[1:]:
        pred = np.repeat(np.array(ends, dtype), 2)
        target = np.tile([1, 0, 0, 1, 1], 10)[: len(pred)]
        assert one("auc", pred, target).value == of_pairs(pred, target)


@pytest.mark.parametrize("metric", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_one_pass_gives_ends_between_which_the_value_is(metric: str, dtype: str) -> None:
    pred, target = scores(dtype, spread=1e-3)
    pred = (pred + 5).astype(dtype)  # so that many share their leading bits
    exact, sure = (one(f"{metric}{text}", pred, target) for text in ("", ":exact=false"))
    assert sure.low <= exact.value < sure.high or (metric == "ks" and sure.low <= exact.value <= sure.high)
    assert exact.exact and (metric == "ks" or not sure.exact)
    assert sure.low <= sure.value <= sure.high
    turned = one(f"{metric}:exact=false", -pred, target)
    assert turned.low <= one(metric, -pred, target).value <= turned.high


def test_integers_and_truth_values_are_scores_and_labels() -> None:
    pred, target = np.arange(ROWS) % 9, np.arange(ROWS) % 7 > 3
    assert one("auc", pred, target).value == of_pairs(pred, target)
    assert one("auc", pred.astype(np.uint8)[::-1], target.astype(float)).value == of_pairs(pred[::-1], target)


@pytest.mark.parametrize("metric", ORDERS)
def test_without_both_labels_there_is_no_order(metric: str) -> None:
    assert math.isnan(one(metric, np.arange(3.0), np.ones(3)).value)
    assert math.isnan(one(metric, np.zeros(0), np.zeros(0)).value)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_interval_of_an_area_is_delongs(dtype: str) -> None:
    pred, target = scores(dtype)
    positives, negatives = pred[target == 1].astype(float), pred[target == 0].astype(float)
    wins = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    variance = wins.mean(axis=1).var(ddof=1) / len(positives) + wins.mean(axis=0).var(ddof=1) / len(negatives)
    found = one("auc", pred, target, interval=0.95)
    assert found.interval is not None
    assert found.interval.error == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found.interval.high - found.value == pytest.approx(1.959964 * found.interval.error)


@pytest.mark.parametrize("dtype", DTYPES)
def test_points_of_the_curve_are_exact(dtype: str) -> None:
    pred, target = scores(dtype, 2 * ROWS)
    curve = one("auc", pred, target).tables["curve"]
    for threshold, true, false in zip(*curve.values(), strict=True):
        assert true == (target[pred >= threshold] == 1).sum() and false == (target[pred >= threshold] == 0).sum()
    assert 100 < len(curve["threshold"]) <= 200 and (true, false) == (target.sum(), len(pred) - target.sum())


def test_patterns_of_sixteen_bits_are_in_the_order_of_their_numbers() -> None:
    patterns = np.arange(1 << 16).astype(np.uint16)
    scores = kernels.Scores(load("cython"), patterns.view(np.float16), np.zeros(len(patterns)))
    places = scores.tops() // 2
    numbers = patterns.view(np.float16)
    known = ~np.isnan(numbers)
    order = np.argsort(places[known], kind="stable")
    assert (np.diff(numbers[known][order].astype(float)) >= 0.0).all()
    assert [half_of(int(place), "float16") for place in places[known][::99]] == numbers[known][::99].tolist()
    wide = (patterns.astype(np.uint32) << 16).view(np.float32)
    known = ~np.isnan(wide)
    assert [half_of(int(place), "bfloat16") for place in places[known][::99]] == wide[known][::99].tolist()


def test_a_file_that_changes_between_passes_is_refused(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pred, target = scores("float32")
    paths = saved(pred=pred, target=target)
    settle = counting.Counts.settle

    def changed(self: Any, plan: Any) -> None:
        settle(self, plan)
        np.save(paths["pred"], np.full(ROWS, 100.0, np.float32))

    monkeypatch.setattr(counting.Counts, "settle", changed)
    with pytest.raises(FormatError, match="changed since"):
        nl.evaluate((), paths["pred"], paths["target"], metrics="auc")
