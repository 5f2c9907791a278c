"""Triplet loss, from its definition."""

import numpy as np


def value(anchor, positive, negative, *, margin=1.0, p=2.0, swap=False):
    near, far, other = (
        np.linalg.norm(a - b, ord=p, axis=-1) for a, b in ((anchor, positive), (anchor, negative), (positive, negative))
    )
    return np.maximum(0, near - (np.minimum(far, other) if swap else far) + margin)
