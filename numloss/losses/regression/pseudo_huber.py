"""Pseudo-Huber loss."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, product_rest, quotient_rest, sign, sqrt


def round_corner(pred, target, delta):
    """The error, the cosine of its hypotenuse with delta, what that lost to rounding, and what both are made of."""
    error = pred - target
    size = abs(error)
    rest = difference_rest(pred, target)
    lost = rest if error > 0.0 else -rest
    far = size > delta
    near = delta if far else size
    other = size if far else delta
    # m is r / delta or its inverse, whichever is below 1: no square overflows, and infinite errors have their limits
    m = near / other
    root = sqrt(1.0 + m * m)
    # the curvature is the cube of this cosine, and of what m and the root lost to rounding
    top = m if far else 1.0
    cosine = top / root
    m_rest = quotient_rest(near, 0.0 if far else lost, other, lost if far else 0.0)
    gap = (1.0 - root * root) + m * m
    root_rest = 0.5 * (gap + (product_rest(m, m) - product_rest(root, root) + 2.0 * m * m_rest)) / root
    return error, cosine, quotient_rest(top, m_rest if far else 0.0, root, root_rest), near, other, m, root


def _pseudo_huber(pred, target, delta):
    error, cosine, rest, near, _, m, root = round_corner(pred, target, delta)
    size = abs(error)
    value = size * (near / ((m if size > delta else 1.0) + root))
    return value, sign(error) * (near / root), cosine * cosine * (cosine + 3.0 * rest)


@elementwise(
    _pseudo_huber,
    target=REAL,
    tight=True,
    delta=POSITIVE,
    convex=True,
    least=1.0,
    cost=1.5,
    aliases=("pseudo_huber_loss", "pseudohuber", "charbonnier_squared"),
)
def pseudo_huber(pred: Array, target: Array, *, delta: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Pseudo-Huber loss ``delta**2 * (sqrt(1 + (r / delta)**2) - 1)``, ``r = pred - target``.

    `huber` without its corner in the curvature: ``r**2 / 2`` for small errors, ``delta * abs(r)`` for large ones, and
    smooth in between, for boosted trees and second-order optimisers.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    delta : float > 0
        Where the parabola turns into a line, and the largest slope.

    Notes
    -----
    The value is computed as ``r**2 / (1 + sqrt(1 + (r / delta)**2))``, in a form that neither cancels nor overflows, so
    it keeps its digits from the smallest errors to the largest. The curvature ``(1 + (r / delta)**2)**-1.5`` is
    positive; its bound is 1.

    References
    ----------
    .. [1] P. Charbonnier, L. Blanc-Feraud, G. Aubert, M. Barlaud, "Deterministic Edge-Preserving Regularization in
       Computed Imaging", IEEE Transactions on Image Processing 6 (1997).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.pseudo_huber(np.array([0.75, 1e30]), np.zeros(2), reduction="none")
    array([2.5e-01, 1.0e+30])
    """
