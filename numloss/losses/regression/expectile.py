"""Expectile loss."""

from ...declare import OPEN_UNIT, REAL, Array, Options, Result, Unpack, elementwise, preset


def _expectile(pred, target, q, other):
    error = pred - target
    share = q if error < 0.0 else other
    return share * error * error, 2.0 * share * error, 2.0 * share


@elementwise(
    _expectile,
    target=REAL,
    q=OPEN_UNIT,
    derived={"other": lambda q: 1.0 - q},
    convex=True,
    kinks="pred = target, in the curvature only",
    cost=0.5,
    aliases=("expectile_loss", "asymmetric_squared_error", "asymmetric_least_squares"),
)
def expectile(pred: Array, target: Array, *, q: float = 0.5, **options: Unpack[Options]) -> Result:
    r"""Expectile loss ``q * r**2`` for predictions below the target, ``(1 - q) * r**2`` above, ``r = pred - target``.

    The squared sibling of `quantile`: its minimiser is the conditional q-expectile, which moves smoothly with every
    observation.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted expectiles.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    q : float in (0, 1)
        How much observations above the prediction count; at 0.5 the loss is half of `mse`.

    Notes
    -----
    The curvature is ``2 * q`` below the target, ``2 * (1 - q)`` above and at a tie; it is its own bound. The preset
    ``iql_value`` has ``q=0.7``: implicit Q-learning trains values with it, whose targets are those of given actions.

    References
    ----------
    .. [1] W. K. Newey, J. L. Powell, "Asymmetric Least Squares Estimation and Testing", Econometrica 55 (1987).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.expectile(np.array([1.0, 4.0]), np.array([3.0, 2.0]), q=0.75, reduction="none")
    array([3., 1.])
    """


iql_value = preset("iql_value", expectile, q=0.7)
