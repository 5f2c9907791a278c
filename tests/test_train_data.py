"""Which losses train on which data, and in which units."""

from functools import partial

import numpy as np
import pytest
from cases import required

import numloss as nl
from numloss.backends.host import launches
from numloss.backends.host.launches import replay
from numloss.data import Augmentation, Dataset, Standardiser, dataset
from numloss.declare import POSITIVE, UNIT
from numloss.nn import Affine, Network, mlp
from numloss.registry import LOSSES
from numloss.train import SGD, Settings, Step, Trainer, fit, objective
from numloss.train.batches import Batches
from numloss.train.parts import parts_of

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
        (nl.coral, LABELLED, "levels between classes"),
        (nl.two_hot, NUMBERS, "many outputs"),
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


def test_targets_are_scaled_for_losses_in_their_unit() -> None:
    numbers = dataset(small(20), np.abs(small(20, 1)) * 0.3 + 0.1)
    units = Standardiser.of(numbers.target)
    scaled = {}
    for name, loss in LOSSES.items():
        try:
            goal = objective(partial(loss.function, **required(name)), numbers)
        except ValueError:
            continue
        scaled[name] = isinstance(next(iter(goal.layers(units)), None), Affine)
        assert not any(isinstance(layer, Affine) for layer in goal.layers())
    assert all(scaled[name] for name in ("mse", "mae", "huber", "quantile", "expectile", "log_cosh", "cauchy"))
    assert not any(scaled.get(name) for name in ("bce", "bce_with_logits", "poisson_nll", "focal"))
    both = objective(nl.combine((0.5, nl.mse), (0.5, nl.mae)), numbers)
    assert isinstance(both.layers(units)[0], Affine)


def test_images_with_their_channels_last_are_not_taken_for_others() -> None:
    labels = np.arange(40) % 2
    settings = Settings(model="cnn", channels=(2,), epochs=1)
    for shape in ((8, 8, 3), (8, 8, 1), (8, 10, 4), (10, 8, 1)):
        images = np.random.default_rng(0).normal(size=(40, *shape))
        with pytest.raises(ValueError, match="have their channels last"):
            fit(nl.cross_entropy, settings, data=dataset(images, labels))
        run = fit(nl.cross_entropy, settings, data=dataset(np.moveaxis(images, -1, 1), labels))
        loaded = run.model
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


@pytest.mark.parametrize(("monitor", "data"), [("r2", LABELLED), ("f1", NUMBERS)])
def test_a_figure_that_the_data_does_not_have_is_not_monitored(monitor: str, data: Dataset) -> None:
    with pytest.raises(ValueError, match=f"{monitor} cannot be monitored on {data.name}"):
        trainer(mlp(5, (), data.outputs, rows=6), nl.mse, data, monitor=monitor)


def test_a_cnn_needs_images() -> None:
    with pytest.raises(ValueError, match=r"needs images; the rows have shape \(5,\)"):
        fit(nl.mse, Settings(model="cnn"), data=NUMBERS)


# batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "target", "weighted", "dtype"),
    [
        ((7,), "labels", True, np.float32), ((3, 4, 5), "labels", False, np.float32),
        ((7,), "numbers", False, np.float32), ((7,), "labels", True, np.float64),
    ],
)  # fmt: skip
def test_batches_are_the_rows_that_are_asked_for(
    shape: tuple[int, ...], target: str, weighted: bool, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    x, weight = (random.normal(size=(40, *size)).astype(np.float32) for size in (shape, ()))
    y = random.integers(0, 9, 40) if target == "labels" else small(40, 2).astype(np.float32)
    batches = Batches(Dataset("random", x, y, weight if weighted else None), y, 8, np.dtype(dtype))
    replayed: list[int] = []
    monkeypatch.setattr("numloss.train.batches.replay", lambda *a: replayed.append(1) or replay(*a))
    for rows in (8, 8, 3, 8, 3, 3):
        chosen = random.permutation(40)[:rows]
        for given in (chosen, chosen.astype(np.int32), np.repeat(chosen, 2)[::2]):
            found = batches(given, 0)
            for part, whole in zip(found, (x, y, weight if weighted else None), strict=True):
                assert part is None if whole is None else (part == whole[chosen]).all()
    assert len(replayed) == (16 if dtype is np.float32 and launches._plans is not None else 0)


def test_augmented_batches_are_made_anew_in_each_step() -> None:
    x = small(16, 64).reshape(16, 1, 8, 8).astype(np.float32)
    batches = Batches(Dataset("images", x, np.zeros(16, int)), np.zeros(16, int), 4, x.dtype, Augmentation(shift=2), 3)
    first, second = (batches(np.arange(4), step)[0].copy() for step in (0, 1))
    assert (first != second).any()
