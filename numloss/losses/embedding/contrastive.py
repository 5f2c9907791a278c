"""Contrastive loss of pairs."""

from ...declare import ANY, POSITIVE, UNIT, Array, Options, Result, Unpack, embedding
from ...loops.codes import SQUARES
from ...scalar import sqrt


def _contrastive(squared, unit, same, margin):
    root = sqrt(squared)
    gap = margin - unit * root
    apart = 1.0 - same
    # different things may be infinitely far apart, and cost nothing
    near = same * squared * unit * unit if same > 0.0 else 0.0
    if gap <= 0.0:
        return near, same * unit, 0.0
    # with respect to the squared distance; two equal vectors have no direction to be pushed apart in
    push = gap / root if root > 0.0 else 0.0
    return near + apart * gap * gap, same * unit - apart * push, 0.0


@embedding(
    _contrastive,
    law_inputs=3,
    sums=((SQUARES, 0, 1),),
    differentiable=(0, 1),
    first=ANY,
    second=ANY,
    same=UNIT,
    margin=POSITIVE,
    curvature=False,
    kinks="a pair at distance 0 that is not the same has slope 0",
    cost=1.0,
    aliases=("contrastive_loss", "pair_loss"),
)
def contrastive(
    first: Array, second: Array, same: Array, *, margin: float = 1.0, **options: Unpack[Options]
) -> Result:
    r"""Contrastive loss of pairs: ``same * d**2 + (1 - same) * max(0, margin - d)**2``, d Euclidean.

    Pulls vectors of the same thing together and pushes others apart, up to a margin.

    Parameters
    ----------
    first, second : arrays of float32 or float64, shape (N, D)
        Pairs of vectors; both are differentiated.
    same : array of shape (N,), in [0, 1]
        1 where a pair is of the same thing, 0 where it is not.
    margin : float > 0
        Distance beyond which different things are left alone.

    Notes
    -----
    Distances are summed in 32 lanes. Where two vectors are equal and not the same thing, the direction of the push
    is undefined and the gradient is 0. No curvature is offered.

    References
    ----------
    R. Hadsell, S. Chopra, Y. LeCun, Dimensionality Reduction by Learning an Invariant Mapping, 2006.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> a, b = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 0.5], [1.0, 0.5]])
    >>> nl.contrastive(a, b, np.array([1, 0]))
    0.25
    """
