"""The same bits whoever computes: threads, processes, Dask, MPI; and what happens when one of them is killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from machine import missing, mpiexec

import numloss as nl
from numloss.errors import FormatError
from numloss.evaluation import executors, journal, plan
from numloss.evaluation.block import run

ROWS = 700_000  # several blocks without changing their size, which other processes would not see
LOSSES = [nl.mse, partial(nl.huber, delta=0.5)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Predictions, targets and keys on disk."""
    folder, random = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    arrays = {name: random.standard_normal(ROWS, dtype=np.float32) for name in ("pred", "target")}
    arrays["by"] = random.integers(0, 5, ROWS).astype(np.int8)
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)
    return {name: str(folder / f"{name}.npy") for name in arrays}


def bits(result: Any) -> str:
    """Everything but the time, to the last bit: JSON prints floats exactly."""
    content = {name: value for name, value in result.to_dict().items() if name in ("scores", "differences", "rows")}
    return json.dumps(content)


def asked(files: dict[str, str], **how: Any) -> str:
    return bits(nl.evaluate(LOSSES, **files, quantiles=(0.1, 0.9), worst=5, interval=0.9, **how))


@pytest.fixture(scope="module")
def expected(files: dict[str, str]) -> str:
    with nl.num_threads(1):
        return asked(files)


def test_threads_of_ones_own(files: dict[str, str], expected: str) -> None:
    with ThreadPoolExecutor(3) as executor:
        assert asked(files, executor=executor, chunk="1MiB") == expected
        arrays = {name: np.load(path) for name, path in files.items()}
        assert asked(arrays, executor=executor).replace('"pred"', f'"{files["pred"]}"') == expected


def test_the_caller_is_one_of_the_workers(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[threading.Thread] = []

    def slowly(*task: Any) -> Any:
        seen.append(threading.current_thread())
        time.sleep(0.02)
        return run(*task)

    monkeypatch.setattr(executors, "run", slowly)
    with nl.num_threads(3):
        nl.evaluate(nl.mse, files["pred"], files["target"], chunk=1)
    assert 1 < len(set(seen)) <= 3 and seen.count(threading.current_thread()) > 1


@pytest.mark.usefixtures("small_blocks")
def test_the_first_error_is_raised_whoever_found_it(tmp_path: Path) -> None:
    target = np.ones(1000, np.float32)
    target[250::100] = np.nan
    for workers in (1, 2, 5):
        with nl.num_threads(workers), pytest.raises(ValueError, match=r"target\[250\] = nan"):
            nl.evaluate(nl.mse, np.zeros(1000, np.float32), target, chunk=1)


def test_processes(files: dict[str, str], expected: str) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        assert asked(files, executor=executor) == expected
        with pytest.raises(ValueError, match="tasks carry paths, not arrays"):
            nl.evaluate(nl.mse, np.zeros(9), np.zeros(9), executor=executor)
        with pytest.raises(FileNotFoundError):
            nl.evaluate(nl.mse, "absent.npy", files["target"], executor=executor)


def test_errors_of_other_processes_name_file_and_row(files: dict[str, str], tmp_path: Path) -> None:
    target = np.load(files["target"])
    target[600_000] = np.nan
    np.save(tmp_path / "bad.npy", target)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        with pytest.raises(ValueError, match=r"bad\.npy: mse: target\[600000\] = nan"):
            nl.evaluate(nl.mse, files["pred"], tmp_path / "bad.npy", executor=executor)


class Shuffled(Executor):
    """Completes what is submitted in reverse, to show that results do not depend on it."""

    def __init__(self) -> None:
        self.held: list[tuple[Future[Any], Any]] = []
        self.lock = threading.Lock()

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self.lock:
            self.held.append((future, partial(function, *arguments, **options)))
            if len(self.held) == 1:
                threading.Timer(0.2, self.finish).start()
        return future

    def finish(self) -> None:
        with self.lock:
            held, self.held = self.held, []
        for future, work in reversed(held):
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except ValueError as error:
                    future.set_exception(error)


def test_the_order_in_which_tasks_end_changes_nothing(files: dict[str, str], expected: str) -> None:
    assert asked(files, executor=Shuffled(), chunk="1MiB") == expected


def test_tasks_that_wait_are_cancelled_after_an_error(files: dict[str, str], tmp_path: Path) -> None:
    target = np.load(files["target"])
    target[5] = np.nan
    np.save(tmp_path / "bad.npy", target)
    submitted: list[Future[Any]] = []

    class Watched(Shuffled):
        def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
            submitted.append(super().submit(function, *arguments, **options))
            if len(submitted) > 1:  # the first alone is worked on
                with self.lock:
                    self.held.pop()
            return submitted[-1]

    with pytest.raises(ValueError, match=r"target\[5\]"):
        nl.evaluate(nl.mse, files["pred"], tmp_path / "bad.npy", executor=Watched(), chunk=1)
    assert len(submitted) > 1 and all(future.cancelled() for future in submitted[1:])


def test_a_worker_that_is_killed_breaks_a_pool_of_processes(files: dict[str, str]) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        executor.submit(os.getpid).result()
        (worker,) = executor._processes
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(ChildProcessError, match="a worker ended before its work was done"):
            nl.evaluate(nl.mse, files["pred"], files["target"], executor=executor)


def test_workers_are_counted_where_an_executor_tells() -> None:
    with ThreadPoolExecutor(5) as pool:
        assert executors.workers_of(pool) == 5
    assert executors.workers_of(Shuffled()) == executors.WORKERS


# Dask -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def client() -> Any:
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster, distributed.Client(cluster) as client:  # fmt: skip
        yield client


@pytest.mark.more
@pytest.mark.filterwarnings("default")
def test_dask_survives_a_worker_that_is_killed(files: dict[str, str], expected: str, client: Any) -> None:
    assert asked(files, executor=client.get_executor()) == expected
    pids = list(client.run(os.getpid).values())
    killed = []

    def kill(done: int, rows: int, read: int) -> None:
        if not killed:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    assert asked(files, executor=client.get_executor(), chunk=1, progress=kill) == expected
    assert killed


# MPI --------------------------------------------------------------------------------------------------------------


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "numloss", "evaluate", "--loss", "mse", *arguments, "--json"]


def shown(line: list[str], **environment: str) -> Any:
    finished = subprocess.run(line, capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


def test_processes_from_the_command_line(files: dict[str, str]) -> None:
    line = command("--pred", files["pred"], "--target", files["target"])
    assert shown([*line, "--workers", "2"])["scores"] == shown([*line, "--threads", "1"])["scores"]


@pytest.mark.more
@pytest.mark.skipif("mpi" in missing(), reason=f"mpi: {missing().get('mpi')}")
def test_mpi(files: dict[str, str]) -> None:
    line = command("--pred", files["pred"], "--target", files["target"])
    many = shown([*mpiexec(), "-n", "3", *line, "--mpi"])
    assert many["scores"] == shown(line)["scores"]


# resume -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a thousand rows, and a state on the disk after each of them."""
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 10_000)
    monkeypatch.setattr(journal, "EVERY", 0.0)


class Stopped(Exception):
    """Raised half-way."""


def stopped_at(row: int) -> Any:
    def stop(done: int, rows: int, read: int) -> None:
        if done >= row:
            raise Stopped

    return stop


@pytest.mark.usefixtures("eager")
def test_what_was_stopped_goes_on_to_the_same_bits(files: dict[str, str], tmp_path: Path) -> None:
    state, whole, resumed = tmp_path / "state.json", tmp_path / "whole", tmp_path / "resumed"
    expected = asked(files, losses_to=whole, gradients_to=whole / "g", chunk=1)
    outputs = {"losses_to": resumed, "gradients_to": resumed / "g"}
    for row in (1, 200_000, 500_000):
        with pytest.raises(Stopped):
            asked(files, **outputs, chunk=1, resume=state, progress=stopped_at(row))
        assert not list(resumed.glob("*.npy"))
    begun: list[int] = []
    found = asked(files, **outputs, chunk=1, resume=state, progress=lambda done, *rest: begun.append(done))
    assert found == expected
    assert begun[0] > 500_000
    for path in (*whole.glob("*.npy"), *whole.glob("g/*.npy")):
        assert (resumed / path.relative_to(whole)).read_bytes() == path.read_bytes()
    assert not state.exists() and len(list(resumed.rglob("*.npy"))) == 4 and not list(resumed.rglob(".*"))


@pytest.mark.usefixtures("eager")
def test_a_state_belongs_to_its_files_and_questions(files: dict[str, str], tmp_path: Path) -> None:
    state, own = tmp_path / "state.json", dict(files)
    own["pred"] = str(tmp_path / "pred.npy")
    np.save(own["pred"], np.load(files["pred"]))
    with pytest.raises(Stopped):
        asked(own, resume=state, chunk=1, progress=stopped_at(100_000))
    with pytest.raises(ValueError, match=r"state\.json belongs to another evaluation"):
        nl.evaluate(nl.mae, **own, resume=state)
    os.utime(own["pred"], (1, 1))
    with pytest.raises(ValueError, match="its files have changed"):
        asked(own, resume=state)
    state.write_text("{}")
    with pytest.raises(FormatError, match="not the state of an evaluation"):
        asked(own, resume=state)


@pytest.mark.usefixtures("eager")
def test_without_its_outputs_a_state_is_of_no_use(files: dict[str, str], tmp_path: Path) -> None:
    state, out = tmp_path / "state.json", tmp_path / "out"
    with pytest.raises(Stopped):
        asked(files, resume=state, losses_to=out, chunk=1, progress=stopped_at(300_000))
    for path in out.iterdir():
        path.unlink()
    begun: list[int] = []
    asked(files, resume=state, losses_to=out, chunk=1, progress=lambda done, *rest: begun.append(done))
    assert begun[0] < 100_000
    assert np.isfinite(np.load(out / "mse.npy")).all()


@pytest.mark.more
def test_a_process_that_is_killed_is_resumed(files: dict[str, str], tmp_path: Path) -> None:
    """kill -9 in the middle, several times, then to the end."""
    state, script = tmp_path / "state.json", tmp_path / "slow.py"
    script.write_text(
        "import sys, time\nfrom numloss.evaluation import journal, plan\nfrom numloss.cli import main\n"
        "plan.BLOCK_ELEMENTS, journal.EVERY = 5000, 0.0\n"
        "if __name__ == '__main__':\n    main()\n"
    )
    line = [sys.executable, str(script), *command("--pred", files["pred"], "--target", files["target"])[5:]]
    line += ["--threads", "1", "--chunk", "1B", "--losses-to", str(tmp_path / "out"), "--resume", str(state)]
    for _ in range(3):
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        before = state.read_text() if state.exists() else ""
        while (not state.exists() or state.read_text() == before) and time.monotonic() < end:
            time.sleep(0.005)
        process.kill()
        process.wait()
        assert state.exists()
    assert json.loads(state.read_text())["blocks"] > 2
    shown(line)
    pred, target = np.load(files["pred"]), np.load(files["target"])
    np.testing.assert_allclose(np.load(tmp_path / "out" / "mse.npy"), (pred - target) ** 2, rtol=1e-6)


def test_tasks_are_small(files: dict[str, str]) -> None:
    """What is sent to a worker are paths and numbers."""
    import pickle

    sent: list[int] = []

    class Measuring(ThreadPoolExecutor):
        def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
            sent.append(len(pickle.dumps((function, arguments))))
            return super().submit(pickle.loads(pickle.dumps(run)), *pickle.loads(pickle.dumps(arguments)))

    with Measuring(2) as executor:
        asked(files, executor=executor)
    assert max(sent) < 4000
