"""Maximum mean discrepancy."""

from ...declare import ANY, POSITIVE, Array, Options, Result, Unpack, clouds
from ...scalar import exp


def _gaussian_kernel(squared, unit, bandwidth):
    ratio = unit / bandwidth
    value = exp(-0.5 * squared * ratio * ratio)
    return value, -value * ratio / bandwidth, 0.0


@clouds(
    _gaussian_kernel,
    law_inputs=2,
    rule="discrepancy",
    x=ANY,
    y=ANY,
    bandwidth=POSITIVE,
    cost=100.0,
    aliases=("maximum_mean_discrepancy", "mmd_loss"),
)
def mmd(
    x: Array,
    y: Array,
    *,
    bandwidth: float | tuple[float, ...] = 1.0,
    unbiased: bool = False,
    **options: Unpack[Options],
) -> Result:
    r"""Squared maximum mean discrepancy ``mean k(x_i, x_j) + mean k(y_i, y_j) - 2 mean k(x_i, y_j)`` of two samples.

    k is a Gaussian kernel ``exp(-abs(x - y)^2 / (2 bandwidth^2))``, or the sum of several. Of two samples of the same
    distribution it tends to 0.

    Parameters
    ----------
    x, y : arrays of float32 or float64, shapes (N, D) and (M, D), or (B, N, D) and (B, M, D)
        Two clouds of points, or B pairs of them, each a loss; both are differentiated.
    bandwidth : float or tuple of floats
        Standard deviations of the kernels, > 0, whose values are added.
    unbiased : bool
        Leave out what a point has in common with itself: the mean over samples is that of the distributions, and the
        value may be negative.

    Returns
    -------
    float, or array of shape (B,) for ``reduction="none"``, of shape () for one pair of clouds

    Notes
    -----
    Pairs are never all in memory. Distances are sums of squared differences. The square root of the value is the
    distance of the means of both in the space of the kernel.

    References
    ----------
    A. Gretton et al., A Kernel Two-Sample Test, Journal of Machine Learning Research 13, 2012.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> x, y = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    >>> round(nl.mmd(x, y), 4)
    1.1624
    >>> round(nl.mmd(x, y, bandwidth=(0.5, 1.0, 2.0)), 4)
    2.9021
    """
