"""Retrace: targets of the values of actions that another policy took."""

from ..declare import ANY, NONNEGATIVE, REAL, UNIT, Array, ScanOptions, Unpack, scan
from ..losses.reinforcement.ppo_clip import _ratio
from .vtrace import _up_to


def _retrace(
    ahead, reward, q, next_value, log_prob, old_log_prob, terminated, truncated, discount, lam, clip_c
):  # fmt: skip
    share = discount * (1.0 - terminated)
    following = share * next_value
    carry = share * (1.0 - truncated)
    later = carry * ahead
    # what does not count may be anything, inf and NaN, too
    target = reward + (following if share > 0.0 else 0.0) + (later if carry > 0.0 else 0.0)
    return lam * _up_to(_ratio(log_prob, old_log_prob), clip_c) * (target - q), target


def _retrace_back(pulled, log_prob, old_log_prob, terminated, truncated, targets, discount, lam, clip_c):
    share = discount * (1.0 - terminated)
    trace = lam * _up_to(_ratio(log_prob, old_log_prob), clip_c) * pulled
    pull = targets + trace
    return share * (1.0 - truncated) * pull, pull, -trace, share * pull


@scan(
    _retrace,
    back=_retrace_back,
    results=("targets",),
    differentiable=(0, 1, 2),
    per_element=("terminated", "truncated"),
    reward=REAL,
    q=ANY,
    next_value=ANY,
    log_prob=ANY,
    old_log_prob=REAL,
    terminated=UNIT,
    truncated=UNIT,
    discount=UNIT,
    lam=UNIT,
    clip_c=NONNEGATIVE,
    cost=2.0,
)
def retrace(
    reward: Array,
    q: Array,
    next_value: Array,
    log_prob: Array,
    old_log_prob: Array,
    *,
    terminated: Array | None = None,
    truncated: Array | None = None,
    discount: float = 0.99,
    lam: float = 1.0,
    clip_c: float = 1.0,
    axis: int = 0,
    **options: Unpack[ScanOptions],
) -> Array:
    r"""Targets ``G[t] = reward[t] + discount * (next_value[t] + c[t + 1] * (G[t + 1] - q[t + 1]))`` of Retrace.

    With ``c = lam * min(r, clip_c)`` of the ratio r of the probabilities of each action. Nothing follows a step that is
    terminated; `next_value` alone follows one that is truncated, and the last.

    Parameters
    ----------
    reward : array of float32 or float64, shape (T, ...)
        What was received for the action of each step.
    q : array, shape of `reward`
        The value of the action that was taken.
    next_value : array, shape of `reward`
        The value of the state that each step led to: the mean over its actions under the policy that learns.
    log_prob : array, shape of `reward`
        Logarithms of the probabilities of the actions under the policy that learns. Ratios are constants: nothing is
        pulled back to them.
    old_log_prob : array, shape of `reward`
        The same of the policy that acted.
    clip_c : float >= 0
        What a ratio counts at most.

    Returns
    -------
    array, shape of `reward`

    References
    ----------
    .. [1] R. Munos et al., "Safe and Efficient Off-Policy Reinforcement Learning", arXiv:1606.02647.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> reward, q, log_prob = np.ones(2), np.array([0.0, 2.0]), np.log([0.5, 0.25])
    >>> nl.returns.retrace(reward, q, np.array([1.0, 4.0]), log_prob, np.log([0.5, 0.5]), discount=0.5)
    array([1.75, 3.  ])
    """
