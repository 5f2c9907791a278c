"""Softmax of scores with margins that follow from the counts of classes, from its definition."""

import numpy as np
from oracles import cross_entropy
from oracles.cosface import size as size
from oracles.cross_entropy import count as count
from oracles.cross_entropy import factors, one_hot


def value(pred, target, *, counts, margin=0.5, scale=30.0, class_weight=None, ignore_index=-100):
    counts = np.broadcast_to(np.asarray(counts, dtype=np.float64), pred.shape[1:2])
    margins = margin * (counts.min(initial=np.inf) / counts) ** 0.25
    logits = scale * (pred - factors(pred, margins) * one_hot(target, pred.shape[1]))
    return cross_entropy.value(logits, target, class_weight=class_weight, ignore_index=ignore_index)
