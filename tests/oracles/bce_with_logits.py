"""Binary cross-entropy of logits, from its definition."""

import mpmath as mp
import numpy as np
from points import logits


def value(pred, target, *, pos_weight=None, label_smoothing=0.0):
    t = np.asarray(target, dtype=np.float64) * (1 - label_smoothing) + label_smoothing / 2
    factor = 1.0 if pos_weight is None else pos_weight
    return factor * t * np.logaddexp(0, -pred) + (1 - t) * np.logaddexp(0, pred)


def parts(pred, target, pos_weight, label_smoothing):
    t = target * (1 - label_smoothing) + label_smoothing / 2
    p, q = 1 / (1 + mp.exp(-pred)), 1 / (1 + mp.exp(pred))
    return (1 if pos_weight is None else pos_weight) * t, 1 - t, p, q


def exact(pred, target, *, pos_weight=None, label_smoothing=0):
    yes, no, p, q = parts(pred, target, pos_weight, label_smoothing)
    return -yes * mp.log(p) - no * mp.log(q), no * p - yes * q, (yes + no) * p * q


def scale(pred, target, *, pos_weight=None, label_smoothing=0):
    """The largest term where terms cancel: the slope of a soft target is a difference."""
    yes, no, p, q = parts(pred, target, pos_weight, label_smoothing)
    return 0, max(no * p, yes * q), 0


TAILS = [
    (logits, {}),
    (logits, {"pos_weight": 3.7}),
    (logits, {"label_smoothing": 0.1}),
]
