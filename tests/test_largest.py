"""reduction="top": the mean of the largest losses alone, of every loss, with the gradient of those that are kept."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import each, refused
from cases import CASES, arrays, record, required, small, weight

import numloss as nl
from numloss.train import Settings, fit

Array = np.ndarray[Any, Any]
# What a mean divides by is not the number of values: tokens of a target, events of a group, levels; or that of lists
# that have rows, where the 0 of those without is larger than other losses.
OWN_MEAN = ("ctc", "ctc:logarithms", "ctc:priors", "cox", "cox:efron", "cox:many", "corn")
OWN_MEAN += ("approx_ndcg", "approx_ndcg:many")


def first_largest(values: Array, counted: Array, size: int) -> Array:
    """Where the largest of the values that count are, by sorting all of them; of equal ones the first."""
    order = [k for k in np.argsort(-values.ravel(), kind="stable") if counted.ravel()[k]]
    mask = np.zeros(values.size)
    mask[order[:size]] = 1.0
    return mask.reshape(values.shape)


def counted_in(case: str, given: tuple[Array, ...], shape: tuple[int, ...], shares: Array) -> Array:
    """Which values count: what has a weight and a label that is not ignored."""
    labelled = given[-1].shape == shape and "ignore_index" in record(case).defaults
    ignored = given[-1] == record(case).defaults["ignore_index"] if labelled else False
    return (shares > 0.0) & ~np.asarray(ignored, bool)


@pytest.mark.parametrize("case", each([case for case in CASES if record(case).weighted]))
def test_the_mean_of_the_largest_and_its_gradient(case: str, backend: str) -> None:
    loss, shape = record(case), small(case)
    given, extra = arrays(case, shape, "float64"), {**required(case), "backend": backend}
    plain = loss.function(*given, **extra, reduction="none")
    for kind in ("none", "sample"):
        shares = weight(case, plain.shape, "float64", kind)
        option = {} if shares is None else {"weight": shares}
        values = np.asarray(loss.function(*given, **extra, **option, reduction="none"))
        ones = np.ones(values.shape) if shares is None else shares
        spread = np.broadcast_to(ones.reshape(ones.shape + (1,) * (values.ndim - ones.ndim)), values.shape)
        counted = counted_in(case, given, values.shape, spread)
        mask = first_largest(values, counted, max(1, round(0.4 * np.count_nonzero(counted))))
        kept = {**extra, "weight": mask * spread, "reduction": "mean"}
        found = nl.value_and_grad(loss.function)(*given, **extra, **option, reduction="top", top=0.4)
        np.testing.assert_equal(found, nl.value_and_grad(loss.function)(*given, **kept))
        assert loss.function(*given, **extra, **option, reduction="top", top=0.4) == found[0]
        if case not in OWN_MEAN and not record(case).rows.get("asked"):
            total = (mask * spread).sum()
            expected = (mask * np.where(mask, values, 0.0)).sum() / total if total else 0.0
            np.testing.assert_allclose(found[0], expected, rtol=1e-12)


def test_of_equal_losses_the_first_are_kept_and_nan_is_the_largest(backend: str) -> None:
    pred = np.array([1.0, 2.0, 2.0, -2.0, 0.0, 2.0])
    extra: dict[str, Any] = {"reduction": "top", "backend": backend}
    value, slope = nl.value_and_grad(nl.mae)(pred, np.zeros(6), top=3, **extra)
    assert value == 2.0 and slope.tolist() == [0.0, 1 / 3, 1 / 3, -1 / 3, 0.0, 0.0]
    assert np.flatnonzero(nl.grad(nl.mae)(pred, np.zeros(6), top=5, **extra)).tolist() == [0, 1, 2, 3, 5]
    bad = np.where(np.arange(6) == 4, np.nan, pred)
    assert np.isnan(nl.mae(bad, np.zeros(6), top=1, **extra))
    assert np.flatnonzero(np.nan_to_num(nl.grad(nl.mae)(bad, np.zeros(6), top=2, **extra), nan=1.0)).tolist() == [1, 4]


@pytest.mark.parametrize(
    ("option", "kept"),
    [
        ({"top": 2}, [4, 5]), ({"top": 99}, [0, 1, 2, 3, 4, 5]), ({"top": 0.5}, [3, 4, 5]), ({"top": 1.0}, range(6)),
        ({"top": 1}, [5]), ({"top": 1e-9}, [5]), ({"above": 3.0}, [3, 4, 5]), ({"above": 9.0}, []),
        ({"above": 4.5, "top": 1}, [4, 5]), ({"above": 9.0, "top": 2}, [4, 5]), ({"above": -1.0, "top": 1}, range(6)),
        ({"top": np.int64(2)}, [4, 5]), ({"top": np.float32(0.5)}, [3, 4, 5]),
    ],
)  # fmt: skip
def test_how_many_are_kept(option: dict[str, Any], kept: Any, backend: str) -> None:
    pred = np.arange(1.0, 7.0)
    pred[2] = 3.0  # not larger than the threshold
    value, slope = nl.value_and_grad(nl.mae)(pred, np.zeros(6), reduction="top", backend=backend, **option)
    assert np.flatnonzero(slope).tolist() == list(kept)
    assert value == (np.mean(pred[list(kept)]) if len(kept) else 0.0)


def test_what_does_not_count_is_not_kept_though_all_losses_are_negative(backend: str) -> None:
    pred, variance = np.zeros(6), np.full(6, 1e-4)
    share = np.array([1.0, 0.0, 2.0, 1.0, 0.0, 1.0])
    target = np.array([0.01, 0.0, 0.02, 0.03, 0.0, 0.0])
    extra: dict[str, Any] = {"weight": share, "backend": backend}
    values = nl.gaussian_nll(pred, target, variance, reduction="none", **extra)
    assert (values[share > 0] < 0.0).all()
    total, count = nl.sum_and_weight(nl.gaussian_nll)(pred, target, variance, reduction="top", top=2, **extra)
    mask = first_largest(values, share > 0, 2)
    assert total == pytest.approx((mask * values).sum()) and count == (mask * share).sum()


def test_ignored_labels_and_classes_without_weight_are_not_counted(backend: str) -> None:
    logits, labels = np.random.default_rng(0).normal(size=(3, 4, 5)), np.arange(15).reshape(3, 5) % 4
    labels[:, 1] = -100
    share = np.array([1.0, 0.0, 2.0, 0.5])
    extra: dict[str, Any] = {"class_weight": share, "backend": backend}
    values = nl.cross_entropy(logits, labels, reduction="none", **extra)
    counted = (labels != -100) & (labels != 1)
    mask = first_largest(values, counted, round(0.5 * counted.sum()))
    found = nl.value_and_grad(nl.cross_entropy)(logits, labels, reduction="top", top=0.5, **extra)
    divided = (mask * share[labels.clip(0)]).sum()
    assert found[0] == pytest.approx((mask * values).sum() / divided, rel=1e-14)
    assert (np.any(found[1] != 0.0, axis=1) == (mask > 0)).all()
    both = nl.combine((1.0, nl.cross_entropy), (0.5, nl.softmax_focal))
    apart = np.asarray(both(logits, labels, reduction="none", backend=backend))
    mask = first_largest(apart, labels != -100, 4)
    assert both(logits, labels, reduction="top", top=4, backend=backend) == pytest.approx((mask * apart).sum() / 4)


def test_the_same_bits_for_any_number_of_threads_and_every_transform(backend: str) -> None:
    random = np.random.default_rng(1)
    pred, target = random.normal(size=(300, 301)).astype(np.float32).T, np.zeros((301, 300), np.float32)
    option: dict[str, Any] = {"delta": 9.0, "reduction": "top", "top": 0.25, "backend": backend}
    run = nl.value_grad_hess(nl.huber)
    found = []
    for threads in (1, 2):
        with nl.num_threads(threads):
            found.append(run(pred, target, **option))
    np.testing.assert_equal(found[0], found[1])
    value, slope, bend = found[0]
    kept = np.abs(pred) >= np.sort(np.abs(pred), axis=None)[-round(0.25 * pred.size)]
    assert (kept == (slope != 0.0)).all() and not bend[~kept].any() and bend[kept].any()
    out = np.empty_like(slope)
    np.testing.assert_equal(nl.value_and_grad(nl.huber)(pred, target, out=out, **option)[0], value)
    np.testing.assert_array_equal(out, slope)
    np.testing.assert_array_equal(nl.vjp(nl.huber)(pred, target, cotangent=1.0, **option), slope)
    np.testing.assert_array_equal(nl.hvp(nl.huber)(pred, target, vector=np.ones_like(pred), **option), bend)
    with refused(ValueError, "huber", "out needs reduction='none'"):
        nl.huber(pred, target, out=out, **option)


def test_policies_of_sequences_have_the_ratios_of_all_their_tokens(backend: str) -> None:
    given = arrays("ppo_clip", (4, 9), "float64")
    option: dict[str, Any] = {"ratio": "sequences", "backend": backend}
    values = nl.ppo_clip(*given, reduction="none", **option)
    expected = np.sort(values, axis=None)[-5:].mean()
    assert nl.ppo_clip(*given, reduction="top", top=5, **option) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({}, "needs top"), ({"top": 0}, "an integer >= 1"), ({"top": 1.5}, "in (0, 1], got 1.5"),
        ({"top": 0.0}, "in (0, 1]"), ({"top": float("nan")}, "in (0, 1]"), ({"above": float("nan")}, "not NaN"),
        ({"top": 1, "reduction": "mean"}, "the reduction is 'mean'"), ({"above": 1.0, "reduction": "none"}, "'none'"),
    ],
)  # fmt: skip
def test_what_says_how_many_is_checked(option: dict[str, Any], said: str) -> None:
    with refused(ValueError, "mse", said):
        nl.mse(np.ones(3), np.zeros(3), **{"reduction": "top", **option})
    for wrong in (True, "2", [1]):
        with refused(TypeError, "mse", "top must be a number"):
            nl.mse(np.ones(3), np.zeros(3), reduction="top", top=wrong)


def test_penalties_and_evaluations_refuse_it() -> None:
    with refused(ValueError, "l2", "takes none"):
        nl.l2(np.ones(3), reduction="top", top=1)
    some = functools.partial(nl.mse, reduction="top", top=0.5)
    for function in (some, nl.combine((1.0, nl.mae), (1.0, some))):
        with refused(ValueError, "reduction='top' is of a batch"):
            nl.evaluate(function, pred=np.ones(3), target=np.zeros(3))


def test_a_network_trains_on_the_hardest_rows(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 3
    np.savez(tmp_path / "some.npz", x=x, y=y)
    settings = Settings(data=f"npz:{tmp_path / 'some.npz'}", hidden=(4,), epochs=1)
    run = fit(functools.partial(nl.cross_entropy, reduction="top", top=0.5), settings)
    assert run.history.epochs[0].train_loss > fit(nl.cross_entropy, settings).history.epochs[0].train_loss
