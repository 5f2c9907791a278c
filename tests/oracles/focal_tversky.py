"""Focal Tversky loss: a power of the Tversky loss."""

import numpy as np
from oracles import tversky


def value(pred, target, *, alpha=0.3, beta=0.7, gamma=0.75, **options):
    # what rounding leaves below 0 is 0
    return np.maximum(tversky.value(pred, target, alpha=alpha, beta=beta, **options), 0.0) ** gamma
