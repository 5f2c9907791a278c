"""The likelihood of tags in a linear chain: logarithms, step by step."""

import numpy as np


def parts(pred, target, transitions, lengths=None, start=None, end=None):
    """The logarithm of the sum over all sequences of tags, and the score of one."""
    steps, tags = pred.shape[-2:]
    start, end = (np.zeros(tags) if given is None else np.asarray(given, np.float64) for given in (start, end))
    lengths = np.broadcast_to(steps if lengths is None else lengths, pred.shape[:-2])
    total, score = np.zeros(pred.shape[:-2]), np.zeros(pred.shape[:-2])
    reached, taken = np.zeros((*pred.shape[:-2], tags)), np.zeros(pred.shape[:-2])
    for t in range(steps):
        if t == 0:
            reached = start + pred[..., 0, :]
            taken = start[target[..., 0]]
        else:
            reached = np.logaddexp.reduce(reached[..., :, None] + transitions, axis=-2) + pred[..., t, :]
            taken = taken + transitions[target[..., t - 1], target[..., t]]
        taken = taken + np.take_along_axis(pred[..., t, :], target[..., t, None], axis=-1)[..., 0]
        last = lengths == t + 1
        total = np.where(last, np.logaddexp.reduce(reached + end, axis=-1), total)
        score = np.where(last, taken + end[target[..., t]], score)
    return total, score


def value(pred, target, transitions, **options):
    total, score = parts(pred, target, transitions, **options)
    return total - score


def size(pred, target, transitions, **options):
    total, score = parts(pred, target, transitions, **options)
    return np.maximum(1.0, abs(total) + abs(score))
