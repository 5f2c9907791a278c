"""Functions of optax that are losses of numloss."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from twins.twin import (
    LISTS,
    ROWS,
    Twin,
    drawn,
    hard,
)


def _one_hot(labels: Any, scores: Any) -> Any:
    return (labels[:, None] == np.arange(scores.shape[1])).astype(scores.dtype)


def _rows_of(*arrays: Any) -> Any:
    return importlib.import_module("jax").numpy.concatenate(arrays)


def _beyond(size: int, lengths: Any) -> Any:
    """1 where a place lies beyond a length."""
    return (np.arange(size) >= lengths[:, None]) * 1.0


TWINS = [
    Twin("optax", "squared_error", "mse", lambda o, x, y: o.squared_error(x, y).sum()),
    Twin("optax", "l2_loss", "mse", lambda o, x, y: o.l2_loss(x, y).sum(), times=2.0, convention="half of the square"),
    Twin(
        *("optax", "huber_loss", "huber", lambda o, x, y, delta: o.huber_loss(x, y, delta=delta).sum()),
        drawn("delta", 0.2, 3.0),
    ),
    Twin("optax", "log_cosh", "log_cosh", lambda o, x, y: o.log_cosh(x, y).sum()),
    Twin(
        *("optax", "sigmoid_binary_cross_entropy", "bce_with_logits"),
        lambda o, x, y: o.sigmoid_binary_cross_entropy(x, y).sum(),
    ),
    Twin(
        *("optax", "sigmoid_focal_loss", "focal"),
        lambda o, x, y, alpha, gamma: o.sigmoid_focal_loss(x, y, alpha=alpha, gamma=gamma).sum(),
        lambda random: {"alpha": float(random.uniform(0.1, 0.9)), "gamma": float(random.uniform(0.5, 3.0))},
        convention="of a soft target the probability is mixed there, the two losses here",
        inputs=hard,
    ),
    Twin("optax", "hinge_loss", "hinge", lambda o, x, y: o.hinge_loss(x, (y > 0) * 2.0 - 1.0).sum()),
    Twin(
        *("optax", "perceptron_loss", "perceptron", lambda o, x, y: o.perceptron_loss(x, (y > 0) * 2.0 - 1.0).sum()),
        convention="at a score of 0 half of a mistake's slope there, all of it here",
    ),
    Twin(
        *("optax", "softmax_cross_entropy_with_integer_labels", "cross_entropy"),
        lambda o, x, y: o.softmax_cross_entropy_with_integer_labels(x, y).sum(),
        convention="classes on the last axis; no label can be ignored",
    ),
    Twin(
        *("optax", "softmax_cross_entropy", "cross_entropy:distributions"),
        lambda o, x, y: o.softmax_cross_entropy(x, y).sum(),
    ),
    Twin(
        *("optax", "ranking_softmax_loss", "listnet"),
        lambda o, x, y: sum(
            o.ranking_softmax_loss(x[a:b], np.exp(y[a:b]) / np.exp(y[a:b]).sum()) for a, b in LISTS if a < b
        ),
        convention="targets are the distribution itself there, scores of it here; lists are padded and masked",
    ),
    Twin("optax", "kl_divergence", "kl_div", lambda o, x, y: o.kl_divergence(x, y).sum()),
    Twin(
        *("optax", "kl_divergence_with_log_targets", "kl_div:logarithms"),
        lambda o, x, y, **_: o.kl_divergence_with_log_targets(x, y).sum(),
    ),
    Twin(
        *("optax", "multiclass_hinge_loss", "multiclass_hinge"),
        lambda o, x, y: o.multiclass_hinge_loss(x, y).sum(),
    ),
    Twin("optax", "multiclass_sparsemax_loss", "sparsemax", lambda o, x, y: o.multiclass_sparsemax_loss(x, y).sum()),
    Twin(
        *("optax", "poly_loss_cross_entropy", "poly1_cross_entropy"),
        lambda o, x, y, epsilon: o.poly_loss_cross_entropy(x, _one_hot(y, x), epsilon=epsilon).sum(),
        drawn("epsilon", -0.5, 3.0),
        convention="targets are distributions there, labels here",
    ),
    Twin(
        *("optax", "ntxent", "nt_xent"),
        lambda o, x, y, temperature: ROWS[0] * o.ntxent(_rows_of(x, y), np.tile(np.arange(ROWS[0]), 2), temperature),
        drawn("temperature", 0.1, 1.0),
        convention="one array of all views with labels there; its mean is over pairs",
    ),
    Twin(
        *("optax", "ctc_loss", "ctc"),
        lambda o, x, y, steps, labels: o.ctc_loss(
            x.swapaxes(0, 1), _beyond(x.shape[0], steps), y, _beyond(y.shape[1], labels), log_epsilon=-1e9
        ).sum(),
        convention="sequences on the first axis, lengths as 0 and 1 for each step; a log of 0 is log_epsilon",
    ),
]
