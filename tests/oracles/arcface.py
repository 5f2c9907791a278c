"""Softmax of cosines with a margin between angles, from its definition."""

import numpy as np
from oracles import cross_entropy
from oracles.cosface import size as size
from oracles.cross_entropy import count as count
from oracles.cross_entropy import one_hot


def value(pred, target, *, scale=64.0, margin=0.5, class_weight=None, ignore_index=-100):
    angle = np.arccos(pred)
    turned = np.where(angle < np.pi - margin, np.cos(angle + margin), pred - margin * np.sin(margin))
    logits = scale * np.where(one_hot(target, pred.shape[1]) == 1, turned, pred)
    return cross_entropy.value(logits, target, class_weight=class_weight, ignore_index=ignore_index)
