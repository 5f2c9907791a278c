"""Networks as ONNX files: onnxruntime says what they say, for any number of rows."""

from __future__ import annotations

import copy
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
