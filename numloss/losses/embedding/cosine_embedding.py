"""Cosine loss of pairs."""

from ...declare import ANY, FINITE, SIGN, Array, Options, Result, Unpack, embedding
from ...loops.codes import PRODUCTS
from ...scalar import sqrt


def _cosine_embedding(product, square, other_square, same, margin):
    size = sqrt(square) * sqrt(other_square)
    # a vector of length 0 has no direction; NaN stays NaN
    somewhere = 0.0 if size == 0.0 else 1.0
    inverse = somewhere / (size if size != 0.0 else 1.0)
    cosine = product * inverse
    alike = same > 0.0
    gap = 1.0 - cosine if alike else cosine - margin
    near = not gap <= 0.0
    push = 0.0 if not near else -inverse if alike else inverse
    turn = -0.5 * push * product
    by_square = turn / (square if square > 0.0 else 1.0)
    by_other = turn / (other_square if other_square > 0.0 else 1.0)
    return gap if near else 0.0, (push, by_square, by_other), (0.0, 0.0, 0.0)


@embedding(
    _cosine_embedding,
    law_inputs=4,
    law_slopes=3,
    sums=((PRODUCTS, 0, 1), (PRODUCTS, 0, 0), (PRODUCTS, 1, 1)),
    differentiable=(0, 1),
    first=ANY,
    second=ANY,
    same=SIGN,
    margin=FINITE,
    curvature=False,
    kinks="the cosine of a pair that is not the same is margin",
    cost=1.5,
    aliases=("cosine_embedding_loss", "negative_cosine_similarity", "simsiam"),
)
def cosine_embedding(
    first: Array, second: Array, same: Array, *, margin: float = 0.0, **options: Unpack[Options]
) -> Result:
    r"""Cosine loss of pairs: ``1 - cos`` where `same` is 1, ``max(0, cos - margin)`` where it is -1.

    Turns vectors of the same thing in one direction and others away from each other; their lengths do not matter.

    Parameters
    ----------
    first, second : arrays of float32 or float64, shape (N, D)
        Pairs of vectors; both are differentiated.
    same : array of shape (N,)
        1 where a pair is of the same thing, -1 or 0 where it is not.
    margin : float
        Cosine up to which different things are left alone.

    Notes
    -----
    Products are summed in 32 lanes. The cosine of a vector of length 0 is 0, with a gradient of 0. Values are accurate
    relative to 1, gradients relative to the inverse of the length. No curvature is offered. The negative cosine of
    SimSiam and BYOL is this less 1 where `same` is 1, with the same gradient; of a view without one, which those stop,
    the gradient is not asked for: ``argnums=0``.

    References
    ----------
    A. Nguyen and Y. Bai, Cosine Similarity Metric Learning for Face Verification, ACCV 2010.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> a, b = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [3.0, 0.0]])
    >>> nl.cosine_embedding(a, b, np.array([1, -1]), reduction="none")
    array([1., 1.])
    """
