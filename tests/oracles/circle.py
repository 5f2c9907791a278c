"""Circle loss from its definition, with all cosines in memory; and its gradient, for which weights are constants."""

import numpy as np
from oracles.info_nce import unit
from oracles.supervised_contrastive import positives


def count(embeddings, labels, *, gamma=80.0, margin=0.4):
    other = labels[:, None] != labels
    return positives(labels).any(axis=1) & other.any(axis=1)


def weights(embeddings, gamma, margin):
    cosine = unit(embeddings) @ unit(embeddings).T
    return gamma * np.maximum(0.0, 1.0 + margin - cosine), gamma * np.maximum(0.0, cosine + margin)


def value(embeddings, labels, *, gamma=80.0, margin=0.4, held=None):
    cosine = unit(embeddings) @ unit(embeddings).T
    pull, push = weights(embeddings, gamma, margin) if held is None else held
    near = np.where(positives(labels), -pull * (cosine - 1.0 + margin), -np.inf)
    far = np.where(labels[:, None] != labels, push * (cosine - margin), -np.inf)
    total = np.logaddexp.reduce(near, axis=1, initial=-np.inf) + np.logaddexp.reduce(far, axis=1, initial=-np.inf)
    return np.logaddexp(0.0, total)


def size(embeddings, labels, *, gamma=80.0, margin=0.4):
    return np.full(len(labels), 1.0 + 4.0 * gamma * (1.0 + margin) ** 2)
