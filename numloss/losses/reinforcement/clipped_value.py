"""Squared error of a value that moves within limits."""

from ...declare import NONNEGATIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest


def _clipped_value(pred, old, target, epsilon):
    error = pred - target
    moved = pred - old
    # the old value, moved as far as it may, less the target, with what its sums lose to rounding
    step = epsilon if moved > 0.0 else -epsilon
    apart = old - target
    limited = apart + step
    limited = limited + (difference_rest(old, target) + difference_rest(apart, -step))
    # whether the limit is farther from the target than the value is: by their signs, where large ones are rounded alike
    short = error <= 0.0 if moved > 0.0 else error >= 0.0
    turned = limited < 0.0 if moved > 0.0 else limited > 0.0
    farther = abs(limited) > abs(error) if turned else short
    stopped = abs(moved) > epsilon and (short or farther)
    left = limited if stopped else error
    return left * left, 0.0 if stopped else 2.0 * error, 0.0 if stopped else 2.0


@elementwise(
    _clipped_value,
    old=REAL,
    target=REAL,
    epsilon=NONNEGATIVE,
    least=1.0,
    kinks="the value has moved by epsilon, or both errors are equal",
    cost=0.6,
    aliases=("ppo_value_loss", "value_clip", "clipped_value_loss"),
)
def clipped_value(
    pred: Array, old: Array, target: Array, *, epsilon: float = 0.2, **options: Unpack[Options]
) -> Result:
    r"""Clipped squared error of a value, ``max((pred - y)**2, (old + clip(pred - old, -epsilon, epsilon) - y)**2)``.

    The critic of `ppo_clip`: a value that has moved by more than epsilon towards its target y is not pushed on.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted values; the only input that is differentiated.
    old : array, shape of `pred`
        Values that were predicted when the actions were taken.
    target : array, shape of `pred`
        Returns.
    epsilon : float >= 0
        How far a value may move.

    Notes
    -----
    The slope is ``2 * (pred - target)``, or 0 where the clipped error is the larger one; the curvature is 2 or 0, and
    the bound is at least 1. There is no factor of 1/2, as in `mse`.

    References
    ----------
    .. [1] J. Schulman et al., "Proximal Policy Optimization Algorithms", arXiv:1707.06347.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, old, target = np.array([0.5, 0.1]), np.array([0.0, 0.0]), np.array([1.0, 1.0])
    >>> nl.value_and_grad(nl.clipped_value)(pred, old, target, reduction="none")
    (array([0.64, 0.81]), array([ 0. , -1.8]))
    """
