"""Proxy anchor from its definition."""

import numpy as np


def unit(x):
    x = np.asarray(x, np.float64)
    length = np.sqrt((x**2).sum(axis=-1, keepdims=True))
    return x / np.where(length == 0.0, 1.0, length)


def value(embeddings, proxies, labels, *, alpha=32.0, margin=0.1):
    cosine = unit(embeddings) @ unit(proxies).T
    own = labels[..., None] == np.arange(len(proxies))
    pull = np.logaddexp.reduce(np.where(own, -alpha * (cosine - margin), -np.inf), axis=-2, initial=0.0)
    push = np.logaddexp.reduce(np.where(own, -np.inf, alpha * (cosine + margin)), axis=-2, initial=0.0)
    return pull.sum(axis=-1) / own.any(axis=-2).sum(axis=-1) + push.mean(axis=-1)


def size(embeddings, proxies, labels, *, alpha=32.0, margin=0.1):
    return np.full(embeddings.shape[:-2], 2.0 + 2.0 * alpha * (1.0 + abs(margin)))
