"""Sum of the lengths of groups."""

from ...declare import ANY, NONNEGATIVE, Array, ParameterOptions, Result, Unpack, embedding
from ...loops.codes import OWN_SQUARES
from ...scalar import sqrt


def _group_lasso(square, unit, strength):
    length = sqrt(square)
    # a group of zeros has no direction to shrink in
    slope = 0.5 * strength / length if length > 0.0 else 0.0 * square
    # a factor of 0 costs nothing, though 0 * inf would be NaN
    return strength * (unit * length) if strength > 0.0 else 0.0, slope, 0.0


@embedding(
    _group_lasso,
    law_inputs=2,
    sums=((OWN_SQUARES, 0, 0),),
    params=ANY,
    strength=NONNEGATIVE,
    curvature=False,
    convex=True,
    weighted=False,
    reduction="sum",
    kinks="a group of zeros has slope 0",
    cost=1.0,
    aliases=("l21_norm", "group_l1"),
)
def group_lasso(params: Array, *, strength: float = 1.0, **options: Unpack[ParameterOptions]) -> Result:
    r"""Sum of the lengths of groups, ``strength * sum(sqrt(sum(params[g]**2)) for groups g)``.

    The penalty of the group lasso: it makes whole groups of parameters zero, for instance all weights of a feature.

    Parameters
    ----------
    params : array of float32 or float64, shape (G, D)
        Parameters, a group a row.
    strength : float >= 0
        Factor of the penalty. The usual factor sqrt(D), for groups of several sizes, belongs in it.

    Returns
    -------
    float, or array of shape (G,) for ``reduction="none"``

    Raises
    ------
    TypeError
        If `params` is not floating.
    ValueError
        If `params` has not two axes, or `strength` is not a number >= 0.

    Notes
    -----
    Squares are summed in 32 lanes, and again in a unit of the group where they overflow or vanish. The gradient of a
    group of zeros is 0. No curvature is offered.

    References
    ----------
    M. Yuan and Y. Lin, Model Selection and Estimation in Regression with Grouped Variables, Journal of the Royal
    Statistical Society B 68, 2006.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.group_lasso(np.array([[3.0, 4.0], [0.0, 0.0]]), strength=2.0)
    10.0
    """
