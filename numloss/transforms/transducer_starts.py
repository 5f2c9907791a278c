"""Where the bands of a pruned transducer begin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..common.halves import widened
from ..registry import LOSSES
from .derivatives import value_and_grad

# Logits that are made at once.
MOST_LOGITS = 2**20


def transducer_starts(
    am: Any,
    lm: Any,
    target: Any,
    input_lengths: Any,
    target_lengths: Any,
    *,
    band: int,
    blank: int = -1,
    lm_scale: float = 0.0,
) -> np.ndarray[Any, Any]:
    """The first state of the band of each step, for `transducer_pruned`, from the alignments of `transducer_simple`.

    A band is where most blanks of a step are, less what only comes in by a label at its first state. Then bands are
    moved so that they never go back, begin at state 0, end at the last state, and overlap from step to step.

    Parameters
    ----------
    am, lm, target, input_lengths, target_lengths, blank, lm_scale
        As of `transducer_simple`, in the memory of the host.
    band : int
        States of a band, R, from 2 to U + 1; 5 is usual.

    Returns
    -------
    array of int64, shape (..., T)
        As k2's get_rnnt_prune_ranges has them in the first place of each step. Where there are too few steps to get to
        the last label in such bands, no alignment passes through them, and the loss is inf.

    References
    ----------
    .. [1] F. Kuang, L. Guo, W. Kang, L. Lin, M. Luo, Z. Yao, D. Povey, "Pruned RNN-T for fast, memory-efficient ASR
       training", Interspeech 2022, arXiv:2206.13236.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> am, lm = np.zeros((5, 4)), np.zeros((4, 4))  # 5 steps, 3 labels, 4 classes
    >>> am[[1, 2, 4], [1, 2, 0]] = 9.0
    >>> nl.transducer_starts(am, lm, np.array([1, 2, 0]), 5, 3, band=2).tolist()
    [0, 0, 1, 2, 2]
    """
    am, lm, target = widened(np.asarray(am)), widened(np.asarray(lm)), np.asarray(target)
    steps, labels = np.asarray(input_lengths), np.asarray(target_lengths)
    options = {"blank": blank, "lm_scale": lm_scale}
    # which looks at everything
    LOSSES["transducer_simple"].function(am, lm, target, input_lengths, target_lengths, **options, reduction="none")
    states = lm.shape[-2]
    if not 2 <= band <= states:
        raise ValueError(f"transducer_starts: band = {band} is outside [2, {states}], the states of lm")
    shape, frames = am.shape[:-2], am.shape[-2]
    found = [
        starts_of(am[at], lm[at], target[at], steps[at], labels[at], band, blank, lm_scale) for at in np.ndindex(shape)
    ]
    return np.array(found, np.int64).reshape(*shape, frames)


def starts_of(
    am: Any, lm: Any, target: Any, steps: Any, labels: Any, band: int, blank: int, lm_scale: float
) -> np.ndarray[Any, Any]:
    """The starts of one sequence."""
    cross_entropy, transducer_lattice = (LOSSES[name].function for name in ("cross_entropy", "transducer_lattice"))
    frames, states = len(am), len(lm)
    blanks, onwards = np.zeros((frames, states), lm.dtype), np.zeros((frames, states - 1), lm.dtype)
    count = int(labels)
    classes = np.concatenate([np.full(states, blank % am.shape[-1]), target[:count]])
    rows = np.concatenate([np.arange(states), np.arange(count)])
    alone = cross_entropy(lm[rows], classes, reduction="none") if lm_scale else 0.0
    some = max(1, MOST_LOGITS // (len(rows) * am.shape[-1]))
    for first in range(0, int(steps), some):
        logits = am[first : first + some, None] + lm[rows]
        every = np.tile(classes, len(logits))
        both = cross_entropy(logits.reshape(-1, am.shape[-1]), every, reduction="none").reshape(len(logits), -1)
        logs = -((1.0 - lm_scale) * both + lm_scale * alone)
        blanks[first : first + some], onwards[first : first + some, :count] = logs[:, :states], logs[:, states:]
    _, (by_blanks, by_labels) = value_and_grad(transducer_lattice)(blanks, onwards, steps, labels)
    return bands_of(-by_blanks.astype(np.float64), -by_labels.astype(np.float64), int(steps), count, band)


def bands_of(
    blanks: np.ndarray[Any, Any], onwards: np.ndarray[Any, Any], steps: int, labels: int, band: int
) -> np.ndarray[Any, Any]:
    """Starts from how probable it is that an alignment has each blank and each label of a lattice."""
    frames, states = blanks.shape
    sums = np.concatenate([np.zeros((frames, 1)), np.cumsum(blanks, axis=1)], axis=1)
    within = sums[:, band:] - sums[:, :-band]
    within[:, 1:] -= onwards[:, : states - band]
    last = max(0, labels - band + 1)
    starts = np.minimum(within.argmax(axis=1), last)
    starts[max(0, steps - 1) :] = last

    def never_back(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.minimum.accumulate(x[::-1])[::-1]

    # from step to step by less than a band, from state 0 on
    most = (band - 1) * np.arange(frames)
    return np.asarray(most - np.maximum(never_back(most - never_back(starts)), 0))
