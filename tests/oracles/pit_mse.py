"""The mean squared error of signals in the best of all orders, each of which is tried."""

import itertools

import numpy as np


def value(pred, target):
    orders = itertools.permutations(range(pred.shape[-2]))
    return np.min([((pred - target[..., list(order), :]) ** 2).mean(axis=(-2, -1)) for order in orders], axis=0)
