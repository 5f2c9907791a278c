"""Softmax of cosines with a margin, from its definition."""

from oracles import cross_entropy
from oracles.cross_entropy import count as count
from oracles.cross_entropy import one_hot


def value(pred, target, *, scale=64.0, margin=0.35, class_weight=None, ignore_index=-100):
    logits = scale * (pred - margin * one_hot(target, pred.shape[1]))
    return cross_entropy.value(logits, target, class_weight=class_weight, ignore_index=ignore_index)


def size(pred, target, *, scale=64.0, **options):
    """Of the logits, whose rounding is that of the loss."""
    return scale * (1.0 + abs(pred).max(axis=1, initial=0.0))
