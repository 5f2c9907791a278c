"""Triplets of a batch from their definition."""

import itertools

import numpy as np


def triplets(squares, labels, mining):
    alike = (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)
    other = labels[:, None] != labels
    for a in np.flatnonzero(alike.any(axis=1) & other.any(axis=1)):
        near, far = np.flatnonzero(alike[a]), np.flatnonzero(other[a])
        if mining == "hard":
            yield a, near[squares[a, near].argmax()], far[squares[a, far].argmin()]
            continue
        for p in near:
            beyond = far[squares[a, far] > squares[a, p]]
            yield a, p, beyond[squares[a, beyond].argmin()] if len(beyond) else far[squares[a, far].argmax()]


def of_batch(x, labels, mining, margin, squared, soft):
    squares = ((x[:, None] - x) ** 2).sum(axis=-1)
    far = squares if squared else np.sqrt(squares)
    gaps = np.array([far[a, p] - far[a, n] for a, p, n in triplets(squares, labels, mining)])
    losses = np.logaddexp(0.0, gaps) if soft else np.maximum(0.0, gaps + margin)
    return losses.mean() if len(losses) else 0.0


def value(embeddings, labels, *, mining="hard", margin=1.0, squared=False, soft=False):
    x, found = np.asarray(embeddings, np.float64), np.zeros(embeddings.shape[:-2])
    for at in itertools.product(*map(range, found.shape)):
        found[at] = of_batch(x[at], labels[at], mining, margin, squared, soft)
    return found


def size(embeddings, labels, *, margin=1.0, squared=False, **options):
    """Of distances that are compared."""
    wide = (np.asarray(embeddings, np.float64) ** 2).sum(axis=-1).max(axis=-1, initial=0.0)
    return 1.0 + abs(margin) + 4.0 * (wide if squared else np.sqrt(wide))
