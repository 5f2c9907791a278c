"""Lovasz-softmax: the Jaccard loss of the first k wrong pixels, by counting, times what errors fall by."""

import numpy as np


def value(pred, target, *, classes="present", per_sample=False, ignore_index=None):
    powers = np.exp(pred - pred.max(axis=1, keepdims=True, initial=-np.inf))
    p = powers / powers.sum(axis=1, keepdims=True)
    losses = of_regions(p, target, per_sample, ignore_index, lambda shares, members: abs(members - shares))
    return losses * count(pred, target, classes=classes, per_sample=per_sample, ignore_index=ignore_index)


def count(pred, target, *, classes="present", per_sample=False, ignore_index=None):
    """1 for a region that counts in the mean."""
    if classes == "all":
        return np.ones(pred.shape[:2] if per_sample else pred.shape[1:2])
    return of_regions(pred, target, per_sample, ignore_index, None)


def of_regions(p, target, per_sample, ignore_index, errors_of):
    found = []
    for samples in ([[n] for n in range(len(p))] if per_sample else [list(range(len(p)))]):
        labels = np.concatenate([target[n].ravel() for n in samples]) if samples else np.zeros(0)
        row = []
        for j in range(p.shape[1]):
            members = (labels == j)[labels != ignore_index] * 1.0
            if errors_of is None:
                row.append(float(members.any()))
                continue
            shares = np.concatenate([p[n, j].ravel() for n in samples])[labels != ignore_index]
            row.append(extension(errors_of(shares, members), members))
        found.append(row)
    shape = p.shape[:2] if per_sample else p.shape[1:2]
    return np.array(found, dtype=float).reshape(shape)


def extension(errors, members):
    """The sum of errors times what the Jaccard loss of the wrong ones grows by, the largest error first."""
    order = np.argsort(-errors, kind="stable")
    wrong = members[order].astype(np.longdouble)  # differences of nearly equal losses
    missed = wrong.sum() - np.cumsum(wrong)
    union = wrong.sum() + np.cumsum(1.0 - wrong)
    losses = np.concatenate([[0.0], 1.0 - missed / union])
    return float((np.maximum(errors[order], 0.0) * np.diff(losses)).sum())
