"""Structural similarity at several scales from its definition: levels are halved, and each has windows of its own."""

import numpy as np
from oracles.ssim import moments

USUAL = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def halved(image):
    """Means of squares of two pixels; a side that is odd has zeros before its first."""
    odd = [(size % 2, 0) for size in image.shape[-2:]]
    image = np.pad(image, [(0, 0)] * (image.ndim - 2) + odd)
    corners = [image[..., a::2, b::2] for a in (0, 1) for b in (0, 1)]
    return sum(corners) / 4.0


def value(pred, target, *, level_weight=USUAL, window=11, sigma=1.5, k1=0.01, k2=0.03, data_range=1.0):
    c1, c2 = (k1 * data_range) ** 2, (k2 * data_range) ** 2
    product = np.ones(pred.shape[:-2])
    for level, weight in enumerate(level_weight):
        mx, my, vx, vy, both = moments(pred, target, window, sigma)
        below = vx + vy + c2
        found = np.where(below == 0.0, 1.0, (2 * both + c2) / below)
        if level == len(level_weight) - 1:
            size = mx**2 + my**2 + c1
            found = found * np.where(size == 0.0, 1.0, (2 * mx * my + c1) / size)
        product = product * np.maximum(found.mean(axis=(-2, -1)), 0.0) ** weight
        pred, target = halved(pred), halved(target)
    return 1.0 - product
