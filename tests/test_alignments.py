"""Losses over all alignments where they end: what is impossible, improbable, empty, or beyond a length."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import crf as crf_oracle
from seeds import generator

import numloss as nl


def lattice(steps: int = 5, labels: int = 3, classes: int = 6) -> tuple[np.ndarray, ...]:
    random = generator("lattice", steps, labels, classes)
    pred = random.normal(0.0, 2.0, (2, steps, labels + 1, classes))
    target = random.integers(0, classes - 1, (2, labels))
    return pred, target, np.array([steps, steps - 1]), np.array([labels, labels - 1])


def test_a_transducer_does_not_look_beyond_lengths() -> None:
    pred, target, steps, labels = lattice()
    value, slopes = nl.value_and_grad(nl.transducer)(pred, target, steps, labels)
    pred[1, 4:], pred[1, :, 3:], target[1, 2:] = np.nan, np.nan, -7
    found, written = nl.value_and_grad(nl.transducer)(pred, target, steps, labels)
    assert found == value and np.array_equal(written, slopes)
    assert not slopes[1, 4:].any() and not slopes[1, :, 3:].any() and slopes[1, :4, :3].all()


def test_a_transducer_with_what_is_no_number_or_impossible() -> None:
    pred, target, steps, labels = lattice()
    pred[0, 1, 1, 2] = np.nan
    pred[1, :, :, target[1, 0]] = -np.inf
    values, slopes = nl.value_and_grad(nl.transducer)(pred, target, steps, labels, reduction="none")
    assert np.isnan(values[0]) and np.isnan(slopes[0]).all()
    assert values[1] == np.inf and not slopes[1].any()
    steps[:], labels[:] = 0, (0, 1)
    values, slopes = nl.value_and_grad(nl.transducer)(pred, target, steps, labels, reduction="none")
    assert list(values) == [0.0, np.inf] and not slopes.any()


def test_a_transducer_of_what_is_most_improbable() -> None:
    pred, target, steps, labels = lattice()
    pred[..., -1] -= 1e4  # every alignment has 5 blanks, or 4
    values = nl.transducer(pred, target, steps, labels, reduction="none")
    np.testing.assert_allclose(values, 1e4 * steps, rtol=1e-2)


def test_the_blank_is_no_label() -> None:
    pred, target, steps, labels = lattice()
    target[1, 1] = 5
    with pytest.raises(ValueError, match=r"transducer: target has the blank among its labels.* example 1"):
        nl.transducer(pred, target, steps, labels)
    with pytest.raises(ValueError, match=r"transducer: blank = 6 is outside \[-6, 6\)"):
        nl.transducer(pred, target, steps, labels, blank=6)
    with pytest.raises(ValueError, match=r"pred has 4 states .* 2 labels have one more"):
        nl.transducer(pred, target[:, :2], steps, labels)


def test_bands_of_all_states_leave_a_transducer_as_it_is() -> None:
    pred, target, steps, labels = lattice()
    expected, slopes = nl.value_and_grad(nl.transducer)(pred, target, steps, labels, reduction="none")
    starts = np.zeros(pred.shape[:2], int)
    found, written = nl.value_and_grad(nl.transducer_pruned)(pred, target, starts, steps, labels, reduction="none")
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    np.testing.assert_allclose(written, slopes, atol=1e-14)
    narrow, slopes = nl.value_and_grad(nl.transducer_pruned)(
        pred[:, :, :1], target, starts, steps, labels, reduction="none"
    )
    assert (narrow == np.inf).all() and not slopes.any()


def test_bands_are_where_alignments_are() -> None:
    random = generator("bands")
    am, lm = 3.0 * random.normal(size=(2, 9, 6)), random.normal(size=(2, 5, 6))
    target, steps, labels = random.integers(0, 5, (2, 4)), np.array([9, 7]), np.array([4, 3])
    whole = nl.transducer_simple(am, lm, target, steps, labels, reduction="none")
    for band, lost in ((2, np.inf), (4, 0.5), (5, 1e-12)):
        starts = nl.transducer_starts(am, lm, target, steps, labels, band=band)
        assert (starts[:, 0] == 0).all() and (np.diff(starts) >= 0).all() and (np.diff(starts) < band).all()
        assert (starts[[0, 1], steps - 1] + band > labels).all()
        states = np.minimum(starts[..., None] + np.arange(band), 4)
        pred = am[:, :, None] + lm[np.arange(2)[:, None, None], states]
        found = nl.transducer_pruned(pred, target, starts, steps, labels, reduction="none")
        assert np.isfinite(found).all() and (found > whole - 1e-12).all() and (found < whole + lost).all()
    with pytest.raises(ValueError, match=r"transducer_starts: band = 6 is outside \[2, 5\]"):
        nl.transducer_starts(am, lm, target, steps, labels, band=6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_of_logits_that_have_nothing_in_common(dtype: str) -> None:
    """Steps want one class, labels another one: no product of two powers is a number of the dtype."""
    am, lm = np.zeros((1, 4, 3), dtype), np.zeros((1, 3, 3), dtype)
    am[..., 0], lm[..., 1] = 900.0, 900.0
    given = (np.array([[0, 1]]), np.array([4]), np.array([2]))
    value, (by_am, by_lm) = nl.value_and_grad(nl.transducer_simple)(am, lm, *given)
    expected, slopes = nl.value_and_grad(nl.transducer)(am[:, :, None] + lm[:, None], *given)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(value, expected, rtol=4 * eps)
    np.testing.assert_allclose(by_am, slopes.sum(axis=2), atol=8 * eps)
    np.testing.assert_allclose(by_lm, slopes.sum(axis=1), atol=8 * eps)


def test_a_series_is_no_way_from_itself_and_needs_a_step() -> None:
    x, y = generator("series").normal(size=(2, 3, 20, 2))
    values, (slope, _) = nl.value_and_grad(nl.soft_dtw)(x, x.copy(), normalize=True, reduction="none")
    assert not values.any() and np.abs(slope).max() < 1e-13
    lengths = np.array([20, 7, 1])
    values, (slope, other) = nl.value_and_grad(nl.soft_dtw)(x, y, input_lengths=lengths, reduction="none")
    for i, n in enumerate(lengths):
        assert values[i] == nl.soft_dtw(x[i : i + 1, :n], y[i : i + 1])
        assert slope[i, :n].all() and not slope[i, n:].any() and other[i].all()
    with pytest.raises(ValueError, match="soft_dtw: a series has no step, as it is of example 1"):
        nl.soft_dtw(x, y, target_lengths=np.array([1, 0, 2]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_chain_of_improbable_transitions(dtype: str) -> None:
    """Powers of these vanish beside the largest, and one forbidden transition is all that is left out."""
    random = generator("chain")
    pred = random.normal(0.0, 1.0, (4, 9, 5)).astype(dtype)
    transitions = np.full((5, 5), -3000.0, dtype)
    transitions[np.arange(5), np.arange(1, 6) % 5] = 0.0
    pred[:, ::3, 0] += 2500.0
    transitions[2, 4] = -np.inf
    target = np.arange(9) % 5 + np.zeros((4, 1), int)
    values, (slope, shared) = nl.value_and_grad(nl.crf)(pred, target, transitions, reduction="none")
    wide = pred.astype("f8"), target, transitions.astype("f8")
    with np.errstate(invalid="ignore"):
        expected = crf_oracle.value(*wide)
    np.testing.assert_allclose(values, expected, rtol=1e-6 if dtype == "float32" else 1e-12)
    np.testing.assert_allclose(slope.sum(axis=-1), 0.0, atol=1e-5)
    assert np.isfinite(shared).all() and abs(shared.sum()) < 1e-4 and np.abs(slope).max() > 0.5


def test_a_chain_that_is_impossible_empty_or_no_number() -> None:
    pred, transitions = np.zeros((3, 4, 2)), np.zeros((2, 2))
    transitions[0, 1] = -np.inf
    pred[2, 0, 0] = np.nan
    target, lengths = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]), np.array([4, 0, 4])
    for i, expected in enumerate((np.inf, 0.0, np.nan)):
        one = pred[i : i + 1], target[i : i + 1], transitions
        value, slopes = nl.value_and_grad(nl.crf)(*one, lengths=lengths[i : i + 1])
        np.testing.assert_equal(value, expected)
        for slope in slopes:
            assert np.isnan(slope).all() if np.isnan(expected) else not slope.any()
