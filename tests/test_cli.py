"""The commands, as users call them."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from process import TESTS, python
from safetensors.numpy import load

import numloss as nl
from numloss.cli import COMMANDS, bench, lookup, main, output
from numloss.cli.ending import AGAIN
from numloss.data import digits
from numloss.registry import LOSSES
from numloss.train import Settings


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def figures(*arguments: object) -> object:
    """The JSON that a command prints."""
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def sentence(*arguments: object) -> str:
    """The sentence with which a command refuses."""
    result = call(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    return result.stderr


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


def test_losses_lists_the_registry() -> None:
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
        "convex": True,
        "adds_up": "rows",
        "aliases": list(LOSSES["huber"].aliases),
        "backends": ["numba", "cython", "cuda"],
    }
    assert listed["ordinal_logistic"]["required"] == ["thresholds"] and not listed["ordinal_logistic"]["options"]
    tables = call("losses").output
    for name in LOSSES:
        assert f"{name}(" in tables


def test_losses_of_a_task() -> None:
    assert {entry["task"] for entry in figures("losses", "--task", "regression")} == {"regression"}
    assert "unknown task 'cooking'; there are" in sentence("losses", "--task", "cooking")


def test_info_tells_what_runs_and_why_the_rest_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = figures("info")
    assert found["versions"]["numloss"] == nl.__version__
    assert found["backends"].keys() == {"numba", "cython", "cuda"}
    assert found["backends"]["numba"] == nl.available_backends()["numba"]
    assert found["machine"]["threads"] >= 1
    assert found["machine"]["threading layer"] in {"omp", "tbb", "workqueue"}
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


# train ------------------------------------------------------------------------------------------------------------


FILES = ["checkpoints", "config.toml", "confusion.png", "history.csv", "history.jsonl", "loss.png", "run.json",
         "weights.safetensors"]  # fmt: skip


def test_train_writes_its_files(tmp_path: Path) -> None:
    out = tmp_path / "run"
    found = figures("train", "--epochs", 2, "--hidden", "16", "--batch-size", 128, "--seed", 7, "--out", out)
    assert found["loss"] == "cross_entropy" and len(found["epochs"]) == 2
    wanted = Settings(hidden=(16,), epochs=2, batch_size=128, seed=7)
    assert found["settings"] == {**vars(wanted), "hidden": [16], "channels": [16, 32]}
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert {Path(path).name for path in found["files"].values()} == set(FILES) - {"checkpoints", "config.toml"}


def test_train_prints_the_accuracy(tmp_path: Path) -> None:
    shown = call("train", "--epochs", 1, "--loss", "huber", "--option", "delta=0.5", "--out", tmp_path)
    assert shown.exit_code == 0
    assert "huber on digits: 1 epoch" in shown.stdout and "test accuracy" in shown.stdout
    assert "weights.safetensors" in shown.stdout
    assert re.search(r"epoch 1/1: loss [\d.]+, validation loss [\d.]+, accuracy [\d.]+, [\d.]+ s", shown.stderr)


def test_train_logs_every_few_steps(tmp_path: Path) -> None:
    shown = call("train", "--epochs", 1, "--log-every", 10, "--out", tmp_path)
    assert re.findall(r"step (\d+): loss [\d.]+, mean of 10", shown.stderr) == ["10", "20"]


def test_train_mixes_losses_and_reads_its_own_configuration(tmp_path: Path) -> None:
    line = ["--loss", "0.7*cross_entropy", "--loss", "0.3*focal", "--option", "gamma=1.5", "--option",
            "class_weight=1,2,1,1,1,1,1,1,1,1", "--model", "cnn", "--channels", "4", "--epochs", 2, "--lr", 0.01,
            "--optimizer", "sgd", "--momentum", 0.9, "--nesterov", "--no-standardize"]  # fmt: skip
    first = figures("train", *line, "--out", tmp_path / "a")
    assert first["loss"] == "combine(0.7 cross_entropy + 0.3 focal)"
    assert first["options"] == {"cross_entropy.class_weight": [1.0, 2.0, *[1.0] * 8], "focal.gamma": 1.5}
    again = figures("train", "--config", tmp_path / "a" / "config.toml", "--out", tmp_path / "b")
    assert again["settings"] == first["settings"] and again["settings"]["nesterov"] is True
    weights = [(tmp_path / run / "weights.safetensors").read_bytes() for run in "ab"]
    tensors = [load(content) for content in weights]
    assert all(tensors[0][name].tobytes() == tensors[1][name].tobytes() for name in tensors[0])


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    """Also one that is no text: its configuration is read again to the same run."""
    out = tmp_path / os.fsdecode(b"b\xff\xc3\xa4")
    assert call("train", "--epochs", 1, "--hidden", 4, "--out", out).exit_code == 0
    first = load((out / "weights.safetensors").read_bytes())
    again = call("train", "--config", out / "config.toml", "--resume", "auto")
    assert again.exit_code == 0 and (out / "config.toml").exists()
    second = load((out / "weights.safetensors").read_bytes())
    assert all(second[name].tobytes() == array.tobytes() for name, array in first.items())
    assert call("predict", "--weights", out, "--data", "digits", "--out", out / "p.npy").exit_code == 0


def test_flags_go_over_the_file(tmp_path: Path) -> None:
    text = 'loss = "mse"\nepochs = 5\nhidden = [8]\nrate = 1e-3\n'
    (tmp_path / "run.toml").write_text(text, "utf-8-sig")  # with the mark that Windows puts before a text
    found = figures("train", "--config", tmp_path / "run.toml", "--epochs", 1, "--out", tmp_path / "out")
    assert (found["loss"], found["settings"]["epochs"], found["settings"]["hidden"]) == ("mse", 1, [8])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epocs = 3", "unknown setting 'epocs'; did you mean epochs?"),
        ("lr = 0.1", "unknown setting 'lr'; here it is called rate"),
        ("epochs = 3".encode("utf-16"), "not a TOML file: Invalid statement (at line 1, column 1); it is UTF-16, save"),
        ("epochs = 2.5", "epochs must be a value of type int, got 2.5"),
        ("epochs = ", "not a TOML file"),
        ("options = 3", "options are a table"),
        ("loss = 3", "loss must be a value of type list, got 3"),
        ('resume = "always"', "unknown resume 'always'"),
        ("log_every = -1", "log_every must be at least 0"),
        ('loss = "much*mse"', "a part of a loss is written as in 0.3*focal"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(text: str | bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    assert expected in sentence("train", "--config", tmp_path / "run.toml", "--out", tmp_path / "out")


def test_train_that_fails_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    result = call("train", "--epochs", 3, "--loss", "mse", "--lr", 1e30, "--out", tmp_path)
    assert result.exit_code == 1
    assert "at step 1: rows" in result.stderr and "lower learning rate" in result.stderr
    assert "at step 1" in json.loads((tmp_path / "run.json").read_text())["stopped"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--loss", "gaussian_nll"], "gaussian_nll does not train on digits: it takes pred, target, var"),
        (["--loss", "kl_div", "--option", "log_target=true"], "kl_div does not train on digits: the logarithm of a"),
        (["--hidden", "wide"], "hidden layers are written as in 128,64"),
        (["--data", "faces"], "unknown data 'faces'"),
        (["--epochs", "0"], "epochs must be at least 1"),
        (["--test-fraction", "2"], "fraction in (0, 1)"),
    ],
)
def test_train_refuses_with_a_sentence(arguments: list[str], expected: str, tmp_path: Path) -> None:
    assert expected in sentence("train", *arguments, "--out", tmp_path)


STUCK = """
    import ctypes, os, signal, sys
    from numloss.cli.ending import ending

    asking = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    with ending(asking) as asked:
        print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        print(asked.number, flush=True)
        lock, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)
        lock(mutex)
        print("stuck", flush=True)
        lock(mutex)  # a wait in a library, which no handler of Python interrupts
"""


@pytest.mark.parametrize("ignored", [True, False])
def test_a_second_signal_ends_at_once_and_an_ignored_one_stays_ignored(ignored: bool) -> None:
    """As in a background job of a script, which a Ctrl-C meant for another must not end."""
    ignore = partial(signal.signal, signal.SIGINT, signal.SIG_IGN if ignored else signal.SIG_DFL)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STUCK)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=ignore, env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
    )  # fmt: skip
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(3)]
    assert said == [str(ignored), "0" if ignored else str(int(signal.SIGINT)), "stuck"]
    if ignored:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
    time.sleep(2 * AGAIN)
    assert process.poll() is None
    process.send_signal(signal.SIGUSR1)
    _, ended = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGUSR1 and ended == "ended at once by a second signal, SIGUSR1\n"


def test_train_and_predict_in_the_barest_environment(tmp_path: Path) -> None:
    """No home, no entry of the user, ASCII alone, a umask that hides nothing, and no standard output at the end."""
    code = f"""
        import os, pwd, sys
        os.umask(0)
        pwd.getpwuid = {{}}.__getitem__
        import numpy as np
        from numloss.cli import main

        folder = {str(tmp_path)!r} + os.fsdecode(b"/l\\xc3\\xa4ufe")
        np.save(folder + "x.npy", np.ones((3, 64)))
        for shown in (True, False):
            if not shown:
                os.close(1)
                sys.stdout = None
            for line in (
                ["train", "--epochs", "1", "--hidden", "4", "--out", folder],
                ["predict", "--weights", folder, "--data", folder + "x.npy", "--out", folder + "/p.npy"],
            ):
                main(line, standalone_mode=False)
                made = "/run.json" if line[0] == "train" else "/p.npy"
                os.rename(folder + made, folder + f"/{{line[0]}} {{shown}}")
    """
    bare = {"HOME": None, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "MPLCONFIGDIR": str(tmp_path)}
    shown = python(code, **bare)
    assert "test accuracy" in shown.stdout and "ufe/weights.safetensors" in shown.stdout and shown.stdout.isascii()
    made = {path.name for path in (tmp_path / "läufe").iterdir()}
    assert {"train True", "train False", "predict True", "predict False"} <= made


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run; nobody changes it."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert call("train", "--epochs", 1, "--out", folder).exit_code == 0
    return folder


def test_a_run_that_is_refused_or_fails_at_once_changes_nothing(trained: Path, tmp_path: Path) -> None:
    """Whatever it is refused for, and whenever that is known: the run before it stays as it was."""

    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}

    huge = np.full((300, 2), 3e38, np.float32)
    np.savez(tmp_path / "huge.npz", X=np.where(np.arange(300)[:, None] % 2, huge, -huge), y=np.arange(300) % 2)
    (tmp_path / "bad.toml").write_text("epochs = ")
    before = content()
    for line, words in (
        (["--data", "npz:nowhere.npz"], "No such file"),
        (["--data", "digit"], "unknown data"),
        (["--loss", "hubr"], "unknown loss"),
        (["--loss", "gaussian_nll"], "does not train on digits"),
        (["--option", "gama=2"], "unknown option"),
        (["--loss", "huber", "--option", "delta=-1"], "delta must be"),
        (["--lr", "-1"], "rate"),
        (["--config", tmp_path / "bad.toml"], "not a TOML file"),
        (["--patience", "2", "--validation-fraction", "0"], "no validation part"),
        (["--monitor", "r2"], "cannot be monitored"),
        (["--shift", "1"], "shift and flip need images"),
        (["--data", tmp_path / "huge.npz", "--model", "cnn"], "a cnn needs images"),
        (["--data", tmp_path / "huge.npz", "--no-standardise", "--loss", "mse"], "at step 0: rows"),
        (["--seed", "9", "--resume", "auto"], "made with other settings (seed was 0, is 9)"),
        (["--data", tmp_path / "huge.npz", "--resume", "auto"], "the digest of the data was"),
        (["--checkpoint-every", "-1"], "checkpoint_every must be at least 0"),
    ):
        assert words in sentence("train", *line, "--out", trained), line
        assert content() == before, line
        if "--resume" not in line:
            assert words in sentence("train", *line, "--out", tmp_path / "new") and not (tmp_path / "new").exists()
    assert call("train", "--epochs", 2, "--resume", "auto", "--out", trained).exit_code == 0
    assert len(json.loads((trained / "run.json").read_text())["epochs"]) == 2


# predict ----------------------------------------------------------------------------------------------------------


def test_predict_says_what_the_network_says(tmp_path: Path) -> None:
    call("train", "--epochs", 2, "--out", tmp_path / "run")
    out = tmp_path / "p.npy"
    found = figures("predict", "--weights", tmp_path / "run", "--data", "digits", "--out", out)
    classes = np.load(out)
    assert found["rows"] == len(classes) == 1797
    assert found["metrics"]["accuracy"] == pytest.approx(np.mean(classes == digits().target)) and classes.max() == 9
    np.save(tmp_path / "x.npy", digits().features[:40])
    weights = tmp_path / "run" / "weights.safetensors"
    assert "40 rows in" in call(
        "predict", "--weights", weights, "--data", tmp_path / "x.npy", "--outputs", "--out", out
    ).stdout  # fmt: skip
    assert np.load(out).shape == (40, 10) and np.load(out).dtype == np.float32
    assert np.load(out).argmax(axis=1).tolist() == classes[:40].tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predict_names_a_row_that_is_no_number(
    dtype: type, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("numloss.cli.predict.CHUNK", 64 * 8 * 20)
    out = tmp_path / "p.npy"
    for value in (np.nan, np.inf, -np.inf, *([1e39] if dtype == np.float64 else [])):
        rows = np.ones((70, 64), dtype)
        rows[53, 7] = value
        np.save(tmp_path / "x.npy", rows)
        np.savez(tmp_path / "x.npz", X=rows, y=np.zeros(70, int))
        for data in (tmp_path / "x.npy", tmp_path / "x.npz"):
            said = sentence("predict", "--weights", trained, "--data", data, "--out", out)
            assert f"{data}: features[53] holds NaN, infinity or a number beyond float32" in said
            assert not out.exists()


def test_predict_refuses_with_a_sentence(tmp_path: Path) -> None:
    call("train", "--epochs", 1, "--out", tmp_path / "run")
    run = ("predict", "--weights", tmp_path / "run", "--out", tmp_path / "p.npy")
    np.save(tmp_path / "x.npy", np.zeros((3, 5)))
    assert "the network takes (64,) for each row" in sentence(*run, "--data", tmp_path / "x.npy")
    np.savez(tmp_path / "a.npz", X=np.zeros((3, 64)), y=np.zeros(3))
    assert "not of the kind" in sentence(*run, "--data", f"npz:{tmp_path / 'a.npz'}")
    (tmp_path / "run" / "weights.safetensors").write_bytes(b"nothing")
    assert "not a .safetensors file" in sentence(*run, "--data", "digits")


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
    assert any(name.startswith("driver-parallel") for name in names)
    assert not any("float64" in name for name in names if name.startswith("tile"))


def test_bench_says_that_it_needs_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bench, "CHECKOUT", tmp_path)
    assert "part of the source" in sentence("bench")


def test_bench_runs_the_benchmarks_of_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "benchmarks" / "test_it.py").write_text(
        "def test_one(benchmark):\n    benchmark(int)\n\ndef test_two(benchmark):\n    benchmark(int)\n"
    )
    monkeypatch.setattr(bench, "CHECKOUT", tmp_path)
    # the tests may run on several cores; benchmarks refuse to
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    line = ("bench", "-k", "one", "-p", "no:cacheprovider", "--benchmark-max-time=0.01")
    (entry,) = figures(*line)
    assert entry["name"] == "test_one" and entry["median"] > 0.0
    (tmp_path / "benchmarks" / "test_it.py").write_text("def test_one(benchmark):\n    assert benchmark(int)\n")
    assert call(*line).exit_code == 1


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
