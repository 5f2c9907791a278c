"""Means over tokens on the simulated device, by the name of their denominator."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from calls import refused
from helpers import assert_agrees, on_device

import numloss as nl

MASK = (np.arange(11) < np.array([11, 3, 0, 7])[:, None]).astype(np.float32)


@pytest.mark.parametrize("function", [nl.bnpo, nl.grpo, nl.dr_grpo, nl.gspo])
@pytest.mark.parametrize("weight", [None, MASK])
def test_denominators(function: object, weight: np.ndarray | None) -> None:
    given = cases.arrays("ppo_clip", MASK.shape, "float32")
    options = {"length": 16.0} if function is nl.dr_grpo else {}
    assert_agrees(nl.value_and_grad(function), given, weight=weight, **options)
    assert_agrees(nl.sum_and_weight(function), given, weight=weight, **options)
    assert_agrees(function, given, weight=weight, reduction="sum", **options)


def test_a_mask_that_is_no_weight_is_named() -> None:
    given = cases.arrays("ppo_clip", MASK.shape, "float32")
    with refused(ValueError, "ppo_clip", "weight[0, 0] = -1.0"):
        on_device(nl.grpo, given, weight=-MASK)
    with refused(ValueError, "ppo_clip", "old_log_prob[1, 2] = nan"):
        on_device(nl.gspo, (given[0], np.where(np.arange(44).reshape(4, 11) == 13, np.nan, given[1]), given[2]))


@pytest.mark.parametrize("function", [nl.bnpo, nl.grpo, nl.dr_grpo, nl.gspo])
@pytest.mark.parametrize("weight", [None, np.array([1, 0, 1, 1, 0, 0, 1, 0.5, 1], np.float32)])
def test_packed_tokens(function: object, weight: np.ndarray | None) -> None:
    given, groups = cases.arrays("ppo_clip", (9,), "float32"), np.array([0, 4, 4, 6, 9])
    options = {"length": 16.0} if function is nl.dr_grpo else {}
    assert_agrees(nl.value_and_grad(function), given, weight=weight, groups=groups, **options)
    assert_agrees(nl.sum_and_weight(function), given, weight=weight, groups=groups, **options)
