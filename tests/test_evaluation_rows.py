"""What an evaluation says of single rows: the loss of each by itself, and sums by keys of any kind."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import cases
import numpy as np
import pytest
from compare import assert_same_bits

import numloss as nl
from numloss.evaluation import plan
from numloss.evaluation.totals import GLANCE, Keys, worst_of

BY_ROWS = [case for case in cases.CASES if cases.record(case).adds_up == "rows" and not cases.record(case).shared]
CLASS_WEIGHT = np.array([1.0, 0.5, 2.0, 0.0, 3.0])
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 100)


def written(function: Any, given: dict[str, Any], folder: Path, **how: Any) -> np.ndarray:
    """The losses of rows, as an evaluation writes them."""
    (path,) = nl.evaluate(function, **given, losses_to=folder, **how).losses_to
    return np.load(path)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.more)])
@pytest.mark.parametrize("case", BY_ROWS)
def test_the_loss_of_a_row_is_its_own_whatever_it_counts(case: str, dtype: str, tmp_path: Path) -> None:
    """The same bits as reduction="none" where a row has one value, also where its weight or that of its class is 0."""
    loss, shape = cases.record(case), cases.middle(case)
    arrays = cases.arrays(case, shape, dtype)
    given = dict(zip(loss.inputs, arrays, strict=True))
    weights = loss.rows.get("factor") != "class_weight" and "class_weight" in loss.defaults
    options = list(cases.options(case))[-1:]
    if weights:
        options.append({**cases.required(case), "class_weight": CLASS_WEIGHT})
    for chosen in options:
        plain = {name: value for name, value in chosen.items() if name != "class_weight" or not weights}
        own = np.asarray(partial(loss.function, **plain)(*arrays, reduction="none"))
        expected = own if own.ndim == 1 else own.reshape(len(own), -1).mean(axis=1, dtype=np.float64)
        some = RANDOM.integers(0, 3, len(own)) / 3.0
        for weight in (None, some) if loss.weighted else (None,):
            found = written(partial(loss.function, **chosen), given, tmp_path, weight=weight)
            # a row of levels is the mean over those that its label answers for
            one = own.ndim == 1 and not loss.rows.get("asked")
            even = one and (plain == chosen or np.asarray(given[loss.inputs[-1]]).dtype.kind in "iu")
            if even:
                assert_same_bits(found, own.astype(found.dtype))
            elif plain == chosen and "ignore_index" not in loss.defaults:
                np.testing.assert_allclose(found, expected, rtol=1e-6)
            assert np.isfinite(found).all()


def test_a_row_whose_values_count_differently_is_their_weighted_mean(tmp_path: Path) -> None:
    pred, target = RANDOM.normal(size=(50, 3)), RANDOM.normal(size=(50, 3))
    weight = RANDOM.integers(0, 3, (50, 3)) / 2.0
    weight[7] = 0.0
    found = written(nl.mse, {"pred": pred, "target": target}, tmp_path, weight=weight)
    values = nl.mse(pred, target, reduction="none")
    expected = [np.average(v, weights=w) if w.any() else v.mean() for v, w in zip(values, weight, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_class_weights_in_parts_of_a_combination_weigh_rows_too(tmp_path: Path) -> None:
    pred, target = RANDOM.normal(size=(60, 5)), RANDOM.integers(0, 5, 60)
    parts = [partial(each, class_weight=CLASS_WEIGHT) for each in (nl.cross_entropy, nl.softmax_focal)]
    both = nl.combine((0.7, parts[0]), (0.3, parts[1]))
    found = written(both, {"pred": pred, "target": target}, tmp_path)
    plain = nl.combine((0.7, nl.cross_entropy), (0.3, nl.softmax_focal))
    assert_same_bits(found, np.asarray(plain(pred, target, reduction="none")))


def test_rows_that_do_not_count_are_among_neither_quantiles_nor_the_worst() -> None:
    pred, weight = np.arange(300.0), np.repeat([0.0, 1.0, 0.0], 100)
    (score,) = nl.evaluate(nl.mae, pred, np.zeros(300), weight=weight, quantiles=(0.0, 1.0), worst=2).scores
    assert score.quantiles == ((0.0, 100.0), (1.0, 199.0)) and [bad.row for bad in score.worst] == [199, 198]


@pytest.mark.parametrize("weight", [np.zeros(250), None], ids=["no weight", "no rows"])
def test_the_mean_of_nothing_is_nan(weight: np.ndarray | None) -> None:
    rows = 0 if weight is None else len(weight)
    models = {"a": np.ones(rows), "b": np.ones(rows)}
    result = nl.evaluate(nl.mse, models, np.zeros(rows), weight=weight, interval=0.9, by=np.zeros(rows, int))
    for score in result.scores:
        assert (score.total, score.weight) == (0.0, 0.0) and math.isnan(score.mean)
        assert score.groups is not None and np.isnan(score.groups.means).all()
    assert math.isnan(result.differences[0].mean)
    assert json.loads(result.to_json())["scores"][0]["mean"] is None


@pytest.mark.parametrize("shape", [(700,), (300, 3)])
@pytest.mark.parametrize("fault", [None, np.inf, np.nan])
def test_rows_without_weights_are_those_with_weights_of_1(shape: tuple[int, ...], fault: float | None) -> None:
    """Bit for bit: where all rows count the same, nothing is done once a row that can be done once."""
    models, target = dict(zip("ab", RANDOM.normal(size=(2, *shape)), strict=True)), RANDOM.normal(size=shape)
    if fault is not None:
        models["a"][123] = models["b"][45] = fault
    asked: dict[str, Any] = {"quantiles": (0.0, 0.4, 1.0), "worst": 3, "interval": 0.9}
    asked["by"] = RANDOM.integers(0, 5, len(target))
    plain, weighted = (
        nl.evaluate([nl.mse, nl.mae], models, target, weight=weight, **asked) for weight in (None, np.ones(len(target)))
    )
    for one, other in zip(plain.scores, weighted.scores, strict=True):
        assert one.groups is not None and other.groups is not None
        assert_same_bits(one.groups.sums, other.groups.sums)
        assert_same_bits(one.groups.weights, other.groups.weights)
        assert (one.quantiles, one.worst) == (other.quantiles, other.worst)
        assert repr(one.interval) == repr(other.interval)
    assert repr(plain.differences) == repr(weighted.differences)


@pytest.mark.parametrize("most", [1, 2, 9, 64, 3000])
def test_the_worst_of_many_rows(most: int) -> None:
    """Also of those that are equal, or infinite, wherever they stand."""
    some = RANDOM.normal(size=2000)
    for losses in (some, np.sort(some), np.round(some), np.zeros(2000), np.where(some > 1.0, np.inf, some), some[:7]):
        order = np.lexsort((np.arange(len(losses)), -losses))[:most]
        assert worst_of(losses, most) == [(losses[k], k) for k in order]


# keys --------------------------------------------------------------------------------------------------------------


def grouped(by: Any, **how: Any) -> dict[Any, tuple[float, int]]:
    """Sum and number of rows for each key, of losses 0, 1, 2, ..."""
    rows = 1000
    (score,) = nl.evaluate(nl.mae, np.arange(float(rows)), np.zeros(rows), by=by, **how).scores
    assert score.groups is not None
    keys = [tuple(key) if isinstance(key, list) else key for key in score.groups.keys.tolist()]
    assert keys == sorted(keys)
    return dict(zip(keys, zip(score.groups.sums.tolist(), score.groups.rows.tolist(), strict=True), strict=True))


def expected(keys: list[Any]) -> dict[Any, tuple[float, int]]:
    found: dict[Any, tuple[float, int]] = {}
    for row, key in enumerate(keys):
        total, count = found.get(key, (0.0, 0))
        found[key] = total + row, count + 1
    return found


PLACES = RANDOM.integers(0, 7, 1000)
KEYS: dict[str, np.ndarray] = {
    **{f"{kind}": np.array([np.iinfo(kind).min, -1 % (np.iinfo(kind).max + 1), 0, 1, 2, 3, np.iinfo(kind).max], kind)
       for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")},
    "uint64": np.array([0, 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1], np.uint64),
    "big endian": np.arange(7).astype(">u8") + np.uint64(2**63),
    "bool": np.array([True, False, True, True, False, False, True]),
    "text": np.array(["a", "b", "a long one", "", "é", "z", "B"]),
    "bytes": np.array([b"a", b"b", b"a long one", b"", "é".encode(), b"z", b"B"]),
    "objects": np.array(["a", "b", "a long one", "", "é", "z", "B"], object),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYS)
def test_keys_stay_what_they_are(kind: str, tmp_path: Path) -> None:
    keys = KEYS[kind][PLACES]
    told = expected([key.decode() if isinstance(key, bytes) else key for key in keys.tolist()])
    assert grouped(keys) == told
    if kind != "objects":  # which files do not hold
        np.save(tmp_path / "k.npy", keys)
        np.savez(tmp_path / "k.npz", keys)
        np.savez_compressed(tmp_path / "packed.npz", keys)
        assert [grouped(tmp_path / name) for name in ("k.npy", "k.npz", "packed.npz")] == [told] * 3
    if kind != "uint64":  # NumPy makes floats of a list of both signs' largest
        assert grouped(keys.tolist()) == told


def test_a_key_that_comes_late() -> None:
    """A glance at the first rows finds most keys, not all of them."""
    keys = np.where(np.arange(1000) < 990, 7, np.arange(1000) - 995)
    assert grouped(keys) == expected(keys.tolist())
    late = np.where(np.arange(3 * GLANCE) < 2 * GLANCE, 7, np.arange(3 * GLANCE) % 11)
    assert Keys((late, late % 2)).keys[0].tolist() == [*range(11)]
    assert Keys((late, -late)).keys[1].tolist() == [-key for key in range(11)]


def test_several_keys_a_row() -> None:
    second = RANDOM.integers(0, 3, 1000)
    wide = np.stack([PLACES, second], axis=1)
    assert grouped(wide) == expected([tuple(row) for row in wide.tolist()])
    for first in (KEYS["text"][PLACES], KEYS["uint64"][PLACES], KEYS["bool"][PLACES]):
        both = zip(first.tolist(), (second - 2).tolist(), strict=True)
        assert grouped({"a": first, "b": second - 2}) == expected(list(both))


def test_keys_of_groups_are_no_numbers_that_are_measured() -> None:
    for by in (np.zeros(10), np.zeros((10, 2, 2), int), {"a": np.zeros(10)}):
        with pytest.raises(TypeError, match="one integer a row"):
            nl.evaluate(nl.mse, np.zeros(10), np.zeros(10), by=by)


def test_groups_by_text_are_printed_and_saved() -> None:
    by = {"where": np.array(["x", "y"] * 5), "when": np.arange(10) % 2 + 7}
    result = nl.evaluate(nl.mse, np.zeros(10), np.ones(10), by=by)
    assert "x, 7" in str(result) and "y, 8" in str(result)
    assert json.loads(result.to_json())["scores"][0]["groups"]["keys"] == [["x", 7], ["y", 8]]


def test_ends_of_groups_that_fall_are_seen_in_unsigned_integers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nl.registry.LOSSES["log_cosh"], "adds_up", "groups")
    with pytest.raises(ValueError, match="rise from 0"):
        nl.evaluate(nl.log_cosh, np.zeros(9), np.zeros(9), groups=np.array([0, 7, 6, 9], np.uint64))
