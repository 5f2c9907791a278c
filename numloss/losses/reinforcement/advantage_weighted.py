"""Likelihood of actions, weighted by the exponentials of their advantages."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise, preset
from ...scalar import exp_of_difference, quotient_rest


def _advantage_weighted(log_prob, advantage, temperature, max_weight):
    lost = quotient_rest(advantage, 0.0, temperature, 0.0)
    power = exp_of_difference(advantage / temperature, -lost)
    weight = max_weight if power > max_weight else power
    # what has no weight costs nothing, not even an impossible action; NaN stays NaN
    nothing = log_prob if log_prob != log_prob else 0.0
    return -weight * log_prob if weight > 0.0 else nothing, 0.0 - weight, 0.0


@elementwise(
    _advantage_weighted,
    log_prob=ANY,
    advantage=REAL,
    temperature=POSITIVE,
    max_weight=POSITIVE,
    none={"max_weight": 1e999},
    convex=True,
    least=1.0,
    cost=1.5,
    aliases=("awac", "advantage_weighted_regression"),
)
def advantage_weighted(
    log_prob: Array,
    advantage: Array,
    *,
    temperature: float = 1.0,
    max_weight: float | None = 20.0,
    **options: Unpack[Options],
) -> Result:
    r"""Advantage-weighted likelihood, ``-min(exp(advantage / temperature), max_weight) * log_prob``.

    Learning a policy from actions that are given, as offline data are: those that were better than expected count
    more, and none is pushed away.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities of the given actions; the only input that is differentiated.
    advantage : array, shape of `log_prob`
        By how much these actions are better than expected.
    temperature : float > 0
        What advantages are divided by: beta of AWR, lambda of AWAC; IQL multiplies by its inverse.
    max_weight : float > 0, optional
        What no weight is above; with None they have no bound.

    Notes
    -----
    The weights are no part of a denominator, and not normalised over the batch. The curvature is 0; the bound is 1. The
    preset ``awr`` is this with the authors' bound of 20, ``iql_actor`` has the temperature 1 / 3 and the bound 100. The
    value of IQL is learned with `expectile`, the preset ``iql_value``.

    References
    ----------
    .. [1] X. B. Peng et al., "Advantage-Weighted Regression: Simple and Scalable Off-Policy Reinforcement Learning",
       arXiv:1910.00177.
    .. [2] A. Nair et al., "AWAC: Accelerating Online Reinforcement Learning with Offline Datasets", arXiv:2006.09359.
    .. [3] I. Kostrikov, A. Nair and S. Levine, "Offline Reinforcement Learning with Implicit Q-Learning",
       arXiv:2110.06169.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.advantage_weighted(np.array([-0.5, -2.0]), np.array([5.0, -1.0]), reduction="none").round(4)
    array([10.    ,  0.7358])
    """


awr = preset("awr", advantage_weighted, temperature=1.0, max_weight=20.0)
iql_actor = preset("iql_actor", advantage_weighted, temperature=1.0 / 3.0, max_weight=100.0)
