"""Networks as ONNX files: onnxruntime says what they say, for any number of rows."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from doors import library

from numloss import nn
from numloss.nn import Layer, Network

onnx, door = library("onnx")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed", exc_type=ImportError)
RNG = np.random.default_rng(2)


def ran(path: Path, features: Any) -> list[Any]:
    """What onnxruntime makes of features by a file."""
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"features": features})


# A stack with each layer, and the shape of its samples.
STACKS: dict[str, tuple[list[Layer], tuple[int, ...]]] = {
    "Linear": ([nn.Linear(5), nn.ReLU(), nn.Linear(3, bias=False)], (4,)),
    "Linear of sequences": ([nn.Linear(5), nn.Tanh(), nn.Linear(3, bias=False), nn.Flatten()], (6, 4)),
    "Affine": ([nn.Linear(3), nn.Affine(np.array([2.0, 3.0, 4.0]), np.array(1.5))], (4,)),
    "Affine of images": ([nn.Affine(np.array([2.0, 3.0]), np.array([1.0, -1.0])), nn.Conv2d(3, 2)], (2, 5, 4)),
    "Embedding": ([nn.Embedding(9, 4), nn.LayerNorm(), nn.Linear(3), nn.Flatten(), nn.Linear(2)], (6,)),
    "Conv2d": ([nn.Conv2d(4, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 2, stride=2, bias=False), nn.Flatten()], (2, 7, 6)),
    "BatchNorm1d": ([nn.Linear(5), nn.BatchNorm1d(eps=0.1), nn.ReLU(), nn.Linear(2)], (4,)),
    "BatchNorm2d": ([nn.Conv2d(4, 3), nn.BatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.Linear(2)], (2, 7, 6)),
    "MaxPool2d": ([nn.MaxPool2d(2), nn.MaxPool2d(2, stride=1), nn.Flatten(), nn.Linear(2)], (2, 7, 9)),
    "AvgPool2d": ([nn.AvgPool2d(3, stride=2), nn.Flatten(), nn.Linear(2)], (2, 7, 9)),
    "GlobalAvgPool2d": ([nn.Conv2d(4, 3), nn.GlobalAvgPool2d(), nn.Linear(2)], (2, 7, 9)),
    "Softmax": ([nn.Linear(5), nn.Softmax()], (4,)),
    "Softmax of images": ([nn.Conv2d(4, 3), nn.Softmax()], (2, 7, 9)),
    "LogSoftmax": ([nn.Linear(5), nn.LogSoftmax()], (4,)),
    "Sigmoid": ([nn.Linear(5), nn.Sigmoid(), nn.Dropout(0.5), nn.Linear(2), nn.Tanh()], (4,)),
    "GELU": ([nn.Linear(5), nn.GELU(), nn.Linear(2)], (4,)),
    "Residual": ([nn.Residual([nn.Linear(4), nn.Residual([nn.Linear(4)]), nn.Tanh()]), nn.Sequential([nn.Linear(2)])],
                 (4,)),
    "Residual of images": ([nn.Residual([nn.Conv2d(2, 3, padding=1), nn.GELU()])], (2, 7, 9)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", STACKS)
def test_every_layer_is_what_it_was(name: str, dtype: Any, tmp_path: Path) -> None:
    layers, shape = STACKS[name]
    network = Network(copy.deepcopy(layers), shape, rows=8, dtype=dtype, seed=3)
    for array in (*network.parameters.value.values(), *network.state.values()):
        array += RNG.uniform(0.1, 0.5, array.shape).astype(dtype)
    door.write(tmp_path / "a.onnx", network)
    for rows in (1, 21):
        x = RNG.normal(size=(rows, *shape)).astype(dtype)
        if network.body.takes_labels:
            x = RNG.integers(0, 9, (rows, *shape))
        (found,) = ran(tmp_path / "a.onnx", x)
        assert found.dtype == dtype and found.shape == (rows, *network.outputs)
        np.testing.assert_allclose(found, network.predict(x), rtol=1e-5, atol=1e-6)


def test_no_layer_is_left_out() -> None:
    kinds = {getattr(nn, name) for name in nn.__all__}
    layers = {kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Layer) and kind is not Layer}
    assert set(door.FORMS) == layers
    shown = {type(layer) for stack, _ in STACKS.values() for layer in stack}
    assert layers - shown == set()


def test_a_layer_of_ones_own_is_refused_or_told(tmp_path: Path) -> None:
    class Shifted(Layer):
        def plan(self, shape: Any) -> Any:
            return shape

        def allocate(self, place: Any) -> None:
            self._y = place.empty((4,))

        def forward(self, x: Any, step: Any) -> Any:
            y = self._y[: len(x)]
            np.add(x, 1.0, out=y)
            return y

    network = Network([nn.Linear(4), Shifted()], 3, rows=8)
    with pytest.raises(TypeError, match=r"a layer Shifted has no form in ONNX; numloss.adapters.onnx.FORMS takes one"):
        door.write(tmp_path / "a.onnx", network)
    assert not list(tmp_path.iterdir())
    door.FORMS[Shifted] = lambda trained, layer, prefix, x: trained.graph.node("Add", x, trained.constant(1.0))
    try:
        door.write(tmp_path / "a.onnx", network)
    finally:
        del door.FORMS[Shifted]
    x = RNG.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_allclose(ran(tmp_path / "a.onnx", x)[0], network.predict(x), rtol=1e-5, atol=1e-6)


IMAGES = RNG.normal(size=(60, 2 * 6 * 6)) * 3.0 + 5.0
KINDS = np.array(["cat", "dog", "emu"])[np.argsort(IMAGES[:, :3], axis=1)[:, 0]]
CNN = {"model": "cnn", "image_shape": (2, 6, 6), "channels": (4,)}


@pytest.mark.parametrize("loss", ["cross_entropy", "nll", "focal", "bce", "hinge"])
@pytest.mark.parametrize("given", [{}, CNN], ids=["mlp", "cnn"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_classifiers_say_the_same(loss: str, given: dict[str, Any], dtype: Any, tmp_path: Path) -> None:
    estimators = library("sklearn")[1]
    options = {"eps": 1e-9} if loss == "bce" else None
    model = estimators.NumlossClassifier(loss, loss_options=options, epochs=3, random_state=0, **given)
    model.fit(IMAGES.astype(dtype), KINDS).to_onnx(tmp_path / "a.onnx")
    for rows in (60, 7):
        x = IMAGES[:rows].astype(dtype)
        label, numbers = ran(tmp_path / "a.onnx", x)
        expected = model.predict_proba(x) if loss != "hinge" else model.decision_function(x)
        np.testing.assert_allclose(numbers, expected, rtol=1e-5, atol=1e-5)
        top = np.sort(expected, axis=1)
        sure = top[:, -1] - top[:, -2] > 1e-5
        np.testing.assert_array_equal(np.asarray(label)[sure], model.predict(x)[sure])


@pytest.mark.parametrize("classes", [[0, 1], [-3, 7], [1.0, 2.0], [False, True], ["no", "yes"]], ids=str)
def test_labels_are_those_of_the_classes(classes: list[Any], tmp_path: Path) -> None:
    estimators = library("sklearn")[1]
    y = np.array(classes)[(IMAGES[:, 0] > 5.0).astype(int)]
    model = estimators.NumlossClassifier(epochs=2, random_state=0).fit(IMAGES, y)
    model.to_onnx(tmp_path / "a.onnx")
    label, probabilities = ran(tmp_path / "a.onnx", IMAGES)
    assert list(label) == list(model.predict(IMAGES)) and np.asarray(label).dtype.kind in ("O", y.dtype.kind)
    np.testing.assert_allclose(probabilities, model.predict_proba(IMAGES), rtol=1e-5)


@pytest.mark.parametrize("outputs", [None, 1, 2], ids=["numbers", "one column", "two columns"])
@pytest.mark.parametrize("given", [{}, CNN], ids=["mlp", "cnn"])
def test_regressors_say_the_same(outputs: int | None, given: dict[str, Any], tmp_path: Path) -> None:
    estimators = library("sklearn")[1]
    y = 1000.0 + 30.0 * (IMAGES[:, 0] if outputs is None else IMAGES[:, :outputs])
    model = estimators.NumlossRegressor("huber", epochs=3, random_state=0, **given).fit(IMAGES, y)
    model.to_onnx(tmp_path / "a.onnx")
    (found,) = ran(tmp_path / "a.onnx", IMAGES[:9])
    assert found.shape == (9, *y.shape[1:])
    np.testing.assert_allclose(found, model.predict(IMAGES[:9]), rtol=1e-5)


def test_what_is_not_trained_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        library("sklearn")[1].NumlossRegressor().to_onnx(tmp_path / "a.onnx")


def test_the_command_writes_what_it_trained(tmp_path: Path) -> None:
    pytest.importorskip("click", reason="click is not installed")
    from commands import call, figures, sentence

    from numloss.data import digits
    from numloss.train import load_model

    line = ("train", "--model", "cnn", "--channels", 4, "--epochs", 1, "--out", tmp_path / "run")
    found = figures(*line, "--onnx", tmp_path / "a.onnx")
    assert found["files"]["onnx"] == str(tmp_path / "a.onnx")
    images = digits().features[:20]
    expected = load_model(tmp_path / "run" / "weights.safetensors").predict(images)
    np.testing.assert_allclose(ran(tmp_path / "a.onnx", images)[0], expected, rtol=1e-5, atol=1e-5)
    again = call("train", "--config", tmp_path / "run" / "config.toml", "--onnx", tmp_path / "b.onnx")
    assert again.exit_code == 0 and (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert "absent" in sentence(*line, "--onnx", tmp_path / "absent" / "a.onnx")


def test_without_the_library_a_sentence_says_so_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("click", reason="click is not installed")
    from commands import sentence

    monkeypatch.setitem(sys.modules, "onnx", None)
    said = sentence("train", "--epochs", 1, "--out", tmp_path / "run", "--onnx", tmp_path / "a.onnx")
    assert "--onnx needs onnx" in said and "pip install 'numloss[onnx]'" in said
    assert not list(tmp_path.iterdir())
