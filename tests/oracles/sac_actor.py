"""Actor of soft actor-critic, from its definition."""

import numpy as np
from points import critics


def value(log_prob, q, other_q, *, alpha=0.2):
    return alpha * log_prob - np.minimum(q, other_q)


def exact(log_prob, q, other_q, *, alpha=0.2):
    first = -1 if q <= other_q else 0
    return alpha * log_prob - min(q, other_q), (alpha, first, -1 - first), (0, 0, 0)


def scale(log_prob, q, other_q, *, alpha=0.2):
    """The larger of what is subtracted."""
    return max(abs(alpha * log_prob), abs(min(q, other_q))), (0, 0, 0), (0, 0, 0)


TAILS = [(critics, {"alpha": 0.3})]
