"""Every layer: gradients against central differences, shapes, bad arguments, and what survives a second use."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from differences import assert_derivative, gradient

import numloss as nl
from numloss.nn import (
    GELU,
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool2d,
    Layer,
    LayerNorm,
    Linear,
    LogSoftmax,
    MaxPool2d,
    Network,
    Parameters,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    cnn,
    mlp,
    xavier,
)

IMAGE = (3, 7, 6)
# Stacks of layers and the shape of a sample. What comes before an activation shows whether memory is overwritten.
STACKS: dict[str, tuple[Callable[[], list[Layer]], tuple[int, ...]]] = {
    "linear": (lambda: [Linear(4)], (5,)),
    "linear without bias": (lambda: [Linear(4, bias=False, start=xavier)], (5,)),
    "affine": (lambda: [Linear(3), Affine(np.array([2.0, -3.0, 0.5]), np.array([1.0])), Tanh()], (5,)),
    "affine after tanh": (lambda: [Tanh(), Affine(np.array(2.0), np.array(-1.0))], (5,)),
    "relu": (lambda: [Linear(6), ReLU(), Linear(3)], (5,)),
    "gelu": (lambda: [Linear(6), GELU(), Linear(3)], (5,)),
    "sigmoid": (lambda: [Linear(6), Sigmoid(), Linear(3)], (5,)),
    "tanh": (lambda: [Linear(6), Tanh(), Linear(3)], (5,)),
    "softmax": (lambda: [Linear(6), Softmax()], (5,)),
    "softmax of images": (lambda: [Softmax()], IMAGE),
    "log softmax": (lambda: [Linear(6), LogSoftmax()], (5,)),
    "log softmax of images": (lambda: [Tanh(), LogSoftmax()], IMAGE),
    "activations in a row": (lambda: [Tanh(), ReLU(), Sigmoid(), GELU(), Tanh()], (5,)),
    "flatten between": (lambda: [Tanh(), Flatten(), ReLU()], (5,)),
    "conv": (lambda: [Conv2d(4, 3)], IMAGE),
    "conv padded": (lambda: [Conv2d(4, 3, padding=1), ReLU(), Conv2d(2, 1, bias=False)], IMAGE),
    "conv strided": (lambda: [Conv2d(4, 3, stride=2, padding=1), Conv2d(3, 2)], IMAGE),
    "conv with gaps": (lambda: [Conv2d(2, 1, stride=3)], IMAGE),
    "conv with a wide border": (lambda: [Conv2d(2, 2, padding=3, stride=2)], IMAGE),
    "max pool": (lambda: [MaxPool2d(2), Tanh()], IMAGE),
    "max pool overlapping": (lambda: [Tanh(), MaxPool2d(3, stride=2)], IMAGE),
    "avg pool": (lambda: [AvgPool2d(2)], IMAGE),
    "avg pool overlapping": (lambda: [AvgPool2d(3, stride=1)], IMAGE),
    "avg pool with gaps": (lambda: [AvgPool2d(2, stride=3)], IMAGE),
    "global pool": (lambda: [Conv2d(4, 3), GlobalAvgPool2d(), Linear(3)], IMAGE),
    "flatten": (lambda: [Flatten(), Linear(3)], IMAGE),
    "batch norm of vectors": (lambda: [Linear(4), BatchNorm1d(), ReLU()], (5,)),
    "batch norm of images": (lambda: [Conv2d(4, 3), BatchNorm2d(), ReLU(), MaxPool2d(2)], IMAGE),
    "layer norm": (lambda: [Linear(6), LayerNorm(), Tanh()], (5,)),
    "layer norm of sequences": (lambda: [LayerNorm(), Linear(3), Flatten()], (4, 5)),
    "dropout": (lambda: [Linear(6), Dropout(0.4), Linear(3)], (5,)),
    "dropout after tanh": (lambda: [Tanh(), Dropout(0.4), ReLU()], (5,)),
    "residual": (lambda: [Linear(5), Residual([Linear(5), ReLU(), Linear(5)]), Tanh()], (5,)),
    "residual of activations": (lambda: [Tanh(), Residual([Tanh(), Dropout(0.3)]), ReLU()], (5,)),
    "residual of images": (lambda: [Residual([BatchNorm2d(), ReLU(), Conv2d(3, 3, padding=1)])], IMAGE),
    "nested": (lambda: [Sequential([Linear(4), Sequential([Tanh()])]), Residual([Residual([Linear(4)])])], (5,)),
}


def data(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def network_of(name: str, rows: int = 6) -> Network:
    layers, shape = STACKS[name]
    network = Network(layers(), shape, rows=rows, dtype=np.float64, seed=3)
    # biases start at 0 and weights of a normalisation at 1
    network.parameters.values += 0.1 * data(network.parameters.values.size, seed=4)
    return network


def by_parameters(
    network: Network, x: np.ndarray, target: np.ndarray, step: int | None = None
) -> Callable[[np.ndarray], float]:
    """The loss as a function of the parameters."""

    def loss(values: np.ndarray) -> float:
        network.parameters.values[:] = values
        return nl.mse(network.forward(x, step), target)

    return loss


# Only these know whether they are training; that the others do not is tested with `more`.
TWOFOLD = ("batch norm", "dropout", "residual of")
MODES = [
    pytest.param(name, step, id=f"{name}-{mode}", marks=pytest.mark.more if mode in unlikely else ())
    for name in STACKS
    for unlikely in [() if name.startswith(TWOFOLD) else ("evaluating",)]
    for mode, step in (("training", 0), ("evaluating", None))
]


@pytest.mark.parametrize(("name", "step"), MODES)
def test_gradients_are_central_differences(name: str, step: int | None) -> None:
    network = network_of(name)
    x = data(5, *network.inputs, seed=1)
    target = data(5, *network.outputs, seed=2)

    slope = nl.grad(nl.mse)(network.forward(x, step), target)
    input_slope = network.backward(slope, wanted=True)
    assert input_slope is not None and input_slope.shape == x.shape
    input_slope, found = input_slope.copy(), network.parameters.gradients.copy()
    expected = gradient(lambda moved: nl.mse(network.forward(moved, step), target), x)
    assert_derivative(input_slope, *expected, kinks="of activations and pools")
    if found.size:
        expected = gradient(by_parameters(network, x, target, step), network.parameters.values.copy())
        assert_derivative(found, *expected, kinks="of activations and pools")


@pytest.mark.parametrize("name", STACKS)
def test_the_slope_of_the_input_changes_nothing_else(name: str) -> None:
    network = network_of(name)
    x, slope = data(5, *network.inputs, seed=1), data(5, *network.outputs, seed=2)
    kept = x.copy()
    network.forward(x, 1)
    network.backward(slope.copy(), wanted=True)
    first = network.parameters.gradients.copy()
    network.parameters.gradients[:] = np.nan
    network.forward(x, 1)
    assert network.backward(slope.copy()) is None
    np.testing.assert_array_equal(network.parameters.gradients, first)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("name", STACKS)
def test_smaller_batches_share_the_buffers(name: str) -> None:
    network = network_of(name)
    x = data(6, *network.inputs, seed=1)
    whole = network.predict(x)
    assert whole.shape == (6, *network.outputs)
    np.testing.assert_allclose(network.forward(x[:2]), whole[:2], rtol=1e-12)
    assert network.predict(x[:0]).shape == (0, *network.outputs)


def test_labels_choose_rows_of_an_embedding() -> None:
    network = Network([Embedding(7, 3), LayerNorm(), Flatten(), Linear(2)], 4, rows=5, dtype=np.float64, seed=1)
    labels = np.random.default_rng(0).integers(0, 5, (5, 4))
    target = data(5, 2)

    network.backward(nl.grad(nl.mse)(network.forward(labels), target))
    found = network.parameters.gradients.copy()
    expected = gradient(by_parameters(network, labels, target), network.parameters.values.copy())
    assert_derivative(found, *expected, kinks="")
    assert not found[15:21].any()  # labels 5 and 6 did not occur
    with pytest.raises(IndexError, match=r"x\[1, 2\] = 7 is outside \[0, 7\)"):
        labels[1, 2] = 7
        network.forward(labels)
    with pytest.raises(TypeError, match="takes integers, got float64"):
        network.forward(labels.astype(float))
    with pytest.raises(ValueError, match="labels have no gradient"):
        network.backward(target, wanted=True)


def test_batch_norm_follows_the_statistics_of_training() -> None:
    network = Network([BatchNorm2d(momentum=0.25)], IMAGE, rows=8, dtype=np.float64)
    x = 3.0 + 2.0 * data(8, *IMAGE)
    y = network.forward(x, 0)
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=(0, 2, 3)), 1, rtol=1e-4)
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3), ddof=1)
    np.testing.assert_allclose(network.state["0.running_mean"], 0.25 * mean, rtol=1e-12)
    np.testing.assert_allclose(network.state["0.running_var"], 0.75 + 0.25 * var, rtol=1e-12)
    kept = {name: values.copy() for name, values in network.state.items()}
    y = network.forward(x)
    running_mean, running_var = (kept[f"0.running_{name}"][:, None, None] for name in ("mean", "var"))
    np.testing.assert_allclose(y, (x - running_mean) / np.sqrt(running_var + 1e-5), rtol=1e-10)
    for name, values in kept.items():
        np.testing.assert_array_equal(network.state[name], values)
    with pytest.raises(ValueError, match="more than one value"):
        Network([BatchNorm1d()], 3, rows=4).forward(np.ones((1, 3), np.float32), 0)


def test_dropout_is_a_function_of_seed_step_and_layer() -> None:
    def answer(seed: int, step: int | None, layer: int = 0) -> np.ndarray:
        layers = [*[Tanh() for _ in range(layer)], Dropout(0.25)]
        return Network(layers, 1000, rows=8, seed=seed).forward(np.ones((8, 1000), np.float32), step).copy()

    first = answer(1, 5)
    assert set(np.unique(first)) == {np.float32(0), np.float32(1 / 0.75)}
    assert np.mean(first == 0) == pytest.approx(0.25, abs=0.02)
    np.testing.assert_array_equal(first, answer(1, 5))
    for other in (answer(2, 5), answer(1, 6), answer(1, 5, layer=1)):
        assert 0.3 < np.mean((other == 0) != (first == 0)) < 0.45
    np.testing.assert_array_equal(answer(1, None), 1)


def test_images_may_come_in_any_memory_order_and_float_type() -> None:
    network = network_of("batch norm of images")
    x = data(6, *IMAGE)
    expected = network.predict(x)
    np.testing.assert_array_equal(network.forward(np.asfortranarray(x)), expected)
    np.testing.assert_array_equal(network.forward(x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)), expected)
    np.testing.assert_allclose(network.forward(x.astype(np.float32)), expected, rtol=1e-4, atol=1e-5)
    whole = np.round(x * 10)
    np.testing.assert_array_equal(network.forward(whole.astype(np.int8)).copy(), network.forward(whole))


def test_ties_of_a_pool_go_to_the_first_and_nan_is_the_largest() -> None:
    network = Network([MaxPool2d(2)], (1, 2, 4), rows=1, dtype=np.float64)
    x = np.array([[[[1.0, 1.0, 5.0, np.nan], [1.0, 1.0, 6.0, np.nan]]]])
    np.testing.assert_array_equal(network.forward(x), [[[[1.0, np.nan]]]])
    slope = network.backward(np.array([[[[2.0, 3.0]]]]), wanted=True)
    np.testing.assert_array_equal(slope, [[[[2, 0, 0, 3], [0, 0, 0, 0]]]])


@pytest.mark.parametrize("layer", [ReLU, GELU, Sigmoid, Tanh, LogSoftmax])
def test_nan_is_not_hidden_by_an_activation(layer: Callable[[], Layer]) -> None:
    network = Network([layer()], 3, rows=2)
    assert np.isnan(network.forward(np.full((2, 3), np.nan, np.float32))).all()


def test_parameters_are_views_of_one_array() -> None:
    parameters = Parameters({"a": (2, 3), "b": (4,)}, np.dtype(np.float32))
    parameters.value["b"][...] = 1.0
    parameters.gradient["a"][...] = 2.0
    assert parameters.values.tolist() == [0.0] * 6 + [1.0] * 4
    assert parameters.gradients.tolist() == [2.0] * 6 + [0.0] * 4
    columns = Parameters({"a": (2, 3), "b": (4,)}, np.dtype(np.float32), transposed=("a",))
    columns.value["a"][1] = 5.0
    assert columns.value["a"].shape == (2, 3) and columns.values[:6].tolist() == [0, 5, 0, 5, 0, 5]


def test_names_and_shapes_are_those_of_torch() -> None:
    network = cnn((1, 8, 8), (4, 6), 10, rows=2)
    shapes = {name: view.shape for name, view in network.parameters.value.items()}
    assert shapes == {
        "0.weight": (4, 1, 3, 3), "1.weight": (4,), "1.bias": (4,),
        "4.weight": (6, 4, 3, 3), "5.weight": (6,), "5.bias": (6,),
        "9.weight": (10, 24), "9.bias": (10,),
    }  # fmt: skip
    assert list(network.state) == ["1.running_mean", "1.running_var", "5.running_mean", "5.running_var"]
    assert network.outputs == (10,)


def test_first_weights_keep_the_size_of_signals_and_follow_the_seed() -> None:
    network, same, other = (mlp(400, (300,), 10, rows=1, seed=seed) for seed in (1, 1, 2))
    weight = network.parameters.value["0.weight"]
    assert weight.std() == pytest.approx(math.sqrt(2 / 400), rel=0.02)
    assert abs(weight.mean()) < 1e-3
    assert not network.parameters.value["0.bias"].any()
    np.testing.assert_array_equal(network.parameters.values, same.parameters.values)
    assert not np.array_equal(network.parameters.values, other.parameters.values)
    weight = Network([Linear(300, start=xavier)], 400, rows=1).parameters.value["0.weight"]
    assert weight.std() == pytest.approx(math.sqrt(2 / 700), rel=0.02)


def test_trace_names_the_layers() -> None:
    network = cnn((1, 8, 8), (4,), 10, rows=2)
    x = data(2, 1, 8, 8).astype(np.float32)
    traced = [(name, y.shape) for name, y in network.trace(x)]
    assert traced[0] == ("0 (Conv2d)", (2, 4, 8, 8)) and traced[-1] == ("5 (Linear)", (2, 10))


@pytest.mark.parametrize(
    ("layers", "shape", "problem"),
    [
        (lambda: [Conv2d(2, 3)], (5,), r"layer 0: Conv2d takes samples that are images, got the shape \(5,\)"),
        (lambda: [ReLU(), Linear(2)], IMAGE, r"layer 1: Linear takes samples that are \(features,\)"),
        (lambda: [BatchNorm1d()], IMAGE, "BatchNorm1d takes"),
        (lambda: [LayerNorm()], IMAGE, "LayerNorm takes"),
        (lambda: [MaxPool2d(8)], IMAGE, r"a window of 8 x 8 does not fit into images of 7 x 6"),
        (lambda: [Residual([Linear(3)])], (5,), r"turn the shape \(5,\) into \(3,\)"),
        (lambda: [Linear(0)], (5,), "outputs must be at least 1"),
        (lambda: [Conv2d(2, 3, stride=0)], IMAGE, "stride must be at least 1"),
        (lambda: [Conv2d(2, 3, padding=-1)], IMAGE, "padding must be at least 0"),
        (lambda: [Dropout(1.0)], (5,), r"p must be in \[0, 1\)"),
        (lambda: [BatchNorm1d(momentum=0.0)], (5,), "momentum in"),
        (lambda: [LayerNorm(eps=0.0)], (5,), "eps must be > 0"),
        (lambda: [Affine(np.ones(3), np.ones(5))], (5,), r"numbers of shape \(3,\) for samples of shape \(5,\)"),
        (lambda: [ReLU()] * 2, (5,), "one position only"),
        (lambda: [ReLU()], (0,), "must be at least 1"),
    ],
)
def test_what_does_not_fit_is_named(layers: Callable[[], list[Layer]], shape: tuple[int, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Network(layers(), shape, rows=4)


def test_batches_that_do_not_fit_are_named() -> None:
    network = mlp(5, (4,), 2, rows=3)
    with pytest.raises(ValueError, match=r"x has shape \(4, 5\), the network takes \(5,\) in at most 3 rows"):
        network.forward(np.zeros((4, 5), np.float32))
    with pytest.raises(ValueError, match=r"x has shape \(3, 6\)"):
        network.forward(np.zeros((3, 6), np.float32))
    with pytest.raises(TypeError, match="float32 or float64, not float16"):
        mlp(5, (4,), 2, rows=3, dtype=np.float16)


@pytest.mark.parametrize("backend", ["numba", "cython"])
def test_a_certain_class_keeps_the_digits_of_its_logarithm(backend: str) -> None:
    with nl.use_backend(backend):  # the second one computes in NumPy
        network = Network([LogSoftmax()], 3, rows=2, dtype=np.float64)
    y = network.forward(np.array([[1030.0, 1000.0, 995.0], [-995.0, -1e300, -965.0]]))
    others = np.array([math.exp(-30) + math.exp(-35), math.exp(-30)])
    np.testing.assert_allclose([y[0, 0], y[1, 2]], -np.log1p(others), rtol=1e-14)
    np.testing.assert_allclose([y[0, 1], y[1, 0]], -30 - np.log1p(others), rtol=1e-14)


class Own(Layer):
    """A layer of one's own, which doubles its input and returns whatever a test asks for."""

    def __init__(self, answer: Callable[[np.ndarray], np.ndarray]) -> None:
        self.answer = answer

    def plan(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def allocate(self, place: object) -> None:
        pass

    def forward(self, x: np.ndarray, step: int | None) -> np.ndarray:
        return self.answer(2 * x)

    def backward(self, slope: np.ndarray, wanted: bool) -> np.ndarray:
        return self.answer(2 * slope)


def test_a_layer_of_ones_own() -> None:
    network = Network([Linear(4), Own(lambda x: x), ReLU(), Linear(2)], 3, rows=5, dtype=np.float64, seed=1)
    x, target = data(5, 3), data(5, 2, seed=1)

    network.backward(nl.grad(nl.mse)(network.forward(x), target))
    found = network.parameters.gradients.copy()
    expected = gradient(by_parameters(network, x, target), network.parameters.values.copy())
    assert_derivative(found, *expected, kinks="of ReLU")


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: x[:, :3], lambda x: x[:2], lambda x: x.astype(np.float32), np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    ],
    ids=["narrow", "short", "float32", "F order", "strided"],
)  # fmt: skip
def test_what_a_layer_returns_is_checked(answer: Callable[[np.ndarray], np.ndarray]) -> None:
    network = Network([Own(answer), ReLU()], 4, rows=3, dtype=np.float64)
    with pytest.raises(TypeError, match=r"Own returned float.* where float64\(3, 4\) in C order was planned"):
        network.forward(np.ones((3, 4)))


def test_a_slope_that_does_not_fit_is_named() -> None:
    network = mlp(5, (4,), 2, rows=3)
    network.forward(np.zeros((2, 5), np.float32))
    for shape in ((3, 2), (2, 3), (2,)):
        with pytest.raises(ValueError, match=r"the last output \(2, 2\)"):
            network.backward(np.zeros(shape, np.float32))


@pytest.mark.parametrize("again", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_network_can_be_copied_and_pickled(again: Callable[[Network], Network]) -> None:
    network = network_of("batch norm of images")
    x, slope = data(5, *network.inputs, seed=1), data(5, *network.outputs, seed=2)
    network.forward(x, 0)
    twin = again(network)
    np.testing.assert_array_equal(twin.parameters.values, network.parameters.values)
    for one in (network, twin):
        one.forward(x, 1)
        one.backward(slope)
    np.testing.assert_array_equal(twin.parameters.gradients, network.parameters.gradients)
    assert not np.shares_memory(twin.parameters.values, network.parameters.values)
    for name, kept in network.state.items():
        np.testing.assert_array_equal(twin.state[name], kept)
