"""Centre-line Dice from its definition: soft skeletons by minima and maxima of neighbours, and shares of sums."""

import numpy as np


def moved(x, row, column, outside):
    """An image seen from its neighbours."""
    wide = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)], constant_values=outside)
    rows, columns = x.shape[-2:]
    return wide[..., 1 + row : 1 + row + rows, 1 + column : 1 + column + columns]


def eroded(x):
    return np.minimum.reduce([moved(x, r, c, np.inf) for r, c in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))])


def opened(x):
    x = eroded(x)
    return np.maximum.reduce([moved(x, r, c, -np.inf) for r in (-1, 0, 1) for c in (-1, 0, 1)])


def skeleton(x, iterations):
    found = np.maximum(x - opened(x), 0.0)
    for _ in range(iterations):
        x = eroded(x)
        part = np.maximum(x - opened(x), 0.0)
        found = found + np.maximum(part - found * part, 0.0)
    return found


def total(x):
    return x.sum(axis=(-2, -1))


def share(inside, whole, smooth):
    size = total(whole) + smooth
    return np.where(size == 0.0, 1.0, (total(inside) + smooth) / np.where(size == 0.0, 1.0, size))


def value(pred, target, *, from_logits=True, iterations=3, alpha=0.5, smooth=1.0):
    p = 1.0 / (1.0 + np.exp(-pred)) if from_logits else pred
    lines, wanted = skeleton(p, int(iterations)), skeleton(target, int(iterations))
    precision, sensitivity = share(lines * target, lines, smooth), share(wanted * p, wanted, smooth)
    both = precision + sensitivity
    centre = np.where(both == 0.0, 0.0, 2.0 * precision * sensitivity / np.where(both == 0.0, 1.0, both))
    region = share(2.0 * p * target, p + target, smooth)
    return 1.0 - (1.0 - alpha) * region - alpha * centre
