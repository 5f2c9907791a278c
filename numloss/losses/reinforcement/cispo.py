"""Policy gradient weighted by a clipped ratio."""

from ...declare import ANY, NONNEGATIVE, REAL, UNIT, Array, Options, Result, Unpack, elementwise
from .ppo_clip import _ratio


def _cispo(log_prob, old_log_prob, advantage, most, least):
    ratio = _ratio(log_prob, old_log_prob)
    share = most if ratio > most else least if ratio < least else ratio
    # of the other two the one first whose product with the share neither overflows nor vanishes before all three do
    swap = abs(advantage) < abs(log_prob)
    large = log_prob if swap else advantage
    small = advantage if swap else log_prob
    product = share * small * large if share >= 1.0 else share * large * small
    # no advantage and no share cost nothing, not even for an impossible action; NaN stays NaN
    nothing = log_prob if log_prob != log_prob else 0.0
    counts = advantage != 0.0 and share != 0.0
    return -product if counts else nothing, -advantage * share if counts else nothing, 0.0


@elementwise(
    _cispo,
    log_prob=ANY,
    old_log_prob=REAL,
    advantage=REAL,
    epsilon_high=NONNEGATIVE,
    epsilon_low=UNIT,
    derived={"most": lambda epsilon_high: 1.0 + epsilon_high, "least": lambda epsilon_low: 1.0 - epsilon_low},
    convex=True,
    least=1.0,
    cost=2.0,
    aliases=("clipped_importance_sampling",),
)
def cispo(
    log_prob: Array,
    old_log_prob: Array,
    advantage: Array,
    *,
    epsilon_high: float = 4.0,
    epsilon_low: float = 1.0,
    denominator: str = "tokens",
    length: float | None = None,
    groups: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Policy gradient with clipped weights, ``-clip(ratio, 1 - epsilon_low, 1 + epsilon_high) * A * log_prob``.

    The ratio corrects for actions that an older policy took, and has no gradient: unlike in `ppo_clip` a token whose
    ratio is clipped still pulls, by no more than that.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities of the actions taken; the only input that is differentiated.
    old_log_prob : array, shape of `log_prob`
        The same of the policy that took them.
    advantage : array, shape of `log_prob`
        By how much the actions were better than expected.
    epsilon_high : float >= 0
        How far above 1 the ratio counts.
    epsilon_low : float in [0, 1]
        How far below 1 it counts; with 1 small ratios are not clipped.

    Notes
    -----
    The gradient is ``-A`` times the clipped ratio, which is a constant: it is not that of the value by differences. An
    advantage or a ratio of 0 costs 0, whatever the probability is. The curvature is 0; the bound is 1.

    References
    ----------
    .. [1] MiniMax, "MiniMax-M1: Scaling Test-Time Compute Efficiently with Lightning Attention", arXiv:2506.13585.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> log_prob, old = np.array([-0.5, -0.25]), np.array([-0.5, -5.0])
    >>> nl.grad(nl.cispo)(log_prob, old, np.array([1.0, -1.0]), reduction="sum")
    array([-1.,  5.])
    """
