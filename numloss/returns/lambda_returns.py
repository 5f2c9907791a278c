"""Returns that mix rewards with values: over all steps, over n of them, or rewards alone."""

from ..declare import ANY, REAL, UNIT, Array, ScanOptions, Unpack, scan


def _mixed(ahead, reward, next_value, terminated, truncated, discount, lam):
    share = discount * (1.0 - terminated)
    later = lam * (1.0 - truncated)
    now = 1.0 - later
    behind = later * ahead
    here = now * next_value
    # what does not count may be anything, inf and NaN, too
    mixed = (here if now > 0.0 else 0.0) + (behind if later > 0.0 else 0.0)
    following = share * mixed
    result = reward + (following if share > 0.0 else 0.0)
    return result, result


def _mixed_back(pulled, terminated, truncated, returns, discount, lam):
    pull = returns + pulled
    following = discount * (1.0 - terminated) * pull
    later = lam * (1.0 - truncated)
    return later * following, pull, (1.0 - later) * following


def _rewards_back(pulled, terminated, truncated, returns, discount, lam):
    carried, pull, _ = _mixed_back(pulled, terminated, truncated, returns, discount, lam)
    return carried, pull


@scan(
    _mixed,
    back=_mixed_back,
    results=("returns",),
    differentiable=(0, 1),
    per_element=("terminated", "truncated"),
    reward=REAL,
    next_value=ANY,
    terminated=UNIT,
    truncated=UNIT,
    discount=UNIT,
    lam=UNIT,
)
def lambda_returns(
    reward: Array,
    next_value: Array,
    *,
    terminated: Array | None = None,
    truncated: Array | None = None,
    discount: float = 0.99,
    lam: float = 0.95,
    axis: int = 0,
    **options: Unpack[ScanOptions],
) -> Array:
    r"""Returns ``G[t] = reward[t] + discount * ((1 - lam) * next_value[t] + lam * G[t + 1])``, those of TD(lambda).

    Nothing follows a step that is terminated. Where one is truncated, and at the last, `next_value` takes the place of
    what lies behind.

    Parameters
    ----------
    reward : array of float32 or float64, shape (T, ...)
        What was received for the action of each step.
    next_value : array, shape of `reward`
        The value of the state that each step led to: of values at T + 1 states all but the first.

    Returns
    -------
    array, shape of `reward`

    References
    ----------
    .. [1] R. Sutton and A. Barto, "Reinforcement Learning: An Introduction", chapter 12.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.returns.lambda_returns(np.array([1.0, 1.0]), np.array([4.0, 8.0]), discount=0.5, lam=0.5)
    array([3.25, 5.  ])
    """


@scan(
    _mixed,
    back=_mixed_back,
    results=("returns",),
    differentiable=(0, 1),
    per_element=("terminated", "truncated"),
    reward=REAL,
    next_value=ANY,
    terminated=UNIT,
    truncated=UNIT,
    discount=UNIT,
    derived={"lam": lambda: 1.0},
)
def n_step(
    reward: Array,
    next_value: Array,
    *,
    n: int,
    terminated: Array | None = None,
    truncated: Array | None = None,
    discount: float = 0.99,
    axis: int = 0,
    **options: Unpack[ScanOptions],
) -> Array:
    r"""The rewards of n steps and the value that follows: ``sum_k discount**k * reward[t + k] + discount**n * value``.

    Fewer steps where an episode is terminated, which nothing follows, and where it is truncated or the steps end:
    `next_value` follows these.

    Parameters
    ----------
    reward : array of float32 or float64, shape (T, ...)
        What was received for the action of each step.
    next_value : array, shape of `reward`
        The value of the state that each step led to: of values at T + 1 states all but the first.
    n : int >= 1
        How many steps.

    Returns
    -------
    array, shape of `reward`

    Notes
    -----
    Each result is added up by itself: time grows with n, and nothing cancels.

    References
    ----------
    .. [1] R. Sutton and A. Barto, "Reinforcement Learning: An Introduction", chapter 7.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.returns.n_step(np.array([1.0, 1.0, 1.0]), np.array([0.0, 4.0, 8.0]), n=2, discount=0.5)
    array([2.5, 3.5, 5. ])
    """


@scan(
    _mixed,
    back=_rewards_back,
    results=("returns",),
    per_element=("next_value", "terminated", "truncated"),
    reward=REAL,
    next_value=ANY,
    terminated=UNIT,
    truncated=UNIT,
    discount=UNIT,
    derived={"lam": lambda: 1.0},
)
def discounted(
    reward: Array,
    *,
    next_value: Array | None = None,
    terminated: Array | None = None,
    truncated: Array | None = None,
    discount: float = 0.99,
    axis: int = 0,
    **options: Unpack[ScanOptions],
) -> Array:
    r"""Discounted returns ``G[t] = reward[t] + discount * (1 - terminated[t]) * G[t + 1]``.

    Parameters
    ----------
    reward : array of float32 or float64, shape (T, ...)
        What was received for the action of each step; the only input that is differentiated.

    Returns
    -------
    array, shape of `reward`

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.returns.discounted(np.array([1.0, 1.0, 1.0]), terminated=np.array([0, 1, 0]), discount=0.5)
    array([1.5, 1. , 1. ])
    """
