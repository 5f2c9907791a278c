"""Metrics of decisions, probabilities and numbers against scikit-learn, and what cannot be asked."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scored import DTYPES, ORDERS, ROWS, classes, of_pairs, one, scores, values
from sklearn import metrics as sk

import numloss as nl
from numloss.common import halves
from numloss.metrics import Confusion, Precision, TopK, list_metrics, tally

pytestmark = pytest.mark.usefixtures("small_blocks")


# classes ------------------------------------------------------------------------------------------------------------


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
        ({"metrics": "auc", "weight": -np.ones(9)}, r"weight\[0\] is -1.0; weights are >= 0"),
        ({"metrics": "auc", "weight": np.array([1.0] + [np.inf] * 8)}, r"weight\[1\] is inf; weights are finite"),
        ({"metrics": "brier", "weight": -np.ones(9)}, r"weight\[0\] is -1.0; weights are >= 0"),
        ({"metrics": "ece", "pred": np.full(9, 2.0)}, r"pred\[0\] is 2.0; probabilities are in \[0, 1\]; logits=true"),
        ({"metrics": "auc", "pred": np.zeros((9, 2, 2))}, "auc: pred has shape .2, 2. a row"),
        ({"metrics": "auc:average=micro"}, "auc: average must be one of macro, weighted, got 'micro'"),
        ({"metrics": "auc:multi_class=all"}, "auc: multi_class must be one of ovr, ovo, got 'all'"),
        ({"metrics": "auc:multi_class=ovo", "pred": np.zeros((9, 40))}, "40 classes make 1560 orders of scores"),
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
    assert listed["auc"]["options"] == {"exact": True, "average": "macro", "multi_class": "ovr"}
    assert listed["top_k"]["options"] == {"k": 5} and listed["top_k"]["of_rows"]
    assert all(each["text"].endswith((".", "half.")) or each["text"] for each in listed.values())
    assert Precision().options == {} and Confusion(threshold=0.1).options == {"threshold": 0.1}
