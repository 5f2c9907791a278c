"""Temporal-difference error."""

from ...declare import ANY, POSITIVE, REAL, UNIT, Array, Options, Result, Unpack, action_value
from ...scalar import sign


def _td_error(chosen, aim, delta):
    error = chosen - aim
    size = abs(error)
    if delta < 0.0:
        return error * error, 2.0 * error, 2.0
    if size <= delta:
        return 0.5 * error * error, error, 1.0
    return delta * (size - 0.5 * delta), delta * sign(error), 0.0


@action_value(
    _td_error,
    law_inputs=2,
    none={"delta": -1.0},
    q=ANY,
    reward=REAL,
    next_q=ANY,
    done=UNIT,
    discount=UNIT,
    delta=POSITIVE,
    least=1.0,
    kinks="|error| = delta: the curvature there is 1",
    cost=1.0,
    aliases=("temporal_difference", "bellman_error", "dqn_loss"),
)
def td_error(
    q: Array,
    action: Array,
    reward: Array,
    next_q: Array,
    done: Array,
    *,
    discount: float = 0.99,
    next_action: Array | None = None,
    delta: float | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Squared Bellman error ``(q[action] - (reward + discount * (1 - done) * max next_q))**2``, or its Huber form.

    The loss of Q-learning; with ``next_action`` of double Q-learning.

    Parameters
    ----------
    q : array of float32 or float64, shape (N, actions)
        Predicted values; the only input that is differentiated.
    action : array of integers, shape (N,)
        The action taken, in [0, actions).
    reward : array of shape (N,)
        The reward received.
    next_q : array of floats, shape (N, next actions)
        Values of the next state, of a target network; taken as constant.
    done : array of shape (N,), in [0, 1]
        1 where the episode ended: nothing follows, not even inf.
    discount : float in [0, 1]
        Discount of the following value; with 0 nothing follows, not even inf.
    next_action : array of integers, shape (N,), optional
        Takes ``next_q[next_action]`` instead of the maximum: double Q-learning.
    delta : float > 0, optional
        Huber instead of the square: ``0.5 r**2`` within delta, linear beyond.

    Raises
    ------
    IndexError
        If an action is out of range, with its position, its value and the range.
    TypeError
        If q is not floating or actions are not integers.
    ValueError
        If shapes do not fit, reward is NaN, done is outside [0, 1], or an option is outside its domain.

    Notes
    -----
    The gradient is zero but for the actions taken. The curvature there is 2 (Huber: 1 or 0); the bound is at least
    1 everywhere. A NaN in next_q propagates.

    References
    ----------
    V. Mnih et al., Human-level control through deep reinforcement learning, 2015; H. van Hasselt et al., Deep
    Reinforcement Learning with Double Q-learning, 2016.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> q, next_q = np.array([[1.0, 2.0]]), np.array([[0.5, 3.0]])
    >>> nl.td_error(q, np.array([0]), np.array([1.0]), next_q, np.array([0]), discount=0.5)
    2.25
    """
