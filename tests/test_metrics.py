"""Metrics of an evaluation against scikit-learn, and against sums over all pairs."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

import numloss as nl
from numloss.common import halves
from numloss.dispatch import load
from numloss.errors import FormatError
from numloss.evaluation import counting, plan
from numloss.evaluation.found import MetricValue
from numloss.evaluation.result import Evaluation
from numloss.metrics import Confusion, Precision, TopK, kernels, list_metrics, ranking, tally
from numloss.metrics.binary import half_of

ROWS = 1000
pytestmark = pytest.mark.usefixtures("small_blocks")
DTYPES = ("float16", "float32", "float64")


def scores(dtype: str, rows: int = ROWS, spread: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, some of which are equal, and labels 0 and 1."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows).astype(np.uint8)
    found = (rng.normal(size=rows) * spread + labels).astype(dtype)
    found[1::5] = found[::5]
    found[::7] = np.round(found[::7], 1)
    found[::50] = 0.0
    found[::100] = -0.0
    return found, labels


def values(result: Evaluation) -> list[float]:
    return [metric.value for metric in result.metrics]


def one(metric: Any, pred: Any, target: Any, **asked: Any) -> MetricValue:
    (found,) = nl.evaluate((), pred, target, metrics=metric, **asked).metrics
    return found


def of_pairs(pred: np.ndarray, target: np.ndarray) -> float:
    """The area by all pairs, rounded once."""
    positives, negatives = pred[target == 1], pred[target == 0]
    above = (positives[:, None] > negatives).sum()
    equal = (positives[:, None] == negatives).sum()
    return float(Fraction(2 * int(above) + int(equal), 2 * len(positives) * len(negatives)))


# orders of scores ---------------------------------------------------------------------------------------------------

ORDERS = ("auc", "average_precision", "ks")
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


# the pass -----------------------------------------------------------------------------------------------------------

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
    return saved(pred=pred, target=target, by=np.arange(ROWS) % 3)


def test_bits_do_not_depend_on_threads_or_chunks(files: dict[str, Path]) -> None:
    found = set()
    for workers, chunk in ((1, None), (2, 999)):
        with nl.num_threads(workers):
            found.add(everything(files["pred"], files["target"], by=files["by"], chunk=chunk))
    assert len(found) == 1


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


# classes ------------------------------------------------------------------------------------------------------------


def classes(count: int = 5, dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, count, ROWS)
    found = rng.normal(size=(ROWS, count)).astype(dtype)
    found[np.arange(ROWS), labels] += 1.0
    return found, labels


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_decisions_are_those_of_scikit_learn(count: int, weighted: bool) -> None:
    pred, target = scores("float32") if count == 1 else classes(count)
    weight = np.random.default_rng(5).integers(0, 8, ROWS) / 4 if weighted else None
    chosen = (pred > 0.5).astype(int) if count == 1 else pred.argmax(axis=1)
    averages = ("macro", "micro", "weighted", *(("binary",) if count == 1 else ()))
    kinds = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    asked = [f"{name}:average={average}" for name in kinds for average in averages]
    result = nl.evaluate((), pred, target, weight=weight, metrics=[*asked, "confusion", "accuracy"])
    expected = [
        kind(target, chosen, average=average, sample_weight=weight) for kind in kinds.values() for average in averages
    ]
    assert values(result)[:-1] == pytest.approx(expected, rel=1e-12)
    matrix = sk.confusion_matrix(target, chosen, sample_weight=weight)
    np.testing.assert_allclose(result.metrics[-1].tables["confusion"]["matrix"], matrix, rtol=1e-12)
    assert result.scores[0].mean == pytest.approx(sk.accuracy_score(target, chosen, sample_weight=weight), rel=1e-12)
    assert result.scores[0].mean == pytest.approx(result.metrics[-1].value, rel=1e-12)
    each = sk.precision_recall_fscore_support(target, chosen, sample_weight=weight, zero_division=0)
    table = result.metrics[0].tables["per_class"]
    np.testing.assert_allclose([table[name] for name in ("precision", "recall", "f1", "weight")], each, rtol=1e-12)


def test_a_class_of_no_row_is_not_averaged() -> None:
    pred, target = np.eye(4)[[0, 1, 1, 0]], np.array([0, 1, 0, 0])
    assert one("f1", pred, target).value == pytest.approx(sk.f1_score(target, pred.argmax(axis=1), average="macro"))


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_top_k(k: int, dtype: str) -> None:
    pred, target = classes(7, dtype)
    (score,) = nl.evaluate((), pred, target, metrics=TopK(k)).scores
    assert score.mean == pytest.approx(sk.top_k_accuracy_score(target, pred, k=k), rel=1e-12)


def test_of_equal_scores_the_first_class_is_chosen() -> None:
    pred, target = np.zeros((4, 4), np.float32), np.arange(4)
    pred[:, 3] = 1.0
    found = nl.evaluate((), pred, target, metrics=["accuracy", "top_k:k=2", "top_k:k=3"]).scores
    assert [score.total for score in found] == [1.0, 2.0, 3.0]


# probabilities ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_calibration_of_probabilities(weighted: bool) -> None:
    logits, target = scores("float64")
    weight = np.random.default_rng(5).integers(0, 8, ROWS) / 4 if weighted else None
    w, shares = np.ones(ROWS) if weight is None else weight, 1.0 / (1.0 + np.exp(-logits))
    result = nl.evaluate((), shares, target, weight=weight, metrics=["ece:bins=10", "brier"])
    place = np.minimum((shares * 10).astype(int), 9)
    gaps = [abs((w * (shares - target))[place == k].sum()) for k in range(10)]
    (ece,) = result.metrics
    assert ece.value == pytest.approx(sum(gaps) / w.sum(), rel=1e-12)
    assert ece.figures["mce"] == pytest.approx(max(g / w[place == k].sum() for k, g in enumerate(gaps) if g), rel=1e-12)
    brier = sk.brier_score_loss(target, shares, sample_weight=weight)
    assert result.scores[0].mean == pytest.approx(brier, rel=1e-12)
    assert ece.figures["brier"] == pytest.approx(brier, rel=1e-12)
    table, base = ece.tables["reliability"], (w * target).sum() / w.sum()
    resolution = (table["weight"] * (table["observed"] - base) ** 2).sum() / w.sum()
    assert ece.figures["resolution"] == pytest.approx(resolution)
    # what is within bins: the variance of probabilities there, less twice their covariance with what happened
    within = 0.0
    for k, number in enumerate(np.unique(place[w > 0])):
        off, happened = shares - table["predicted"][k], target - table["observed"][k]
        within += (w * off * (off - 2 * happened))[place == number].sum()
    assert ece.figures["within"] == pytest.approx(within / w.sum(), abs=1e-12)
    again = nl.evaluate((), logits, target, weight=weight, metrics=["ece:bins=10:logits=true", "brier:logits=true"])
    assert again.metrics[0].value == pytest.approx(ece.value, rel=1e-9)
    assert again.scores[0].mean == pytest.approx(brier, rel=1e-9)


def test_calibration_of_classes_is_of_the_chosen_one() -> None:
    logits, target = classes(5, "float64")
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    result = nl.evaluate((), logits, target, metrics=["ece:logits=true", "brier:logits=true"])
    top, hit = shares.max(axis=1), shares.argmax(axis=1) == target
    place = (top * 15).astype(int)
    gaps = sum(abs((top - hit)[place == k].sum()) for k in range(15))
    assert result.metrics[0].value == pytest.approx(gaps / ROWS, rel=1e-9)
    assert result.scores[0].mean == pytest.approx(np.square(shares - np.eye(5)[target]).sum(axis=1).mean(), rel=1e-9)


# numbers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("base", [0.0, 1e6])
def test_regression(base: float, weighted: bool) -> None:
    rng = np.random.default_rng(6)
    target = rng.normal(size=ROWS) + base
    pred, weight = target + 0.3 * rng.normal(size=ROWS), rng.integers(0, 8, ROWS) / 4 if weighted else None
    result = nl.evaluate((), pred, target, weight=weight, metrics=["r2", "mae", "coverage"])
    assert result.metrics[0].value == pytest.approx(sk.r2_score(target, pred, sample_weight=weight), rel=1e-10)
    mae, coverage = result.scores
    assert mae.mean == pytest.approx(sk.mean_absolute_error(target, pred, sample_weight=weight), rel=1e-9)
    assert coverage.mean == pytest.approx(np.average(target <= pred, weights=weight), rel=1e-12)
    by = nl.evaluate((), pred, target, weight=weight, metrics="r2", by=np.arange(ROWS) % 2).metrics[0].groups
    some = slice(1, None, 2)
    expected = sk.r2_score(target[some], pred[some], sample_weight=None if weight is None else weight[some])
    assert by is not None and by.values[1] == pytest.approx(expected, rel=1e-10)


# what is wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["auc", "confusion", "ece:logits=true"])
@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_nan_is_counted_omitted_or_raised(metric: str, dtype: str) -> None:
    pred, target = scores(dtype)
    bad = pred.copy()
    bad[[5, 500]] = np.nan
    found = one(metric, bad, target)
    assert math.isnan(found.value) and found.nans == 2 and [row.row for row in found.nan_rows] == [5, 500]
    left = one(metric, bad, target, nan="omit", by=np.zeros(ROWS, int))
    assert left.value == one(metric, np.delete(bad, [5, 500]), np.delete(target, [5, 500])).value
    assert left.groups is not None and left.groups.rows.tolist() == [ROWS - 2]
    with pytest.raises(ValueError, match="row 5 is NaN"):
        one(metric, bad, target, nan="raise")


@pytest.mark.parametrize(
    "kind", ["bfloat16", *(pytest.param(kind, marks=pytest.mark.more) for kind in ("float16", ">f2"))]
)
def test_numbers_of_sixteen_bits_are_those_that_they_stand_for(kind: str, saved: Any) -> None:
    (pred, target), (wide, labels) = scores("float32"), classes(5)
    given = {}
    for name, values_of in (("pred", pred), ("wide", wide)):
        bits = (values_of.view(np.uint32) >> 16).astype(np.uint16)
        given[name] = bits.view(halves.BFLOAT16) if kind == "bfloat16" else values_of.astype(kind)
    as_they_are = halves.widened(given["pred"]).astype(np.float32), halves.widened(given["wide"]).astype(np.float32)
    for name, known, right in zip(given, as_they_are, (target, labels), strict=True):
        asked = [*ORDERS, "accuracy", "confusion", "brier:logits=true", "ece:logits=true"][0 if name == "pred" else 3 :]
        found, expected = (nl.evaluate((), each, right, metrics=asked) for each in (given[name], known))
        assert values(found) == pytest.approx(values(expected), rel=1e-12)
        assert [score.mean for score in found.scores] == [score.mean for score in expected.scores]
        if name == "pred":
            curve = found.metrics[0].tables["curve"]
            assert set(curve["threshold"]) <= {*known.astype(float)} and values(found)[0] == of_pairs(known, target)
    if kind != "bfloat16":
        paths = saved(pred=given["pred"], target=target)
        assert one("auc", paths["pred"], paths["target"]).value == of_pairs(as_they_are[0], target)


def test_halves_that_are_nan_are_found() -> None:
    pred, target = scores("float16")
    pred[7] = np.nan
    assert one("auc", pred, target).nans == 1
    assert one("auc", pred, target, nan="omit").value == of_pairs(np.delete(pred, 7), np.delete(target, 7))


@pytest.mark.parametrize("metric", ["auc", "accuracy", "confusion", "brier", "ece"])
def test_a_bad_label_is_named_with_its_file_and_row(metric: str, saved: Any) -> None:
    paths = saved(pred=np.full(ROWS, 0.5, np.float32), target=np.where(np.arange(ROWS) == 777, 2, 1))
    with pytest.raises(ValueError, match=r"target\.npy: target\[777\] is 2; it must be 0 or 1"):
        nl.evaluate((), paths["pred"], paths["target"], metrics=metric)
    paths = saved(pred=np.full((ROWS, 3), 0.1, np.float32), target=np.where(np.arange(ROWS) == 777, 3, 1))
    if metric != "auc":
        with pytest.raises(ValueError, match=r"target\[777\] is 3; it must be a class from 0 to 2"):
            nl.evaluate((), paths["pred"], paths["target"], metrics=metric)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"metrics": "auk"}, "unknown metric 'auk'; did you mean auc"),
        ({"metrics": "top_k:n=3"}, "top_k: unknown option 'n=3'; it has k"),
        ({"metrics": "top_k:k=0"}, "k must be a number of classes"),
        ({"metrics": "auc:exact=7"}, "exact must be true or false"),
        ({"metrics": "f1:average=mean"}, "average must be one of macro"),
        ({"metrics": "ece:bins=0"}, "bins must be a number from 1"),
        ({"metrics": []}, "no loss and no metric"),
        ({"metrics": "auc", "weight": np.ones(9)}, "auc counts rows, each once; it takes no weight"),
        ({"metrics": "brier", "weight": -np.ones(9)}, r"weight\[0\] is -1.0; weights are >= 0"),
        ({"metrics": "ece", "pred": np.full(9, 2.0)}, r"pred\[0\] is 2.0; probabilities are in \[0, 1\]; logits=true"),
        ({"metrics": "auc", "pred": np.zeros((9, 2))}, "auc: pred has shape .2,. a row"),
        ({"metrics": "r2", "pred": np.zeros((9, 2))}, "r2: pred has shape .2,. a row"),
        ({"metrics": "top_k"}, "top_k: pred has one score a row"),
        ({"metrics": "accuracy", "gradients_to": "somewhere"}, "accuracy has no gradient"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant(asked: dict[str, Any], expected: str, tmp_path: Path) -> None:
    given = {"pred": np.zeros(9), "target": np.zeros(9), **asked}
    if "gradients_to" in given:
        given["gradients_to"] = tmp_path / given["gradients_to"]
    with pytest.raises(ValueError, match=expected):
        nl.evaluate((), **given)


def test_more_keys_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_KEYS", 5)
    pred, target = scores("float32")
    one("auc", pred, target, by=np.arange(ROWS) % 5)
    with pytest.raises(ValueError, match="more than 5 keys"):
        one("auc", pred, target, by=np.arange(ROWS) % 7)


def test_what_is_no_metric() -> None:
    with pytest.raises(TypeError, match="is not a metric"):
        nl.evaluate((), np.zeros(2), np.zeros(2), metrics=[nl.mse])


def test_metrics_are_listed_with_their_options() -> None:
    listed = {each["name"]: each for each in list_metrics()}
    assert listed["auc"]["options"] == {"exact": True} and not listed["auc"]["weighted"]
    assert listed["top_k"]["options"] == {"k": 5} and listed["top_k"]["of_rows"]
    assert all(each["text"].endswith((".", "half.")) or each["text"] for each in listed.values())
    assert Precision().options == {} and Confusion(threshold=0.1).options == {"threshold": 0.1}
