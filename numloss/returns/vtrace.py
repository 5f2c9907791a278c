"""V-trace: targets and advantages of steps that another policy took."""

from ..declare import ANY, NONNEGATIVE, REAL, UNIT, Array, ScanOptions, Unpack, scan
from ..losses.reinforcement.ppo_clip import _ratio


def _up_to(ratio, most):
    return most if ratio > most else ratio


def _vtrace(
    ahead, reward, value, next_value, log_prob, old_log_prob, terminated, truncated,
    discount, lam, clip_rho, clip_c, clip_pg_rho,
):  # fmt: skip
    ratio = _ratio(log_prob, old_log_prob)
    rho = _up_to(ratio, clip_rho)
    going = 1.0 - terminated
    share = discount * going
    following = share * next_value
    carry = share * (1.0 - truncated) * lam
    later = carry * ahead
    # what does not count may be anything, inf and NaN, too
    behind = later if carry > 0.0 else 0.0
    error = (reward - value) + (following if share > 0.0 else 0.0)
    change = rho * error + _up_to(ratio, clip_c) * behind
    return change, value + change, _up_to(ratio, clip_pg_rho) * (error + behind)


def _vtrace_back(
    pulled, log_prob, old_log_prob, terminated, truncated, targets, advantages,
    discount, lam, clip_rho, clip_c, clip_pg_rho,
):  # fmt: skip
    ratio = _ratio(log_prob, old_log_prob)
    gain = _up_to(ratio, clip_pg_rho) * advantages
    share = discount * (1.0 - terminated)
    total = targets + pulled
    pull = _up_to(ratio, clip_rho) * total + gain
    carried = share * (1.0 - truncated) * lam * (_up_to(ratio, clip_c) * total + gain)
    return carried, pull, targets - pull, share * pull


@scan(
    _vtrace,
    back=_vtrace_back,
    results=("targets", "advantages"),
    differentiable=(0, 1, 2),
    per_element=("terminated", "truncated"),
    reward=REAL,
    value=ANY,
    next_value=ANY,
    log_prob=ANY,
    old_log_prob=REAL,
    terminated=UNIT,
    truncated=UNIT,
    discount=UNIT,
    lam=UNIT,
    clip_rho=NONNEGATIVE,
    clip_c=NONNEGATIVE,
    clip_pg_rho=NONNEGATIVE,
    cost=3.0,
)
def vtrace(
    reward: Array,
    value: Array,
    next_value: Array,
    log_prob: Array,
    old_log_prob: Array,
    *,
    terminated: Array | None = None,
    truncated: Array | None = None,
    discount: float = 0.99,
    lam: float = 1.0,
    clip_rho: float = 1.0,
    clip_c: float = 1.0,
    clip_pg_rho: float = 1.0,
    axis: int = 0,
    **options: Unpack[ScanOptions],
) -> tuple[Array, Array]:
    r"""Targets ``v[t] = value[t] + d[t]`` of V-trace, and advantages of a policy other than the one that acted.

    With the ratio r of the probabilities of each action, ``error[t]`` that of temporal differences and what lies
    behind, ``behind[t] = discount * lam * (1 - ended[t]) * d[t + 1]``, it is
    ``d[t] = min(r, clip_rho) * error[t] + min(r, clip_c) * behind[t]``, and advantages are
    ``min(r, clip_pg_rho) * (error[t] + behind[t])``. An episode has `ended` where it is terminated or truncated, and at
    the last step.

    Parameters
    ----------
    reward : array of float32 or float64, shape (T, ...)
        What was received for the action of each step.
    value : array, shape of `reward`
        The value of the state in which the action was taken.
    log_prob : array, shape of `reward`
        Logarithms of the probabilities of the actions under the policy that learns. Ratios are constants: nothing is
        pulled back to them.
    old_log_prob : array, shape of `reward`
        The same of the policy that acted.
    clip_rho, clip_c, clip_pg_rho : float >= 0
        What ratios count at most: in an error, in what lies behind, in an advantage.

    Returns
    -------
    tuple of two arrays, shape of `reward`
        Targets of the value, and advantages for the gradient of the policy.

    Notes
    -----
    With ``lam=1`` it is the paper's. With less, advantages have ``(1 - lam) * value + lam * v`` of the next step behind
    the reward, as RLax does.

    References
    ----------
    .. [1] L. Espeholt et al., "IMPALA: Scalable Distributed Deep-RL with Importance Weighted Actor-Learner
       Architectures", arXiv:1802.01561.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> reward, value, log_prob = np.ones(2), np.zeros(2), np.log([0.5, 0.25])
    >>> targets, _ = nl.returns.vtrace(reward, value, np.array(4.0), log_prob, np.log([0.5, 0.5]), discount=0.5)
    >>> targets
    array([1.75, 1.5 ])
    """
