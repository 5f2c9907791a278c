"""Which losses train on which data, and training as a function of its settings."""

import json
import math
import time
import tracemalloc
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import numloss as nl
from numloss.backends.threads import limit
from numloss.common import extras
from numloss.common.extras import MissingExtra
from numloss.data import Dataset, dataset
from numloss.nn import BatchNorm1d, Linear, Network, ReLU, cnn, mlp
from numloss.scalar import sqrt
from numloss.train import SGD, Callback, Settings, Step, Trainer, fit, objective, settings_from
from numloss.train.pace import AGAIN, TRIED, Pace

QUICK = Settings(epochs=3)


def small(rows: int, columns: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


def trainer(network: Network, function, data: Dataset, validation: Dataset | None = None, **options) -> Trainer:
    step = Step(network, objective(function, data), SGD(network.parameters.values.size), rate=0.1)
    return Trainer(step, data, validation, **options)


# settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"model": "cn"}, "unknown model 'cn'; did you mean cnn?"),
        ({"optimiser": "adamm"}, "did you mean adam"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"hidden": (8, 0)}, "hidden layers"),
        ({"rate": math.nan}, "learning rate"),
        ({"dropout": 1.0}, "dropout"),
        ({"momentum": 0.9}, "adam has no momentum"),
        ({"optimiser": "sgd", "nesterov": True}, "nesterov needs a momentum"),
        ({"schedule": "stepwise", "decay": 0.0}, "must be > 0"),
        ({"monitor": "beauty"}, "unknown monitor"),
    ],
)
def test_settings_are_checked(settings: dict, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Settings(**settings)


def test_settings_go_to_json_and_back() -> None:
    settings = Settings(model="cnn", channels=(4,), optimiser="sgd", momentum=0.9, rate=1.0)
    assert settings_from(json.loads(json.dumps(vars(settings)))) == settings
    assert settings_from({"rate": 1}).rate == 1.0
    for values, problem in (({"rates": 1}, "did you mean rate"), ({"hidden": 8}, "list of whole numbers"),
                            ({"epochs": 1.5}, "type int"), ({"flip": 1}, "type bool"), ([3], "are a table"),
                            ({"l2": 10**400}, "type float"), ({"seed": 2**63}, "less than"),
                            ({"hidden": [2**63]}, "list of whole numbers"),
                            ({"lr": 1}, "here it is called rate"), ({"learning_rate": 1}, "called rate"),
                            ({"optimizer": "sgd"}, "called optimiser")):  # fmt: skip
        with pytest.raises(ValueError, match=problem):
            settings_from(values)


def test_the_rate_follows_the_schedule() -> None:
    factor = Settings(schedule="cosine", warmup=4).factor(10)
    assert factor(0) == 0.25 and factor(10) == pytest.approx(0.0, abs=1e-12)
    assert [Settings(schedule="stepwise", decay=0.5, decay_every=2).factor(9)(k) for k in range(5)] == [
        1.0, 1.0, 0.5, 0.5, 0.25,
    ]  # fmt: skip


# steps ------------------------------------------------------------------------------------------------------------


def test_penalties_are_losses_on_the_matrices() -> None:
    x, y = small(4).astype(np.float32), small(4, 2, seed=1).astype(np.float32)
    moved = []
    for penalties in ([], [partial(nl.l2, strength=0.3), partial(nl.l1, strength=0.2)]):
        network = mlp(5, (), 2, rows=4, seed=3)
        before = {name: view.copy() for name, view in network.parameters.value.items()}
        goal = objective(nl.mse, Dataset("", x, y))
        Step(network, goal, SGD(network.parameters.values.size), rate=1.0, penalties=penalties)(x, y, None, 0)
        moved.append({name: before[name] - view for name, view in network.parameters.value.items()})
    slope = nl.grad(nl.l2)(before["0.weight"], strength=0.3) + nl.grad(nl.l1)(before["0.weight"], strength=0.2)
    np.testing.assert_allclose(moved[1]["0.weight"], moved[0]["0.weight"] + slope, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(moved[1]["0.bias"], moved[0]["0.bias"])


def test_clipping_bounds_the_step() -> None:
    network = mlp(5, (), 2, rows=4)
    before = network.parameters.values.copy()
    x, y = small(4).astype(np.float32), np.full((4, 2), 1e3, np.float32)
    step = Step(network, objective(nl.mse, Dataset("", x, y)), SGD(before.size), rate=1.0, clip=0.5)
    step(x, y, None, 0)
    assert np.linalg.norm(network.parameters.values - before) == pytest.approx(0.5, rel=1e-4)


def test_a_weight_counts_as_repeating_the_row() -> None:
    x, y = small(5).astype(np.float32), small(5, 1, seed=1).astype(np.float32)
    ends = []
    for data in (
        Dataset("", x, y, np.array([2, 1, 0, 1, 1], np.float32)),
        Dataset("", x[[0, 0, 1, 3, 4]], y[[0, 0, 1, 3, 4]]),
    ):
        trained = trainer(mlp(5, (4,), 1, rows=5, seed=1), nl.mse, data)
        trained.run(20)
        ends.append((trained.network.parameters.values, trained.history.epochs[-1].train_loss))
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-4, atol=1e-5)
    assert ends[0][1] == pytest.approx(ends[1][1], rel=1e-4)


# runs -------------------------------------------------------------------------------------------------------------


def test_the_defaults_learn_the_digits() -> None:
    run = fit(nl.cross_entropy, Settings())
    assert run.test["accuracy"] >= 0.96
    assert run.history.epochs[-1].train_loss < run.history.epochs[0].train_loss / 10
    assert run.history.steps == len(run.history.epochs) * math.ceil(len(run.parts.train) / 64)
    losses = [epoch.validation_loss for epoch in run.history.epochs]
    assert run.best_epoch == int(np.argmin(losses))
    assert run.confusion.sum() == len(run.parts.test) == 359
    assert np.trace(run.confusion) / 359 == pytest.approx(run.test["accuracy"])


@pytest.mark.parametrize(
    "function",
    [nl.mse, nl.hinge, nl.bce_with_logits, nl.nll, nl.kl_div, partial(nl.bce, eps=1e-6), partial(nl.focal, gamma=1.5),
     partial(nl.cross_entropy, from_probabilities=True, eps=1e-7), nl.combine((0.5, nl.cross_entropy), (0.5, nl.mse))],
)  # fmt: skip
def test_other_losses_learn_the_digits_too(function) -> None:
    assert fit(function, Settings(epochs=12)).test["accuracy"] > 0.9


def test_a_loss_of_ones_own_trains() -> None:
    def charbonnier(pred, target, eps):
        error = pred - target
        size = sqrt(error * error + eps * eps)
        return size, error / size, eps * eps / (size * size * size)

    assert fit(nl.elementwise(charbonnier, eps=1.0), Settings(epochs=10)).test["accuracy"] > 0.9


def test_a_cnn_learns_the_digits_with_augmentation() -> None:
    settings = Settings(model="cnn", channels=(16, 32), epochs=15, rate=5e-3, shift=1, weight_decay=1e-3,
                        optimiser="adamw", schedule="one_cycle", clip=5.0, dropout=0.1)  # fmt: skip
    assert fit(nl.cross_entropy, settings).test["accuracy"] > 0.95


def test_the_same_seed_gives_the_same_weights() -> None:
    with nl.num_threads(1):
        first = fit(nl.mse, QUICK)
    second = fit(nl.mse, QUICK)
    assert first.network.parameters.values.tobytes() == second.network.parameters.values.tobytes()
    assert [e.validation_loss for e in first.history.epochs] == [e.validation_loss for e in second.history.epochs]
    other = fit(nl.mse, Settings(epochs=3, seed=1))
    assert first.network.parameters.values.tobytes() != other.network.parameters.values.tobytes()


def test_numbers_are_learnt_from_an_archive(tmp_path: Path) -> None:
    features = small(600, 3)
    np.savez(tmp_path / "line.npz", features=features, target=features @ [1.0, -2.0, 0.5] + 3.0)
    run = fit(nl.huber, Settings(data=f"npz:{tmp_path / 'line.npz'}", hidden=(16,), epochs=60, rate=0.02))
    assert run.test["loss"] < 0.01 and run.test["r2"] > 0.99 and run.test["mae"] < 0.1
    assert run.confusion is None
    # as it came, not as the run scaled it
    np.testing.assert_allclose(run.model.predict(features)[:, 0], features @ [1.0, -2.0, 0.5] + 3.0, atol=0.5)


def test_without_a_validation_part_the_last_weights_stay() -> None:
    run = fit(nl.mse, Settings(epochs=2, validation_fraction=0.0, test_fraction=0.0))
    assert run.best_epoch == -1 and run.test == {} and run.parts.test is None and len(run.parts.train) == 1797
    assert run.history.epochs[-1].validation_loss is None and run.history.epochs[-1].metrics == {}


def test_patience_ends_training_and_the_best_weights_stay() -> None:
    run = fit(nl.cross_entropy, Settings(epochs=200, patience=3, rate=0.01, monitor="accuracy"))
    figures = [epoch.metrics["accuracy"] for epoch in run.history.epochs]
    assert run.history.stopped == "no better accuracy in 3 epochs" and not run.history.failed
    assert run.best_epoch == int(np.argmax(figures)) == len(figures) - 4
    answer = run.network.predict(run.parts.validation.features).argmax(axis=1)
    assert np.mean(answer == run.parts.validation.target) == pytest.approx(max(figures))


def test_steps_end_training_within_an_epoch() -> None:
    run = fit(nl.cross_entropy, Settings(epochs=9, steps=30))
    assert run.history.steps == 30 and [epoch.steps for epoch in run.history.epochs] == [21, 30]


def test_callbacks_hear_every_step_and_may_stop() -> None:
    class Third(Callback):
        heard = 0
        ended = False

        def stepped(self, trainer: Trainer, loss: float) -> None:
            self.heard += 1
            if self.heard == 3:
                trainer.stop("enough")

        def finished(self, trainer: Trainer) -> None:
            self.ended = True

    third = Third()
    run = fit(nl.mse, QUICK, [third])
    assert (third.heard, third.ended, run.history.steps, run.history.stopped) == (3, True, 3, "enough")


@pytest.mark.parametrize("faster", [1, 2])
def test_a_step_takes_as_many_threads_as_pay(faster: int) -> None:
    with nl.num_threads(2):
        pace, used = Pace(), []
        for _ in range(AGAIN + 3):
            with pace:
                used.append(limit())
                time.sleep(0.0 if limit() == faster else 0.004)
    assert used[: 2 * TRIED] == [2] * TRIED + [1] * TRIED
    assert used[2 * TRIED : AGAIN] == [faster] * (AGAIN - 2 * TRIED) and pace.threads == faster
    assert used[AGAIN:] == [2, 2, 2]  # tried again
    with nl.num_threads(1):
        alone = Pace()
        with alone:
            assert limit() == 1


def test_a_trial_that_was_disturbed_is_soon_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    now, used = [0.0], []
    monkeypatch.setattr("numloss.train.pace.time", SimpleNamespace(perf_counter=lambda: now[0]))
    with nl.num_threads(2):
        pace = Pace()
        for k in range(5 * AGAIN + 1):
            with pace:
                used.append(limit())
                now[0] += 1.0 / limit() + (limit() == 2 and AGAIN <= k < AGAIN + TRIED)
    trial = [2] * TRIED + [1] * TRIED
    for k, chosen in enumerate([2, 1, 2, 2]):
        assert used[k * AGAIN : (k + 1) * AGAIN] == trial + [chosen] * (AGAIN - 2 * TRIED)
    assert used[4 * AGAIN : 5 * AGAIN] == [2] * AGAIN  # two trials agreed


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_no_memory_is_taken_in_a_step(model: str) -> None:
    network = cnn((1, 10, 20), (8,), 3, rows=64) if model == "cnn" else mlp(200, (128,), 3, rows=64)
    features = small(640, 200).astype(np.float32).reshape(640, *network.inputs)
    data = dataset(features, small(640, 3), name="numbers")
    trained = trainer(network, nl.mse, data)
    trained.step.rate = 1e-3
    trained.run(2)
    tracemalloc.start()
    try:
        taken = tracemalloc.get_traced_memory()[0]
        trained._batch(trained.order(0))
        most = tracemalloc.get_traced_memory()[1] - taken
    finally:
        tracemalloc.stop()
    assert most < 8192  # a batch alone has 51200 bytes
    assert trained.history.steps == 21


# what is not finite -----------------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_ends_training_before_the_weights_are_lost() -> None:
    features = np.ones((40, 2), np.float32)
    features[[13, 29]] = np.inf
    data = Dataset("test", features, np.zeros((40, 1), np.float32))
    network = mlp(2, (), 1, rows=40)
    before = network.parameters.values.copy()
    history = trainer(network, nl.mse, data, data).run(5)
    assert history.epochs == [] and history.steps == 0 and history.failed
    assert "at step 0" in history.stopped and "first in the input" in history.stopped
    assert "learning rate" not in history.stopped and "look at these rows" in history.stopped
    named = history.stopped.split("rows ")[1].split(" of")[0]
    assert sorted(named.split(", ")) == ["13", "29"]
    np.testing.assert_array_equal(network.parameters.values, before)


def test_the_first_bad_layer_is_named_and_statistics_stay_good() -> None:
    data = Dataset("test", small(8).astype(np.float32), small(8, 1).astype(np.float32))
    network = Network([Linear(4), BatchNorm1d(), ReLU(), Linear(1)], 5, rows=8)
    trained = trainer(network, nl.mse, data)
    trained.run(1)
    network.parameters.value["0.weight"][0, 0] = np.inf
    kept = {name: array.copy() for name, array in network.state.items()}
    history = trained.run(2)
    assert "at step 1" in history.stopped and "first in layer 0 (Linear)" in history.stopped
    for name, array in network.state.items():
        np.testing.assert_array_equal(array, kept[name])


def test_unknown_data_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown data 'faces'"):
        fit(nl.mse, Settings(data="faces"))


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(extras.importlib, "import_module", absent)
    with pytest.raises(MissingExtra, match=r"digits .* needs sklearn .* pip install 'numloss\[train\]'"):
        fit(nl.mse, QUICK)
