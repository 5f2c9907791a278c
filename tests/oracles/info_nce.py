"""InfoNCE from its definition, with all cosines in memory."""

import numpy as np


def unit(vectors):
    length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    return vectors / np.where(length == 0.0, 1.0, length)


def logsumexp(scores):
    top = scores.max(axis=1, keepdims=True, initial=-np.inf)
    return np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]


def value(first, second, *, temperature=0.07, symmetric=False, negatives=None):
    scores = unit(first) @ unit(second).T / temperature
    right = np.diagonal(scores)
    among = scores if negatives is None else np.hstack([scores, unit(first) @ unit(negatives).T / temperature])
    values = logsumexp(among) - right
    return (values + logsumexp(scores.T) - right) / 2.0 if symmetric else values


def size(first, second, *, temperature=0.07, symmetric=False, negatives=None):
    return np.full(len(first), 2.0 / temperature)
