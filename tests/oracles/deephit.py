"""DeepHit of a batch, from its definition: the likelihoods of the rows, and all pairs of them."""

import numpy as np
from oracles import pmf_survival


def pairs(pred, target, event, sigma):
    """The sum over pairs of one batch."""
    logits = np.concatenate([pred, np.zeros((len(pred), 1))], axis=1)
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    reached = np.cumsum(share / share.sum(axis=1, keepdims=True), axis=1)
    total = 0.0
    for i in np.flatnonzero(event):
        k = target[i]
        later = (target > k) | ((target == k) & (event == 0))
        total += np.sum(np.exp((reached[later, k] - reached[i, k]) / sigma))
    return total


def value(pred, target, event, *, alpha=0.2, sigma=0.1):
    event = np.asarray(event)
    likelihood = pmf_survival.value(pred, target, event).mean(axis=-1)
    ranking = np.zeros(likelihood.shape)
    for at in np.ndindex(ranking.shape):
        ranking[at] = pairs(pred[at], target[at], event[at], sigma) / pred.shape[-2] ** 2
    return alpha * likelihood + (1.0 - alpha) * ranking


def size(pred, target, event, *, alpha=0.2, sigma=0.1):
    """Terms of the likelihood, and what exponents by 1 / sigma lose of those of pairs."""
    ranking = value(pred, target, event, alpha=0.0, sigma=sigma)
    return alpha * pmf_survival.size(pred, target, event).max(axis=-1) + (1.0 + 1.0 / sigma) * ranking
