"""`numloss bench`: what it asks, keeps, prints and draws, and whether its gate tells slower from busy.

No time is asserted here. What the gate sees are samples that are made up.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from machine import missing

from numloss.bench import environment, gate, run, saved
from numloss.bench.cases import shaped
from numloss.cli import bench, main
from numloss.registry import LOSSES

TINY = ("--visits", "3", "--seconds", "5", "--threads", "1", "--peer", "none")
LAW = """
import numloss as nl

def ramp(pred, target, knee=0.5):
    error = abs(pred - target)
    return error if error > knee else knee

square = nl.elementwise(lambda p, t: (p - t) * (p - t), name="square")
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, and no copy of many bytes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "OUT_OF_CACHE", 1 << 12)
    monkeypatch.setattr(run, "ROUNDS", 3)
    monkeypatch.setattr(environment, "load", lambda: {"average": [0.0], "running": []})
    return tmp_path


@pytest.fixture
def able() -> str:
    """A backend that runs here."""
    return "numba" if "cython" in missing() else "cython"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", *arguments])


def figures(*arguments: str) -> Any:
    found = call(*arguments, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


# the gate ----------------------------------------------------------------------------------------------------------


def logs(random: np.random.Generator, ratio: float, spread: float, visits: int = 10) -> dict[str, list[float]]:
    """What visits of a run may say, as a run moves all of its visits by a little."""
    moved = random.normal(0.0, gate.BETWEEN_RUNS / 2)
    return {
        name: list(np.log(ratio) + moved + random.normal(0.0, spread, visits)) for name in ("copy", "arithmetic")
    }


@pytest.mark.parametrize("spread", [0.005, 0.05, 0.3])
def test_what_did_not_change_passes(spread: float) -> None:
    random = np.random.default_rng(1)
    alarms = sum(
        gate.slower(gate.changed(logs(random, 1.7, spread), logs(random, 1.7, spread)), 0.1) for _ in range(100)
    )
    assert alarms <= 1


def test_what_takes_a_third_longer_does_not() -> None:
    random = np.random.default_rng(2)
    changes = [gate.changed(logs(random, 1.7, 0.02), logs(random, 1.7 * 1.3, 0.02), 20) for _ in range(40)]
    assert sum(gate.slower(each, 0.1) for each in changes) >= 38
    assert not any(gate.slower(each, 0.5) for each in changes)


def test_what_a_neighbour_slows_down_passes() -> None:
    """Somebody who had all of the memory's time before, and now has none of it: copies are quicker, nothing else is."""
    random = np.random.default_rng(3)
    before, now = logs(random, 1.0, 0.01), logs(random, 1.0, 0.01)
    now["copy"] = [each + 0.5 for each in now["copy"]]
    change = gate.changed(before, now)
    assert change is not None and change.least < 1.1 and not gate.slower(change, 0.1)


def test_too_few_visits_say_nothing() -> None:
    two = {"copy": [0.0, 0.0]}
    assert gate.changed(two, {"copy": [1.0, 1.0, 1.0]}) is None
    assert not gate.slower(None, 0.1)


def test_an_interval_is_student_s() -> None:
    known = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 5: 2.5706, 10: 2.2281, 30: 2.0423}
    for degrees, quantile in known.items():
        assert gate.student(0.975, degrees) == pytest.approx(quantile, abs=1e-4)
    assert gate.student(0.999, gate.MOST_DEGREES) == pytest.approx(NormalDist().inv_cdf(0.999), rel=3e-2)


# the command -------------------------------------------------------------------------------------------------------


def test_figures_of_a_loss(able: str) -> None:
    (found,) = figures("huber", "--n", "1000", "--option", "delta=0.5", "--backend", able, *TINY)
    assert found["name"] == "huber, delta=0.5 (1000) value_and_grad, 1 thread"
    assert found["elements"] == 1000 and found["backend"] == able and not found["problem"]
    assert all(found[name] > 0.0 for name in ("ns_per_element", "gb_per_second", "times_floor", "share_of_peak"))


def test_everything_is_asked_and_called_by_its_size(able: str) -> None:
    names = ("--n", "2^5,3x7", "--dtype", "float64,bfloat16", "--mode", "value,grad", "--backend", able)
    found = {each["name"] for each in figures("cross_entropy", *names, *TINY)}
    shapes = {"(1, 100)", "(3, 7)"}
    assert found == {
        f"cross_entropy {shape} {dtype} {mode}, 1 thread"
        for shape in shapes for dtype in ("float64", "bfloat16") for mode in ("value", "grad")
    }  # fmt: skip


def test_laws_of_ones_own(place: Path, able: str) -> None:
    (place / "mine.py").write_text(LAW)
    (found,) = figures("--law", "mine.py:ramp", "--option", "knee=0.25", "--n", "64", "--backend", able, *TINY)
    assert found["name"] == "ramp, knee=0.25 2^6 value_and_grad, 1 thread" and not found["problem"]
    assert bench.loss_of_law("mine.py:square").name == "square"


def test_peers_show_the_right_answer_first(able: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = ("mse", "--n", "64", "--backend", able, *TINY[:-1], "numpy")
    (found,) = figures(*line)
    assert found["fastest_peer"] == "numpy" and len(found["peers"]["numpy"]) == 3
    from numloss.bench.peers import with_numpy

    monkeypatch.setitem(with_numpy.LINES, "mse", lambda p, t: (1.0, p))
    ended = call(*line)
    assert ended.exit_code == 1 and "not measured: AssertionError" in ended.stdout


def test_reports_are_those_of_pytest_benchmark(place: Path, able: str) -> None:
    line = ("mae", "--n", "64,128", "--backend", able, *TINY)
    assert call(*line, "--save", "one").exit_code == call(*line, "--save", "two").exit_code == 0
    files = sorted((place / ".benchmarks").rglob("*.json"))
    assert [path.name for path in files] == ["0001_one.json", "0002_two.json"]
    assert saved.kept("one") == saved.kept("0001") == files[0].relative_to(place)
    entries = json.loads(files[0].read_text())["benchmarks"]
    assert {each["param"] for each in entries} >= {able, "copy", "arithmetic"}
    storage = pytest.importorskip("pytest_benchmark.storage.file", reason="pytest-benchmark is not installed")
    from pytest_benchmark.logger import Logger

    kept = storage.FileStorage(str(place / ".benchmarks"), Logger(0), default_machine_id=saved.machine_name())
    assert [path.name for path, _ in kept.load()] == ["0001_one.json", "0002_two.json"]


def test_the_gate_of_the_command(able: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    line = ("mae", "--n", "64", "--backend", able, *TINY)
    call(*line, "--save", "before")
    monkeypatch.setattr(run.Found, "logs", lambda self, name: {"copy": [0.0, 0.01, 0.02]})
    file = saved.kept("before")
    content = json.loads(file.read_text())
    content["benchmarks"][0]["extra_info"]["logs"] = {"copy": [0.0, 0.01, 0.02]}
    file.write_text(json.dumps(content))
    same = call(*line, "--compare", "before", "--fail-slower", "10%")
    assert same.exit_code == 0 and "x the time before" in same.stdout
    monkeypatch.setattr(run.Found, "logs", lambda self, name: {"copy": [0.5, 0.51, 0.52]})
    assert call(*line, "--compare", "before").exit_code == 0
    slow = call(*line, "--compare", "before", "--fail-slower", "10%")
    assert slow.exit_code == 1 and "slower: mae 2^6 value_and_grad, 1 thread" in slow.stderr
    monkeypatch.setattr(run.Found, "logs", lambda self, name: {"copy": [0.0, 0.01]})
    few = call(*line, "--compare", "before", "--fail-slower", "10%")
    assert few.exit_code == 1 and "not compared, as it was visited less than 3 times" in few.stderr
    other = call("huber", *line[1:], "--compare", "before", "--fail-slower", "10%")
    assert other.exit_code == 1 and "nothing of this run" in other.stderr
    assert "needs 3 visits" in call(*line, "--compare", "before", "--visits", "2").stderr


def test_a_plot(place: Path, able: str) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert call("mae", "--n", "64,128", "--backend", able, *TINY, "--plot", "p.png").exit_code == 0
    assert (place / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--n", "-3"), "written as 4096, 2^20 or 1e6"),
        (("--n", "2^x"), "written as 4096, 2^20 or 1e6"),
        (("--dtype", "float8"), "unknown dtype 'float8'"),
        (("--mode", "hess"), "unknown mode 'hess'"),
        (("--peer", "tensorflow"), "unknown peer 'tensorflow'"),
        (("--backend", "fortran"), "unknown backend 'fortran'"),
        (("--law", "mine.py"), "takes FILE:NAME"),
        (("--law", "absent.py:law"), "there is no file absent.py"),
        (("--fail-slower", "10%"), "needs --compare"),
        (("--compare", "x", "--fail-slower", "fast"), "takes a share of the time"),
        (("--compare", "never"), "nothing was kept as 'never'"),
        (("--option", "speed=3"), "unknown option 'speed'"),
    ],
)
def test_what_is_wrong_is_said_before_the_work(
    arguments: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "measure", lambda *given: pytest.fail("something was measured"))
    found = call("mae", *arguments)
    assert found.exit_code == 1 and sentence in found.stderr and "Traceback" not in found.output


def test_usual_losses_are_there_and_every_loss_has_a_size() -> None:
    assert set(bench.USUAL) <= set(LOSSES)
    assert all(shaped(name, 64).size >= 1 for name in LOSSES)
