"""A run that was interrupted, in whatever way, ends with the weights of one that was not."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable as Function
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from process import TESTS, heed_signals, python
from safetensors.numpy import load_file

import numloss as nl
from numloss.data import dataset, digits
from numloss.errors import FormatError
from numloss.train import Callback, Checkpoints, Run, Settings, Trainer, fit
from numloss.train.checkpoint import KEPT
from numloss.train.weights import packed

SETTINGS = Settings(model="cnn", channels=(4,), dropout=0.1, epochs=4, optimiser="sgd", momentum=0.9, rate=0.05,
                    schedule="exponential", decay=0.5, decay_every=40, shift=1, patience=9)  # fmt: skip


class StopAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def stepped(self, trainer: Trainer, loss: float) -> None:
        if trainer.history.steps == self.step:
            trainer.stop("asked")


def run(folder: Path, *callbacks: Callback, settings: Settings = SETTINGS, said: list | None = None, **options) -> Run:
    say = (said if said is not None else []).append
    return fit(nl.cross_entropy, settings, callbacks, folder=folder, say=say, **options)


def bits(run: Run) -> bytes:
    arrays = [run.network.parameters.values, *run.network.state.values()]
    return b"".join(array.tobytes() for array in arrays)


def figures(run: Run) -> list:
    return [(e.number, e.steps, e.train_loss, e.validation_loss, e.metrics) for e in run.history.epochs]


@pytest.fixture(scope="module")
def whole() -> Run:
    """The run that nobody interrupts."""
    return fit(nl.cross_entropy, SETTINGS)


# resuming ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [1, 21, 22, *(pytest.param(step, marks=pytest.mark.more) for step in (20, 60))])
def test_a_run_goes_on_to_the_same_weights(at: int, whole: Run, tmp_path: Path) -> None:
    first = run(tmp_path, StopAt(at))
    assert first.history.steps == at and first.history.stopped == "asked"
    second = run(tmp_path, resume=True)
    assert bits(second) == bits(whole) and figures(second) == figures(whole)
    assert second.best_epoch == whole.best_epoch and second.history.stopped == ""


def test_checkpoints_do_not_change_a_run(whole: Run, tmp_path: Path) -> None:
    assert bits(run(tmp_path, every=5)) == bits(whole)
    assert len(list(tmp_path.iterdir())) == KEPT


def test_a_run_may_be_made_longer(whole: Run, tmp_path: Path) -> None:
    run(tmp_path, settings=Settings(**{**vars(SETTINGS), "epochs": 2}))
    assert bits(run(tmp_path, resume=True)) == bits(whole)
    assert bits(run(tmp_path, resume=True)) == bits(whole)  # with nothing left to do


def test_patience_that_is_at_its_end_stays_there(tmp_path: Path) -> None:
    settings = Settings(epochs=200, patience=2, rate=0.02)
    first = run(tmp_path, settings=settings)
    again = run(tmp_path, settings=settings, resume=True)
    assert bits(again) == bits(first) and len(again.history.epochs) == len(first.history.epochs) < 200


def test_other_settings_are_not_resumed(tmp_path: Path) -> None:
    run(tmp_path, StopAt(3))
    other = Settings(**{**vars(SETTINGS), "rate": 0.1})
    with pytest.raises(ValueError, match=r"rate was 0\.05, is 0\.1"):
        run(tmp_path, settings=other, resume=True)
    with pytest.raises(ValueError, match="loss was 'cross_entropy', is 'focal'"):
        fit(nl.focal, SETTINGS, folder=tmp_path, resume=True)


def test_nothing_is_touched_before_the_first_good_step(whole: Run, tmp_path: Path) -> None:
    run(tmp_path, StopAt(30), every=10)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / ".step-0000000001-abc.safetensors.0011.part").write_bytes(b"half")
    huge = digits().features * np.float32(1e37)
    features = dataset(np.where(np.arange(1797)[:, None, None, None] % 2, huge, -huge), digits().target)
    failed = fit(nl.mse, replace(SETTINGS, standardise=False), data=features, folder=tmp_path)
    assert failed.history.failed and failed.history.steps == 0 and "at step 0" in failed.history.stopped
    with pytest.raises(ValueError, match="compares classes"):
        fit(nl.cross_entropy, Settings(), data=dataset(huge, digits().target.astype(float)), folder=tmp_path)
    (tmp_path / ".step-0000000001-abc.safetensors.0011.part").unlink()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert bits(run(tmp_path, resume=True)) == bits(whole)
    with pytest.raises(ValueError, match="does not train"):
        fit(nl.gaussian_nll, SETTINGS, folder=tmp_path / "newer")
    assert not (tmp_path / "newer").exists()


def test_a_new_run_removes_the_checkpoints_of_an_old_one(whole: Run, tmp_path: Path) -> None:
    run(tmp_path, settings=Settings(**{**vars(SETTINGS), "epochs": 6, "seed": 1}))
    assert bits(run(tmp_path)) == bits(whole)
    assert max(int(path.name[5:15]) for path in tmp_path.iterdir()) == whole.history.steps


def crash_test(times: int) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(TESTS / "crash_test.py"), str(times)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60 * times)


def test_kill_at_random_times() -> None:
    found = crash_test(6)
    assert found.returncode == 0, found.stdout + found.stderr
    met = re.fullmatch(r"6 kills in \d+ runs, (\d+) checkpoints met; 0 runs ended with other weights\n", found.stdout)
    # how far the runs came before they died is a matter of the machine; one that never saved would prove nothing
    assert met and int(met[1]) > 0, found.stdout


@pytest.mark.more
def test_kill_at_random_times_more_often() -> None:
    found = crash_test(50)
    assert found.returncode == 0, found.stdout + found.stderr


# signals ----------------------------------------------------------------------------------------------------------


LINE = [sys.executable, "-m", "numloss", "train", "--epochs", "25", "--checkpoint-every", "100", "--out"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TESTS.parent)}


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The weights of a run from the command line that gets no signal."""
    folder = tmp_path_factory.mktemp("unharmed")
    subprocess.run([*LINE, str(folder)], check=True, env=ENVIRONMENT, capture_output=True)
    return load_file(folder / "weights.safetensors")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_step_saves_and_exits(
    number: int, status: int, unharmed: dict[str, np.ndarray], tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [*LINE, str(tmp_path)], stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, preexec_fn=heed_signals
    )
    assert process.stderr is not None
    while not process.stderr.readline().startswith("epoch 2/"):
        assert process.poll() is None
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status, said
    step = int(re.search(r"after step (\d+); --resume auto goes on from there", said)[1])
    newest = max(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert newest.startswith(f"step-{step:010d}") and 0 < step < 25 * 21
    if number == signal.SIGINT:
        return  # it goes on as after the other
    subprocess.run([*LINE, str(tmp_path), "--resume", "auto"], check=True, env=ENVIRONMENT, capture_output=True)
    weights = load_file(tmp_path / "weights.safetensors")
    assert all(weights[name].tobytes() == array.tobytes() for name, array in unharmed.items())


# what goes wrong with files ---------------------------------------------------------------------------------------


def test_a_damaged_checkpoint_is_skipped(whole: Run, tmp_path: Path) -> None:
    run(tmp_path, StopAt(50), every=10)
    newest = max(tmp_path.iterdir())
    content = newest.read_bytes()
    for number, bad in enumerate((b"", content[:-1], content + b"\0", content[:40] + b"\0" + content[41:])):
        newest.write_bytes(bad)
        said: list[str] = []
        resumed = run(tmp_path, StopAt(41 + number), resume=True, said=said)
        assert resumed.history.steps in (41 + number, 50 + number) and len(said) == 1
        assert newest.name in said[0] and "damaged" in said[0] and "the checkpoint before it is tried" in said[0]
        for path in tmp_path.iterdir():  # what this resumption wrote
            if path.name[5:15] not in ("0000000040", "0000000050"):
                path.unlink()
        assert [path.name[5:15] for path in sorted(tmp_path.iterdir())][-1] == "0000000050"
    assert bits(run(tmp_path, resume=True)) == bits(whole)


# What may be called like a checkpoint, and is none that can be read.
FALSE: dict[str, Function[[Path], object]] = {
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to a folder": lambda path: path.symlink_to("/"),
    "a folder": Path.mkdir,
    "a folder that is not empty": lambda path: (path / "within").mkdir(parents=True),
    "a pipe": os.mkfifo,
    "an empty file": Path.touch,
    "a file that nobody may read": lambda path: path.touch(mode=0),
}


def test_what_is_only_called_like_a_checkpoint_is_skipped(whole: Run, tmp_path: Path) -> None:
    run(tmp_path, StopAt(5))
    (good,) = tmp_path.iterdir()
    for number, make in enumerate(FALSE.values()):
        make(tmp_path / f"step-{100 + number:010d}-{number:032x}.safetensors")
    said: list[str] = []
    assert bits(run(tmp_path, resume=True, said=said)) == bits(whole)
    names = [line for line in said if "the checkpoint before it is tried" in line]
    assert len(names) == len(FALSE) == len(set(names)) and all(str(tmp_path) in name for name in names)
    kept = sorted(path.name for path in tmp_path.iterdir() if path.is_file() and path.stat().st_size)
    assert len(kept) == KEPT and kept[-1][5:15] == f"{whole.history.steps:010d}"  # nothing else counts as one
    said.clear()
    assert bits(run(tmp_path, said=said)) == bits(whole)  # anew: what can be removed is
    assert {path.name for path in tmp_path.iterdir() if not path.is_file()} == {
        f"step-{100 + number:010d}-{number:032x}.safetensors" for number, name in enumerate(FALSE) if "a folder" in name
        and "link" not in name
    }  # fmt: skip
    assert good.name not in {path.name for path in tmp_path.iterdir()}


def test_a_checkpoint_that_does_not_say_where_its_run_stands_is_skipped(whole: Run, tmp_path: Path) -> None:
    """Its bytes have the digest of its name, and its text makes no sense: the trainer stays as it was."""
    run(tmp_path, StopAt(5))
    (good,) = tmp_path.iterdir()
    tensors, state = Checkpoints.read(good)
    tensors = {name: np.asarray(array + 1) for name, array in tensors.items()}
    changes = [{"history": value} for value in (None, [], {}, {"epochs": 3}, {**state["history"], "odd": 1}, "x")]
    changes += [{"best": value} for value in (None, [], {}, 7)]
    for number, changed in enumerate(changes):
        content = packed(tensors, {**state, **changed})
        digest = hashlib.sha256(content).hexdigest()[:32]
        (tmp_path / f"step-{100 + number:010d}-{digest}.safetensors").write_bytes(content)
    said: list[str] = []
    assert bits(run(tmp_path, resume=True, said=said)) == bits(whole)
    assert len(said) == len(changes) and all("does not say where its run stands" in line for line in said)


@pytest.mark.parametrize("shards", [False, True])
def test_a_run_does_not_go_on_with_other_data(shards: bool, tmp_path: Path) -> None:
    """The same name, shape and settings; the last digit of one number is another one."""
    small, features = Settings(hidden=(2,), epochs=1, batch_size=64), digits().flat().features.copy()
    given = dataset(features.copy(), digits().target)
    features[700, 5] = np.nextafter(features[700, 5], np.float32(9))
    other = dataset(features, digits().target)
    run(tmp_path, settings=small, data=[given] if shards else given)
    with pytest.raises(ValueError, match="the digest of the data was '"):
        run(tmp_path, settings=small, data=[other] if shards else other, resume=True)
    assert run(tmp_path, settings=small, data=[given] if shards else given, resume=True).history.steps > 0


def test_every_bit_of_a_checkpoint_counts(tmp_path: Path) -> None:
    small = Settings(hidden=(2,), epochs=1)
    run(tmp_path, settings=small)
    for old in sorted(tmp_path.iterdir())[:-1]:
        old.unlink()
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    checkpoints = Checkpoints(tmp_path, {}, 0, print)
    draw = np.random.default_rng(0)
    for at in {0, 7, 8, len(content) - 1, *draw.integers(0, len(content), 200)}:
        damaged = bytearray(content)
        damaged[at] ^= 1 << draw.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="damaged"):
            checkpoints.read(path)


def test_nothing_but_damage_starts_anew(whole: Run, tmp_path: Path) -> None:
    run(tmp_path, StopAt(30), every=10)
    for path in tmp_path.iterdir():
        path.write_bytes(b"gone")
    said: list[str] = []
    assert bits(run(tmp_path, resume=True, said=said)) == bits(whole)
    assert len(said) == 2


def test_a_full_disk_stops_nothing_and_the_old_checkpoint_stays(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing fails in the middle of a checkpoint."""
    code = f"""
        import resource, signal
        from pathlib import Path
        import numloss as nl
        from numloss.train import Settings, fit

        folder, said = Path({str(tmp_path)!r}), []
        settings = dict(model="cnn", channels=(4,))
        fit(nl.cross_entropy, Settings(epochs=2, **settings), folder=folder)
        before = {{path.name: path.read_bytes() for path in folder.iterdir()}}
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        run = fit(nl.cross_entropy, Settings(epochs=4, **settings), folder=folder, resume=True, say=said.append)
        assert len(run.history.epochs) == 4 and not run.history.stopped
        assert before == {{path.name: path.read_bytes() for path in folder.iterdir()}}
        assert len(said) == 3, said
        print(said[0])
    """
    said = python(code).stdout
    assert "no checkpoint at step 63" in said and "training goes on" in said


def test_a_loss_that_is_not_finite_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    class Spoil(Callback):
        def stepped(self, trainer: Trainer, loss: float) -> None:
            if trainer.history.steps == 45:
                trainer.network.parameters.values[:] = np.nan

    failed = run(tmp_path, Spoil(), every=10)
    assert failed.history.failed and "at step 45" in failed.history.stopped
    assert max(path.name for path in tmp_path.iterdir()).startswith("step-0000000040")
    assert np.isfinite(failed.network.parameters.values).all()  # those of the best epoch
    resumed = run(tmp_path, resume=True)
    assert resumed.history.stopped == "" and len(resumed.history.epochs) == 4


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    class Spoil(Callback):
        def epoch_done(self, trainer: Trainer, epoch: object) -> None:
            trainer.network.parameters.values[0] = np.inf

    run(tmp_path, Spoil(), settings=Settings(epochs=1))
    kept = list(tmp_path.iterdir())
    assert len(kept) == 1
    assert np.isfinite(load_file(kept[0])["parameters"]).all()


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".step-0000000001-abc.safetensors.0011.part").write_bytes(b"half")
    run(tmp_path, settings=Settings(epochs=1))
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


def test_a_checkpoint_holds_no_more_than_numbers_and_text(tmp_path: Path) -> None:
    run(tmp_path, StopAt(3))
    (path,) = tmp_path.iterdir()
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + size])
    assert {entry["dtype"] for name, entry in header.items() if name != "__metadata__"} <= {"F32", "I64"}
    state = json.loads(header["__metadata__"]["numloss"])
    assert state["history"]["steps"] == 3 and state["settings"]["model"] == "cnn"


def test_checkpoints_are_spaced_by_whole_steps(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a checkpoint every -1 steps"):
        Checkpoints(tmp_path, {}, -1, print)
