"""Kahneman-Tversky optimisation."""

from ...declare import ANY, BINARY, FINITE, NONNEGATIVE, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest
from .dpo import _dpo_decay


def _kto_lead(log_prob, reference, desirable, baseline):
    apart = log_prob - reference
    lead = apart - baseline
    rest = difference_rest(log_prob, reference) + difference_rest(apart, baseline)
    wanted = desirable > 0.0
    return lead if wanted else -lead, rest if wanted else -rest


def _kto(log_prob, reference, desirable, beta, baseline, desirable_weight, undesirable_weight, lead, rest, e):
    ahead = lead > 0.0
    share = desirable_weight if desirable > 0.0 else undesirable_weight
    steep = share * (beta * (e / (1.0 + e) / (1.0 + e)))
    bend = beta * (steep * ((1.0 - e) / (1.0 + e)))
    slope = -steep if desirable > 0.0 else steep
    return share * ((e if ahead else 1.0) / (1.0 + e)), slope, bend if ahead else -bend


@elementwise(
    _kto,
    stages={"lead, rest": _kto_lead, "e": _dpo_decay},
    log_prob=ANY,
    reference=REAL,
    desirable=BINARY,
    beta=POSITIVE,
    baseline=FINITE,
    desirable_weight=NONNEGATIVE,
    undesirable_weight=NONNEGATIVE,
    cost=4.0,
    aliases=("kto_loss", "kahneman_tversky_optimization"),
)
def kto(
    log_prob: Array,
    reference: Array,
    desirable: Array,
    *,
    beta: float = 0.1,
    baseline: float = 0.0,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    **options: Unpack[Options],
) -> Result:
    r"""Kahneman-Tversky optimisation, ``1 - sigmoid(beta * (log_prob - reference - baseline))`` of what is desirable.

    Answers that are judged one by one, without pairs. What is undesirable costs ``1 - sigmoid(-beta * ...)``, so that
    it should become less probable than the reference has it.

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
        Estimate of the divergence of the policy from the reference, over the answers of other prompts; a constant.
    desirable_weight, undesirable_weight : float >= 0
        What losses of both kinds are multiplied by. A mean is not divided by them.

    Notes
    -----
    The gradient is known to all digits, the curvature is a difference of 1 and an exponential. The loss is not convex;
    the bound is at least 1e-16.

    References
    ----------
    .. [1] K. Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", arXiv:2402.01306.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> log_prob, reference, desirable = np.array([-10.0, -30.0]), np.array([-20.0, -20.0]), np.array([1, 1])
    >>> nl.kto(log_prob, reference, desirable, reduction="none").round(4)
    array([0.2689, 0.7311])
    """
