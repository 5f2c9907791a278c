"""The loss of a transducer whose logits are sums, of which some is what the labels say alone."""

import numpy as np
from oracles import transducer_lattice


def logarithms(scores):
    top = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    return scores - top - np.log(np.exp(scores - top).sum(axis=-1, keepdims=True))


def value(am, lm, target, input_lengths, target_lengths, *, blank=-1, lm_scale=0.0):
    logs = (1.0 - lm_scale) * logarithms(am[..., :, None, :] + lm[..., None, :, :])
    logs = logs + lm_scale * logarithms(lm)[..., None, :, :]
    onwards = np.take_along_axis(logs[..., :-1, :], target[..., None, :, None], axis=-1)[..., 0]
    return transducer_lattice.value(logs[..., blank], onwards, input_lengths, target_lengths)


def size(am, lm, target, input_lengths, target_lengths, **options):
    """Of the terms of a sum over an alignment, which are sums of logits."""
    most = 1.0 + np.abs(am).max(axis=(-2, -1), initial=0.0) + np.abs(lm).max(axis=(-2, -1), initial=0.0)
    return np.maximum(1.0, input_lengths + target_lengths) * most
