"""The network's gradients, the optimiser, and training as a function of its seed."""

import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import numloss as nl
from numloss import extras
from numloss.data.dataset import Dataset
from numloss.extras import MissingExtra
from numloss.nn import mlp
from numloss.registry import POSITIVE, UNIT
from numloss.train import Settings, Trainer, fit, objective, write

QUICK = Settings(epochs=3)


def small(rows: int, columns: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


# losses and data --------------------------------------------------------------------------------------------------

LABELLED = Dataset("labels", small(6).astype(np.float32), np.array([0, 1, 2, 0, 1, 2]))
NUMBERS = Dataset("numbers", small(6).astype(np.float32), small(6, 2).astype(np.float32))


def test_labels_become_what_the_loss_takes() -> None:
    assert objective(nl.cross_entropy, LABELLED).form == "labels"
    assert objective(partial(nl.kl_div, from_logits=True), LABELLED).form == "one-hot"
    for loss in (nl.mse, nl.hinge, nl.bce_with_logits, partial(nl.huber, delta=0.5)):
        goal = objective(loss, LABELLED)
        assert goal.form == "one-hot"
        assert goal.targets(LABELLED, 3).tolist() == np.eye(3)[[0, 1, 2, 0, 1, 2]].tolist()
    assert objective(nl.mse, NUMBERS).form == "numbers"


@pytest.mark.parametrize(
    ("function", "data", "problem"),
    [
        (nl.bce, LABELLED, "predictions must be"),
        (nl.kl_div, LABELLED, "gives logits; it has an option from_logits"),
        (nl.nll, LABELLED, "gives logits"),
        (partial(nl.kl_div, from_logits=True, log_target=True), LABELLED, "not finite"),
        (nl.gaussian_nll, NUMBERS, "it takes pred, target, var"),
        (nl.l2, NUMBERS, "it takes params"),
    ],
)
def test_losses_that_do_not_fit_say_why(function, data: Dataset, problem: str) -> None:
    with pytest.raises(ValueError, match=f"does not train on {data.name}: .*{problem}"):
        objective(function, data)


def test_the_decision_reads_the_record_of_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(nl.mse.__loss__.domains, "target", POSITIVE)
    with pytest.raises(ValueError, match="targets must be > 0"):
        objective(nl.mse, LABELLED)
    monkeypatch.setitem(nl.mae.__loss__.domains, "pred", UNIT)
    with pytest.raises(ValueError, match="predictions must be in"):
        objective(nl.mae, NUMBERS)
    monkeypatch.setattr(nl.huber.__loss__, "family", "regional")
    with pytest.raises(ValueError, match="regional losses"):
        objective(nl.huber, NUMBERS)


# runs -------------------------------------------------------------------------------------------------------------


def test_the_defaults_learn_the_digits() -> None:
    run = fit(nl.cross_entropy, Settings())
    assert run.history.epochs[-1].test_accuracy >= 0.96
    assert run.history.epochs[-1].train_loss < run.history.epochs[0].train_loss / 10
    assert run.history.steps == len(run.history.epochs) * math.ceil(len(run.train_part) / 64)


@pytest.mark.parametrize("function", [nl.mse, nl.hinge, nl.bce_with_logits])
def test_elementwise_losses_learn_the_digits_too(function) -> None:
    assert fit(function, Settings(epochs=15)).history.epochs[-1].test_accuracy > 0.9


def test_the_same_seed_gives_the_same_weights() -> None:
    with nl.num_threads(1):
        first = fit(nl.mse, QUICK)
    second = fit(nl.mse, QUICK)
    assert first.network.parameters.values.tobytes() == second.network.parameters.values.tobytes()
    assert [e.test_loss for e in first.history.epochs] == [e.test_loss for e in second.history.epochs]
    other = fit(nl.mse, Settings(epochs=3, seed=1))
    assert first.network.parameters.values.tobytes() != other.network.parameters.values.tobytes()


def test_numbers_are_learnt_from_an_archive(tmp_path: Path) -> None:
    features = small(600, 3)
    np.savez(tmp_path / "line.npz", features=features, target=features @ [1.0, -2.0, 0.5] + 3.0)
    run = fit(nl.huber, Settings(data=str(tmp_path / "line.npz"), hidden=(16,), epochs=60, rate=0.02))
    assert run.history.epochs[-1].test_loss < 0.01
    assert run.history.epochs[-1].test_accuracy is None


def test_a_loss_that_is_not_finite_ends_training_before_the_weights_are_lost() -> None:
    features = np.ones((40, 2), np.float32)
    features[[13, 29]] = np.inf
    data = Dataset("test", features, np.zeros((40, 1), np.float32))
    network = mlp(2, (), 1, rows=40)
    before = network.parameters.values.copy()
    history = Trainer(network, objective(nl.mse, data), (data, data), 1e-3).run(5, seed=0)
    assert history.epochs == [] and history.steps == 0
    assert "at step 0" in history.stopped
    named = history.stopped.split("rows ")[1].split(" of")[0]
    assert sorted(named.split(", ")) == ["13", "29"]
    np.testing.assert_array_equal(network.parameters.values, before)


def test_the_files_of_a_run(tmp_path: Path) -> None:
    run = fit(nl.mse, QUICK)
    paths = write(run, tmp_path / "out")
    tensors = load_file(paths["weights"])
    assert {name: tensors[name].shape for name in ("0.weight", "0.bias", "4.weight")} == {
        "0.weight": (128, 64),
        "0.bias": (128,),
        "4.weight": (10, 64),
    }
    np.testing.assert_array_equal(tensors["2.weight"], run.network.parameters.value["2.weight"])
    np.testing.assert_array_equal(tensors["scaling.mean"], run.scaling.mean)
    with safe_open(paths["weights"], "numpy") as file:
        assert json.loads(file.metadata()["numloss"]) == json.loads(paths["summary"].read_text())
    summary = json.loads(paths["summary"].read_text())
    assert summary["loss"] == "mse" and len(summary["epochs"]) == 3 and summary["settings"]["seed"] == 0
    assert paths["curve"].read_bytes().startswith(b"\x89PNG")


def test_torch_reads_the_weights_as_its_own_layers(tmp_path: Path) -> None:
    """By hand: the layout that torch.nn.Linear documents, applied to the saved tensors."""
    run = fit(nl.mse, QUICK)
    tensors = load_file(write(run, tmp_path)["weights"])
    x = run.test_part.features
    for layer in ("0", "2"):
        x = np.maximum(x @ tensors[f"{layer}.weight"].T + tensors[f"{layer}.bias"], 0)
    x = x @ tensors["4.weight"].T + tensors["4.bias"]
    np.testing.assert_allclose(x, run.network.predict(run.test_part.features), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"model": "cnn"}, "unknown model 'cnn'"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"hidden": (8, 0)}, "hidden layers"),
    ],
)
def test_settings_are_checked(settings: dict, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Settings(**settings)


def test_unknown_data_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown data 'faces'"):
        fit(nl.mse, Settings(data="faces"))


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(extras.importlib, "import_module", absent)
    with pytest.raises(MissingExtra, match=r"digits .* needs sklearn .* pip install 'numloss\[train\]'"):
        fit(nl.mse, QUICK)
