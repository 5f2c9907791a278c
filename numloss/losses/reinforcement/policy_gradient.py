"""Policy gradient."""

from ...declare import ANY, REAL, Array, Options, Result, Unpack, elementwise


def _policy_gradient(log_prob, advantage):
    # no advantage costs nothing, not even for an impossible action; NaN stays NaN
    nothing = log_prob if log_prob != log_prob else 0.0
    # an advantage of 0 has one slope, whatever its sign
    return -advantage * log_prob if advantage != 0.0 else nothing, 0.0 - advantage, 0.0


@elementwise(
    _policy_gradient,
    log_prob=ANY,
    advantage=REAL,
    convex=True,
    least=1.0,
    cost=0.5,
    aliases=("reinforce", "vanilla_policy_gradient"),
)
def policy_gradient(
    log_prob: Array,
    advantage: Array,
    *,
    denominator: str = "tokens",
    length: float | None = None,
    groups: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Policy gradient ``-advantage * log_prob``, known as REINFORCE.

    Its gradient makes actions more probable that were better than expected, and others less.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities of the actions taken; the only input that is differentiated.
    advantage : array, shape of `log_prob`
        By how much the actions were better than expected: a return, less a baseline.

    Notes
    -----
    The value says nothing about how good the policy is. An advantage of 0 costs 0, whatever the probability is. The
    curvature is 0; the bound is 1.

    References
    ----------
    .. [1] R. J. Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning",
       Machine Learning 8, 1992.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.policy_gradient(np.array([-0.5, -2.0]), np.array([1.0, -0.25]), reduction="none")
    array([ 0.5, -0.5])
    """
