"""InfoNCE from its definition, with all cosines in memory."""

import numpy as np


def unit(vectors):
    length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    return vectors / np.where(length == 0.0, 1.0, length)


def logsumexp(scores):
    top = scores.max(axis=1, keepdims=True, initial=-np.inf)
    return np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]


def hardened(scores, own, temperature, beta, tau_plus):
    """Rows whose near negatives count more, and of which some are none, as Robinson et al. write them down."""
    count = scores.shape[1] - 1
    right, apart = scores[own], np.where(own, -np.inf, scores)
    if count == 0:
        return np.zeros(len(scores))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.exp(np.where(own, -np.inf, beta * scores)) if beta else 1.0 - own
        negatives = (shares * np.exp(apart)).sum(axis=1) * count / shares.sum(axis=1)
    left = (negatives - tau_plus * count * np.exp(right)) / (1.0 - tau_plus)
    return np.log1p(np.maximum(left, count * np.exp(-1.0 / temperature)) / np.exp(right))


def value(first, second, *, temperature=0.07, symmetric=False, negatives=None, beta=0.0, tau_plus=0.0):
    scores = unit(first) @ unit(second).T / temperature
    among = scores if negatives is None else np.hstack([scores, unit(first) @ unit(negatives).T / temperature])
    if beta or tau_plus:
        ways = [among, scores.T] if symmetric else [among]
        given = temperature, beta, tau_plus
        return sum(hardened(way, np.eye(*way.shape, dtype=bool), *given) for way in ways) / len(ways)
    right = np.diagonal(scores)
    values = logsumexp(among) - right
    return (values + logsumexp(scores.T) - right) / 2.0 if symmetric else values


def size(first, second, *, temperature=0.07, tau_plus=0.0, **options):
    """With tau_plus, of negatives and of what is taken off them."""
    scale = np.full(len(first), 2.0 / temperature)
    if tau_plus:
        cleared = np.expm1(value(first, second, temperature=temperature, tau_plus=tau_plus, **options))
        scale *= 1.0 + (cleared + 2.0 * tau_plus * len(first)) / (1.0 - tau_plus) / (1.0 + cleared)
    return scale
