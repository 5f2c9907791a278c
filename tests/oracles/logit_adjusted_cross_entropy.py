"""Cross-entropy of logits to which the logarithm of a prior is added."""

import numpy as np
from oracles import cross_entropy
from oracles.cross_entropy import count as count
from oracles.cross_entropy import factors


def value(pred, target, *, prior, tau=1.0, **options):
    logs = tau * np.log(np.broadcast_to(np.asarray(prior, dtype=np.float64), pred.shape[1:2]))
    return cross_entropy.value(pred + factors(pred, logs), target, **options)
