"""The files of a run, and what is read of them: weights that were changed, rows to predict."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import numloss as nl
from numloss.data import dataset
from numloss.errors import FormatError
from numloss.train import Settings, fit, load_model, write
from numloss.train.run import Run
from numloss.train.weights import write_weights

QUICK = Settings(epochs=3)


def small(rows: int, columns: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


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
