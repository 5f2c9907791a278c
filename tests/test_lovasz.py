"""The Lovasz losses: what they are at the corners, what is not read, and what they refuse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from calls import refused
from compare import assert_same_bits

import numloss as nl


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_at_hard_predictions_it_is_the_jaccard_loss(dtype: str, backend: str) -> None:
    """An extension agrees with what it extends where every pixel is quite right or quite wrong."""
    labels = np.array([[0, 1, 1, 2, 2, 2]])
    for chosen in itertools.product(range(3), repeat=6):
        scores = np.where(np.array([chosen])[:, None] == np.arange(3)[:, None], 800.0, 0.0).astype(dtype)
        found = nl.lovasz_softmax(scores, labels, reduction="none", backend=backend)
        for j in range(3):
            one, other = np.array(chosen) == j, labels[0] == j
            assert abs(found[j] - (1.0 - (one & other).sum() / (one | other).sum())) <= 4 * np.finfo(dtype).eps


def test_margins_of_one_cost_nothing(backend: str) -> None:
    target = np.random.default_rng(1).random((2, 3, 700)) < 0.5
    pred = np.where(target, 1.5, -1.25)
    loss, slope = nl.value_and_grad(nl.lovasz_hinge)(pred, target.astype(int), backend=backend)
    assert loss == 0.0 and not slope.any()


def test_ignored_pixels_are_not_read(backend: str) -> None:
    random = np.random.default_rng(2)
    pred, labels = random.normal(size=(2, 4, 30, 40)), random.integers(0, 4, (2, 30, 40))
    pred[:, :, 3:9] = np.nan
    labels[:, 3:9] = 255
    function = nl.value_and_grad(nl.lovasz_softmax)
    kept = np.delete(pred, slice(3, 9), axis=2), np.delete(labels, slice(3, 9), axis=1)
    loss, slope = function(pred, labels, ignore_index=255, backend=backend)
    expected, slopes = function(*kept, backend=backend)
    assert loss == expected and not slope[:, :, 3:9].any()
    assert_same_bits(np.delete(slope, slice(3, 9), axis=2), slopes)


def test_a_class_of_which_there_is_nothing(backend: str) -> None:
    pred, labels = np.random.default_rng(3).normal(size=(2, 3, 50)), np.zeros((2, 50), int)
    share = np.exp(pred) / np.exp(pred).sum(axis=1, keepdims=True)
    losses = nl.lovasz_softmax(pred, labels, classes="all", reduction="none", backend=backend)
    np.testing.assert_allclose(losses[1:], share.max(axis=(0, 2))[1:], rtol=1e-14)
    present = nl.lovasz_softmax(pred, labels, reduction="none", backend=backend)
    assert present.tolist() == [losses[0], 0.0, 0.0]
    assert nl.lovasz_softmax(pred, labels, backend=backend) == losses[0]


def test_a_nan_spoils_its_regions(backend: str) -> None:
    pred, target = np.random.default_rng(4).normal(size=(2, 2, 60)), np.ones((2, 2, 60), int)
    pred[1, 0, 7] = np.nan
    losses = nl.lovasz_hinge(pred, target, reduction="none", backend=backend)
    assert np.isnan(losses).tolist() == [[False, False], [True, False]]


def test_what_does_not_fit(backend: str) -> None:
    pred, labels = np.zeros((2, 3, 5)), np.zeros((2, 5), int)
    with refused(ValueError, "lovasz_softmax: classes must be 'present' or 'all', got 'some'"):
        nl.lovasz_softmax(pred, labels, classes="some", backend=backend)
    with refused(ValueError, "lovasz_softmax: target has shape (2, 3, 5); labels have no class axis"):
        nl.lovasz_softmax(pred, pred, backend=backend)
    with refused(IndexError, "lovasz_softmax: target[1, 4] = 3 is outside [0, 3)"):
        nl.lovasz_softmax(pred, np.where(np.arange(10).reshape(2, 5) == 9, 3, 0), backend=backend)
    with refused(ValueError, "lovasz_hinge: target[0, 0, 1] = 0.5", "0 or 1"):
        nl.lovasz_hinge(pred, np.where(np.arange(30).reshape(2, 3, 5) == 1, 0.5, 0.0), backend=backend)
    with refused(ValueError, "lovasz_softmax does not add up"):
        nl.sum_and_weight(nl.lovasz_softmax)
