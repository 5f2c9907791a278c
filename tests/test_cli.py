"""The commands, as users call them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from commands import call, figures, sentence
from machine import missing

import numloss as nl
from numloss import catalogue
from numloss.cli import COMMANDS, lookup, main, output
from numloss.registry import LOSSES


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Predictions and targets on disk."""
    random = np.random.default_rng(0)
    arrays = {
        "pred": random.normal(size=(100, 3)).astype(np.float32),
        "target": random.normal(size=(100, 3)).astype(np.float32),
        "weight": random.integers(1, 5, 100).astype(np.float32),
        "labels": random.integers(0, 3, 100),
        "var": np.ones((100, 3), np.float32),
    }
    for name, values in arrays.items():
        np.save(tmp_path / f"{name}.npy", values)
    return {name: tmp_path / f"{name}.npy" for name in arrays}


# help -------------------------------------------------------------------------------------------------------------


def test_the_module_shows_its_help_without_loading_anything_heavy() -> None:
    heavy = ("numba", "llvmlite", "scipy", "sklearn", "matplotlib", "safetensors", "rich")
    script = (
        f"import sys, runpy\nsys.argv[1:] = ['--help']\ntry: runpy.run_module('numloss', run_name='__main__')\n"
        f"finally: print('loaded:', [name for name in {heavy} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.endswith("loaded: []\n")
    for name in COMMANDS:
        assert f"\n  {name} " in shown.stdout
    direct = subprocess.run(
        [sys.executable, "-m", "numloss", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert direct.stdout == f"numloss, version {nl.__version__}\n"


@pytest.mark.parametrize("name", [{"cluster": "cluster bench"}.get(name, name) for name in COMMANDS])
def test_every_command_has_help_and_json(name: str) -> None:
    result = call(*name.split(), "--help")
    assert result.exit_code == 0
    assert "--json" in result.output


# losses and info --------------------------------------------------------------------------------------------------


def test_losses_lists_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {entry["name"]: entry for entry in figures("losses")}
    assert listed.keys() == LOSSES.keys()
    assert listed["huber"] == {
        "name": "huber",
        "task": "regression",
        "family": "elementwise",
        "inputs": ["pred", "target"],
        "options": {"delta": 1.0},
        "required": [],
        "domains": {"target": "a number, not NaN", "delta": "> 0 and finite"},
        "curvature": True,
        "hessian": True,
        "convex": True,
        "adds_up": "rows",
        "aliases": list(LOSSES["huber"].aliases),
        "presets": {},
        "backends": ["numba", "cython", "cuda"],
    }
    assert listed["ordinal_logistic"]["required"] == ["thresholds"] and not listed["ordinal_logistic"]["options"]
    monkeypatch.setenv("COLUMNS", "250")  # no line is folded
    lines = call("losses").output.splitlines()
    for name, loss in LOSSES.items():
        summary = next(line.replace("``", "") for line in loss.function.__doc__.splitlines() if line)
        assert any(name in line and summary in line for line in lines), name


def test_losses_of_a_task() -> None:
    assert {entry["task"] for entry in figures("losses", "--task", "regression")} == {"regression"}
    assert "unknown task 'cooking'; there are" in sentence("losses", "--task", "cooking")


def test_losses_shows_the_page_of_one_by_any_of_its_names() -> None:
    page = call("losses", "BCEWithLogitsLoss", "MeanSquaredError").output
    assert "numloss.bce_with_logits(pred, target, *, " in page and "numloss.mse(pred, target)" in page
    assert nl.mse.__doc__.strip() in page and "Values of batches add up: over rows" in page
    assert [entry["name"] for entry in figures("losses", "pinball")] == ["quantile"]
    assert "unknown loss 'hubre'; did you mean huber?" in sentence("losses", "hubre")


def test_losses_are_found_by_words() -> None:
    names = [entry["name"] for entry in figures("losses", "--search", "imbalance")]
    assert names[:3] == ["asymmetric_focal", "dice", "focal"] and len(names) < len(LOSSES) / 4
    named = [entry["name"] for entry in figures("losses", "--search", "Huber")]
    assert named[:3] == ["huber", "modified_huber", "pseudo_huber"]
    assert {"cauchy", "tukey"} <= {entry["name"] for entry in figures("losses", "--search", "robust outliers")}
    assert "no loss has all of these words" in call("losses", "--search", "zzzz imbalance").output
    assert set().union(*catalogue.TOPICS.values()) <= LOSSES.keys()


def test_info_tells_what_runs_and_why_the_rest_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = figures("info")
    assert found["versions"]["numloss"] == nl.__version__
    assert found["backends"].keys() == {"numba", "cython", "cuda"}
    assert found["backends"]["numba"] == nl.available_backends()["numba"]
    assert found["machine"]["threads"] >= 1
    assert (found["machine"]["team"] == "its own") == ("team" not in missing())
    assert found["cython kernels"].keys() == {"built", "why", "sources"}
    (tmp_path / "file").touch()
    for place, said in ((tmp_path / "kernels", "kernels"), (tmp_path / "file", "is not a folder")):
        monkeypatch.setenv("NUMLOSS_CACHE_DIR", str(place))
        shown = call("info").output
        assert said in re.sub(r"\s+", " ", shown) and "numba" in shown and "cython" in shown


# evaluate ---------------------------------------------------------------------------------------------------------


def test_evaluate_equals_the_library(files: dict[str, Path]) -> None:
    pred, target, weight = (np.load(files[name]) for name in ("pred", "target", "weight"))
    found = figures(
        "evaluate", "--loss", "huber", "--loss", "mse", "--option", "delta=0.5",
        "--pred", files["pred"], "--target", files["target"], "--weight", files["weight"],
    )  # fmt: skip
    huber, mse = found["scores"]
    assert huber["mean"] == pytest.approx(nl.huber(pred, target, delta=0.5, weight=weight), rel=1e-6)
    assert mse["mean"] == pytest.approx(nl.mse(pred, target, weight=weight), rel=1e-6)
    assert huber["weight"] == mse["weight"] == 3 * weight.sum()
    assert huber["options"] == {"delta": 0.5} and mse["options"] == {}
    assert found["rows"] == 100 and found["bytes"] == 100 * (12 + 12 + 4)


def test_evaluate_prints_a_table(files: dict[str, Path]) -> None:
    shown = call("evaluate", "--loss", "cross_entropy", "--pred", files["pred"], "--target", files["labels"])
    expected = nl.cross_entropy(np.load(files["pred"]), np.load(files["labels"]))
    assert "cross_entropy" in shown.stdout and f"{expected:.4g}" in shown.stdout and "100 rows in" in shown.stdout


def test_evaluate_takes_other_inputs_and_aliases(files: dict[str, Path]) -> None:
    inputs = ("--pred", files["pred"], "--target", files["target"])
    (score,) = figures("evaluate", "--loss", "gaussian_nll", *inputs, "--input", f"var={files['var']}")["scores"]
    expected = nl.gaussian_nll(*(np.load(files[name]) for name in ("pred", "target", "var")))
    assert score["mean"] == pytest.approx(expected, rel=1e-6)
    alias = LOSSES["mae"].aliases[0]
    assert figures("evaluate", "--loss", alias, *inputs)["scores"][0]["loss"] == "mae"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--loss", "hubr"], "unknown loss 'hubr'; did you mean huber?"),
        (["--loss", "zzzzzzzz"], "unknown loss 'zzzzzzzz'; `numloss losses`"),
        (["--loss", "accuracy"], "unknown loss 'accuracy'; it says how good decisions are, and is no loss"),
        (["--loss", "huber", "--option", "delt=1"], "huber: unknown option 'delt'; did you mean delta?"),
        (["--loss", "mse", "--option", "delta=1"], "mse: unknown option 'delta'; there are none"),
        (["--loss", "huber", "--option", "delta"], "not of the form name=value"),
        (["--loss", "huber", "--option", "delta=-1"], "huber: delta must be > 0"),
        (["--loss", "huber", "--option", "delta=wide"], "huber: delta must be a number"),
        (["--loss", "gaussian_nll"], "gaussian_nll: no file for var"),
        (["--loss", "gaussian_nll", "--input", "var"], "not of the form name=file"),
        (["--loss", "huber", "--backend", "abacus"], "unknown backend 'abacus'"),
    ],
)
def test_evaluate_refuses_with_a_sentence(arguments: list[str], expected: str, files: dict[str, Path]) -> None:
    assert expected in sentence("evaluate", *arguments, "--pred", files["pred"], "--target", files["target"])


def test_files_that_are_absent_or_damaged_are_named(files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "damaged.npy").write_bytes(files["pred"].read_bytes()[:-1])
    assert "absent.npy" in sentence("evaluate", "--loss", "mse", "--pred", "absent.npy", "--target", files["target"])
    damaged = tmp_path / "damaged.npy"
    assert "damaged.npy" in sentence("evaluate", "--loss", "mse", "--pred", damaged, "--target", files["target"])


def test_traceback_shows_where_an_error_was_raised() -> None:
    result = call("--traceback", "evaluate", "--loss", "hubr")
    assert isinstance(result.exception, ValueError)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0.5", -0.5),
        ("1e-3", 1e-3),
        ("true", True),
        ("False", False),
        ("none", None),
        ("softmax", "softmax"),
    ],
)
def test_values_of_options(text: str, value: object) -> None:
    found = lookup.value_of(text)
    assert found == value and type(found) is type(value)


def test_values_of_options_may_be_arrays(files: dict[str, Path]) -> None:
    np.testing.assert_array_equal(lookup.value_of("1,0.5,2"), [1.0, 0.5, 2.0])
    inputs = ("--pred", files["pred"], "--target", files["labels"])
    (score,) = figures("evaluate", "--loss", "cross_entropy", "--option", "class_weight=1,0.5,2", *inputs)["scores"]
    expected = nl.cross_entropy(np.load(files["pred"]), np.load(files["labels"]), class_weight=np.array([1, 0.5, 2]))
    assert score["mean"] == pytest.approx(expected, rel=1e-6)
    assert score["options"] == {"class_weight": [1.0, 0.5, 2.0]}


# cluster ----------------------------------------------------------------------------------------------------------


def test_cluster_bench_measures_a_process_alone() -> None:
    small = ["--hidden", 8, "--inputs", 5, "--batch-size", 16, "--steps", 2]
    found = figures("cluster", "bench", *small)
    assert found["ranks"] == 1 and found["batch"] == 16 and min(found["sums"].values()) > 0
    assert found["message"] == 4 * (6 * 8 + 9 * 10 + 3) and 0 < found["compute"] <= found["step"]
    assert "steps of 16 rows on 1 rank" in call("cluster", "bench", *small).stdout
    assert "inputs of a cnn are 3x32x32; got '784'" in sentence("cluster", "bench", "--model", "cnn")
    assert "written as in 128,64 or 3x32x32" in sentence("cluster", "bench", "--hidden", "a")


# warmup and bench -------------------------------------------------------------------------------------------------


@pytest.mark.more
def test_warmup_leaves_the_kernels_in_the_cache(tmp_path: Path) -> None:
    """In a process of its own: what this one has compiled it does not compile again."""
    line = [sys.executable, "-m", "numloss", "warmup", "--loss", "mae", "--dtype", "float32", "--json"]
    environment = {"PATH": "/usr/bin:/bin", "NUMLOSS_CACHE_DIR": str(tmp_path / "cache")}
    shown = subprocess.run(line, env=environment, capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(shown.stdout)
    names = [path.name for path in (tmp_path / "cache").iterdir()]
    assert found["cache"] == str(tmp_path / "cache")
    for mode in range(3):
        assert any(name.startswith(f"tile-mae-float32-{mode}") for name in names)
    assert any(name.startswith("loop-elementwise_block-float32") for name in names)
    assert not any("float64" in name for name in names if name.startswith("tile"))


# output -----------------------------------------------------------------------------------------------------------


def test_json_has_no_numbers_that_json_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json(
        {"a": float("nan"), "b": [1.5, float("inf")], "c": np.float32(2.0), "d": np.arange(2), "e": Path("p")}
    )
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [1.5, None], "c": 2.0, "d": [0, 1], "e": "p"}


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("working", 3) as show:
        show(1, "note")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_progress_shows_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with output.progress("working", 3) as show:
        show(1, "one of three")
    captured = capsys.readouterr()
    assert captured.out == "" and "working" in captured.err


def test_mistakes_of_our_own_are_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("broken")
    def broken() -> None:
        raise AssertionError("ours")

    monkeypatch.setitem(main.commands, "broken", broken)
    assert isinstance(call("broken").exception, AssertionError)
