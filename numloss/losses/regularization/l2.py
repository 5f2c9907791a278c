"""Sum of squares."""

from ...declare import NONNEGATIVE, Array, ParameterOptions, Result, Unpack, parameterwise


def _l2(params, strength):
    # a factor of 0 costs nothing, though 0 * inf would be NaN
    curve = params if strength > 0.0 else 0.0
    scaled = strength * curve
    return scaled * curve, 2.0 * scaled, 2.0 * strength


@parameterwise(_l2, strength=NONNEGATIVE, cost=0.5, aliases=("ridge", "l2_penalty", "weight_decay"))
def l2(params: Array, *, strength: float = 1.0, **options: Unpack[ParameterOptions]) -> Result:
    r"""Sum of squares, ``strength * sum(params**2)``, without a factor one half.

    The penalty of ridge regression: shrinks all parameters in proportion. The squared error between two arrays is
    `mse`.

    Parameters
    ----------
    params : array of float32 or float64, any shape
        Parameters.
    strength : float >= 0
        Factor of the penalty.

    Notes
    -----
    The curvature is ``2 * strength`` everywhere; the bound is at least 1e-16.

    References
    ----------
    .. [1] A. E. Hoerl, R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems",
       Technometrics 12 (1970).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.l2(np.array([3.0, -1.0]), strength=0.5)
    5.0
    """
