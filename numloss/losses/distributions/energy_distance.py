"""Energy distance."""

from ...declare import ANY, Array, Options, Result, Unpack, clouds
from ...scalar import sqrt


def _nearness(squared, unit):
    root = sqrt(squared)
    # of two equal points, without direction, the pull is 0; NaN stays NaN
    return -unit * root, 0.0 if root == 0.0 else -1.0 / root, 0.0


@clouds(
    _nearness,
    law_inputs=2,
    rule="discrepancy",
    x=ANY,
    y=ANY,
    kinks="two points that are equal",
    cost=100.0,
    aliases=("energy_statistic",),
)
def energy_distance(x: Array, y: Array, *, unbiased: bool = False, **options: Unpack[Options]) -> Result:
    r"""Energy distance ``2 mean abs(x_i - y_j) - mean abs(x_i - x_j) - mean abs(y_i - y_j)`` of two samples.

    Distances are Euclidean. It is >= 0, and 0 where both distributions are the same.

    Parameters
    ----------
    x, y : arrays of float32 or float64, shapes (N, D) and (M, D), or (B, N, D) and (B, M, D)
        Two clouds of points, or B pairs of them, each a loss; both are differentiated.
    unbiased : bool
        Leave out the distances of points to themselves: the mean over samples is that of the distributions, and the
        value may be negative.

    Returns
    -------
    float, or array of shape (B,) for ``reduction="none"``, of shape () for one pair of clouds

    Notes
    -----
    It is the maximum mean discrepancy of the kernel ``-abs(x - y)``, computed as in mmd. The square root of it, over
    the square root of 2, is what SciPy calls energy distance in one dimension.

    References
    ----------
    G. Szekely, M. Rizzo, Energy statistics: A class of statistics based on distances, Journal of Statistical Planning
    and Inference 143, 2013.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.energy_distance(np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]]))
    3.0
    """
