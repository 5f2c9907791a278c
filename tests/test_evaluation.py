"""Evaluation in blocks against the same losses in memory."""

from __future__ import annotations

import json
import math
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import cases
import numpy as np
import pytest

import numloss as nl
from numloss import dispatch
from numloss.backends import threads
from numloss.errors import FormatError
from numloss.evaluation import block, executors, plan, sweep
from numloss.evaluation.result import Evaluation
from numloss.registry import LOSSES

ROWS = 1000
pytestmark = pytest.mark.usefixtures("small_blocks")


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def digest(result: Evaluation) -> str:
    """Everything that an evaluation found, to the last bit, but for the time it took."""
    content = result.to_dict()
    for name in ("seconds", "rows_per_second", "gigabytes_per_second", "losses_to", "gradients_to"):
        del content[name]
    bits = [
        (score.total.hex(), score.weight.hex(), score.groups and score.groups.sums.tobytes())
        for score in result.scores
    ]  # fmt: skip
    return json.dumps(content) + repr(bits) + repr([each.interval.error.hex() for each in result.differences])


# means ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("chunk", [1, 999, 4096, "1MiB"])
def test_equals_the_loss_in_memory(chunk: int | str, workers: int, saved: Any) -> None:
    pred, target = numbers(ROWS, 3), numbers(ROWS, 3, seed=1)
    with nl.num_threads(workers):
        result = nl.evaluate([nl.mse, partial(nl.huber, delta=0.5)], **saved(pred=pred, target=target), chunk=chunk)
    mse, huber = result.scores
    assert mse.mean == pytest.approx(nl.mse(pred, target), rel=1e-6)
    assert huber.mean == pytest.approx(nl.huber(pred, target, delta=0.5), rel=1e-6)
    assert mse.weight == huber.weight == 3 * ROWS
    assert (mse.loss, mse.options, huber.options) == ("mse", {}, {"delta": 0.5})
    assert result.rows == ROWS and result.bytes == 2 * 12 * ROWS


def everything(given: dict[str, Any], **how: Any) -> str:
    """A digest of all that can be asked."""
    return digest(
        nl.evaluate(
            [nl.mse, partial(nl.huber, delta=0.5)], given["pred"], given["target"], weight=given["weight"],
            by=given["by"], quantiles=(0.1, 0.5, 1.0), worst=5, interval=0.9, **how,
        )
    )  # fmt: skip


def test_bits_do_not_depend_on_threads_or_chunks(saved: Any) -> None:
    weight, by = np.abs(numbers(ROWS, seed=3)), np.random.default_rng(4).integers(-3, 3, ROWS)
    arrays = {"pred": numbers(ROWS, 2), "target": numbers(ROWS, 2, seed=1), "weight": weight, "by": by}
    models = {"a": arrays["pred"], "b": numbers(ROWS, 2, seed=5)}
    paths = saved(**arrays, other=models["b"])
    digests = {everything({**arrays, "pred": models}).replace(" of a", "").replace('"pred of b"', '"b"')}
    files = {**paths, "pred": {"a": paths["pred"], "b": paths["other"]}}
    found = set()
    for workers in (1, 2, 3, 8):
        for chunk in (1, 1000, "1GiB", None):
            with nl.num_threads(workers):
                found.add(everything(files, chunk=chunk))
    assert len(found) == 1 and len(digests) == 1


BY_ROWS = [case for case in cases.CASES if cases.record(case).adds_up == "rows" and not cases.record(case).shared]


@pytest.mark.parametrize("case", BY_ROWS)
def test_what_rows_count_is_what_kernels_add_up(case: str) -> None:
    """Intervals and groups need sum and weight of single rows; kernels give those of all."""
    loss, shape = cases.record(case), cases.middle(case)
    arrays = cases.arrays(case, shape, "float64")
    given = dict(zip(loss.inputs, arrays, strict=True))
    key = np.zeros(len(arrays[0]), int)
    for options in [*cases.options(case), *CLASS_WEIGHTS[case]]:
        function = partial(loss.function, **options)
        if "ignore_index" in options:
            given["target"][given["target"] == -100] = 1
        for kind in cases.weights(case):
            weight = cases.weight(case, shape, "float64", kind)
            (score,) = nl.evaluate(function, **given, weight=weight, by=key, interval=0.9).scores
            total, counted = nl.sum_and_weight(function)(*arrays, **({} if weight is None else {"weight": weight}))
            assert score.total == pytest.approx(total, rel=1e-9) and score.weight == pytest.approx(counted, rel=1e-9)
            assert score.groups is not None
            assert score.groups.sums[0] == pytest.approx(total, rel=1e-9)
            assert score.groups.weights[0] == pytest.approx(counted, rel=1e-9)


CLASS_WEIGHTS: dict[str, list[dict[str, Any]]] = {
    case: [
        {**cases.required(case), option: value}
        for option, value in (("class_weight", np.array([1.0, 0.5, 2.0, 0.0, 3.0])), ("ignore_index", 1))
        if option in cases.record(case).defaults
    ]
    for case in cases.CASES
}

def test_weights(saved: Any) -> None:
    pred, target, weight = numbers(ROWS, 2), numbers(ROWS, 2, seed=1), np.random.default_rng(2).integers(0, 9, ROWS) / 8
    (score,) = nl.evaluate(nl.mse, **saved(pred=pred, target=target, weight=weight)).scores
    assert score.mean == pytest.approx(nl.mse(pred, target, weight=weight), rel=1e-6)
    assert score.weight == 2 * weight.sum()


def test_losses_with_other_inputs_share_the_pass(saved: Any) -> None:
    arrays = {"pred": numbers(ROWS), "target": numbers(ROWS, seed=1), "var": np.exp(numbers(ROWS, seed=2))}
    gaussian, mae = nl.evaluate([nl.gaussian_nll, nl.mae], **saved(**arrays)).scores
    assert gaussian.mean == pytest.approx(nl.gaussian_nll(**arrays), rel=1e-6)
    assert mae.mean == pytest.approx(nl.mae(arrays["pred"], arrays["target"]), rel=1e-6)


def test_labels(saved: Any) -> None:
    pred, target = numbers(ROWS, 5), np.random.default_rng(1).integers(0, 5, ROWS)
    target[::7] = -100
    (score,) = nl.evaluate(nl.cross_entropy, **saved(pred=pred, target=target)).scores
    assert score.mean == pytest.approx(nl.cross_entropy(pred, target), rel=1e-6)
    assert score.weight == np.count_nonzero(target != -100)


def test_several_predictions_and_options(saved: Any) -> None:
    paths = saved(a=numbers(ROWS), b=numbers(ROWS, seed=1), target=numbers(ROWS, seed=2))
    losses = [partial(nl.huber, delta=delta) for delta in (0.5, 2.0)]
    result = nl.evaluate(losses, {"a": paths["a"], "b": paths["b"]}, paths["target"])
    assert [(score.model, score.options["delta"]) for score in result.scores] == [
        ("a", 0.5), ("a", 2.0), ("b", 0.5), ("b", 2.0)
    ]  # fmt: skip
    assert result.scores[3].mean == pytest.approx(
        nl.huber(np.load(paths["b"]), np.load(paths["target"]), delta=2.0), rel=1e-6
    )
    assert result.bytes == 3 * 4 * ROWS  # the targets are read once


def test_parameters_and_combinations() -> None:
    pred, target = numbers(ROWS), numbers(ROWS, seed=1)
    both = nl.combine((0.5, nl.mse), (2.0, nl.mae))
    (score,) = nl.evaluate(both, pred, target, interval=0.9).scores
    assert score.mean == pytest.approx(both(pred, target), rel=1e-6)
    (penalty,) = nl.evaluate(nl.l2, params=pred).scores
    assert penalty.total == pytest.approx(nl.l2(pred), rel=1e-6)


def test_no_rows_are_checked_and_have_no_mean(saved: Any) -> None:
    (score,) = nl.evaluate(nl.mse, **saved(pred=numbers(0, 3), target=numbers(0, 3)), quantiles=(0.5,), worst=2).scores
    assert (score.total, score.weight, score.worst) == (0.0, 0.0, ())
    assert math.isnan(score.mean) and math.isnan(score.quantiles[0][1])
    with pytest.raises(TypeError, match="int64"):
        nl.evaluate(nl.mse, **saved(pred=np.zeros((0, 3), dtype=int), target=numbers(0, 3)))


def test_infinite_totals_stay_infinite() -> None:
    pred = numbers(ROWS).astype(np.float64)
    pred[[10, 900]] = np.inf, 1e308
    result = nl.evaluate(nl.mae, pred, np.zeros(ROWS), quantiles=(0.5, 1.0), worst=2, interval=0.9)
    (score,) = result.scores
    assert score.total == score.mean == np.inf
    assert score.quantiles[1][1] == np.inf and [bad.row for bad in score.worst] == [10, 900]
    assert json.loads(result.to_json())["scores"][0]["total"] is None


# rows -------------------------------------------------------------------------------------------------------------


def test_groups() -> None:
    pred, target = numbers(ROWS, 2), numbers(ROWS, 2, seed=1)
    weight, by = np.random.default_rng(2).integers(0, 9, ROWS) / 8, np.random.default_rng(3).integers(-5, 70, ROWS)
    by[:500] = np.abs(by[:500])  # keys that come up late
    (score,) = nl.evaluate(nl.mse, pred, target, weight=weight, by=by).scores
    assert score.groups is not None
    assert score.groups.keys.tolist() == sorted(set(by.tolist()))
    for key, mean, rows in zip(score.groups.keys, score.groups.means, score.groups.rows, strict=True):
        own = by == key
        assert mean == pytest.approx(nl.mse(pred[own], target[own], weight=weight[own]), rel=1e-6)
        assert rows == own.sum()


def test_keys_of_groups_are_integers() -> None:
    with pytest.raises(TypeError, match="one integer a row"):
        nl.evaluate(nl.mse, numbers(10), numbers(10), by=numbers(10))
    with pytest.raises(FormatError, match="by has 9"):
        nl.evaluate(nl.mse, numbers(10), numbers(10), by=np.arange(9))


def test_the_worst_rows_are_named_with_their_files(saved: Any, tmp_path: Path) -> None:
    pred, target = numbers(ROWS), np.zeros(ROWS, np.float32)
    pred[[7, 650, 651]] = 50.0, 60.0, 50.0
    (tmp_path / "parts").mkdir()
    for k in range(4):
        np.save(tmp_path / "parts" / f"{k}.npy", pred[250 * k : 250 * (k + 1)])
    (score,) = nl.evaluate(nl.mse, tmp_path / "parts", target, worst=3).scores
    assert [(bad.row, Path(bad.file).name, bad.row_in_file) for bad in score.worst] == [
        (650, "2.npy", 150), (7, "0.npy", 7), (651, "2.npy", 151)
    ]  # fmt: skip
    assert [bad.loss for bad in score.worst] == [3600.0, 2500.0, 2500.0]


def test_of_equally_bad_rows_the_first_are_listed() -> None:
    (score,) = nl.evaluate(nl.mse, np.ones(ROWS), np.zeros(ROWS), worst=3).scores
    assert [bad.row for bad in score.worst] == [0, 1, 2]


@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_are_those_of_the_jackknife(weighted: bool) -> None:
    """Against leaving out each row in turn, from which the formula differs by terms of higher order."""
    pred, target = numbers(ROWS) + 100.0, numbers(ROWS, seed=1)
    weight = np.random.default_rng(2).integers(1, 9, ROWS) / 8 if weighted else np.ones(ROWS)
    (score,) = nl.evaluate(nl.mse, pred, target, weight=weight if weighted else None, interval=0.95).scores
    losses = nl.mse(pred, target, reduction="none").astype(np.float64)
    without = ((losses * weight).sum() - losses * weight) / (weight.sum() - weight)
    error = math.sqrt((ROWS - 1) / ROWS * ((without - without.mean()) ** 2).sum())
    assert score.interval is not None
    assert score.interval.error == pytest.approx(error, rel=5e-3)
    assert score.interval.high - score.mean == pytest.approx(1.959964 * score.interval.error)
    assert score.interval.low + score.interval.high == pytest.approx(2 * score.mean)


def test_differences_of_models_are_paired() -> None:
    target, noise = numbers(ROWS), numbers(ROWS, seed=1)
    models = {"a": target + noise, "b": target + 1.01 * noise}
    result = nl.evaluate([nl.mae, nl.mse], models, target, interval=0.9)
    of_mae, of_mse = result.differences
    assert (of_mae.first, of_mae.second, of_mse.second) == ("a.mae", "b.mae", "b.mse")
    of_a, of_b = (nl.mae(models[name], target, reduction="none").astype(np.float64) for name in "ab")
    changes = of_a - of_b
    assert of_mae.mean == pytest.approx(changes.mean(), rel=1e-6)
    assert of_mae.interval.error == pytest.approx(changes.std(ddof=1) / math.sqrt(ROWS), rel=1e-5)
    assert of_mae.interval.error < 0.1 * result.scores[0].interval.error


@pytest.mark.parametrize("rows", [0, 1])
def test_an_interval_needs_two_rows(rows: int) -> None:
    (score,) = nl.evaluate(nl.mse, numbers(rows), numbers(rows), interval=0.9).scores
    assert score.interval is not None and math.isnan(score.interval.error)


# outputs ----------------------------------------------------------------------------------------------------------


def test_losses_and_gradients_of_rows_are_written(tmp_path: Path) -> None:
    pred, target = numbers(ROWS, 3), numbers(ROWS, 3, seed=1)
    result = nl.evaluate(
        [nl.mse, partial(nl.huber, delta=0.5)], pred, target, losses_to=tmp_path / "l", gradients_to=tmp_path / "g"
    )
    assert sorted(path.name for path in (tmp_path / "l").iterdir()) == ["huber(delta=0.5).npy", "mse.npy"]
    losses = np.load(tmp_path / "l" / "mse.npy")
    assert losses.dtype == np.float32
    np.testing.assert_allclose(losses, nl.mse(pred, target, reduction="none").mean(axis=1), rtol=1e-6)
    _, gradient = nl.value_and_grad(nl.mse)(pred, target, reduction="sum")
    np.testing.assert_array_equal(np.load(tmp_path / "g" / "mse.npy"), gradient)
    assert [Path(path).name for path in result.gradients_to] == ["mse.npy", "huber(delta=0.5).npy"]


def test_an_evaluation_that_fails_leaves_no_output(tmp_path: Path) -> None:
    target = numbers(ROWS)
    target[900] = np.nan
    (tmp_path / "mse.npy").write_bytes(b"old")
    with pytest.raises(ValueError, match=r"target\[900\]"):
        nl.evaluate(nl.mse, numbers(ROWS), target, losses_to=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mse.npy"]
    assert (tmp_path / "mse.npy").read_bytes() == b"old"


# NaN --------------------------------------------------------------------------------------------------------------


# what is refused --------------------------------------------------------------------------------------------------


# groups of rows ---------------------------------------------------------------------------------------------------


def test_blocks_end_where_groups_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOSSES["log_cosh"], "adds_up", "groups")
    pred, target = numbers(ROWS), numbers(ROWS, seed=1)
    pointers = np.array([0, 30, 30, 95, 100, 420, 500, 999, 1000])
    spans = []
    created = block.Block.__init__

    def spy(self: block.Block, plan: Any, start: int, arrays: Any, missing: Any, pointers: Any, written: Any) -> None:
        spans.append((start, start + len(arrays["pred"]), pointers.tolist()))
        created(self, plan, start, arrays, missing, pointers, written)

    monkeypatch.setattr(block.Block, "__init__", spy)
    with nl.num_threads(1):
        (score,) = nl.evaluate(nl.log_cosh, pred, target, groups=pointers).scores
    assert score.mean == pytest.approx(nl.log_cosh(pred, target), rel=1e-6)
    assert spans == [
        (0, 100, [0, 30, 30, 95, 100]), (100, 420, [0, 320]), (420, 500, [0, 80]), (500, 999, [0, 499]),
        (999, 1000, [0, 1]),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="groups= says where they begin"):
        nl.evaluate(nl.log_cosh, pred, target)
    with pytest.raises(ValueError, match="a single row has no loss"):
        nl.evaluate(nl.log_cosh, pred, target, groups=pointers, worst=1)
    for wrong in ([0, 500], [1, 1000], [0, 700, 600, 1000], [0.0, 1000.0]):
        with pytest.raises(FormatError, match="rise from 0 to the number of rows, 1000"):
            nl.evaluate(nl.log_cosh, pred, target, groups=np.array(wrong))


# threads ----------------------------------------------------------------------------------------------------------


def test_the_callers_choices_hold_in_every_thread(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = saved(pred=numbers(ROWS), target=numbers(ROWS, seed=1))
    seen, choose = set(), dispatch.choose

    def spy(request: Any) -> Any:
        backend = choose(request)
        if len(request.arguments[0]):
            seen.add((backend.name, threads.limit()))
        return backend

    monkeypatch.setattr(dispatch, "choose", spy)
    monkeypatch.setattr(dispatch, "replay", lambda *arguments: None)
    monkeypatch.setattr(sweep, "find", lambda *arguments: None)
    for name in ("cython", "numba"):
        with nl.num_threads(2), nl.use_backend(name):
            nl.evaluate(nl.mse, **paths)
        assert seen == {(name, 1)}
        seen.clear()
    with nl.num_threads(2):
        nl.evaluate(nl.mse, **paths, backend="cython")
    assert seen == {("cython", 1)}


def test_the_first_block_is_done_before_others_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may compile kernels, which threads should not do side by side."""
    running, at_once, work = set(), [], block.run

    def slow(task: plan.Task, readers: Any) -> Any:
        running.add(task.bounds[0])
        time.sleep(0.02)
        at_once.append(len(running))
        running.discard(task.bounds[0])
        assert at_once[1:] or (threading.current_thread() is threading.main_thread() and len(task.bounds) == 1)
        return work(task, readers)

    monkeypatch.setattr(executors, "run", slow)
    with nl.num_threads(4):
        nl.evaluate(nl.mse, numbers(ROWS), numbers(ROWS, seed=1), chunk=1)
    assert at_once[0] == 1 and max(at_once) > 1 and len(at_once) == 10


def test_progress_ends_with_all_rows() -> None:
    seen: list[tuple[int, int, int]] = []
    with nl.num_threads(1):
        nl.evaluate(nl.mse, numbers(ROWS), numbers(ROWS), chunk=2400, progress=lambda *moved: seen.append(moved))
    assert seen == [(rows, ROWS, 8 * rows) for rows in (100, 400, 700, ROWS)]


# results ----------------------------------------------------------------------------------------------------------


def test_results_as_text_json_and_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    result = nl.evaluate([nl.mse, nl.mae], {"a": numbers(50), "b": numbers(50, seed=1)}, numbers(50, seed=2),
                         by=np.arange(50) % 30, worst=2, interval=0.9, quantiles=(0.5,))  # fmt: skip
    shown = str(result)
    for words in ("predictions", "0.9 interval", "a.mse by group, the first 20 of 30", "paired differences",
                  "quantiles of the loss", "b.mae: the worst rows"):  # fmt: skip
        assert words in shown
    found = json.loads(result.to_json(tmp_path / "result.json"))
    assert json.loads((tmp_path / "result.json").read_text()) == found
    assert found["scores"][0]["mean"] == result.scores[0].mean
    assert len(found["scores"][0]["groups"]["keys"]) == 30 and found["rows"] == 50
    axes = result.plot()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a.mse", "a.mae", "b.mse", "b.mae"]
    bars = nl.evaluate([nl.mse, nl.mae], numbers(50), numbers(50, seed=1), interval=0.9)
    assert bars.plot(axes.figure.add_subplot()).get_xlabel() == "mean loss"
