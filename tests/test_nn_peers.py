"""Optimisers, schedules and a network against the answers of PyTorch, kept in tests/fixtures/from_torch.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compare import assert_close, assert_same_bits

import numloss.train as train
from numloss.data.random import uniform
from numloss.nn import cnn
from numloss.train import OPTIMISERS, SCHEDULES, Adam, clip_by_norm, clip_by_value

ANSWERS = json.loads((Path(__file__).parent / "fixtures" / "from_torch.json").read_text())
RATE = 0.05
IDS = [f"{case['name']}-{k}" for k, case in enumerate(ANSWERS["optimisers"])]


def numbers(count: int, stream: int) -> Any:
    return (2.0 * uniform(count, 11, stream) - 1.0).astype(np.float32)


@pytest.mark.parametrize("case", ANSWERS["optimisers"], ids=IDS)
def test_optimisers_walk_the_path_of_torch(case: dict[str, Any]) -> None:
    parameters = numbers(7, 0)
    optimiser = getattr(train, case["name"])(7, **case["options"])
    for step, expected in enumerate(case["path"]):
        optimiser.step(parameters, numbers(7, 1 + step), RATE)
        # what twelve roundings of numbers up to 1 leave
        assert_close(parameters, expected, ulp=4, scale=1.0)


@pytest.mark.parametrize("case", ANSWERS["schedules"], ids=lambda case: case["name"])
def test_schedules_give_the_factors_of_torch(case: dict[str, Any]) -> None:
    factors = [SCHEDULES[case["name"]](step, **case["options"]) for step in range(len(case["factors"]))]
    np.testing.assert_allclose(factors, case["factors"], rtol=1e-12)


def test_a_network_answers_as_its_twin_in_torch() -> None:
    network, expected = cnn((2, 6, 7), (3, 4), 5, rows=3, seed=1), ANSWERS["network"]
    output = network.forward(numbers(3 * 2 * 6 * 7, 100).reshape(3, 2, 6, 7), 0)
    np.testing.assert_allclose(output.ravel(), expected["output"], rtol=1e-5, atol=1e-6)
    network.backward(numbers(15, 101).reshape(3, 5))
    for name, gradient in network.parameters.gradient.items():
        np.testing.assert_allclose(gradient.ravel(), expected["gradients"][name], rtol=1e-4, atol=2e-6, err_msg=name)
    for name, values in network.state.items():
        np.testing.assert_allclose(values, expected["state"][name], rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_resumes_from_its_state(name: str) -> None:
    options: dict[str, Any] = {"momentum": 0.9} if name in ("sgd", "rmsprop") else {}
    first, parameters = OPTIMISERS[name](50, **options), numbers(50, 0)
    for step in range(5):
        first.step(parameters, numbers(50, step), RATE)
    second, copy = OPTIMISERS[name](50, **options), parameters.copy()
    assert second.state.keys() == first.state.keys()
    for key, values in first.state.items():
        second.state[key][...] = values
    for step in range(5, 8):
        first.step(parameters, numbers(50, step), RATE)
        second.step(copy, numbers(50, step), RATE)
    assert_same_bits(copy, parameters)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_float64_stays_float64(name: str) -> None:
    parameters = np.linspace(-1.0, 1.0, 9)
    optimiser = OPTIMISERS[name](9, dtype=np.float64)
    wide, narrow = parameters.copy(), parameters.astype(np.float32)
    optimiser.step(wide, parameters, RATE)
    OPTIMISERS[name](9).step(narrow, parameters.astype(np.float32), RATE)
    assert wide.dtype == np.float64 and not np.array_equal(wide, wide.astype(np.float32))
    np.testing.assert_allclose(wide, narrow, atol=1e-6)


def test_gradients_are_clipped() -> None:
    gradients = np.array([3.0, 4.0, 0.0], np.float32)
    assert clip_by_norm(gradients, 10.0) == 5.0 and gradients.tolist() == [3, 4, 0]
    assert clip_by_norm(gradients, 2.5) == 5.0 and gradients.tolist() == [1.5, 2, 0]
    clip_by_value(gradients, 1.75)
    assert gradients.tolist() == [1.5, 1.75, 0]
    with pytest.raises(ValueError, match="most must be in"):
        clip_by_norm(gradients, -1.0)


def test_schedules_end_where_they_say() -> None:
    assert SCHEDULES["cosine"](100, steps=50, least=0.25) == 0.25
    assert SCHEDULES["one_cycle"](1000, steps=50, final=0.5) == 0.5
    assert SCHEDULES["linear_warmup"](7, warmup=3) == 1.0
    assert SCHEDULES["constant"](7) == 1.0
    with pytest.raises(ValueError, match="steps must be > 0"):
        SCHEDULES["cosine"](1, steps=0)
    with pytest.raises(ValueError, match="peak must be in"):
        SCHEDULES["one_cycle"](1, steps=10, peak=1.0)


@pytest.mark.parametrize("rate", [-1.0, math.nan, math.inf])
def test_a_learning_rate_is_finite(rate: float) -> None:
    with pytest.raises(ValueError, match="learning rate"):
        Adam(1).step(np.zeros(1, np.float32), np.zeros(1, np.float32), rate)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"momentum": 1.0}), ("SGD", {"nesterov": True}), ("SGD", {"weight_decay": -1.0}),
        ("Adam", {"betas": (0.9, 1.0)}), ("Adam", {"betas": (-0.1, 0.9)}), ("Adam", {"eps": -1.0}),
        ("AdamW", {"weight_decay": math.nan}), ("RMSprop", {"alpha": 1.5}), ("RMSprop", {"momentum": -0.5}),
    ],
)  # fmt: skip
def test_options_of_optimisers_are_checked(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        getattr(train, name)(3, **options)
