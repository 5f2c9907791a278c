"""Cross-entropy over classes, from its definition: labels are written out as distributions."""

import numpy as np


def log_softmax(scores):
    shifted = scores - scores.max(axis=1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def one_hot(labels, classes):
    """Distributions with classes on axis 1, all zero for a label that is no class."""
    return np.moveaxis(labels[..., None] == np.arange(classes), -1, 1).astype(np.float64)


def distribution(pred, target):
    return one_hot(target, pred.shape[1]) if target.dtype.kind in "iu" else target


def counted(pred, target, ignore_index):
    """1 for rows that count, 0 for those that are ignored."""
    if target.dtype.kind not in "iu" or ignore_index is None:
        return np.ones(pred.shape[:1] + pred.shape[2:])
    return (target != ignore_index).astype(np.float64)


def factors(pred, class_weight):
    """Weights of the classes, on axis 1."""
    weights = np.ones(pred.shape[1]) if class_weight is None else np.asarray(class_weight, dtype=np.float64)
    return weights.reshape((1, -1) + (1,) * (pred.ndim - 2))


def count(pred, target, *, class_weight=None, ignore_index=-100, **options):
    """What a row counts in the mean: the weight of its label, averaged over a distribution."""
    given = 1.0 if class_weight is None else (distribution(pred, target) * factors(pred, class_weight)).sum(axis=1)
    return counted(pred, target, ignore_index) * given


def value(
    pred,
    target,
    *,
    class_weight=None,
    ignore_index=-100,
    label_smoothing=0.0,
    z_loss=0.0,
    softcap=None,
    from_probabilities=False,
    eps=0.0,
):
    classes = pred.shape[1]
    smoothed = (1 - label_smoothing) * distribution(pred, target) + label_smoothing / max(classes, 1)
    logits = pred if softcap is None else softcap * np.tanh(pred / softcap)
    logs = np.log(np.maximum(pred, eps)) if from_probabilities else log_softmax(logits)
    loss = -np.where(smoothed == 0, 0.0, factors(pred, class_weight) * smoothed * logs).sum(axis=1)
    if z_loss:
        highest = logits.max(axis=1)
        squared = (highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))) ** 2
        loss = loss + z_loss * squared * count(pred, target, class_weight=class_weight, ignore_index=ignore_index)
    return np.where(counted(pred, target, ignore_index) == 0, 0.0, loss)
