"""Absolute values and squares."""

from ...declare import NONNEGATIVE, Array, ParameterOptions, Result, Unpack, parameterwise
from ...scalar import sign


def _elastic_net(params, l1, l2):
    # a factor of 0 costs nothing, though 0 * inf would be NaN
    line = params if l1 > 0.0 else 0.0
    curve = params if l2 > 0.0 else 0.0
    scaled = l2 * curve
    return l1 * abs(line) + scaled * curve, l1 * sign(line) + 2.0 * scaled, 2.0 * l2


@parameterwise(
    _elastic_net,
    l1=NONNEGATIVE,
    l2=NONNEGATIVE,
    kinks="0, where the slope is 0",
    least=1.0,
    cost=0.5,
    aliases=("l1_l2", "elasticnet"),
)
def elastic_net(params: Array, *, l1: float, l2: float, **options: Unpack[ParameterOptions]) -> Result:
    r"""Absolute values and squares, ``sum(l1 * abs(params) + l2 * params**2)``.

    Sparse like `l1`, but stable where parameters are correlated, like `l2`.

    Parameters
    ----------
    params : array of float32 or float64, any shape
        Parameters.
    l1 : float >= 0
        Factor of the absolute values.
    l2 : float >= 0
        Factor of the squares.

    Raises
    ------
    ValueError
        If a factor is negative or not finite.
    TypeError
        If `params` is not floating, two arrays are given, or a factor is missing.

    Notes
    -----
    The slope at 0 is 0. The exact curvature is ``2 * l2``; the bound is that, but at least 1, as for `l1`.

    References
    ----------
    .. [1] H. Zou, T. Hastie, "Regularization and Variable Selection via the Elastic Net", Journal of the Royal
       Statistical Society B 67 (2005).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.elastic_net(np.array([3.0, -1.0]), l1=0.5, l2=0.25)
    4.5
    """
