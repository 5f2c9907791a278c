"""Evaluation over files against the same losses in memory."""

import os
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import numloss as nl
from numloss import dispatch
from numloss.backends import threads
from numloss.data import NpyFile
from numloss.errors import FormatError
from numloss.evaluation import stream
from numloss.evaluation.reader import each_chunk
from numloss.registry import LOSSES

ROWS = 1000


@pytest.fixture
def saved(tmp_path: Path):
    """Save arrays as files; gives their paths by name."""

    def save(**arrays: np.ndarray) -> dict[str, Path]:
        for name, values in arrays.items():
            np.save(tmp_path / f"{name}.npy", values)
        return {name: tmp_path / f"{name}.npy" for name in arrays}

    return save


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("chunk_bytes", [1, 999, 4096, 1 << 20])
def test_equals_the_loss_in_memory(chunk_bytes: int, workers: int, saved) -> None:
    pred, target = numbers(ROWS, 3), numbers(ROWS, 3, seed=1)
    with nl.num_threads(workers):
        result = stream(
            [nl.mse, partial(nl.huber, delta=0.5)], saved(pred=pred, target=target), chunk_bytes=chunk_bytes
        )
    mse, huber = result.scores
    assert mse.mean == pytest.approx(nl.mse(pred, target), rel=1e-6)
    assert huber.mean == pytest.approx(nl.huber(pred, target, delta=0.5), rel=1e-6)
    assert mse.weight == huber.weight == 3 * ROWS
    assert (mse.loss, mse.options, huber.options) == ("mse", {}, {"delta": 0.5})
    assert result.rows == ROWS and result.bytes == 2 * 12 * ROWS


def test_bits_do_not_depend_on_the_threads(saved) -> None:
    paths = saved(pred=numbers(ROWS), target=numbers(ROWS, seed=1))
    totals = set()
    for workers in (1, 2, 3, 8):
        with nl.num_threads(workers):
            totals.add(stream([nl.mse], paths, chunk_bytes=100).scores[0].total)
    assert len(totals) == 1


def test_weights(saved) -> None:
    pred, target, weight = numbers(ROWS, 2), numbers(ROWS, 2, seed=1), np.random.default_rng(2).integers(0, 9, ROWS) / 8
    paths = saved(pred=pred, target=target, weight=weight)
    score = stream([nl.mse], paths, paths.pop("weight"), chunk_bytes=512).scores[0]
    assert score.mean == pytest.approx(nl.mse(pred, target, weight=weight), rel=1e-6)
    assert score.weight == 2 * weight.sum()


def test_losses_with_other_inputs_share_the_pass(saved) -> None:
    arrays = {"pred": numbers(ROWS), "target": numbers(ROWS, seed=1), "var": np.exp(numbers(ROWS, seed=2))}
    result = stream([nl.gaussian_nll, nl.mae], saved(**arrays), chunk_bytes=512)
    assert result.scores[0].mean == pytest.approx(nl.gaussian_nll(**arrays), rel=1e-6)
    assert result.scores[1].mean == pytest.approx(nl.mae(arrays["pred"], arrays["target"]), rel=1e-6)


def test_labels(saved) -> None:
    pred, target = numbers(ROWS, 5), np.random.default_rng(1).integers(0, 5, ROWS)
    target[::7] = -100
    score = stream([nl.cross_entropy], saved(pred=pred, target=target), chunk_bytes=999).scores[0]
    assert score.mean == pytest.approx(nl.cross_entropy(pred, target), rel=1e-6)
    assert score.weight == np.count_nonzero(target != -100)


def test_a_bad_label_is_named_with_its_file_and_row(saved) -> None:
    target = np.zeros(ROWS, dtype=np.int64)
    target[[700, 900]] = 5, 6
    paths = saved(pred=numbers(ROWS, 5), target=target)
    with pytest.raises(IndexError, match=r"target\.npy: cross_entropy: target\[700\] = 5 .* start of the file"):
        stream([nl.cross_entropy], paths, chunk_bytes=999)


def test_a_bad_value_is_named_with_its_file_and_row(saved) -> None:
    target = numbers(ROWS, 2)
    target[800, 1] = np.nan
    with pytest.raises(ValueError, match=r"target\.npy: mse: target\[800, 1\] = nan"):
        stream([nl.mse], saved(pred=numbers(ROWS, 2), target=target), chunk_bytes=512)


def test_errors_without_a_place_are_left_alone(saved) -> None:
    paths = saved(pred=numbers(ROWS, 2), target=numbers(ROWS, 3))
    with pytest.raises(ValueError, match=r"^mse: target has shape") as caught:
        stream([nl.mse], paths)
    assert caught.value.__cause__ is None


def test_files_without_rows_are_checked_and_give_zero(saved) -> None:
    paths = saved(pred=numbers(0, 3), target=numbers(0, 3))
    result = stream([nl.mse], paths)
    assert (result.scores[0].total, result.scores[0].weight, result.scores[0].mean) == (0.0, 0.0, 0.0)
    with pytest.raises(TypeError, match="int64"):
        stream([nl.mse], saved(pred=np.zeros((0, 3), dtype=int), target=numbers(0, 3)))


def test_files_of_different_length_are_refused(saved) -> None:
    paths = saved(pred=numbers(10), target=numbers(11))
    with pytest.raises(FormatError, match=r"pred\.npy has 10 rows, but .*target\.npy has 11"):
        stream([nl.mse], paths)


def test_a_file_that_shrinks_while_it_is_read_raises(saved) -> None:
    paths = saved(pred=numbers(ROWS), target=numbers(ROWS))

    def shrink(done: int, rows: int) -> None:
        os.truncate(paths["target"], 1000)

    with nl.num_threads(1), pytest.raises(FormatError, match="shrank"):
        stream([nl.mse], paths, chunk_bytes=64, progress=shrink)


@pytest.mark.parametrize(("adds_up", "problem"), [("no", "does not add up"), ("groups", "adds up over groups")])
def test_losses_that_do_not_add_up_are_refused(adds_up: str, problem: str, saved, monkeypatch) -> None:
    monkeypatch.setattr(LOSSES["log_cosh"], "adds_up", adds_up)
    with pytest.raises(ValueError, match=problem):
        stream([nl.log_cosh], saved(pred=numbers(10), target=numbers(10)))


def test_what_is_missing_is_named(saved) -> None:
    with pytest.raises(ValueError, match="gaussian_nll: no file for target, var"):
        stream([nl.gaussian_nll], saved(pred=numbers(10)))
    with pytest.raises(ValueError, match="no loss"):
        stream([], saved(pred=numbers(10)))


def test_progress_ends_with_all_rows(saved) -> None:
    seen: list[tuple[int, int]] = []
    paths = saved(pred=numbers(ROWS), target=numbers(ROWS))
    stream([nl.mse], paths, chunk_bytes=8 * 300, progress=lambda done, rows: seen.append((done, rows)))
    assert seen == [(300, ROWS), (600, ROWS), (900, ROWS), (ROWS, ROWS)]


def test_the_callers_choices_hold_in_every_thread(saved, monkeypatch) -> None:
    paths = saved(pred=numbers(ROWS), target=numbers(ROWS, seed=1))
    seen, choose = set(), dispatch.choose

    def spy(*arguments):
        backend = choose(*arguments)
        seen.add((threading.current_thread() is threading.main_thread(), backend.name, threads.limit()))
        return backend

    monkeypatch.setattr(dispatch, "choose", spy)
    for name in ("cython", "numba"):
        with nl.num_threads(2), nl.use_backend(name):
            stream([nl.mse], paths, chunk_bytes=64)
        assert seen == {(False, name, 1)}
        seen.clear()
    with nl.num_threads(2):
        stream([nl.mse], paths, chunk_bytes=64, backend="cython")
    assert seen == {(False, "cython", 1)}


def test_the_first_chunk_is_done_before_others_start(saved) -> None:
    """It may compile kernels, which threads should not do side by side."""
    path = saved(pred=numbers(ROWS))["pred"]
    running, at_once = set(), []

    def work(start: int, chunk: dict[str, np.ndarray]) -> int:
        running.add(start)
        time.sleep(0.02)
        at_once.append(set(running))
        running.discard(start)
        return len(chunk["pred"])

    with nl.num_threads(4), NpyFile(path) as file:
        done = list(each_chunk({"pred": file}, 4 * 100, work))
    assert at_once[0] == {0}
    assert max(map(len, at_once)) > 1
    assert done == [(100 * k, 100) for k in range(1, 11)]


def test_infinite_totals_stay_infinite(saved) -> None:
    pred = numbers(ROWS).astype(np.float64)
    pred[[10, 900]] = np.inf, 1e308
    score = stream([nl.mae], saved(pred=pred, target=np.zeros(ROWS)), chunk_bytes=128).scores[0]
    assert score.total == score.mean == np.inf
