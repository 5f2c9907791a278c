"""From raw scores to predictions: means, probabilities, classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...loops.codes import LOGITS, OF_LABEL
from ...registry import Loss

Array = np.ndarray[Any, Any]
Options = dict[str, Any]
# Scores and the options of the loss in, predictions out.
Link = Callable[[Array, Options], Array]


def identity(scores: Array, options: Options) -> Array:
    """The scores themselves."""
    return scores


def exp(scores: Array, options: Options) -> Array:
    """Means, or hazards, whose logarithms the scores are."""
    return np.asarray(np.exp(scores))


def sigmoid(scores: Array, options: Options) -> Array:
    """Probabilities whose logits the scores are."""
    e = np.exp(-np.abs(scores))
    return np.asarray(np.where(scores < 0.0, e, 1.0) / (1.0 + e))


def half_logit(scores: Array, options: Options) -> Array:
    """Probabilities of scores that are halves of logits, as the exponential loss makes them."""
    return sigmoid(2.0 * scores, options)


def ramp(scores: Array, options: Options) -> Array:
    """Probabilities of scores from -1, none, to 1, certain: what a squared loss of the margin makes of them."""
    return np.asarray(np.clip(0.5 * (scores + 1.0), 0.0, 1.0))


def softmax(scores: Array, options: Options) -> Array:
    """Probabilities of classes, one score each."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def ordinal(scores: Array, options: Options) -> Array:
    """Probabilities of ordered classes, which `thresholds` cut out of the line of the score."""
    ends = np.asarray(options["thresholds"], scores.dtype) - scores[..., None]
    below, above = sigmoid(ends, options), sigmoid(-ends, options)
    middle = np.maximum(below[..., 1:] - below[..., :-1], 0.0)
    return np.concatenate([below[..., :1], middle, above[..., -1:]], axis=-1)


NAMED: dict[str, Link] = {"identity": identity, "exp": exp, "sigmoid": sigmoid, "softmax": softmax}
# Those of losses; what is not here predicts its scores. A margin says how sure a machine is, and is no probability.
LINKS: dict[str, Link] = {
    **dict.fromkeys(("poisson_nll", "gamma_deviance", "tweedie", "negative_binomial_nll", "cox"), exp),
    **dict.fromkeys(("bce_with_logits", "focal", "asymmetric_focal", "soft_margin", "multilabel_soft_margin"), sigmoid),
    **dict.fromkeys(("quality_focal", "varifocal", "heatmap_focal"), sigmoid),
    **dict.fromkeys(
        (
            "cross_entropy", "softmax_focal", "generalized_cross_entropy", "symmetric_cross_entropy",
            "poly1_cross_entropy", "logit_adjusted_cross_entropy", "kl_div", "kl_logits", "js_div", "js_logits",
            "skew_kl", "total_variation", "alpha_divergence",
        ),
        softmax,
    ),
    "exponential": half_logit,
    "modified_huber": ramp,
    "ordinal_logistic": ordinal,
}  # fmt: skip


def link_of(loss: Loss) -> Link:
    """What makes predictions of the scores of a loss; a law of the probability of a label has that of softmax."""
    of_label = loss.family == "rowwise" and loss.rows["scores"] == LOGITS and loss.rows["classes"] == OF_LABEL
    return LINKS.get(loss.name, softmax if of_label else identity)


def link_named(loss: str, name: str) -> Link:
    """The link of that name."""
    if name not in NAMED:
        raise ValueError(f"{loss}: unknown link {name!r}; there are {', '.join(NAMED)}")
    return NAMED[name]


def probabilities(loss: str, link: Link, scores: Array, options: Options) -> Array:
    """Probabilities of classes, rows that add up to 1.

    A score of a row is that of the second of two classes; several that are probabilities by themselves are taken in
    proportion.
    """
    if link in (identity, exp):
        raise ValueError(f"{loss}: its scores are no probabilities; link='sigmoid' or 'softmax' reads them as logits")
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    found = link(scores, options)
    if link in (softmax, ordinal):
        return found
    if scores.ndim == 1:
        return np.stack([link(-scores, options), found], axis=1)
    total = found.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0.0, found / np.where(total > 0.0, total, 1.0), 1.0 / scores.shape[1]))
