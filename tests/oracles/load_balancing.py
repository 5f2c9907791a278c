"""Load of experts, from its definition."""

import numpy as np


def value(pred, *, top_k=1):
    experts = pred.shape[-1]
    powers = np.exp(pred - pred.max(axis=-1, keepdims=True))
    means = (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=-2)
    chosen = np.argsort(-pred, axis=-1, kind="stable")[..., :top_k]
    shares = (chosen[..., None] == np.arange(experts)).mean(axis=(-3, -2))
    return experts * (shares * means).sum(axis=-1)
