"""Intervals by key and over clusters of rows, and many comparisons."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import numloss as nl
from numloss.cli import main
from numloss.evaluation import journal
from numloss.evaluation.answer import chance, holm
from numloss.evaluation.result import Evaluation

ROWS = 600
pytestmark = pytest.mark.usefixtures("small_blocks")
RNG = np.random.default_rng(0)
CLUSTER = RNG.integers(0, 40, ROWS)
SHIFT = RNG.normal(size=40)[CLUSTER]
PRED, OTHER, TARGET = RNG.normal(size=(3, ROWS)) + SHIFT * [[2.0], [1.0], [0.0]]
WEIGHT, BY = RNG.integers(0, 8, ROWS) / 4, RNG.integers(0, 3, ROWS)


def error_of(sums: np.ndarray, weights: np.ndarray) -> float:
    """The jackknife over what is left out at a time, to first order."""
    rest = sums - sums.sum() / weights.sum() * weights
    count = (weights > 0.0).sum()
    return math.sqrt((rest * rest).sum() * count / (count - 1)) / weights.sum()


def by_cluster(values: np.ndarray, some: Any = slice(None)) -> np.ndarray:
    return np.bincount(CLUSTER[some], values[some], 40)


def squares(pred: np.ndarray) -> np.ndarray:
    return WEIGHT * (pred - TARGET) ** 2


def evaluated(**asked: Any) -> Evaluation:
    given = {"pred": PRED, "target": TARGET, "weight": WEIGHT, "interval": 0.95, **asked}
    return nl.evaluate(nl.mse, **given)


def test_rows_of_a_cluster_are_left_out_together() -> None:
    (score,), (rows,) = evaluated(cluster=CLUSTER).scores, evaluated().scores
    assert score.interval is not None and rows.interval is not None and score.mean == rows.mean
    assert score.interval.error == pytest.approx(error_of(by_cluster(squares(PRED)), by_cluster(WEIGHT)), rel=1e-9)
    assert score.interval.error > 1.5 * rows.interval.error
    (alone,) = evaluated(cluster=np.arange(ROWS)).scores
    assert alone.interval is not None and alone.interval.error == pytest.approx(rows.interval.error, rel=1e-9)


def test_rows_of_levels_count_as_many_as_their_labels_answer_for() -> None:
    logits, labels = RNG.normal(size=(ROWS, 4)), RNG.integers(0, 5, ROWS)
    (score,) = nl.evaluate(nl.corn, pred=logits, target=labels, weight=WEIGHT, interval=0.95).scores
    values, counts = nl.corn(logits, labels, weight=WEIGHT, reduction="none"), WEIGHT * np.minimum(labels + 1, 4)
    assert score.mean == pytest.approx(nl.corn(logits, labels, weight=WEIGHT), rel=1e-12)
    assert score.mean == pytest.approx(values.sum() / counts.sum(), rel=1e-12) and score.interval is not None
    assert score.interval.error == pytest.approx(error_of(values, counts), rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_groups_have_the_intervals_of_an_evaluation_of_their_own(weighted: bool) -> None:
    weight = WEIGHT if weighted else None
    groups = evaluated(weight=weight, by=BY).scores[0].groups
    assert groups is not None and groups.errors is not None
    for k in range(3):
        some = BY == k
        given = {"pred": PRED[some], "target": TARGET[some], "weight": None if weight is None else weight[some]}
        (alone,) = evaluated(**given).scores
        assert alone.interval is not None
        ends = [alone.interval.low, alone.interval.high]
        assert groups.intervals[k] == pytest.approx(ends, rel=1e-9) and groups.rows[k] == some.sum()


def test_clusters_within_groups() -> None:
    words = np.array([f"document {k}" for k in range(40)])[CLUSTER]
    result = evaluated(by={"by": BY, "even": BY % 2 == 0}, cluster=words)
    groups = result.scores[0].groups
    assert groups is not None and groups.errors is not None
    for k in range(3):
        expected = error_of(by_cluster(squares(PRED), BY == k), by_cluster(WEIGHT, BY == k))
        assert groups.errors[k] == pytest.approx(expected, rel=1e-9)
    whole = error_of(by_cluster(squares(PRED)), by_cluster(WEIGHT))
    assert result.scores[0].interval is not None and result.scores[0].interval.error == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("bad", [False, True])
def test_differences_over_clusters(bad: bool) -> None:
    other, some = OTHER.copy(), np.ones(ROWS, bool)
    if bad:
        other[7], some[7] = np.nan, False
    result = evaluated(pred={"a": PRED, "b": other}, cluster=CLUSTER, nan="omit")
    changes = squares(PRED) - squares(np.nan_to_num(other))
    (found,) = result.differences
    assert found.mean == pytest.approx(changes[some].sum() / WEIGHT[some].sum(), rel=1e-9)
    expected = error_of(by_cluster(changes, some), by_cluster(WEIGHT, some))
    assert found.interval.error == pytest.approx(expected, rel=1e-9)
    assert found.p == found.holm == chance(found.mean, found.interval.error)


def test_accuracy_over_clusters() -> None:
    target = (TARGET > 0).astype(int)
    (score,) = nl.evaluate((), PRED, target, metrics=["accuracy", "auc"], cluster=CLUSTER, interval=0.9).scores
    hits = ((PRED > 0.5) == target).astype(float)
    assert score.interval is not None
    assert score.interval.error == pytest.approx(error_of(by_cluster(hits), by_cluster(np.ones(ROWS))), rel=1e-9)


def test_bits_do_not_depend_on_who_computes_or_stops(saved: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(journal, "EVERY", 0.0)
    files = saved(pred=PRED, target=TARGET, weight=WEIGHT, by=BY, cluster=CLUSTER)
    for asked in ({"by": files["by"]}, {"by": files["by"], "cluster": files["cluster"]}):
        given = {**{name: files[name] for name in ("pred", "target", "weight")}, **asked}

        def stop(done: int, *rest: int) -> None:
            if done > ROWS / 2:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            evaluated(**given, chunk=1, progress=stop, resume=tmp_path / "state")
        found = {repr(evaluated(**given, chunk=chunk).scores) for chunk in (1, 999, None)}
        found.add(repr(evaluated(**given, resume=tmp_path / "state").scores))
        assert len(found) == 1


def test_chances_are_corrected_for_their_number() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, math.nan, 0.8])[::2] == [1.0, 1.0] and holm([]) == []
    assert chance(1.959964, 1.0) == pytest.approx(0.05, rel=1e-6)
    assert chance(0.0, 0.0) == 1.0 and chance(1.0, 0.0) == 0.0 and math.isnan(chance(1.0, math.nan))


def test_a_cluster_needs_an_interval_and_two_of_them() -> None:
    with pytest.raises(ValueError, match="interval= says of which level"):
        evaluated(cluster=CLUSTER, interval=None)
    (score,) = evaluated(cluster=np.zeros(ROWS, int)).scores
    assert score.interval is not None and math.isnan(score.interval.error)
    with pytest.raises(TypeError, match="cluster: "):
        evaluated(cluster=np.zeros(ROWS))


def test_the_command_line(saved: Any) -> None:
    files = {name: str(path) for name, path in saved(pred=PRED, target=TARGET, cluster=CLUSTER, by=BY).items()}
    arguments = [text for name, path in files.items() for text in (f"--{name}", path)]
    result = CliRunner().invoke(main, ["evaluate", "--loss", "mse", *arguments, "--interval", "0.95", "--json"])
    assert result.exit_code == 0, result.output
    groups = json.loads(result.stdout)["scores"][0]["groups"]
    expected = evaluated(weight=None, cluster=CLUSTER, by=BY).scores[0].groups
    assert expected is not None and expected.errors is not None and groups["errors"] == expected.errors.tolist()
