"""Binary classifier optimisation."""

from ...declare import ANY, BINARY, FINITE, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_sum, difference_rest, fma, log1p_unit, product_rest


def _less_margin(apart, rest, beta, margin):
    """beta * apart - margin, and what that loses to rounding."""
    scaled = beta * apart
    lost = fma(beta, rest, product_rest(beta, apart))
    return scaled - margin, (lost if scaled - scaled == 0.0 else 0.0) + difference_rest(scaled, margin)


def _bco_lead(log_prob, reference, desirable, beta, baseline):
    lead, rest = _less_margin(log_prob - reference, difference_rest(log_prob, reference), beta, baseline)
    wanted = desirable > 0.0
    return lead if wanted else -lead, rest if wanted else -rest


def _decay_of_lead(lead, rest):
    return decay_of_sum(abs(lead), rest if lead > 0.0 else -rest)


def _bco(log_prob, reference, desirable, beta, baseline, lead, rest, e):
    behind = lead <= 0.0
    pull = beta * ((1.0 if behind else e) / (1.0 + e))
    value = (abs(lead) if behind else 0.0) + log1p_unit(e)
    return value, -pull if desirable > 0.0 else pull, beta * (beta * (e / ((1.0 + e) * (1.0 + e))))


@elementwise(
    _bco,
    stages={"lead, rest": _bco_lead, "e": _decay_of_lead},
    log_prob=ANY,
    reference=REAL,
    desirable=BINARY,
    beta=POSITIVE,
    baseline=FINITE,
    convex=True,
    cost=4.0,
    aliases=("bco_loss", "binary_classifier_optimization"),
)
def bco(
    log_prob: Array,
    reference: Array,
    desirable: Array,
    *,
    beta: float = 0.1,
    baseline: float = 0.0,
    **options: Unpack[Options],
) -> Result:
    r"""Binary classifier optimisation, ``-log(sigmoid(beta * (log_prob - reference) - baseline))``.

    That of what is desirable; what is not has the opposite sign within the sigmoid. Answers that are judged one by one,
    by a classifier whose logit is the reward.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities that the policy gives to the answers; the only input that is differentiated.
    reference : array, shape of `log_prob`
        The same of the reference.
    desirable : array, shape of `log_prob`
        1 where the answer is good, 0 where it is not.
    beta : float > 0
        How much a departure from the reference costs.
    baseline : float
        The mean reward ``beta * (log_prob - reference)`` of both kinds, usually one that moves; a constant.

    Notes
    -----
    The logit is computed with what its differences and its product lose to rounding. The bound of the curvature is at
    least 1e-16.

    References
    ----------
    .. [1] S. Jung et al., "Binary Classifier Optimization for Large Language Model Alignment", arXiv:2404.04656.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> log_prob, reference, desirable = np.array([-10.0, -30.0]), np.array([-20.0, -20.0]), np.array([1, 0])
    >>> nl.bco(log_prob, reference, desirable, reduction="none").round(4)
    array([0.3133, 0.3133])
    """
