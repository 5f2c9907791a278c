"""Which losses train on which data, and training as a function of its settings."""

import csv
import json
import math
import time
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import numloss as nl
from numloss.backends.threads import limit
from numloss.common import extras
from numloss.common.extras import MissingExtra
from numloss.data import Dataset, Standardiser, dataset
from numloss.declare import POSITIVE, UNIT
from numloss.errors import FormatError
from numloss.nn import Affine, BatchNorm1d, Linear, Network, ReLU, cnn, mlp
from numloss.registry import LOSSES
from numloss.scalar import sqrt
from numloss.train import SGD, Callback, Settings, Step, Trainer, fit, load_model, objective, settings_from, write
from numloss.train.pace import AGAIN, TRIED, Pace
from numloss.train.parts import parts_of
from numloss.train.run import Run
from numloss.train.weights import write_weights

QUICK = Settings(epochs=3)


def small(rows: int, columns: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


def trainer(network: Network, function, data: Dataset, validation: Dataset | None = None, **options) -> Trainer:
    step = Step(network, objective(function, data), SGD(network.parameters.values.size), rate=0.1)
    return Trainer(step, data, validation, **options)


# losses and data --------------------------------------------------------------------------------------------------

LABELLED = Dataset("labels", small(6).astype(np.float32), np.array([0, 1, 2, 0, 1, 2]))
NUMBERS = Dataset("numbers", small(6).astype(np.float32), small(6, 2).astype(np.float32))


def test_labels_become_what_the_loss_takes() -> None:
    assert objective(nl.cross_entropy, LABELLED).form == "labels"
    assert objective(partial(nl.kl_div, from_logits=True), LABELLED).form == "one-hot"
    for loss in (nl.mse, nl.hinge, nl.bce_with_logits, partial(nl.huber, delta=0.5)):
        goal = objective(loss, LABELLED)
        assert goal.form == "one-hot" and goal.head == ""
        assert goal.targets(LABELLED).tolist() == np.eye(3)[[0, 1, 2, 0, 1, 2]].tolist()
    assert objective(nl.mse, NUMBERS).form == "numbers"


def test_losses_of_probabilities_get_an_end_that_gives_them() -> None:
    assert objective(partial(nl.cross_entropy, from_probabilities=True), LABELLED).head == "softmax"
    assert objective(nl.bce, LABELLED).head == "sigmoid"
    assert objective(nl.nll, LABELLED).head == objective(nl.kl_div, LABELLED).head == "log_softmax"


def test_parts_of_a_combination_share_the_form_of_their_targets() -> None:
    both = nl.combine((0.7, nl.cross_entropy), (0.3, partial(nl.cross_entropy, label_smoothing=0.1)))
    assert objective(both, LABELLED).form == "labels"
    mixed = nl.combine((0.7, nl.cross_entropy), (0.3, nl.mse))
    assert objective(mixed, LABELLED).form == "one-hot"
    assert objective(nl.combine((1.0, nl.mse), (1.0, nl.mae)), NUMBERS).form == "numbers"
    with pytest.raises(ValueError, match="different layers"):
        objective(nl.combine((0.5, nl.bce), (0.5, nl.mse)), LABELLED)
    with pytest.raises(ValueError, match="takes labels alone"):
        objective(nl.combine((0.5, nl.nll), (0.5, nl.kl_div)), LABELLED)


@pytest.mark.parametrize(
    ("function", "data", "problem"),
    [
        (partial(nl.kl_div, log_target=True), LABELLED, "not finite"),
        (partial(nl.kl_div, from_logits=True, log_target=True), LABELLED, "not finite"),
        (nl.cross_entropy, Dataset("labels", LABELLED.features, np.arange(6)).take(np.arange(0)), None),
        (nl.gaussian_nll, NUMBERS, "it takes pred, target, var"),
        (nl.l2, NUMBERS, "it takes params"),
        (nl.contrastive, NUMBERS, "it takes first, second, same"),
        (nl.nll, NUMBERS, "labels of classes"),
    ],
)
def test_losses_that_do_not_fit_say_why(function, data: Dataset, problem: str | None) -> None:
    if problem is None:
        assert objective(function, data).form == "labels"
        return
    with pytest.raises(ValueError, match=f"does not train on {data.name}: .*({problem})"):
        objective(function, data)


# A table whose labels were saved as floats, and one with rows of one class alone.
COLUMN = Dataset("column", small(6).astype(np.float32), np.array([[0.0], [3], [1], [2], [1], [4]], np.float32))
ONE_CLASS = Dataset("one class", small(6).astype(np.float32), np.zeros(6, np.int64))


@pytest.mark.usefixtures("on_default_backend")
@pytest.mark.parametrize("data", [COLUMN, ONE_CLASS], ids=lambda data: data.name)
def test_no_loss_trains_to_nothing(data: Dataset) -> None:
    """Of each loss: either it is refused, or its gradient moves a network that is far from the targets."""
    moved, compared = [], []
    for name, loss in LOSSES.items():
        try:
            goal = objective(loss.function, data)
        except ValueError as error:
            compared += [name] * ("classes, and" in str(error))
            continue
        network = mlp(5, (4,), data.outputs, rows=6, head=goal.layers(), seed=1)
        before = 3.0 * small(network.parameters.values.size, 1, seed=2)[:, 0].astype(np.float32)
        step, ends = Step(network, goal, SGD(before.size), rate=0.1), []
        try:
            for start in (before, -before):  # a loss may be flat on one side
                network.parameters.values[...] = start
                step(data.features, goal.targets(data), None, 0)
                ends.append((network.parameters.values != start).any())
        except (ValueError, TypeError):  # a target outside of its domain, an option without a default
            continue
        assert any(ends), name
        moved.append(name)
    assert {"mse", "huber", "log_cosh"} <= set(moved)
    assert {"cross_entropy", "kl_div", "softmax_focal", "js_div"} <= set(compared), compared
    if not data.is_labelled:
        with pytest.raises(ValueError, match=r"column: .* one number a row; labels are integers, as y\.astype"):
            fit(nl.cross_entropy, Settings(validation_fraction=0.0, test_fraction=0.0), data=data)


def test_rows_none_of_which_counts_are_refused() -> None:
    weight = np.zeros(60, np.float32)
    features, target = small(60).astype(np.float32), small(60, 1).astype(np.float32)
    data = Dataset("numbers", features, target, weight)
    for given in (data, [data]):
        with pytest.raises(ValueError, match=r"weight 0: none counts|none counts"):
            fit(nl.mse, QUICK, data=given)


LEARNT = [(nl.mse, "adam"), (nl.mse, "sgd"), (nl.mae, "sgd"), (nl.huber, "adam")]


@pytest.mark.parametrize(("loss", "optimiser"), LEARNT)
def test_targets_of_any_size_are_learnt(optimiser: str, loss) -> None:
    """The loss sees them as they are, and the network numbers about 0."""
    features = small(400, 3).astype(np.float32)
    settings = Settings(optimiser=optimiser, epochs=12, rate=0.03 if optimiser == "sgd" else 5e-3)
    for size, centre in ((300.0, 5000.0), (1e-6, 0.0), (1e12, -1e13)):
        line = (features @ [1.0, -2.0, 0.5])[:, None] * size + centre
        run = fit(loss, settings, data=dataset(features, line))
        assert run.test["r2"] > 0.8, (size, centre)
        output = run.network.predict(run.parts.test.features)
        assert run.test["loss"] == pytest.approx(float(loss(output, run.parts.test.target)), rel=1e-6)


@pytest.mark.usefixtures("on_default_backend")
def test_targets_are_scaled_for_losses_in_their_unit() -> None:
    numbers = dataset(small(20), np.abs(small(20, 1)) * 0.3 + 0.1)
    units = Standardiser.of(numbers.target)
    scaled = {}
    for name, loss in LOSSES.items():
        try:
            goal = objective(loss.function, numbers)
        except ValueError:
            continue
        scaled[name] = isinstance(next(iter(goal.layers(units)), None), Affine)
        assert not any(isinstance(layer, Affine) for layer in goal.layers())
    assert all(scaled[name] for name in ("mse", "mae", "huber", "quantile", "expectile", "log_cosh", "cauchy"))
    assert not any(scaled.get(name) for name in ("bce", "bce_with_logits", "poisson_nll", "focal"))
    both = objective(nl.combine((0.5, nl.mse), (0.5, nl.mae)), numbers)
    assert isinstance(both.layers(units)[0], Affine)


def test_images_with_their_channels_last_are_not_taken_for_others(tmp_path: Path) -> None:
    labels = np.arange(40) % 2
    settings = Settings(model="cnn", channels=(2,), epochs=1)
    for shape in ((8, 8, 3), (8, 8, 1), (8, 10, 4), (10, 8, 1)):
        images = np.random.default_rng(0).normal(size=(40, *shape))
        with pytest.raises(ValueError, match="have their channels last"):
            fit(nl.cross_entropy, settings, data=dataset(images, labels))
        run = fit(nl.cross_entropy, settings, data=dataset(np.moveaxis(images, -1, 1), labels))
        loaded = load_model(weights_of(run, tmp_path))
        first = loaded.predict(np.moveaxis(images, -1, 1))
        np.testing.assert_array_equal(loaded.predict(np.moveaxis(images, -1, 1).reshape(40, -1)), first)
        if shape[2] == 1:  # their numbers lie in the same order
            np.testing.assert_array_equal(loaded.predict(images), first)
        else:
            with pytest.raises(ValueError, match="for each row"):
                loaded.predict(images)
    for shape in ((1, 8, 8), (3, 8, 8), (16, 4, 4), (4, 4, 4), (1, 20, 1)):
        parts_of(settings, dataset(np.zeros((40, *shape)), labels))


@pytest.mark.parametrize("settings", [{"patience": 3}, {"monitor": "accuracy"}, {"patience": 1, "monitor": "f1"}])
def test_what_needs_a_validation_part_is_refused_without_one(settings: dict) -> None:
    with pytest.raises(ValueError, match="needs rows to measure; there is no validation part"):
        fit(nl.cross_entropy, Settings(validation_fraction=0.0, **settings))


def test_the_decision_reads_the_record_of_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(nl.mse.__loss__.domains, "target", POSITIVE)
    with pytest.raises(ValueError, match="targets must be > 0"):
        objective(nl.mse, LABELLED)
    monkeypatch.setitem(nl.mae.__loss__.domains, "pred", POSITIVE)
    with pytest.raises(ValueError, match="predictions must be > 0"):
        objective(nl.mae, NUMBERS)
    monkeypatch.setitem(nl.mae.__loss__.domains, "pred", UNIT)
    assert objective(nl.mae, NUMBERS).head == "sigmoid"
    monkeypatch.setattr(nl.mse.__loss__, "weighted", False)
    with pytest.raises(ValueError, match="takes no weights"):
        objective(nl.mse, Dataset("w", NUMBERS.features, NUMBERS.target, np.ones(6, np.float32)))


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


# files ------------------------------------------------------------------------------------------------------------


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
    np.testing.assert_array_equal(tensors["scaling.mean"], run.parts.scaling.mean)
    with safe_open(paths["weights"], "numpy") as file:
        assert json.loads(file.metadata()["numloss"]) == json.loads(paths["summary"].read_text())
    summary = json.loads(paths["summary"].read_text())
    assert summary["loss"] == "mse" and len(summary["epochs"]) == 3 and summary["settings"]["seed"] == 0
    assert summary["blas"] and summary["test"]["f1"] > 0.5
    for name in ("curves", "confusion"):
        assert paths[name].read_bytes().startswith(b"\x89PNG")
    with open(paths["history"], newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in paths["epochs"].read_text().splitlines()]
    assert [float(row["train_loss"]) for row in rows] == [line["train_loss"] for line in lines]
    assert [line["accuracy"] for line in lines] == [epoch.metrics["accuracy"] for epoch in run.history.epochs]


def test_torch_reads_the_weights_as_its_own_layers(tmp_path: Path) -> None:
    """By hand: the layout that torch.nn.Linear documents, applied to the saved tensors."""
    run = fit(nl.mse, QUICK)
    tensors = load_file(write(run, tmp_path)["weights"])
    x = run.parts.test.features
    for layer in ("0", "2"):
        x = np.maximum(x @ tensors[f"{layer}.weight"].T + tensors[f"{layer}.bias"], 0)
    x = x @ tensors["4.weight"].T + tensors["4.bias"]
    np.testing.assert_allclose(x, run.network.predict(run.parts.test.features), rtol=1e-4, atol=1e-4)


def test_a_saved_network_gives_the_units_of_its_targets(tmp_path: Path) -> None:
    """By itself: what scaled the targets is part of the last matrix."""
    features = small(100, 3)
    run = fit(nl.huber, Settings(epochs=2), data=dataset(features, features * [1.0, 1e3, 1e-3] + [0.0, 1e5, 7.0]))
    path = weights_of(run, tmp_path)
    np.testing.assert_allclose(load_model(path).predict(features), run.model.predict(features), rtol=1e-5)
    assert [name for name in load_file(path) if name.endswith("bias")] == ["0.bias", "2.bias", "4.bias"]


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_a_saved_network_answers_as_before(model: str, tmp_path: Path) -> None:
    run = fit(nl.bce, Settings(epochs=1, model=model, channels=(4,)))
    loaded = load_model(write(run, tmp_path)["weights"])
    features = np.random.default_rng(0).uniform(0, 16, (300, 1, 8, 8))
    np.testing.assert_allclose(loaded.predict(features), run.model.predict(features), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="for each row"):
        loaded.predict(np.zeros((3, 5)))


def test_weights_that_are_not_what_they_should_be_are_refused(tmp_path: Path) -> None:
    run = fit(nl.mse, Settings(epochs=1, hidden=(4,)))
    path = write(run, tmp_path)["weights"]
    content, summary, tensors = path.read_bytes(), run.summary(), load_file(path)
    for bad in (b"", b"\0" * 64, content[:100], content[:-1], b"\xff" * 8 + content[8:]):
        path.write_bytes(bad)
        with pytest.raises(FormatError, match="weights"):
            load_model(path)
    settings = summary["settings"]
    for changed in (
        {**summary, "settings": {**settings, "hidden": [10**9]}},
        {**summary, "settings": {**settings, "model": "cnn"}},
        {**summary, "settings": {**settings, "hidden": "wide"}},
        {**summary, "network": {**summary["network"], "outputs": [10**9]}},
        {**summary, "network": {**summary["network"], "head": "pickle"}},
        {name: value for name, value in summary.items() if name != "network"},
        [1, 2],
    ):
        save_file(tensors, path, {"numloss": json.dumps(changed)})
        with pytest.raises(FormatError, match="weights"):
            load_model(path)
    save_file(tensors, path)
    with pytest.raises(FormatError, match=r"not a \.safetensors file that numloss wrote"):
        load_model(path)
    save_file({**tensors, "0.bias": np.zeros(5, np.float32)}, path, {"numloss": json.dumps(summary)})
    with pytest.raises(FormatError, match=r"0\.bias has shape \(5,\); the network takes \(4,\)"):
        load_model(path)


# What a value of a table is replaced with.
ODD = (None, True, -1, 0, 3, 10**30, 10**400, 0.5, 1e308, "", "softmax", [], [3], [10**9], [[3]], {}, {"a": [1]})


@pytest.mark.usefixtures("on_default_backend")
def test_any_table_in_a_weights_file_is_read_or_refused_as_a_format(tmp_path: Path) -> None:
    """Each value of a summary, at any depth, becomes something else: never another error, never absurd memory."""
    images = dataset(small(40, 36).reshape(40, 1, 6, 6), np.arange(40) % 2)
    for data, model, names in ((images.flat(), "mlp", vars(QUICK)), (images, "cnn", ("model", "channels"))):
        run = fit(nl.cross_entropy, Settings(epochs=1, hidden=(3,), model=model, channels=(2,)), data=data)
        path = weights_of(run, tmp_path)
        summary, tensors = run.summary(), load_file(path)
        refused = 0
        for table, inside in (("settings", names), ("network", summary["network"])):
            places = [(table,), *((table, name) for name in inside)]
            for *above, name in places:
                for value in ODD:
                    changed = json.loads(json.dumps(summary))
                    inner = changed[above[0]] if above else changed
                    inner[name] = value
                    save_file(tensors, path, {"numloss": json.dumps(changed)})
                    try:
                        load_model(path)
                    except FormatError as error:
                        assert str(path) in str(error)
                        refused += 1
        assert refused > len(names) * len(ODD) / 2


def weights_of(run: Run, folder: Path) -> Path:
    """The weights of a run in a file, without the other files."""
    write_weights(folder / "weights.safetensors", run.network, run.parts.scaling, run.summary())
    return folder / "weights.safetensors"


def test_arrays_that_are_not_numbers_of_a_network_are_refused(tmp_path: Path) -> None:
    run = fit(nl.mse, Settings(epochs=1, hidden=(4,)))
    path = weights_of(run, tmp_path)
    tensors, text = load_file(path), {"numloss": json.dumps(run.summary())}
    for name in ("scaling.mean", "scaling.scale", "0.weight", "0.bias"):
        good = tensors[name]
        bad = [np.full_like(good, np.nan), np.full_like(good, np.inf), good.astype(np.int32), good[..., None], good[:0]]
        for array in [*bad, np.tile(good, 2)]:
            save_file({**tensors, name: array}, path, text)
            with pytest.raises(FormatError, match="weights"):
                load_model(path)


def test_a_row_that_is_no_number_is_not_predicted(tmp_path: Path) -> None:
    run = fit(nl.mse, Settings(epochs=1, hidden=(4,)))
    loaded = load_model(weights_of(run, tmp_path))
    for model in (run.model, loaded):
        for dtype, values in ((np.float32, (np.nan, np.inf, -np.inf)), (np.float64, (np.nan, -np.inf, 1e39, -1e300))):
            for value in values:
                rows = np.ones((9, 64), dtype)
                rows[6, 3] = value
                with pytest.raises(FormatError, match=r"features\[106\] holds NaN, infinity or a number beyond"):
                    model.predict(rows, first=100)
        weight = model.network.parameters.value["0.weight"][0]
        rows[6] = np.where(weight > 0.0, 3e38, -3e38)  # numbers, but more than the network can take
        with pytest.raises(ValueError, match="row 6 is too far from what the network knows"):
            model.predict(rows)
        with pytest.raises(FormatError, match="real numbers are needed"):
            model.predict(rows.astype(complex))
        assert model.predict(rows[:0]).shape == (0, 10)


def test_unknown_data_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown data 'faces'"):
        fit(nl.mse, Settings(data="faces"))


@pytest.mark.parametrize(("monitor", "data"), [("r2", LABELLED), ("f1", NUMBERS)])
def test_a_figure_that_the_data_does_not_have_is_not_monitored(monitor: str, data: Dataset) -> None:
    with pytest.raises(ValueError, match=f"{monitor} cannot be monitored on {data.name}"):
        trainer(mlp(5, (), data.outputs, rows=6), nl.mse, data, monitor=monitor)


def test_a_cnn_needs_images() -> None:
    with pytest.raises(ValueError, match=r"needs images; the rows have shape \(5,\)"):
        fit(nl.mse, Settings(model="cnn"), data=NUMBERS)


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(extras.importlib, "import_module", absent)
    with pytest.raises(MissingExtra, match=r"digits .* needs sklearn .* pip install 'numloss\[train\]'"):
        fit(nl.mse, QUICK)
