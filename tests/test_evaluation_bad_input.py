"""Bad values in what is evaluated, and questions that cannot be answered: named, with file and row."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_evaluation import ROWS, numbers

import numloss as nl
from numloss.errors import FormatError
from numloss.evaluation import executors, plan
from numloss.registry import LOSSES

pytestmark = pytest.mark.usefixtures("small_blocks")


def test_nan_is_counted_and_located(saved: Any) -> None:
    pred = numbers(ROWS, 2)
    pred[[200, 700], 1] = np.nan
    paths = saved(pred=pred, target=numbers(ROWS, 2, seed=1))
    result = nl.evaluate(nl.mse, **paths, worst=1)
    (score,) = result.scores
    assert math.isnan(score.mean) and score.nans == 2
    assert [(bad.row, bad.file) for bad in score.nan_rows] == [(200, str(paths["pred"])), (700, str(paths["pred"]))]
    assert "2: 200, 700" in str(result)
    with pytest.raises(ValueError, match=r"pred\.npy: mse: the loss of row 200 is NaN"):
        nl.evaluate(nl.mse, **paths, nan="raise")


def test_nan_is_omitted(tmp_path: Path) -> None:
    pred, target, weight = numbers(ROWS, 2), numbers(ROWS, 2, seed=1), np.abs(numbers(ROWS, seed=2))
    pred[[200, 700], 1], target[[3, 700]], weight[4] = np.nan, np.nan, np.nan
    good = np.ones(ROWS, bool)
    good[[3, 4, 200, 700]] = False
    by = np.arange(ROWS) % 3
    (score,) = nl.evaluate(
        nl.mse, pred, target, weight=weight, by=by, nan="omit", losses_to=tmp_path / "l", gradients_to=tmp_path / "g",
        interval=0.9, quantiles=(0.5,), worst=3,
    ).scores  # fmt: skip
    assert score.mean == pytest.approx(nl.mse(pred[good], target[good], weight=weight[good]), rel=1e-6)
    assert score.nans == 4 and [bad.row for bad in score.nan_rows] == [3, 4, 200, 700]
    assert score.groups is not None and score.groups.rows.sum() == ROWS - 4
    losses, gradient = np.load(tmp_path / "l" / "mse.npy"), np.load(tmp_path / "g" / "mse.npy")
    np.testing.assert_array_equal(np.isnan(losses), ~good)
    assert not gradient[~good].any() and gradient[good].any(axis=1).all()
    assert all(good[bad.row] for bad in score.worst)


def test_other_bad_values_beside_omitted_rows_keep_their_place() -> None:
    target = np.zeros(ROWS)
    target[20], target[30] = np.nan, 5.0
    with pytest.raises(ValueError, match=r"target\[30\] = 5"):
        nl.evaluate(nl.bce_with_logits, numbers(ROWS).astype(float), target, nan="omit")


def test_a_bad_label_is_named_with_its_file_and_row(saved: Any) -> None:
    target = np.zeros(ROWS, dtype=np.int64)
    target[[700, 900]] = 5, 6
    paths = saved(pred=numbers(ROWS, 5), target=target)
    with pytest.raises(IndexError, match=r"target\.npy: cross_entropy: target\[700\] = 5 .* start of the file"):
        nl.evaluate(nl.cross_entropy, **paths)


def test_a_bad_value_is_named_with_its_row_in_memory() -> None:
    target = numbers(ROWS, 2)
    target[800, 1] = np.nan
    with pytest.raises(ValueError, match=r"^mse: target\[800, 1\] = nan"):
        nl.evaluate(nl.mse, numbers(ROWS, 2), target)


def test_shapes_are_checked_before_anything_is_read(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = saved(pred=numbers(ROWS, 2), target=numbers(ROWS, 3))
    monkeypatch.setattr(executors, "run", lambda *task: pytest.fail("something was read"))
    with pytest.raises(ValueError, match=r"^mse: target has shape .*target is .*target\.npy"):
        nl.evaluate(nl.mse, **paths)
    with pytest.raises(ValueError, match=r"huber: delta must be > 0 and finite, got -1$"):
        nl.evaluate(partial(nl.huber, delta=-1), numbers(5), numbers(5))


def test_different_lengths_are_refused(saved: Any) -> None:
    with pytest.raises(FormatError, match=r"pred\.npy has 10 rows, but .*target\.npy has 11"):
        nl.evaluate(nl.mse, **saved(pred=numbers(10), target=numbers(11)))


def test_losses_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="dice does not add up"):
        nl.evaluate(nl.dice, numbers(4, 2, 3), numbers(4, 2, 3))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"losses": []}, "no loss"),
        ({"losses": nl.gaussian_nll}, "gaussian_nll: no file for var"),
        ({"var": np.ones(10)}, "no loss takes var"),
        ({"losses": partial(nl.mse, weight=np.ones(10))}, "only options may be fixed, not weight"),
        ({"losses": partial(nl.mse, np.ones(10))}, "only options may be fixed, not arrays"),
        ({"nan": "ignore"}, "nan must be one of"),
        ({"quantiles": (1.5,)}, "quantiles must lie in"),
        ({"worst": -1}, "worst must be"),
        ({"interval": 95.0}, "interval must be a level"),
        ({"memory": "much"}, "'much' is not a number of bytes"),
        ({"memory": 10}, "one block needs 160 bytes, but memory is 10"),
        ({"pred": {"a": np.ones(10)}, "target": {"b": np.ones(10)}}, "target is given for b"),
        ({"resume": "state.json"}, "resume needs files"),
    ],
)
def test_questions_that_cannot_be_meant(asked: dict[str, Any], expected: str) -> None:
    given = {"losses": nl.mse, "pred": np.ones(10), "target": np.zeros(10), **asked}
    with pytest.raises(ValueError, match=expected):
        nl.evaluate(**given)


def test_byte_counts() -> None:
    assert [plan.byte_count(size) for size in (7, "7", "2 KB", "1.5KiB", "512MiB")] == [7, 7, 2000, 1536, 512 << 20]
    with pytest.raises(ValueError, match="0"):
        plan.byte_count("0MiB")


def test_inputs_and_questions_have_different_names() -> None:
    import inspect

    asked = set(inspect.signature(nl.evaluate).parameters) - {"pred", "target", "groups"}
    assert not asked & {name for loss in LOSSES.values() for name in loss.inputs}
