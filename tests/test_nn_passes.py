"""Passes that are replayed leave the bits that the layers leave, and the layers are asked where they must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compare import assert_same_bits
from test_nn_layers import STACKS, data, network_of

import numloss as nl
from numloss.backends import threads
from numloss.backends.host import launches
from numloss.nn import Embedding, Layer, Linear, Network, ReLU, Sequential, mlp
from numloss.nn.passes import MOST

pytestmark = pytest.mark.skipif(launches._plans is None, reason="the C extension was not built")
# Rows, step, and whether the slope of the input is wanted; None for no backward pass.
CALLS: list[tuple[int, int | None, bool | None]] = [
    (5, 0, False), (5, 1, False), (5, None, None), (3, 2, False), (5, 3, True), (5, 4, True), (5, None, True),
    (5, None, True), (3, None, None), (5, 5, None), (3, 6, False), (5, 7, False),
]  # fmt: skip


def in_python(network: Network) -> Network:
    """The same network, whose layers run every pass."""
    network._passes._notes.complete = False
    return network


def left_by(network: Network, calls: list[tuple[int, int | None, bool | None]]) -> list[np.ndarray]:
    """All that a network gives and changes, on other data in other memory in each call."""
    found: list[np.ndarray] = []
    for k, (rows, step, wanted) in enumerate(calls):
        found.append(network.forward(data(rows, *network.inputs, seed=k), step).copy())
        if wanted is not None:
            slope = network.backward(data(rows, *network.outputs, seed=100 + k), wanted)
            found += [network.parameters.gradients.copy(), np.array(0.0) if slope is None else slope.copy()]
        found.append(network.statistics.copy())
    return found


@pytest.mark.parametrize("name", STACKS)
def test_passes_leave_the_bits_of_the_layers(name: str) -> None:
    assert network_of(name).body.repeats
    found, expected = left_by(network_of(name), CALLS), left_by(in_python(network_of(name)), CALLS)
    for a, b in zip(found, expected, strict=True):
        assert_same_bits(a, b)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passes for which the layers are asked."""
    calls: list[str] = []
    for name in ("forward", "backward"):
        method: Callable[..., Any] = getattr(Sequential, name)
        monkeypatch.setattr(Sequential, name, lambda *a, m=method, n=name: calls.append(n) or m(*a))
    return calls


def test_layers_are_asked_once_and_when_they_must_know(asked: list[str]) -> None:
    network = network_of("relu")
    both, one = ["forward", "backward"], ["forward"]
    expected = [both, [], one, both, [*both], [], ["forward", "backward"], [], one, [], [], []]
    # calls 4 and 6 want a slope that none has wanted before: the layers run again what was replayed
    for call, names in zip(CALLS, expected, strict=True):
        asked.clear()
        left_by(network, [call])
        assert asked == names, call


def test_a_step_without_a_backward_pass_trains_once(asked: list[str]) -> None:
    network, twin = network_of("batch norm of vectors"), in_python(network_of("batch norm of vectors"))
    calls: list[tuple[int, int | None, bool | None]] = [(5, 0, None), (5, 1, None), (5, 2, False), (5, 3, False)]
    for a, b in zip(left_by(network, calls), left_by(twin, calls), strict=True):
        assert_same_bits(a, b)
    asked.clear()
    left_by(network, calls[3:])
    assert asked == []


def test_memory_of_the_network_that_comes_in_is_not_taken_for_that_of_the_next_input() -> None:
    network, twin = (mlp(4, (6,), 4, rows=3, seed=1) for _ in range(2))
    in_python(twin)
    for one in (network, twin):
        y = one.forward(np.ones((3, 4), np.float32), 0)
        one.backward(y)
        one.forward(y, 1)
        one.backward(y)
    mine = np.full((3, 4), 2, np.float32)
    assert_same_bits(network.forward(mine, 2).copy(), twin.forward(mine.copy(), 2))
    assert (mine == 2).all()


def test_a_walk_through_the_layers_does_not_confuse_the_backward_pass() -> None:
    network, twin = network_of("relu"), in_python(network_of("relu"))
    for one in (network, twin):
        left_by(one, [(5, 0, False), (5, 1, False)])
        list(one.trace(data(5, 5, seed=9), 2))
        one.backward(data(5, 3, seed=10))
    assert_same_bits(network.parameters.gradients, twin.parameters.gradients)


def test_what_a_step_draws_follows_its_place_in_the_batch() -> None:
    network, twin = network_of("dropout"), in_python(network_of("dropout"))
    found: list[list[np.ndarray]] = [[], []]
    for one, left in ((network, found[0]), (twin, found[1])):
        for first in (0, 0, 2, 3):
            one.part.first = first
            left += left_by(one, [(3, 1, False)])
    assert (found[0][0] != found[0][6]).any()
    for a, b in zip(*found, strict=True):
        assert_same_bits(a, b)


class Own(Layer):
    """A layer that nobody knows to repeat: it adds the number of its calls."""

    calls = 0

    def plan(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def allocate(self, place: object) -> None:
        pass

    def forward(self, x: np.ndarray, step: int | None) -> np.ndarray:
        self.calls += 1
        return x + np.float32(self.calls)

    def backward(self, slope: np.ndarray, wanted: bool) -> np.ndarray:
        return slope


def test_statistics_of_all_parts_are_asked_for_in_every_step() -> None:
    network, heard = network_of("batch norm of vectors"), []
    for step in range(4):
        network.part.add_up = heard.append if step == 2 else None
        left_by(network, [(5, step, False)])
    assert len(heard) == 2


def test_layers_that_do_not_say_that_they_repeat_are_always_asked() -> None:
    for layers in ([Own(), Linear(2)], [Linear(4), Sequential([Own()]), ReLU()]):
        network = Network(layers, 4, rows=2)
        assert not network.body.repeats
        first, second = (network.forward(np.ones((2, 4), np.float32)).copy() for _ in range(2))
        assert (first != second).any()
    assert not Network([Embedding(3, 2)], 4, rows=2).body.repeats


class Louder(Linear):
    """A layer of the house with a pass of its own, of which nobody said that it repeats."""

    def forward(self, x: np.ndarray, step: int | None) -> np.ndarray:
        y = super().forward(x, step)
        y += len(y)
        return y


class Skipping(Sequential):
    def forward(self, x: np.ndarray, step: int | None) -> np.ndarray:
        return super().forward(x, step) if step is None else x


def test_a_layer_that_overrides_a_pass_is_asked_unless_it_says_that_it_repeats() -> None:
    network = Network([Louder(2)], 3, rows=2)
    first, second = (network.forward(np.ones((2, 3), np.float32)).copy() for _ in range(2))
    assert_same_bits(first, second)
    assert_same_bits(first, Network([Linear(2)], 3, rows=2).forward(np.ones((2, 3), np.float32)) + np.float32(2))
    assert not Network([Skipping([Linear(3)])], 3, rows=2).body.repeats


def test_only_arrays_of_numpy_can_be_replayed() -> None:
    with pytest.raises(TypeError, match="arrays of NumPy, got list"):
        launches._plans.Launches(None, ([1.0],))
    with pytest.raises(TypeError, match="arrays of NumPy, got list"):
        launches._plans.Launches(None, ()).run(([1.0],), 1, True, 0.0)


def test_numbers_of_rows_are_forgotten_in_time() -> None:
    network = mlp(3, (4,), 2, rows=2 * MOST)
    for rows in [*range(1, 2 * MOST + 1), 0]:
        assert network.forward(np.ones((rows, 3), np.float32)).shape == (rows, 2)
        assert len(network._passes._known) <= MOST


def test_who_is_to_hear_of_a_layer_hears_of_it() -> None:
    network, heard = mlp(3, (4,), 2, rows=2), []
    x, slope = np.ones((2, 3), np.float32), np.ones((2, 2), np.float32)
    for step in range(3):
        network.part.filled = heard.append if step == 2 else None
        network.forward(x, step)
        network.backward(slope)
    assert heard == [2, 1, 0]


def test_replayed_work_is_shared_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_limits

    network, shared = mlp(300, (200,), 10, rows=64, seed=1), []
    backend = network._passes._notes.backend
    run = backend.run
    monkeypatch.setattr(backend, "run", lambda *a: shared.append(a[3]) or run(*a))
    monkeypatch.setattr(threads, "PARALLEL_PAYS_AT", 0.0)
    monkeypatch.setattr("numloss.backends.numba_cpu.layer_kernels.MULTIPLICATIONS", 100_000)
    x, slope = (np.random.default_rng(0).normal(size=(64, n)).astype(np.float32) for n in (300, 10))
    found = []
    for count, blas in ((1, 1), (2, 1), (2, 2), (1, 1)):
        shared.clear()
        with nl.num_threads(count), threadpool_limits(limits=blas, user_api="blas"):
            network.forward(x, 0)
            network.backward(slope.copy())
        assert (2 in shared) == (found != [] and count == 2 and blas == 1), (count, blas)
        found.append(network.parameters.gradients.copy())
    for other in (found[1], found[3]):
        assert_same_bits(found[0], other)
