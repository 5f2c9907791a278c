"""The loss of a transducer within bands: that of a whole lattice in which all other cells are impossible."""

import numpy as np
from oracles import transducer_lattice


def value(pred, target, starts, input_lengths, target_lengths, *, blank=-1, from_logits=True):
    if from_logits:
        top = pred.max(axis=-1, keepdims=True, initial=-np.inf)
        pred = pred - top - np.log(np.exp(pred - top).sum(axis=-1, keepdims=True))
    *shape, steps, wide, _ = pred.shape
    labels = target.shape[-1]
    blanks, onwards = np.full((*shape, steps, labels + 1), -np.inf), np.full((*shape, steps, labels), -np.inf)
    for at in np.ndindex(*shape, steps):
        for r in range(wide):
            state, scores = starts[at] + r, pred[(*at, r)]
            if state <= labels:
                blanks[(*at, state)] = scores[blank]
            if state < labels and r + 1 < wide:
                onwards[(*at, state)] = scores[target[(*at[:-1], state)]]
    return transducer_lattice.value(blanks, onwards, input_lengths, target_lengths)


def size(pred, target, starts, input_lengths, target_lengths, **options):
    """Of the terms of a sum over an alignment."""
    return np.maximum(1.0, input_lengths + target_lengths)
