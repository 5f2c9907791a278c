"""What means over tokens are divided by: by name, the same over any batches, and never by what counts nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from calls import refused
from cases import arrays, required

import numloss as nl
from numloss.registry import LOSSES

Array = np.ndarray[Any, Any]
NAMES = sorted(name for name, loss in LOSSES.items() if "denominator" in loss.defaults)
SHAPE = (7, 11)
# Each denominator with its options, and what it makes of the sums over the tokens of sequences and of their weights.
KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "tokens": ({}, lambda sums, counts: (sums.sum(), counts.sum())),
    "sequences": ({}, lambda sums, counts: ((sums / counts).sum(), float(len(counts)))),
    "constant": ({"length": 16.0}, lambda sums, counts: (sums.sum(), 16.0 * len(counts))),
}


def mask(shape: tuple[int, ...]) -> Array:
    """Sequences of uneven length, one of them without any token that counts."""
    lengths = np.array([11, 3, 0, 7, 1, 5, 2])[: shape[0]]
    return (np.arange(shape[1]) < lengths[:, None]).astype(np.float64)


def expected(loss: Any, given: Any, weight: Array, kind: str) -> tuple[float, float]:
    """Sum and weight, from the losses of tokens one by one."""
    values = loss.function(*given, **required(loss.name), reduction="none").astype(np.float64) * weight
    counts = weight.sum(axis=1)
    made = KINDS[kind][1](values.sum(axis=1)[counts > 0.0], counts[counts > 0.0])
    return float(made[0]), float(made[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_sums_and_weights_are_those_of_the_name(name: str, kind: str, backend: str) -> None:
    loss, option = LOSSES[name], {"denominator": kind, **KINDS[kind][0], "backend": backend}
    for dtype, scale in (("float32", 1.0), ("float64", 1.0), ("float64", 0.25)):
        given, weight = arrays(name, SHAPE, dtype), scale * mask(SHAPE)
        total, count = expected(loss, given, weight, kind)
        found = nl.sum_and_weight(loss.function)(*given, **option, weight=weight)
        np.testing.assert_allclose(found, (total, count), rtol=1e-6 if dtype == "float32" else 1e-12)
        assert found[1] == count
        mean, slope = nl.value_and_grad(loss.function)(*given, **option, weight=weight)
        assert mean == pytest.approx(total / count, rel=1e-6)
        alone = nl.grad(loss.function)(*given, reduction="none", weight=weight)
        shares = {"tokens": 1.0, "sequences": 1.0 / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)}
        np.testing.assert_allclose(slope, alone * shares.get(kind, 1.0) / count, rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_and_ranks_add_up_to_the_mean_over_everything(kind: str) -> None:
    """Whether a step has one batch of seven sequences or three, of any size: sums and weights are added."""
    option, given = {"denominator": kind, **KINDS[kind][0]}, arrays("ppo_clip", SHAPE, "float64")
    weight = mask(SHAPE)
    whole = nl.ppo_clip(*given, **option, weight=weight)
    parts = [slice(0, 1), slice(1, 5), slice(5, 7)]
    sums = [nl.sum_and_weight(nl.ppo_clip)(*(a[s] for a in given), **option, weight=weight[s]) for s in parts]
    total, count = (math.fsum(each) for each in zip(*sums, strict=True))
    assert total / count == pytest.approx(whole, rel=1e-14)
    # padding to another length, and sequences of padding alone, change nothing
    padded = [np.pad(a, ((0, 2), (0, 5))) for a in given]
    assert nl.ppo_clip(*padded, **option, weight=np.pad(weight, ((0, 2), (0, 5)))) == pytest.approx(whole, rel=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives_have_the_same_denominator(kind: str) -> None:
    given, weight = arrays("ppo_clip", SHAPE, "float64"), mask(SHAPE)
    vector = np.linspace(-1.0, 2.0, weight.size).reshape(SHAPE)
    for weights in (None, weight):
        options = {"denominator": kind, **KINDS[kind][0], "weight": weights}
        expected = vector * nl.value_grad_hess(nl.ppo_clip)(*given, **options)[2]
        np.testing.assert_allclose(nl.hvp(nl.ppo_clip)(*given, **options, vector=vector), expected, rtol=1e-12)


def test_without_weights_every_token_counts() -> None:
    given = arrays("ppo_clip", SHAPE, "float64")
    plain = nl.sum_and_weight(nl.ppo_clip)(*given)
    assert nl.sum_and_weight(nl.grpo)(*given) == pytest.approx((plain[0] / 11, 7.0), rel=1e-14)
    assert nl.sum_and_weight(nl.dr_grpo)(*given, length=16) == pytest.approx((plain[0], 112.0), rel=1e-14)
    for function in (nl.grpo, nl.dr_grpo):
        for shape in ((), (7,), (0, 3), (3, 0)):
            given = arrays("ppo_clip", shape, "float64")
            length = {"length": 1.0} if function is nl.dr_grpo else {}
            assert function(*given, **length) == pytest.approx(nl.ppo_clip(*given), rel=1e-14)


def test_the_same_call_with_another_mask_counts_that_mask() -> None:
    given, weight = arrays("ppo_clip", SHAPE, "float64"), mask(SHAPE)
    for shift in range(3):
        moved = np.roll(weight, shift, axis=0)
        found = nl.sum_and_weight(nl.grpo)(*given, weight=moved)
        assert found == pytest.approx(expected(LOSSES["ppo_clip"], given, moved, "sequences"), rel=1e-14)


def test_weights_of_any_size_and_losses_one_by_one() -> None:
    given, weight = arrays("ppo_clip", SHAPE, "float64"), mask(SHAPE)
    for kind, (option, _) in KINDS.items():
        options = {"denominator": kind, **option}
        mean = nl.ppo_clip(*given, **options, weight=weight)
        assert nl.ppo_clip(*given, **options, weight=weight * 2.0**-1000) == pytest.approx(
            mean if kind != "constant" else 0.0, rel=1e-14, abs=1e-290
        )
        values = nl.ppo_clip(*given, **options, weight=weight, reduction="none")
        np.testing.assert_array_equal(values, nl.ppo_clip(*given, weight=weight, reduction="none"))
        cotangent = np.where(weight > 0.0, -2.0, 0.0)
        pulled = nl.vjp(nl.ppo_clip)(*given, **options, reduction="none", cotangent=cotangent)
        np.testing.assert_array_equal(pulled, nl.vjp(nl.ppo_clip)(*given, reduction="none", cotangent=cotangent))
        pulled = nl.vjp(nl.ppo_clip)(*given, **options, weight=weight, cotangent=3.0)
        slope = nl.grad(nl.ppo_clip)(*given, **options, weight=weight)
        np.testing.assert_allclose(pulled, 3.0 * slope, rtol=1e-14)


def test_denominators_that_are_none_are_refused(backend: str) -> None:
    given = arrays("ppo_clip", SHAPE, "float32")
    with refused(ValueError, "ppo_clip", "denominator must be 'tokens' or 'sequences' or 'constant', got 'batch'"):
        nl.ppo_clip(*given, denominator="batch", backend=backend)
    with refused(ValueError, "ppo_clip", "denominator='constant' needs length"):
        nl.dr_grpo(*given, backend=backend)
    bad = mask(SHAPE)
    bad[3, 2] = -1.0
    with refused(ValueError, "ppo_clip", "weight[3, 2] = -1.0", ">= 0 and finite"):
        nl.grpo(*given, weight=bad, backend=backend)
    with refused(ValueError, "ppo_clip", "weight has shape (6,)"):
        nl.grpo(*given, weight=np.ones(6), backend=backend)


def test_presets_are_losses_with_options() -> None:
    """The names of the field: callables that transforms take, found in the table and told of by name."""
    for loss in LOSSES.values():
        for name, options in loss.presets.items():
            function = getattr(nl, name)
            assert (function.func, function.keywords) == (loss.function, options)
            assert name in nl.__all__ and name not in LOSSES
            assert next(row for row in nl.list_losses() if row["name"] == loss.name)["presets"][name] == options
    with pytest.raises(ValueError, match="'grpo' is the loss ppo_clip with denominator='sequences'"):
        from numloss.catalogue import loss_named

        loss_named("grpo")
