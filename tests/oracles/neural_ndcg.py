"""NeuralNDCG, from its definition: a softmax of NeuralSort, and Sinkhorn's scaling of the matrix itself."""

import numpy as np


def one(s, t, ranks, temperature, iterations):
    n = len(s)
    if n == 0:
        return 0.0
    away = np.abs(s[:, None] - s).sum(axis=0)
    z = ((n + 1 - 2 * np.arange(1, n + 1))[:, None] * s - away) / temperature
    matrix = np.exp(z - z.max(axis=1, keepdims=True))
    matrix /= matrix.sum(axis=1, keepdims=True)
    for _ in range(int(iterations)):
        matrix /= matrix.sum(axis=0)
        matrix /= matrix.sum(axis=1, keepdims=True)
    gain = 2.0**t - 1.0
    discount = (np.arange(n) < (ranks or n)) / np.log2(2.0 + np.arange(n))
    best = np.sum(np.sort(gain)[::-1] * discount)
    return -np.sum(discount * (matrix @ gain)) / best if best > 0.0 else 0.0


def value(pred, target, *, lengths=None, k=None, temperature=1.0, iterations=50):
    lengths = np.broadcast_to(pred.shape[-1] if lengths is None else lengths, pred.shape[:-1])
    found = np.zeros(pred.shape[:-1])
    for at in np.ndindex(found.shape):
        n = lengths[at]
        found[at] = one(pred[at][:n], target[at][:n], k, temperature, iterations)
    return found
