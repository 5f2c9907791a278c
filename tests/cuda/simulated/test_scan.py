"""Arrays over time on the simulated device, against the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import assert_agrees, on_device, on_host
from over_time import NAMES, OPTIONS, flags, function, given, inputs

import numloss as nl

SHAPE = (5, 3)


def ends(shape: tuple[int, ...] = SHAPE) -> dict[str, Any]:
    terminated, truncated = flags(shape)
    return {"terminated": terminated, "truncated": truncated.astype(np.float64)}


@pytest.mark.parametrize("name", NAMES)
def test_results_and_gradients(name: str) -> None:
    arrays, options = given(name, SHAPE, "float32"), {**OPTIONS[name], **ends()}
    assert_agrees(function(name), arrays, **options)
    pull = given(name, SHAPE, "float32", seed=3)[: len(function(name).__loss__.results)]
    assert_agrees(nl.vjp(function(name)), arrays, **options, cotangent=pull if len(pull) > 1 else pull[0])


@pytest.mark.parametrize("name", ["gae", "vtrace", "discounted"])
def test_a_value_of_the_last_step_alone_and_time_last(name: str) -> None:
    arrays, terminated = list(given(name, SHAPE)), flags(SHAPE)[0].T.copy()
    options = {**OPTIONS[name], "terminated": terminated, "axis": 1}
    final = np.ones(SHAPE[1])
    turned = [a.T if k % 2 else a.T.copy() for k, a in enumerate(arrays)]
    if "next_value" in inputs(name):
        turned[inputs(name).index("next_value")] = final
    else:
        options["next_value"] = final
    assert_agrees(function(name), tuple(turned), **options)
    pull = tuple(a.T.copy() for a in arrays[: len(function(name).__loss__.results)])
    assert_agrees(nl.vjp(function(name)), tuple(turned), **options, cotangent=pull if len(pull) > 1 else pull[0])


def test_bad_input_is_named_as_on_the_host() -> None:
    arrays = given("gae", SHAPE, "float32")
    for options in ({"terminated": 3.0 * ends()["truncated"]}, {"truncated": np.ones(3)}):
        said = []
        for call in (on_device, on_host):
            with pytest.raises(ValueError) as raised:
                call(nl.returns.gae, arrays, **options)
            said.append(str(raised.value))
        assert said[0] == said[1]


def test_numbers_of_sixteen_bits() -> None:
    arrays = tuple(a.astype(np.float16) for a in given("gae", SHAPE))
    found, expected = on_device(nl.returns.gae, arrays), on_host(nl.returns.gae, arrays)
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("options", [{}, {"baseline": "others", "scaled": False}])
@pytest.mark.parametrize("weight", [None, np.array([1, 0, 1, 1, 0, 0, 1, 1, 1], np.uint8)])
def test_groups(options: dict[str, Any], weight: Any) -> None:
    reward = np.random.default_rng(0).standard_normal(9).astype(np.float32)
    assert_agrees(nl.returns.group_advantages, (reward,), groups=np.array([0, 4, 4, 5, 9]), weight=weight, **options)
    with pytest.raises(ValueError, match=r"group_advantages: reward\[2\] = nan"):
        on_device(nl.returns.group_advantages, (np.where(np.arange(9) == 2, np.nan, reward).astype(np.float32),))
