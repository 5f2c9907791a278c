"""The loss of a lattice: logarithms of how every cell is reached, one after the other."""

import numpy as np


def value(log_blanks, log_labels, input_lengths, target_lengths):
    steps, states = log_blanks.shape[-2:]
    reached = np.full(log_blanks.shape, -np.inf)
    losses = np.where((input_lengths == 0) & (target_lengths == 0), 0.0, np.inf)
    for t in range(steps):
        for u in range(states):
            ways = [np.zeros(losses.shape)] if t == u == 0 else []
            if t > 0:
                ways.append(reached[..., t - 1, u] + log_blanks[..., t - 1, u])
            if u > 0:
                ways.append(reached[..., t, u - 1] + log_labels[..., t, u - 1])
            reached[..., t, u] = np.logaddexp.reduce(ways)
            last = (input_lengths == t + 1) & (target_lengths == u)
            losses = np.where(last, -(reached[..., t, u] + log_blanks[..., t, u]), losses)
    return losses


def size(log_blanks, log_labels, input_lengths, target_lengths):
    """Of the terms of a sum over an alignment."""
    return np.maximum(1.0, input_lengths + target_lengths)
