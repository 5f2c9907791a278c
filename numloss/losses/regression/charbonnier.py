"""Charbonnier loss."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import sign
from .pseudo_huber import round_corner


def _charbonnier(pred, target, epsilon):
    error, cosine, rest, _, longer, m, root = round_corner(pred, target, epsilon)
    slope = sign(error) * ((1.0 if abs(error) > epsilon else m) / root)
    return longer * root, slope, cosine / epsilon * cosine * (cosine + 3.0 * rest)


@elementwise(
    _charbonnier,
    target=REAL,
    tight=True,
    epsilon=POSITIVE,
    convex=True,
    cost=1.6,
    aliases=("charbonnier_loss", "l1_charbonnier", "smooth_mae"),
)
def charbonnier(pred: Array, target: Array, *, epsilon: float = 1e-3, **options: Unpack[Options]) -> Result:
    r"""Charbonnier loss ``sqrt((pred - target)**2 + epsilon**2)``.

    `mae` without its corner, the usual loss of networks that restore images: super-resolution, denoising, optical flow.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    epsilon : float > 0
        How round the corner is, and the value at no error. Libraries that take ``sqrt(r**2 + eps)`` have its square.

    Notes
    -----
    It is `pseudo_huber` with that delta, divided by epsilon, plus epsilon: the slope tends to 1 and not to delta. It is
    computed without squares that overflow. The bound of the curvature is the slope over the error.

    References
    ----------
    .. [1] P. Charbonnier, L. Blanc-Feraud, G. Aubert, M. Barlaud, "Two Deterministic Half-Quadratic Regularization
       Algorithms for Computed Imaging", ICIP 1994.
    .. [2] W.-S. Lai, J.-B. Huang, N. Ahuja, M.-H. Yang, "Deep Laplacian Pyramid Networks for Fast and Accurate
       Super-Resolution", CVPR 2017.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.charbonnier(np.array([3.0, 0.0]), np.zeros(2), epsilon=4.0, reduction="none")
    array([5., 4.])
    """
