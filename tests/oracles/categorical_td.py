"""The loss of C51 from its definition: each atom of the next state meets each atom."""

import numpy as np


def target(pred, following, reward, done, discount, low, high):
    atoms = np.linspace(low, high, pred.shape[-1])
    width = (high - low) / (pred.shape[-1] - 1)
    moved = np.clip(reward[..., None] + discount * (1.0 - done[..., None]) * atoms, low, high)
    shares = np.clip(1.0 - abs(moved[..., None, :] - atoms[:, None]) / width, 0.0, 1.0)
    return (shares * following[..., None, :]).sum(axis=-1)


def value(pred, following, reward, done, *, discount=0.99, low=-10.0, high=10.0):
    # with more digits than those that are tested, as a place among hundreds of atoms takes some
    pred, following, reward, done = (np.asarray(each, np.longdouble) for each in (pred, following, reward, done))
    wanted = target(pred, following, reward, done, discount, low, high)
    shifted = pred - pred.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(wanted * logs).sum(axis=-1).astype(np.float64)


def size(pred, following, *rest, **options):
    """A place among n atoms is known to n units of rounding, and divides a probability between two of them."""
    return 1.0 + following.sum(axis=-1) * pred.shape[-1]
