"""`numloss evaluate` and its options."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from process import python

import numloss as nl
from numloss.cli import main
from numloss.cluster.start import SIZES

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "a": RANDOM.normal(size=100).astype(np.float32),
    "b": RANDOM.normal(size=100).astype(np.float32),
    "target": RANDOM.normal(size=100).astype(np.float32),
    "var": np.ones(100, np.float32),
    "wide": np.full(100, 4.0, np.float32),
    "by": RANDOM.integers(0, 3, 100),
    "x=y": np.zeros(100, np.float32),
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The arrays on disk, in the folder in which the command runs."""
    monkeypatch.chdir(tmp_path)
    for name, values in ARRAYS.items():
        np.save(f"{name}.npy", values)


def found(*arguments: str) -> dict[str, Any]:
    """The JSON that the command prints."""
    result = CliRunner().invoke(main, ["evaluate", *arguments, "--target", "target.npy", "--json"])
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = json.loads(result.stdout)
    return content


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["evaluate", "--loss", "mse", "--target", "target.npy", *arguments])
    assert result.exit_code == 1 and result.stderr.startswith("Error: "), result.output
    return str(result.stderr)


def test_models_and_options() -> None:
    losses = ("--loss", "huber:delta=0.5", "--loss", "huber", "--loss", "quantile:q=0.9", "--option", "delta=2")
    scores = found(*losses, "--pred", "a=a.npy", "--pred", "b=b.npy")["scores"]
    assert [(score["model"], score["loss"], score["options"]) for score in scores] == [
        (model, *of)
        for model in "ab"
        for of in (("huber", {"delta": 0.5}), ("huber", {"delta": 2}), ("quantile", {"q": 0.9}))
    ]
    assert scores[4]["mean"] == pytest.approx(nl.huber(ARRAYS["b"], ARRAYS["target"], delta=2.0), rel=1e-6)


def test_metrics() -> None:
    np.save("target.npy", np.arange(100) % 2)
    content = found("--metric", "auc", "--metric", "accuracy:threshold=0.1", "--pred", "a=a.npy", "--pred", "b=b.npy")
    assert [(metric["model"], metric["metric"], metric["exact"]) for metric in content["metrics"]] == [
        ("a", "auc", True), ("b", "auc", True)
    ]  # fmt: skip
    assert [(score["loss"], score["options"]) for score in content["scores"]] == 2 * [("accuracy", {"threshold": 0.1})]
    assert content["scores"][0]["mean"] == np.mean((ARRAYS["a"] > 0.1) == np.arange(100) % 2)


def test_inputs_that_differ_between_models() -> None:
    models = ("--pred", "a=a.npy", "--pred", "b=b.npy", "--input", "var=a=var.npy", "--input", "var=b=wide.npy")
    scores = found("--loss", "gaussian_nll", *models)["scores"]
    expected = nl.gaussian_nll(ARRAYS["b"], ARRAYS["target"], ARRAYS["wide"])
    assert scores[1]["mean"] == pytest.approx(expected, rel=1e-6)


def test_keys_of_one_part_and_of_several() -> None:
    (score,) = found("--loss", "mse", "--pred", "a.npy", "--by", "by.npy")["scores"]
    assert score["groups"]["keys"] == [0, 1, 2]
    (score,) = found("--loss", "mse", "--pred", "a.npy", "--by", "first=by.npy", "--by", "second=by.npy")["scores"]
    assert score["groups"]["keys"] == [[0, 0], [1, 1], [2, 2]]


def test_a_file_with_an_equals_sign_in_its_name() -> None:
    assert found("--loss", "mse", "--pred", "x=y.npy")["scores"][0]["model"] == ""
    assert found("--loss", "mse", "--pred", os.path.abspath("a.npy"))["scores"][0]["model"] == ""


def test_everything_that_can_be_asked(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    content = found(
        "--loss", "mse", "--pred", "a=a.npy", "--pred", "b=b.npy", "--by", "by.npy", "--quantile", "0.5",
        "--worst", "2", "--interval", "0.9", "--nan", "omit", "--losses-to", "losses", "--gradients-to", "gradients",
        "--memory", "1MiB", "--chunk", "1KiB", "--threads", "2",
        "--resume", "state.json", "--plot", "out.png", "--backend", "numba",
    )  # fmt: skip
    score = content["scores"][1]
    assert score["groups"]["keys"] == [0, 1, 2] and len(score["worst"]) == 2 and score["quantiles"][0][0] == 0.5
    assert score["interval"]["level"] == 0.9 and content["differences"][0]["second"] == "b.mse"
    assert np.load("losses/a.mse.npy").shape == np.load("gradients/b.mse.npy").shape == (100,)
    assert Path("out.png").read_bytes().startswith(b"\x89PNG") and not Path("state.json").exists()


def test_tables_are_printed() -> None:
    arguments = ["--loss", "mse", "--pred", "a.npy", "--target", "target.npy", "--worst", "3", "--by", "by.npy"]
    shown = CliRunner().invoke(main, ["evaluate", *arguments]).stdout
    for words in ("100 rows in", "mse by group", "mse: the worst rows", "a.npy"):
        assert words in shown


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--pred", "a.npy", "--workers", "2", "--mpi"), "choose one of"),
        (("--pred", "a=a.npy", "--pred", "b.npy"), "--pred: 'b.npy' is not of the form model=file"),
        (("--pred", "a=a.npy", "--pred", "a=b.npy"), "with another name for each model"),
        (("--pred", "a.npy", "--memory", "lots"), "'lots' is not a number of bytes"),
        (("--pred", "a.npy", "--loss", "huber:delta"), "not of the form name=value"),
        (("--pred", "a.npy", "--loss", "huber:q=1"), "huber: unknown option 'q'"),
        (("--pred", "a.npy", "--interval", "95"), "interval must be a level"),
        (("--pred", "absent*.npy"), "no file matches absent*.npy"),
    ],
)
def test_what_cannot_be_meant_ends_in_a_sentence(arguments: tuple[str, ...], expected: str) -> None:
    assert expected in refused(*arguments)


def test_nothing_to_evaluate_ends_in_a_sentence() -> None:
    result = CliRunner().invoke(main, ["evaluate", "--pred", "a.npy", "--target", "target.npy"])
    assert result.exit_code == 1 and "no loss and no metric" in result.stderr


@pytest.mark.parametrize("variable", SIZES)
def test_ranks_do_not_all_do_everything_without_being_told(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "4")
    shown = refused("--pred", "a.npy")
    assert "one of 4 processes" in shown and "--mpi" in shown and "--no-mpi" in shown
    assert found("--loss", "mse", "--pred", "a.npy", "--no-mpi")["rows"] == 100


def test_an_mpi_that_does_not_load_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert "MPI4PY_LIBMPI" in refused("--pred", "a.npy", "--mpi")


@pytest.mark.more
@pytest.mark.parametrize(
    ("rows", "asked"), [(3 << 27, []), (1 << 26, ["--quantile", "0.5", "--worst", "5", "--interval", "0.9"])]
)
def test_memory_does_not_grow_with_the_files(rows: int, asked: list[str]) -> None:
    """Gigabytes of zeros, which take no space on the disk."""
    for name in ("p", "t"):
        with open(f"{name}.npy", "wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows,)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + 4 * rows)
    line = ["evaluate", "--loss", "mse", "--pred", "p.npy", "--target", "t.npy", "--json", *asked]
    code = f"""
        from numloss.cli import main
        main({line!r}, standalone_mode=False)
        print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
    """
    shown = python(code).stdout
    assert f'"rows": {rows}' in shown
    assert int(shown.split("VmHWM:")[1].split()[0]) < 300 << 10
