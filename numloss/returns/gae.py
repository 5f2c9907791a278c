"""Generalised advantage estimation."""

from ..declare import ANY, REAL, UNIT, Array, ScanOptions, Unpack, scan


def _gae(ahead, reward, value, next_value, terminated, truncated, discount, trace):
    going = 1.0 - terminated
    share = discount * going
    following = share * next_value
    carry = trace * going * (1.0 - truncated)
    later = carry * ahead
    # what does not count may be anything, inf and NaN, too
    error = (reward - value) + (following if share > 0.0 else 0.0)
    advantage = error + (later if carry > 0.0 else 0.0)
    return advantage, advantage, advantage + value


def _gae_back(pulled, terminated, truncated, advantages, returns, discount, trace):
    going = 1.0 - terminated
    pull = advantages + returns + pulled
    return trace * going * (1.0 - truncated) * pull, pull, returns - pull, discount * going * pull


@scan(
    _gae,
    back=_gae_back,
    results=("advantages", "returns"),
    differentiable=(0, 1, 2),
    per_element=("terminated", "truncated"),
    reward=REAL,
    value=ANY,
    next_value=ANY,
    terminated=UNIT,
    truncated=UNIT,
    discount=UNIT,
    lam=UNIT,
    derived={"trace": lambda discount, lam: discount * lam},
)
def gae(
    reward: Array,
    value: Array,
    next_value: Array,
    *,
    terminated: Array | None = None,
    truncated: Array | None = None,
    discount: float = 0.99,
    lam: float = 0.95,
    axis: int = 0,
    **options: Unpack[ScanOptions],
) -> tuple[Array, Array]:
    r"""Advantages ``A[t] = error[t] + discount * lam * (1 - ended[t]) * A[t + 1]``, and returns ``A + value``.

    With ``error[t] = reward[t] + discount * (1 - terminated[t]) * next_value[t] - value[t]``; an episode has `ended`
    where it is terminated or truncated, and at the last step.

    Parameters
    ----------
    reward : array of float32 or float64, shape (T, ...)
        What was received for the action of each step.
    value : array, shape of `reward`
        The value of the state in which the action was taken.

    Returns
    -------
    tuple of two arrays, shape of `reward`
        Advantages, and what the value should have been.

    Notes
    -----
    With ``lam=1`` advantages are those of the discounted return, with ``lam=0`` temporal differences. For tokens of
    answers behind each other `terminated` marks the last one of each.

    References
    ----------
    .. [1] J. Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation",
       arXiv:1506.02438.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> reward, value = np.ones((3, 1)), np.zeros((3, 1))
    >>> advantages, returns = nl.returns.gae(reward, value, np.array([8.0]), discount=0.5, lam=1.0)
    >>> advantages.ravel()
    array([2.75, 3.5 , 5.  ])
    >>> pull = np.array([[1.0], [0.0], [0.0]])
    >>> nl.vjp(nl.returns.gae)(reward, value, np.array([8.0]), discount=0.5, lam=1.0, cotangent=(pull, None))[0].ravel()
    array([1.  , 0.5 , 0.25])
    """
