"""Binary cross-entropy of probabilities."""

from ...declare import HALF_UNIT, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import log, log1p, maximum


def _bce_least(pred, eps):
    return maximum(eps, pred if pred <= 0.5 else 1.0 - pred)


def _bce_log_least(least):
    return log(least)


def _bce_log_most(least):
    return log1p(-least)


def _bce(pred, target, eps, least, log_least, log_most):
    # the smaller of the two probabilities is known to all its digits; the larger is what it leaves
    low = pred <= 0.5
    p = least if low else 1.0 - least
    q = 1.0 - least if low else least
    # a label that cannot occur does not count: 0 * log(0) and 0 / 0 are 0 here
    yes = p if target > 0.0 else 1.0
    no = q if target < 1.0 else 1.0
    gain_yes = target * (log_least if low else log_most) if target > 0.0 else 0.0
    gain_no = (1.0 - target) * (log_most if low else log_least) if target < 1.0 else 0.0
    pull = target / yes
    push = (1.0 - target) / no
    # for soft targets the two forces nearly cancel; their difference has a form that does not
    soft = target > 0.0 and target < 1.0
    slope = (p - target) / (yes * no) if soft else push - pull
    return 0.0 - gain_yes - gain_no, slope, pull / yes + push / no


@elementwise(
    _bce,
    stages={"least": _bce_least, "log_least": _bce_log_least, "log_most": _bce_log_most},
    pred=UNIT,
    target=UNIT,
    eps=HALF_UNIT,
    convex=True,
    kinks="pred = eps and pred = 1 - eps, if eps > 0",
    cost=4.0,
    aliases=("binary_cross_entropy", "binary_crossentropy", "log_loss"),
)
def bce(pred: Array, target: Array, *, eps: float = 0.0, **options: Unpack[Options]) -> Result:
    r"""Binary cross-entropy ``-(t * log(p) + (1 - t) * log(1 - p))`` of probabilities.

    For models that end in probabilities. Where logits are at hand `bce_with_logits` is better: a probability that
    was rounded to 0 or 1 has lost what the loss needs.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Probabilities p, in [0, 1].
    target : array, shape of `pred`
        Labels 0 and 1 or probabilities t between them, any real dtype.
    eps : float in [0, 0.5]
        Probabilities are moved into [eps, 1 - eps]; value, slope and curvature are those at the moved point. 0
        leaves them alone.

    Notes
    -----
    With ``eps=0`` a certain and wrong prediction costs infinity, and its slope is infinite too: ``-inf`` at p = 0 with
    t > 0, ``inf`` at p = 1 with t < 1. A certain and right one costs 0 with slope 1 at p = 0 and -1 at p = 1. Both
    logarithms and the slope keep their digits near 0 and 1. The curvature ``t / p**2 + (1 - t) / (1 - p)**2`` is
    positive, and its own bound.

    References
    ----------
    .. [1] I. J. Good, "Rational Decisions", Journal of the Royal Statistical Society B 14 (1952).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.bce(np.array([0.5, 0.25]), np.array([1.0, 0.0]), reduction="none")
    array([0.69314718, 0.28768207])
    >>> nl.bce(np.array([0.0]), np.array([1.0]))
    inf
    """
