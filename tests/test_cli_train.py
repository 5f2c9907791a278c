"""`numloss train` and `numloss predict`, as users call them."""

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

import numpy as np
import pytest
from commands import call, figures, sentence
from process import TESTS, python
from safetensors.numpy import load

from numloss.cli.ending import AGAIN
from numloss.data import digits
from numloss.train import Settings

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
