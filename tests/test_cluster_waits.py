"""Every wait of the cluster ends, and ranks that differ are refused before they share anything."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import ranks
from launch import job, needs_mpi
from machine import mpiexec
from process import TESTS
from together import together

import numloss as nl
from numloss.cluster import Cluster, memory, watch
from numloss.cluster.watch import BEGUN, END, GATHER, LOOKS, NUMBERS, SUM, Board, Watch
from numloss.data import digits
from numloss.train import Settings, fit
from numloss.train.costs import costs

# several ranks ----------------------------------------------------------------------------------------------------


@needs_mpi
@pytest.mark.parametrize("how", [pytest.param(k, marks=[pytest.mark.more] * (k != "stops")) for k in ranks.WAITS])
def test_every_wait_ends_with_a_sentence(how: str, tmp_path: Path) -> None:
    (tmp_path / "how").write_text(how)
    done = job(2, "wait", tmp_path, NUMLOSS_CLUSTER_TIMEOUT="6")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert ranks.WAITS[how][1] in done.stderr and done.stderr.count("ends the job") == 1


@needs_mpi
def test_what_all_ranks_refuse_is_said_once(tmp_path: Path) -> None:
    done = job(2, "refuse", tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("FileNotFoundError") == 1 and "ends the job" not in done.stderr


@needs_mpi
@pytest.mark.more
def test_ranks_of_the_command_that_differ_say_so_in_a_sentence(tmp_path: Path) -> None:
    for number, rows in enumerate((400, 300)):
        np.savez(tmp_path / f"{number}.npz", X=np.ones((rows, 2)), y=np.arange(rows) % 2)
    train = [sys.executable, "-m", "numloss", "train", "--epochs", "1", "--out", str(tmp_path / "run"), "--data"]
    zero, one = (f"npz:{tmp_path}/{number}.npz" for number in range(2))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), os.environ.get("PYTHONPATH", "")])}
    for first, second, sentence in (
        ([zero], [one], "Error: rank 1 has other data than rank 0: rows 300, on rank 0 400"),
        ([zero], [zero, "--lr", "1"], "Error: rank 1 has other settings than rank 0: rate 1.0, on rank 0 0.002"),
        ([zero, "--epochs", "0"], [zero, "--epochs", "0"], "Error: epochs must be at least 1, got 0"),
        ([zero, "--config", zero[4:]], [zero], "not a TOML file"),
        ([zero], ["npz:none.npz"], "rank 1 of 2 ends the job: [Errno 2] No such file"),
    ):
        line = [*mpiexec(), "-n", "1", *train, *first, ":", "-n", "1", *train, *second]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr, done.stderr
        assert not (tmp_path / "run").exists()


# one process ------------------------------------------------------------------------------------------------------


class Watched(Watch):
    """What rank 0 sees on a board that a test writes, without a thread."""

    def __init__(self, *others: tuple[int, int, int], begun: int = 5, wait: int = SUM) -> None:
        rows = [(os.getpid(), begun, wait), *others]
        numbers = memoryview(bytearray(8 * NUMBERS * len(rows))).cast("q")
        for k, number in enumerate(np.ravel(rows).tolist()):
            numbers[k] = number
        self.rank, self.size, self.longest, self._wait, self._since = 0, len(rows), 1000.0, (0, 0), 0.0
        self._board, self._lasted = Board(numbers, list(range(len(rows)))), {}
        self._mine = self._board[0]

    def ends(self, seconds: float = 120.0) -> tuple[float, str]:
        """After how long, and with what sentence."""
        for look in range(int(seconds / LOOKS)):
            if sentence := self._looked():
                return look * LOOKS, sentence
        return seconds, ""


def test_a_wait_ends_for_each_reason_and_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    here, dead, stopped = os.getpid(), 2**22 + 1, -7
    plain = watch._state
    assert plain(here) not in "ZT" and plain(dead) == "Z"
    monkeypatch.setattr(watch, "_state", lambda process: "T" if process == stopped else plain(process))
    for board, most, said in (
        (Watched((dead, 5, SUM)), 3.0, "rank 1, process 4194305, has died, and rank 0 waits for it in a sum"),
        (Watched((dead, 3, 0)), 3.0, "has died"),
        (Watched((stopped, 5, SUM)), 31.0, "is stopped"),
        (Watched((here, 5, END)), 2.0, "rank 1 has come to its end, and rank 0 waits for it in a sum"),
        (Watched((here, 2, END), (here, 9, 0)), 2.0, "rank 1 has come to its end"),
        (Watched((here, 5, GATHER)), 2.0, "rank 1 waits in an exchange, and rank 0 waits for it in a sum"),
        (Watched((here, 8, SUM)), 2.0, "rank 1 waits in a sum"),
        (Watched((here, 5, SUM), (here, 4, GATHER)), 21.0, "rank 2 waits in an exchange"),
        (Watched((here, 5, SUM), wait=END), 2.0, "rank 1 waits in a sum, and rank 0 waits for it in the end"),
        (Watched((here, 4, 0)), 1000.0, "rank 0 has waited 1000 s for the others in a sum; NUMLOSS_CLUSTER_TIMEOUT"),
        (Watched((here, 5, SUM)), 1000.0, "has waited"),
    ):
        after, sentence = board.ends(2000.0)
        assert said in sentence and most - 2.0 <= after <= most, (sentence, after, most)
    # who computes may come; who has gone one call further may have left this rank before it woke
    for board in (
        Watched((here, 4, 0)), Watched((here, 5, GATHER), (here, 4, 0)), Watched((here, 5, SUM)), Watched(wait=0),
        Watched((here, 5, GATHER), wait=0), Watched((dead, 5, SUM), wait=0),
    ):  # fmt: skip
        assert board.ends(500.0) == (500.0, "")
    assert Watched((here, 6, GATHER)).ends(15.0) == (15.0, "")
    moving = Watched((stopped, 5, SUM))
    for _ in range(500):
        moving._mine[BEGUN] += 1  # it waits anew each time
        assert not moving._looked()


def test_a_board_shows_the_ranks_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def world(*others: str) -> SimpleNamespace:
        """Rank 0 of several, where the others lie on machines of these names and have no number here yet."""
        told = {str: lambda own: [own, *(others if own == socket.gethostname() else [""] * len(others))],
                bool: lambda own: [own, *[True] * len(others)]}  # fmt: skip
        return SimpleNamespace(
            Get_rank=lambda: 0, Get_size=lambda: 1 + len(others), Barrier=lambda: None,
            allgather=lambda own: told[type(own)](own),
        )  # fmt: skip

    for folder, seen in ((str(tmp_path), world()), (str(tmp_path), world("elsewhere")), ("/nowhere", world())):
        monkeypatch.setattr(memory, "FOLDER", folder)
        found = watch.board(seen)
        assert found.ranks == [0] and found[0].tolist() == [os.getpid(), 0, 0] and not list(tmp_path.iterdir())
    monkeypatch.setattr(memory, "FOLDER", str(tmp_path))
    # process 0 is nobody's: a rank in a container of its own, whose number means nothing here
    assert watch.board(world(socket.gethostname(), "elsewhere")).ranks == [0]


@pytest.mark.parametrize("asked", ["-1", "soon", "nan"])
def test_the_longest_wait_is_a_number_of_seconds(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch.longest() == watch.USUALLY
    monkeypatch.setenv(watch.LONGEST, "0")
    assert watch.longest() == 0.0
    monkeypatch.setenv(watch.LONGEST, asked)
    with pytest.raises(ValueError, match=f"{watch.LONGEST}={asked}: seconds"):
        watch.longest()


def test_ranks_with_other_settings_or_data_are_refused_by_all_of_them() -> None:
    plain, other = digits(), digits()
    moved = replace(plain, features=plain.features + np.float32(1e-3) * (np.arange(1797) == 1000)[:, None, None, None])
    fewer, heavy = plain.take(np.arange(1700)), replace(plain, weight=np.ones(1797, np.float32))
    relabelled = replace(plain, target=np.where(np.arange(1797) == 9, 3, plain.target))
    changes = [replace(ranks.PLAIN, **{field.name: value}) for field in fields(Settings)
               for value in OTHER.get(field.name, ())]  # fmt: skip
    assert {field.name for field in fields(Settings)} - set(OTHER) == {"data"}  # compared when it is read
    cases = [(ranks.PLAIN, changed, plain, nl.cross_entropy, "settings") for changed in changes]
    cases += [(ranks.PLAIN, ranks.PLAIN, data, nl.cross_entropy, "data") for data in (moved, fewer, heavy, relabelled)]
    cases += [(ranks.PLAIN, ranks.PLAIN, plain, loss, "settings") for loss in (nl.mse, SMOOTHED)]
    for first, second, data, loss, what in cases:
        given = [(first, other, nl.cross_entropy), (second, data, loss)]
        said = together(2, partial(refused, given))
        assert said[0] == said[1] and f"rank 1 has other {what} than rank 0: " in said[0], second


def test_ranks_that_measure_other_steps_are_refused() -> None:
    def measure(cluster: Cluster) -> None:
        costs(cluster, Settings(batch_size=32 << cluster.rank), (5,), 2)

    with pytest.raises(ValueError, match="rank 1 has other settings than rank 0: batch_size 64, on rank 0 32"):
        together(2, measure)


def refused(given: list, cluster: Cluster) -> str:
    settings, rows, function = given[cluster.rank]
    with pytest.raises(ValueError) as error:
        fit(function, settings, data=rows, cluster=cluster)
    return str(error.value)


SMOOTHED = partial(nl.cross_entropy, label_smoothing=0.1)
# Another value than PLAIN has, for every setting.
OTHER = {
    "model": ("cnn",), "hidden": ((17,),), "channels": ((5,),), "dropout": (0.1,), "l1": (1.0,), "l2": (1.0,),
    "optimiser": ("rmsprop",), "momentum": (0.8,), "nesterov": (True,), "weight_decay": (0.1,), "rate": (0.1,),
    "schedule": ("cosine",), "warmup": (3,), "decay": (0.5,), "decay_every": (7,), "clip": (1.0,), "epochs": (3,),
    "steps": (9,), "batch_size": (32,), "validation_fraction": (0.1,), "test_fraction": (0.1,), "standardise": (True,),
    "shift": (1,), "flip": (True,), "monitor": ("accuracy",), "patience": (2,), "seed": (4,), "reduce": ("ordered",),
    "shards": (5,), "sync_batchnorm": (True,), "overlap": (True,),
}  # fmt: skip
