"""Sum of absolute values."""

from ...declare import NONNEGATIVE, Array, ParameterOptions, Result, Unpack, parameterwise
from ...scalar import sign


def _l1(params, strength):
    # a factor of 0 costs nothing, though 0 * inf would be NaN
    line = params if strength > 0.0 else 0.0
    return strength * abs(line), strength * sign(line), 0.0


@parameterwise(
    _l1, strength=NONNEGATIVE, kinks="0, where the slope is 0", least=1.0, cost=0.5, aliases=("lasso", "l1_penalty")
)
def l1(params: Array, *, strength: float = 1.0, **options: Unpack[ParameterOptions]) -> Result:
    r"""Sum of absolute values, ``strength * sum(abs(params))``.

    A penalty that drives parameters to exactly zero. The absolute error between two arrays is `mae`.

    Parameters
    ----------
    params : array of float32 or float64, any shape
        Parameters.
    strength : float >= 0
        Factor of the penalty.

    Notes
    -----
    The slope at 0 is 0. The exact curvature is 0; the bound is 1.

    References
    ----------
    .. [1] R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", Journal of the Royal Statistical
       Society B 58 (1996).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.l1(np.array([3.0, -1.0]), strength=0.5)
    2.0
    """
