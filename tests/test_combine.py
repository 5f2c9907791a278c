"""Weighted sums of losses are losses: the same numbers as their parts, in every transform."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from compare import assert_close
from seeds import generator

import numloss as nl

RANDOM = generator("combine")
PRED, TARGET = RANDOM.normal(size=(300, 7)), RANDOM.normal(size=(300, 7))
WEIGHT = RANDOM.uniform(0.0, 2.0, 300)
PARTS = ((0.5, nl.mse), (2.0, partial(nl.huber, delta=0.25)), (0.0, nl.log_cosh))


def expected(part: int, transform: Any, **extra: Any) -> Any:
    """The sum of what the parts give, of one of the outputs."""
    return sum(factor * transform(loss)(PRED, TARGET, **extra)[part] for factor, loss in PARTS)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["alone", "weighted"])
def test_everything_is_the_weighted_sum_of_the_parts(backend: str, reduction: str, weight: Any) -> None:
    both = nl.combine(*PARTS)
    extra = {"reduction": reduction, "weight": weight, "backend": backend}
    found = (*nl.value_grad_hess(both)(PRED, TARGET, **extra), both(PRED, TARGET, **extra))
    for part, value in zip((0, 1, 2, 0), found, strict=True):
        assert_close(np.asarray(value), expected(part, nl.value_grad_hess, **extra), ulp=8, scale=1.0)
    out = PRED.copy()
    _, slope = nl.value_and_grad(both)(out, TARGET, **extra, out=out)
    assert slope is out
    assert_close(out, found[1], ulp=0)


def test_a_combination_is_a_loss_like_any_other() -> None:
    both = nl.combine(*PARTS)
    pair = nl.sum_and_weight(both)(PRED, TARGET, weight=WEIGHT)
    assert_close(np.float64(pair[0] / pair[1]), both(PRED, TARGET, weight=WEIGHT), ulp=64)
    nested = nl.combine((3.0, both), (1.0, nl.mae))
    assert_close(np.float64(nested(PRED, TARGET)), 3.0 * both(PRED, TARGET) + nl.mae(PRED, TARGET), ulp=8)
    assert pickle.loads(pickle.dumps(both))(PRED, TARGET) == both(PRED, TARGET)


def test_dice_with_cross_entropy_or_focal_is_the_loss_of_monai(backend: str) -> None:
    random = generator("monai")
    scores, labels = random.normal(size=(2, 3, 4, 5)), random.integers(0, 3, (2, 4, 5))
    mask = (labels[:, None] == np.arange(3)[:, None, None]).astype(np.float64)

    def dice(p: Any) -> Any:
        both, sizes = (p * mask).sum(axis=(2, 3)), (p + mask).sum(axis=(2, 3))
        return np.mean(1.0 - (2.0 * both + 1e-5) / (sizes + 1e-5))

    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    entropy = -(mask * logs).sum(axis=1).mean()
    p = 1.0 / (1.0 + np.exp(-scores))
    faded = -np.mean(mask * (1.0 - p) ** 2 * np.log(p) + (1.0 - mask) * p**2 * np.log1p(-p))
    for target, activation, other, whole in (
        (labels, "softmax", nl.cross_entropy, dice(np.exp(logs)) + 0.5 * entropy),
        (mask, "sigmoid", nl.focal, dice(p) + 0.5 * faded),
    ):
        both = nl.combine((1.0, partial(nl.dice, activation=activation, smooth=1e-5)), (0.5, other))
        value, slope = nl.value_and_grad(both)(scores, target, backend=backend)
        assert_close(np.float64(value), whole, ulp=16)
        parts = nl.grad(nl.dice)(scores, target, activation=activation, smooth=1e-5, backend=backend)
        assert_close(slope, parts + 0.5 * nl.grad(other)(scores, target, backend=backend), ulp=8, scale=0.1)


@pytest.mark.parametrize(
    ("parts", "kind", "said"),
    [
        ((), TypeError, "at least one pair"),
        ((nl.mse,), TypeError, "part 0 must be a pair"),
        (((1.0, nl.mse), (-1.0, nl.mae)), ValueError, "part 1 must be a finite number >= 0"),
        (((float("nan"), nl.mse),), ValueError, "part 0"),
        (((1.0, np.sin),), TypeError, "not a loss"),
        (((1.0, nl.mse), (1.0, nl.gaussian_nll)), TypeError, "same inputs"),
        (((1.0, partial(nl.mse, PRED)),), TypeError, "fixes arrays"),
    ],
)
def test_refusals(parts: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        nl.combine(*parts)
