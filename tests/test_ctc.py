"""CTC: against the sum over all alignments, over long and unlikely sequences, and in what torch and optax call it."""

from __future__ import annotations

import importlib
import itertools
from typing import Any

import numpy as np
import pytest
from calls import refused
from compare import assert_same_bits

import numloss as nl
from numloss.backends.host import sequence

Array = np.ndarray[Any, Any]


def collapsed(alignment: tuple[int, ...]) -> tuple[int, ...]:
    """What an alignment reads as: neighbours that repeat once, then no blanks."""
    return tuple(a for k, a in enumerate(alignment) if a != 0 and (k == 0 or a != alignment[k - 1]))


def by_all_alignments(logp: Array, labels: tuple[int, ...]) -> tuple[float, Array]:
    """The loss of one sequence and the posterior of each class at each step, from every alignment there is."""
    steps, classes = logp.shape
    shares = np.zeros_like(logp)
    for alignment in itertools.product(range(classes), repeat=steps):
        if collapsed(alignment) == labels:
            shares[np.arange(steps), alignment] += np.exp(logp[np.arange(steps), alignment].sum())
    total = shares[0].sum()
    return -np.log(total), shares / total


@pytest.mark.parametrize("labels", [(), (1,), (2, 1), (1, 1), (1, 2, 1), (2, 2, 2)], ids=str)
def test_it_is_the_sum_over_all_alignments(labels: tuple[int, ...], backend: str) -> None:
    pred = np.random.default_rng(len(labels)).normal(0.0, 2.0, (5, 1, 3))
    powers = np.exp(pred[:, 0])
    shares = powers / powers.sum(axis=1, keepdims=True)
    exact, posteriors = by_all_alignments(np.log(shares), labels)
    target = np.array([labels], dtype=int).reshape(1, -1)
    function = nl.value_and_grad(nl.ctc)
    loss, slope = function(pred, target, [5], [len(labels)], reduction="sum", backend=backend)
    assert abs(loss - exact) <= 1e-13 * exact
    np.testing.assert_allclose(slope[:, 0], shares - posteriors, rtol=0.0, atol=1e-14)
    given = np.log(shares)[:, None]
    loss, slope = function(given, target, [5], [len(labels)], reduction="sum", from_logits=False, backend=backend)
    assert abs(loss - exact) <= 1e-13 * exact
    np.testing.assert_allclose(slope[:, 0], -posteriors, rtol=0.0, atol=1e-14)
    assert not slope[:, 0][posteriors == 0.0].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lead", [0.0, 60.0])
def test_nothing_vanishes_in_ten_thousand_steps(lead: float, dtype: str, backend: str) -> None:
    """With such a lead of the blank an alignment has probability e^-38000, and so has most of what leads to it."""
    random = np.random.default_rng(5)
    pred = random.normal(0.0, 1.0, (10000, 1, 12)).astype(dtype)
    pred[:, :, 0] += np.asarray(lead, dtype)
    given = (random.integers(1, 12, (1, 700)), np.array([10000]), np.array([700]))
    exact = importlib.import_module("oracles.ctc").value(pred.astype(np.float64), *given)[0]
    loss, slope = nl.value_and_grad(nl.ctc)(pred, *given, reduction="sum", backend=backend)
    assert abs(loss - exact) <= (1e-8 if dtype == "float32" else 1e-12) * exact
    # softmax and posteriors both add up to 1 in each step, and the labels are read 700 times at least
    eps = float(np.finfo(dtype).eps)
    assert np.abs(slope.sum(axis=2, dtype=np.float64)).max() <= 16 * eps + 1e-11
    assert -slope[:, 0, 1:][slope[:, 0, 1:] < 0.0].sum(dtype=np.float64) > (600.0 if lead else 0.0)


def test_confident_sequences_keep_their_digits(backend: str) -> None:
    """One alignment, each step of which has all but 8e-11: in float32 the sum of a row would round to 1."""
    pred = np.full((999, 1, 3), -12.0, np.float32)
    steps = np.arange(999)
    pred[steps, 0, np.where(steps % 2, 0, 1)] = 12.0
    loss = nl.ctc(pred, np.ones((1, 500), int), [999], [500], reduction="sum", backend=backend)
    assert abs(loss - 999 * np.log1p(2.0 * np.exp(-24.0))) <= 1e-6 * loss


def test_sequences_without_an_alignment(backend: str) -> None:
    random = np.random.default_rng(3)
    pred = random.normal(size=(5, 4, 3))
    pred[:, 2, 1] = -np.inf
    target = np.array([[1, 1, 1], [1, 2, 1], [1, 2, 2], [2, 2, 0]])  # the first needs five steps
    given = (pred, target, np.array([4, 5, 5, 0]), np.array([3, 3, 2, 1]))
    function = nl.value_and_grad(nl.ctc)
    losses, slope = function(*given, reduction="none", backend=backend)
    assert np.isinf(losses).tolist() == [True, False, True, True]
    assert slope[:, 1].any() and not slope[:, [0, 2, 3]].any()
    assert function(*given, backend=backend)[0] == np.inf
    zeros, again = function(*given, reduction="none", zero_infinity=True, backend=backend)
    assert zeros.tolist() == [0.0, losses[1], 0.0, 0.0]
    assert_same_bits(again, slope)
    assert nl.ctc(*given, zero_infinity=True, backend=backend) == losses[1] / 3 / 4


def test_what_is_not_read(backend: str) -> None:
    random = np.random.default_rng(4)
    pred, target = random.normal(size=(9, 3, 4)), random.integers(1, 4, (3, 4))
    lengths, labels, weight = np.array([9, 6, 7]), np.array([4, 2, 3]), np.array([1.0, 2.0, 0.0])
    function = nl.value_and_grad(nl.ctc)
    expected, slopes = function(pred, target, lengths, labels, weight=weight, backend=backend)
    pred[6:, 1] = np.nan
    pred[:, 2] = np.nan
    target[1, 2:] = 77
    loss, slope = function(pred, target, lengths, labels, weight=weight, backend=backend)
    assert loss == expected
    assert_same_bits(slope, slopes)
    assert not slope[6:, 1].any() and not slope[:, 2].any()
    flat = np.concatenate([row[:count] for row, count in zip(target, labels, strict=True)])
    assert function(pred, flat, lengths, labels, weight=weight, backend=backend)[0] == expected


def test_a_nan_spoils_its_sequence_alone(backend: str) -> None:
    pred = np.random.default_rng(6).normal(size=(5, 2, 4))
    pred[1, 0, 3] = np.nan
    given = (np.array([[1, 2], [1, 2]]), np.array([4, 5]), np.array([2, 2]))
    losses, slope = nl.value_and_grad(nl.ctc)(pred, *given, reduction="none", backend=backend)
    assert np.isnan(losses).tolist() == [True, False]
    assert np.isnan(slope[:4, 0]).all() and not slope[4, 0].any() and np.isfinite(slope[:, 1]).all()
    alone = nl.ctc(pred, *given, reduction="none", from_logits=False, backend=backend)
    assert np.isfinite(alone).all()  # class 3 is not among the labels


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stretches_are_one_sequence(dtype: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all states are kept they are computed again; 530 labels are more than a tile, too."""
    random = np.random.default_rng(7)
    pred, target = random.normal(size=(1111, 2, 9)).astype(dtype), random.integers(1, 9, (2, 530))
    given = (pred, target, np.array([1111, 999]), np.array([530, 12]))
    function = nl.value_and_grad(nl.ctc)
    monkeypatch.setattr(sequence, "STRETCH_BYTES", 2**40)
    whole = function(*given, backend=backend)
    monkeypatch.setattr(sequence, "STRETCH_BYTES", 0)
    parts = function(*given, backend=backend)
    assert parts[0] == whole[0] == nl.ctc(*given, backend=backend)
    assert_same_bits(parts[1], whole[1])


def test_what_does_not_fit(backend: str) -> None:
    pred, target = np.zeros((5, 2, 4)), np.array([[1, 2, 3], [3, 1, 9]])
    lengths, labels = np.array([5, 4]), np.array([3, 2])

    def ctc(pred: Any = pred, target: Any = target, lengths: Any = lengths, labels: Any = labels, **more: Any) -> Any:
        return nl.ctc(pred, target, lengths, labels, backend=backend, **more)

    assert ctc() > 0.0
    with refused(IndexError, "target[1, 2] = 9 is outside [0, 4)", "4 classes on axis 2", "1 of 6 labels are bad"):
        ctc(labels=np.array([3, 3]))
    with refused(IndexError, "target[3] = -1 is outside [0, 4)"):
        ctc(target=np.array([1, 2, 3, -1, 1]))
    with refused(ValueError, "target[0, 1] = 2 is the blank, which is no label"):
        ctc(blank=2)
    with refused(ValueError, "target has shape (4,)", "add up to 5"):
        ctc(target=np.array([1, 2, 3, 3]))
    with refused(ValueError, "input_lengths[1] = 6 is outside [0, 5]", "5 steps on axis 0"):
        ctc(lengths=np.array([5, 6]))
    with refused(ValueError, "target_lengths[0] = -1 is outside [0, 3]"):
        ctc(labels=np.array([-1, 2]))
    with refused(TypeError, "input_lengths has dtype float64; integers are needed"):
        ctc(lengths=lengths.astype(float))
    with refused(ValueError, "blank = 4 is outside [0, 4)"):
        ctc(blank=4)
    with refused(TypeError, "blank must be an integer, got True"):
        ctc(blank=True)
    with refused(TypeError, "from_logits must be True or False"):
        ctc(from_logits=1)
    with refused(ValueError, "pred has shape (5, 4); it must be (T, N, C)"):
        ctc(pred=pred[:, 0])
    with refused(ValueError, "pred has shape (5, 2, 0): no classes"):
        ctc(pred=pred[:, :, :0])
    with refused(ValueError, "its samples lie on axis 1; evaluate reads rows"):
        nl.evaluate(nl.ctc, pred=pred, target=target, input_lengths=lengths, target_lengths=labels)


def test_priors_that_are_no_numbers_are_told(backend: str) -> None:
    given = (np.zeros((3, 1, 4)), [[1, 2]], [3], [2])
    for priors, said in (
        ([0.0, -1.0, -2.0], r"ctc: log_priors has shape \(3,\)"),
        ([0.0, -np.inf, -1.0, np.nan], r"ctc: log_priors\[1\] = -inf is outside its domain"),
    ):
        with pytest.raises(ValueError, match=said):
            nl.ctc(*given, log_priors=np.array(priors), backend=backend)
    # the same number off all classes is as much off the loss for each step
    plain = nl.ctc(*given, backend=backend)
    moved = nl.ctc(*given, log_priors=np.full(4, -2.0), prior_scale=0.25, backend=backend)
    assert moved == pytest.approx(plain - 3 * 0.5 / 2)
