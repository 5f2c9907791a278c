"""The loss of a transducer: logarithms of how every cell of the lattice is reached, one after the other."""

import numpy as np


def value(pred, target, input_lengths, target_lengths, *, blank=-1, from_logits=True):
    if from_logits:
        top = pred.max(axis=-1, keepdims=True, initial=-np.inf)
        pred = pred - top - np.log(np.exp(pred - top).sum(axis=-1, keepdims=True))
    steps, states = pred.shape[-3:-1]
    reached = np.full(pred.shape[:-1], -np.inf)
    losses = np.where((input_lengths == 0) & (target_lengths == 0), 0.0, np.inf)
    for t in range(steps):
        for u in range(states):
            ways = [np.zeros(losses.shape)] if t == u == 0 else []
            if t > 0:
                ways.append(reached[..., t - 1, u] + pred[..., t - 1, u, blank])
            if u > 0:
                label = np.take_along_axis(pred[..., t, u - 1, :], target[..., u - 1, None], axis=-1)[..., 0]
                ways.append(reached[..., t, u - 1] + label)
            reached[..., t, u] = np.logaddexp.reduce(ways)
            last = (input_lengths == t + 1) & (target_lengths == u)
            losses = np.where(last, -(reached[..., t, u] + pred[..., t, u, blank]), losses)
    return losses


def size(pred, target, input_lengths, target_lengths, **options):
    """Of the terms of a sum over an alignment."""
    return np.maximum(1.0, input_lengths + target_lengths)
