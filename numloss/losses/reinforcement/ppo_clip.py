"""Clipped surrogate of proximal policy optimisation."""

from ...declare import ANY, NONNEGATIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, exp_of_difference


def _ppo_clip(log_prob, old_log_prob, advantage, most, least):
    ratio = exp_of_difference(log_prob - old_log_prob, -difference_rest(log_prob, old_log_prob))
    end = most if advantage > 0.0 else least
    # a step that has already gone as far as it may, in the direction that pays, is not pushed on
    done = ratio > end if advantage > 0.0 else ratio < end
    # no advantage costs nothing, though 0 * inf would be NaN; NaN stays NaN
    nothing = ratio if ratio != ratio else 0.0
    gain = -advantage * ratio if advantage != 0.0 else nothing
    slope = 0.0 if done else gain
    return -advantage * end if done else gain, slope, slope


@elementwise(
    _ppo_clip,
    log_prob=ANY,
    old_log_prob=REAL,
    advantage=REAL,
    epsilon=NONNEGATIVE,
    derived={"most": lambda epsilon: 1.0 + epsilon, "least": lambda epsilon: 1.0 - epsilon},
    kinks="the ratio is 1 + epsilon for a positive advantage, or 1 - epsilon for a negative one",
    cost=2.0,
    aliases=("ppo_loss", "clipped_surrogate"),
)
def ppo_clip(
    log_prob: Array, old_log_prob: Array, advantage: Array, *, epsilon: float = 0.2, **options: Unpack[Options]
) -> Result:
    r"""Proximal policy optimisation, ``-min(ratio * A, clip(ratio, 1 - epsilon, 1 + epsilon) * A)``.

    The ratio is that of the probabilities of an action under the policy and under the one that chose it; where a step
    has already gone as far as epsilon in the direction of the advantage A, nothing pushes it on.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities of the actions taken; the only input that is differentiated.
    old_log_prob : array, shape of `log_prob`
        The same of the policy that took them.
    advantage : array, shape of `log_prob`
        By how much the actions were better than expected.
    epsilon : float >= 0
        How far the ratio may move from 1.

    Notes
    -----
    The ratio is computed from the difference of the logarithms with what it loses to rounding. Gradient and curvature
    are both ``-A * ratio``, or 0 beyond the end; at the end itself they are those before it. The curvature is negative
    for a positive advantage; the bound is at least 1e-16.

    References
    ----------
    .. [1] J. Schulman et al., "Proximal Policy Optimization Algorithms", arXiv:1707.06347.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> old = np.log(np.array([0.5, 0.5]))
    >>> nl.ppo_clip(np.log(np.array([0.75, 0.5])), old, np.array([2.0, -1.0]), reduction="none")
    array([-2.4,  1. ])
    """
