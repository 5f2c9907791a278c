"""Bayesian personalised ranking."""

from ...declare import Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_sum, difference_rest, log1p_unit


def _bpr_decay(positive, negative):
    lead = positive - negative
    rest = difference_rest(positive, negative)
    return decay_of_sum(abs(lead), -rest if lead < 0.0 else rest)


def _bpr(positive, negative, e):
    lead = positive - negative
    size = abs(lead)
    behind = lead <= 0.0
    slope = -((1.0 if behind else e) / (1.0 + e))
    curvature = e / ((1.0 + e) * (1.0 + e))
    return (size if behind else 0.0) + log1p_unit(e), (slope, -slope), (curvature, curvature)


@elementwise(
    _bpr,
    stages={"e": _bpr_decay},
    differentiable=(0, 1),
    convex=True,
    cost=2.5,
    aliases=("bpr_loss", "bayesian_personalised_ranking", "relativistic_gan"),
)
def bpr(positive: Array, negative: Array, **options: Unpack[Options]) -> Result:
    r"""Bayesian personalised ranking, ``-log(sigmoid(positive - negative))``.

    For recommendations: what a user chose should score higher than what was sampled from the rest. It is `ranknet` with
    the order known, and of scores of what is real and of what is generated the loss of a relativistic discriminator;
    its generator has them exchanged.

    Parameters
    ----------
    positive, negative : arrays of float32 or float64, any shape
        Scores of the items that were chosen and of those that were not; both are differentiated.

    Notes
    -----
    Gradients and curvatures are pairs, in the dtype of `positive`; the two gradients are opposite. Everything is
    computed from ``exp(-abs(positive - negative))``, with what the difference loses to rounding: confident pairs keep
    their digits until they underflow, and infinite differences have their limits. The bound of the curvature is at
    least 1e-16.

    References
    ----------
    .. [1] S. Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.bpr(np.array([2.0, 40.0]), np.array([2.0, 0.0]), reduction="none")
    array([6.93147181e-01, 4.24835426e-18])
    """
