"""Every command where standard output is of ASCII, closed, full or read no more: the work is not lost for that."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click import ClickException
from process import TESTS, heed_signals

from numloss.bench import run
from numloss.cli import COMMANDS, main, warmup
from numloss.common import extras

ODD = "ä\udcff"  # a name of a file that ASCII does not have, and part of which is no text
# What each command writes beside what it prints.
LINES = {
    "losses": (["losses"], ()),
    "info": (["info"], ()),
    "warmup": (["warmup", "--loss", "mae"], ()),
    "cluster": (["cluster", "bench", "--hidden", "4", "--inputs", "3", "--batch-size", "8", "--steps", "2"], ()),
    "train": (
        ["train", "--data", "npz:data.npz", "--epochs", "1", "--hidden", "4", "--out", f"{ODD}-run"],
        (f"{ODD}-run/weights.safetensors",),
    ),
    "predict": (["predict", "--weights", "trained", "--data", "x.npy", "--out", f"{ODD}.npy"], (f"{ODD}.npy",)),
    "evaluate": (
        ["evaluate", "--loss", "mse", "--pred", f"{ODD}::p", "--target", "t.npy", "--worst", "2", "--losses-to", "l",
         "--backend", "cython"],
        ("l/mse.npy",),
    ),
    "score": (
        ["score", "--logits", "scores.npy", "--labels", "labels.npy", "--tokens-to", "tokens", "--backend", "cython"],
        ("tokens/tokens.npy",),
    ),
    "build": (["build", "laws.py", "--text", "-o", "built"], ("built/laws_built.pyx",)),
    "bench": (
        ["bench", "mae", "--n", "16", "--visits", "1", "--backend", "cython", "--peer", "none", "--json-to", "b.json"],
        ("b.json",),
    ),
}  # fmt: skip
# Those that have nothing to show for their work but what they print.
PRINTING = ("losses", "info")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the commands read, and a network."""
    folder = tmp_path_factory.mktemp("streams")
    random = np.random.default_rng(0)
    np.savez(folder / "data.npz", X=random.normal(size=(40, 3)), y=np.arange(40) % 2)
    np.save(folder / "x.npy", random.normal(size=(9, 3)))
    np.save(folder / "t.npy", np.zeros(9))
    np.save(folder / "scores.npy", random.normal(size=(9, 3)))
    np.save(folder / "labels.npy", np.arange(9) % 3)
    np.savez(folder / "odd", p=np.arange(9.0))
    os.rename(folder / "odd.npz", folder / ODD)
    law = "nl.elementwise(lambda p, t: (p - t) * (p - t), name='square')"
    (folder / "laws.py").write_text(f"import numloss as nl\n\nsquare = {law}\n")
    with contextlib.chdir(folder):
        main([*LINES["train"][0][:-1], "trained"], standalone_mode=False)
    return folder


@pytest.fixture(params=LINES)
def line(request: pytest.FixtureRequest, trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A command, with what it writes, in its folder; what it left before is gone."""
    arguments, files = LINES[request.param]
    monkeypatch.chdir(trained)
    monkeypatch.setattr(warmup, "kernels", lambda *asked: [])
    monkeypatch.setattr(run, "OUT_OF_CACHE", 1 << 10)
    for file in files:
        Path(file).unlink(missing_ok=True)
    yield request.param, arguments, [Path(file) for file in files]


def status(arguments: list[str]) -> int:
    """The status with which a command ends; what is not a sentence fails the test."""
    try:
        main(arguments, standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    except ClickException as error:
        assert "\n" not in error.message
        return 1
    return 0


def test_every_command_is_here() -> None:
    assert LINES.keys() == set(COMMANDS)


@pytest.mark.parametrize("as_json", [False, True])
def test_ascii_is_enough_for_any_name(line: Any, as_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    _, arguments, files = line
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, "ascii", "strict"))
    assert status([*arguments, *["--json"] * as_json]) == 0
    sys.stdout.flush()
    shown = content.getvalue().decode()
    assert all(file.exists() for file in files)
    if as_json:
        json.loads(shown)
    assert shown


def test_standard_output_that_is_closed(line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    name, arguments, files = line
    monkeypatch.setattr(sys, "stdout", None)
    assert status(arguments) == (name in PRINTING)
    assert all(file.exists() for file in files)


class Failing(io.RawIOBase):
    """A stream that fails as a pipe does that nobody reads, or a full disk."""

    def __init__(self, number: int) -> None:
        self.number = number

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC], ids=["unread", "full"])
@pytest.mark.parametrize("as_json", [False, True])
def test_figures_that_cannot_be_printed(
    line: Any, as_json: bool, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, arguments, files = line
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(Failing(number)), "utf-8"))
    try:
        assert status([*arguments, *["--json"] * as_json]) == 1
        assert all(file.exists() for file in files)
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.close()
    assert "Traceback" not in capsys.readouterr().err


def test_the_picture_is_drawn_though_nobody_reads_the_figures(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    monkeypatch.chdir(trained)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(Failing(errno.EPIPE)), "utf-8"))
    assert status([*LINES["evaluate"][0], "--plot", "p.png"]) == 1
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("option", "place"),
    [("plot", "absent/p.png"), ("plot", "trained"), ("losses-to", "x.npy"), ("gradients-to", "x.npy/g"),
     ("resume", "absent/s.json"), ("resume", "/dev/null")],
)  # fmt: skip
def test_destinations_are_checked_before_the_work(
    option: str, place: str, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numloss.evaluation import executors

    monkeypatch.chdir(trained)
    monkeypatch.setattr(executors, "run", lambda task: pytest.fail("something was read"))
    before = Path("x.npy").read_bytes()
    assert status([*LINES["evaluate"][0], f"--{option}", place]) == 1
    assert Path("x.npy").read_bytes() == before


def test_predict_checks_its_destination_before_the_work(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from numloss import train

    monkeypatch.chdir(trained)
    monkeypatch.setattr(train, "load_model", lambda path: pytest.fail("the network was read"))
    assert status(["predict", "--weights", "trained", "--data", "x.npy", "--out", "absent/p.npy"]) == 1


def test_a_library_for_pictures_is_asked_for_before_the_work(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from numloss.evaluation import executors

    monkeypatch.chdir(trained)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(executors, "run", lambda task: pytest.fail("something was read"))
    assert status([*LINES["evaluate"][0], "--plot", "p.png"]) == 1


def test_a_library_that_does_not_load_is_one_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise RuntimeError("cannot load MPI library")

    monkeypatch.setattr(extras.importlib, "import_module", broken)
    with pytest.raises(extras.MissingExtra, match="cannot load MPI library"):
        extras.optional("mpi4py.MPI", "mpi", "this")


# streams and signals of the system ---------------------------------------------------------------------------------


def started(arguments: list[str], folder: Path, **how: Any) -> subprocess.Popen[bytes]:
    paths = [str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    line = [sys.executable, "-m", "numloss", *arguments]
    how |= {"stderr": subprocess.PIPE, "env": environment, "preexec_fn": heed_signals}
    return subprocess.Popen(line, cwd=folder, **how)


def test_a_pipe_whose_reader_has_gone_ends_a_command_quietly(trained: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = started(["losses"], trained, stdout=writing)
    os.close(writing)
    assert process.communicate(timeout=60)[1] == b"" and process.returncode == 1


def test_no_file_gets_the_number_of_a_stream_that_was_closed(trained: Path) -> None:
    """What a library prints would go into it."""
    line = " ".join([sys.executable, "-m", "numloss", *LINES["evaluate"][0], "<&- >&- 2>&-"])
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    assert subprocess.run(["sh", "-c", line], cwd=trained, env=environment, timeout=60).returncode == 0
    assert np.load(trained / "l" / "mse.npy").tolist() == [float(k * k) for k in range(9)]


SLOW = """
import sys, time
import numpy as np
from numloss.evaluation import block, plan
plan.BLOCK_ELEMENTS = 1
parts = block.Block.parts
def slow(self):
    time.sleep(0.05)
    return parts(self)
block.Block.parts = slow
from numloss.cli import main
if __name__ == "__main__":
    main()
"""


@pytest.fixture
def slow(tmp_path: Path) -> list[str]:
    """An evaluation that takes a minute."""
    for name in "pt":
        np.save(tmp_path / f"{name}.npy", np.arange(2000.0))
    (tmp_path / "slow.py").write_text(SLOW)
    line = ["evaluate", "--loss", "mse", "--pred", "p.npy", "--target", "t.npy", "--gradients-to", "g", "--chunk", "1"]
    return [sys.executable, str(tmp_path / "slow.py"), *line, "--backend", "cython"]


def begun(line: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """The process, once it writes."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    process = subprocess.Popen(
        line, cwd=folder, env=environment, stdout=subprocess.DEVNULL, preexec_fn=heed_signals
    )
    end = time.monotonic() + 60
    while not list((folder / "g").glob(".*.part")) and time.monotonic() < end:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_leaves_nothing(number: int, slow: list[str], tmp_path: Path) -> None:
    process = begun([*slow, "--threads", "2"], tmp_path)
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    assert list((tmp_path / "g").iterdir()) == []


def test_what_a_kill_leaves_is_gone_with_the_next_start(slow: list[str], tmp_path: Path) -> None:
    process = begun(slow, tmp_path)
    process.kill()
    process.wait()
    (left,) = (tmp_path / "g").iterdir()
    again = started(slow[2:] + ["--threads", "1"], tmp_path, stdout=subprocess.DEVNULL)
    assert again.communicate(timeout=60)[1] == b"" and again.returncode == 0
    assert [path.name for path in (tmp_path / "g").iterdir()] == ["mse.npy"] and not left.exists()


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in found]


@pytest.mark.parametrize("number", [pytest.param(signal.SIGTERM, marks=pytest.mark.more), signal.SIGKILL])
def test_workers_end_with_what_started_them(number: int, slow: list[str], tmp_path: Path) -> None:
    process = begun([*slow, "--workers", "2"], tmp_path)
    end = time.monotonic() + 30
    while len(workers := children(process.pid)) < 3 and time.monotonic() < end:  # beside them is what counts semaphores
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(number)
    process.wait(30)
    end = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
