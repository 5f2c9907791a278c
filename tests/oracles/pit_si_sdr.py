"""The scale-invariant ratio of signals in the best of all orders, each of which is tried."""

import itertools

import numpy as np
from oracles import si_sdr


def value(pred, target, **options):
    sources = pred.shape[-2]
    losses = [
        si_sdr.value(pred, target[..., list(order), :], **options).mean(axis=-1)
        for order in itertools.permutations(range(sources))
    ]
    return np.min(losses, axis=0)


def size(pred, target, **options):
    """Of the products of any two signals."""
    return si_sdr.size(pred[..., :, None, :], target[..., None, :, :], **options).max(axis=(-2, -1))
