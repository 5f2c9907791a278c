"""KoLeo from its definition."""

import numpy as np
from oracles.proxy_anchor import unit


def nearest(embeddings):
    u = unit(embeddings)
    squares = ((u[..., :, None, :] - u[..., None, :, :]) ** 2).sum(axis=-1)
    return np.sqrt(np.where(np.eye(u.shape[-2], dtype=bool), np.inf, squares).min(axis=-1))


def value(embeddings, *, eps=1e-8):
    return -np.log(nearest(embeddings) + eps).mean(axis=-1)


def size(embeddings, *, eps=1e-8):
    """Near directions lose digits when they are made."""
    near = nearest(embeddings) + eps
    return (1.0 + abs(np.log(near)) + 1.0 / near).mean(axis=-1)
