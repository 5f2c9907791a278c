"""The unified focal loss from its definition: cross-entropies of pixels, overlaps of a region and its background."""

import numpy as np


def total(x):
    return x.sum(axis=(-2, -1))


def missing(p, t, delta, smooth):
    wrong = delta * total(t * (1.0 - p)) + (1.0 - delta) * total((1.0 - t) * p)
    size = total(t * p) + wrong + smooth
    return np.where(size == 0.0, 0.0, wrong / np.where(size == 0.0, 1.0, size))


def value(pred, target, *, delta=0.6, gamma=0.5, share=0.5, smooth=1e-7):
    p = 1.0 / (1.0 + np.exp(-pred))
    missed = delta * target * np.logaddexp(0.0, -pred)
    claimed = (1.0 - delta) * (1.0 - target) * p**gamma * np.logaddexp(0.0, pred)
    focal = (missed + claimed).mean(axis=(-2, -1))
    region = missing(p, target, delta, smooth) ** (1.0 - gamma)
    background = missing(1.0 - p, 1.0 - target, delta, smooth)
    return (1.0 - share) * focal + share * (region + background) / 2.0
