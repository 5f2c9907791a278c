"""Odds-ratio preference optimisation."""

from ...declare import NONNEGATIVE, NONPOSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, exp, expm1, log, log1p_unit
from .bco import _decay_of_lead


def _orpo_parts(chosen, rejected):
    # odds_chosen : odds_rejected = over : under, both multiplied by what lets neither overflow
    lag = rejected - chosen
    e = _decay_of_lead(lag, difference_rest(rejected, chosen))
    # of 0 it is 0, and not -0
    return lag, 0.0 - expm1(chosen), 0.0 - expm1(rejected), exp(rejected), e


def _orpo(chosen, rejected, beta, alpha, lag, kept, lost, power, e):
    worse = lag > 0.0
    scale = 1.0 if worse else e
    # how far the odds of what was rejected are above those of what was chosen
    above = scale * kept
    below = lost * (e if worse else 1.0)
    total = above + below
    # of two answers that are certain none has the higher odds
    level = total == 0.0
    behind = above > below
    near = log1p_unit(1.0 if level else (below if behind else above) / (above if behind else below))
    far = log(above / below) if below > 1e-30 else lag + (log(kept) - log(lost))
    # what was chosen costs nothing by itself, though 0 * inf would be NaN
    own = alpha * chosen if alpha > 0.0 else 0.0
    value = beta * ((far if behind else 0.0) + near) - own if beta > 0.0 else -own
    share = scale / total
    push = (0.5 if level else above / total) / lost
    bend = beta * (push * ((0.5 if level else below / total) + power) / lost)
    return value, (-beta * share - alpha, beta * push), (beta * (share * (1.0 - share)), bend)


@elementwise(
    _orpo,
    stages={"lag, kept, lost, power, e": _orpo_parts},
    differentiable=(0, 1),
    chosen=NONPOSITIVE,
    rejected=NONPOSITIVE,
    beta=NONNEGATIVE,
    alpha=NONNEGATIVE,
    cost=8.0,
    aliases=("orpo_loss", "odds_ratio_preference_optimization"),
)
def orpo(
    chosen: Array, rejected: Array, *, beta: float = 0.1, alpha: float = 1.0, **options: Unpack[Options]
) -> Result:
    r"""Odds-ratio preference optimisation, ``-alpha * chosen - beta * log(sigmoid(log_odds))``.

    The odds of an answer of probability p, per token, are ``p / (1 - p)``, and ``log_odds`` is the logarithm of those
    of the answer that was chosen over those of the one that was rejected: fine-tuning and preference in one loss,
    without a reference.

    Parameters
    ----------
    chosen, rejected : arrays of float32 or float64, any shape
        Mean logarithms of the probabilities of the tokens of the answers that were chosen and rejected, <= 0; both are
        differentiated.
    beta : float >= 0
        What the preference counts; the paper's lambda.
    alpha : float >= 0
        What the likelihood of the answer that was chosen counts. With 0 only the preference is left, for those who take
        the likelihood of the tokens of a batch instead.

    Notes
    -----
    Odds are compared without a logarithm of either, so that answers that are nearly certain keep their digits; one that
    was rejected and is certain has an infinite loss. Gradients and curvatures are pairs, in the dtype of `chosen`. The
    curvature of `chosen` is ``beta * s * (1 - s)`` with its slope s, accurate relative to the larger part of its
    difference. The loss is not convex; the bound is at least 1e-16.

    References
    ----------
    .. [1] J. Hong, N. Lee, J. Thorne, "ORPO: Monolithic Preference Optimization without Reference Model",
       arXiv:2403.07691.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> chosen, rejected = np.array([-0.5]), np.array([-1.5])
    >>> round(nl.orpo(chosen, rejected), 4), round(nl.orpo(chosen, rejected, alpha=0.0, beta=1.0), 4)
    (0.5171, 0.1709)
    """
