"""Quantile loss."""

from ...declare import OPEN_UNIT, REAL, Array, Options, Result, Unpack, elementwise


def _quantile(pred, target, q, other):
    missing = target - pred
    if missing > 0.0:
        return q * missing, -q, 0.0
    if missing < 0.0:
        return -other * missing, other, 0.0
    # a tie, or NaN, which stays NaN
    return missing, missing, 0.0


@elementwise(
    _quantile,
    target=REAL,
    q=OPEN_UNIT,
    derived={"other": lambda q: 1.0 - q},
    convex=True,
    kinks="pred = target, where the slope is 0",
    least=1.0,
    cost=0.5,
    aliases=("pinball", "pinball_loss", "mean_pinball_loss", "quantile_loss"),
)
def quantile(pred: Array, target: Array, *, q: float = 0.5, **options: Unpack[Options]) -> Result:
    r"""Quantile loss ``max(q * (target - pred), (q - 1) * (target - pred))``.

    Its minimiser is the conditional q-quantile: two fits, at 0.05 and 0.95, give a 90 % interval.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted quantiles.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    q : float in (0, 1)
        Which quantile; at 0.5 the loss is half of `mae`.

    Notes
    -----
    The slope is ``-q`` below the target and ``1 - q`` above. At a tie it is 0, which lies between the two for every
    `q` and moves nothing that fits. The exact curvature is 0; the bound is 1.

    References
    ----------
    .. [1] R. Koenker, G. Bassett, "Regression Quantiles", Econometrica 46 (1978).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.quantile(np.array([1.0, 4.0]), np.array([2.0, 2.0]), q=0.75, reduction="none")
    array([0.75, 0.5 ])
    """
