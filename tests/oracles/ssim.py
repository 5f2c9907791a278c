"""Structural similarity from its definition: every window by itself."""

import numpy as np


def windows(image, window):
    return np.lib.stride_tricks.sliding_window_view(image, (window, window), axis=(-2, -1))


def weights(window, sigma):
    line = np.exp(-0.5 * ((np.arange(window) - window // 2) / sigma) ** 2)
    found = np.outer(line, line)
    return found / found.sum()


def moments(pred, target, window, sigma):
    w, x, y = weights(window, sigma), windows(pred, window), windows(target, window)
    mx, my = (w * x).sum(axis=(-2, -1)), (w * y).sum(axis=(-2, -1))
    dx, dy = x - mx[..., None, None], y - my[..., None, None]
    spreads = (dx**2, dy**2, dx * dy)
    return mx, my, *((w * each).sum(axis=(-2, -1)) for each in spreads)


def value(pred, target, *, window=11, sigma=1.5, k1=0.01, k2=0.03, data_range=1.0):
    mx, my, vx, vy, both = moments(pred, target, window, sigma)
    c1, c2 = (k1 * data_range) ** 2, (k2 * data_range) ** 2
    above, below = (2 * mx * my + c1) * (2 * both + c2), (mx**2 + my**2 + c1) * (vx + vy + c2)
    return 1.0 - np.where(below == 0.0, 1.0, above / below).mean(axis=(-2, -1))
