"""Sinkhorn divergence, and the entropic cost of transport."""

from ...declare import ANY, COUNT, NONNEGATIVE, ONE_OR_TWO, POSITIVE, Array, Domain, Options, Result, Unpack, clouds
from ...scalar import sqrt


def _cost_of_transport(squared, unit, p):
    root = sqrt(squared)
    # of two equal points, without direction, the pull is 0; NaN stays NaN
    toward = 0.0 if root == 0.0 else 1.0 / root
    near = p < 2.0
    return unit * root if near else 0.5 * squared * unit * unit, toward if near else unit, 0.0


@clouds(
    _cost_of_transport,
    law_inputs=2,
    rule="transport",
    x=ANY,
    y=ANY,
    p=ONE_OR_TWO,
    eps=POSITIVE,
    iterations=COUNT,
    tolerance=NONNEGATIVE,
    scaling=Domain(0.0, 0.99, text="in [0, 0.99]"),
    kinks="with p = 1, two points that are equal",
    cost=1000.0,
    aliases=("sinkhorn", "sinkhorn_loss", "entropic_transport"),
)
def sinkhorn_divergence(
    x: Array,
    y: Array,
    *,
    p: float = 2.0,
    eps: float = 0.05,
    debias: bool = True,
    a: Array | None = None,
    b: Array | None = None,
    iterations: int = 100,
    tolerance: float = 1e-6,
    scaling: float = 0.5,
    **options: Unpack[Options],
) -> Result:
    r"""Sinkhorn divergence ``OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2`` of two clouds of points.

    OT is the cost of the cheapest transport of one cloud to the other, blurred by an entropy: the minimum over plans P,
    whose sums are the masses a and b, of ``sum(P * C) + eps * sum(P * log(P / (a b^T)))``, where C are the costs
    ``abs(x_i - y_j)^p / p``. Without `debias` it is OT(x, y) alone.

    Parameters
    ----------
    x, y : arrays of float32 or float64, shapes (N, D) and (M, D), or (B, N, D) and (B, M, D)
        Two clouds of points, or B pairs of them, each a loss; both are differentiated.
    p : 1 or 2
        Costs are Euclidean distances, or halves of their squares.
    eps : float
        How much entropy counts, > 0, in the unit of costs.
    debias : bool
        Take off what the blur adds: the divergence is >= 0, and 0 for two equal clouds.
    a, b : arrays, shapes (N,) and (M,), or (B, N) and (B, M), optional
        Masses of the points, >= 0, which are divided by their sum. None: all points have the same.
    iterations : int
        Iterations of Sinkhorn at most, a whole number from 1 to 10^9, for each of the three transports.
    tolerance : float, >= 0
        They end when the sums of a plan differ from the masses by no more than this in all, or by what the dtype tells
        apart.
    scaling : float, in [0, 0.99]
        Before them eps falls from the largest cost, or a million times what it is, by this factor an iteration, so that
        few are enough for a small one; 0: it is what it is from the beginning.

    Returns
    -------
    float, or array of shape (B,) for ``reduction="none"``, of shape () for one pair of clouds

    Notes
    -----
    An iteration goes over the pairs of points once. Potentials are in float64, and powers are those of what a plan has,
    which is no more than its masses: nothing overflows, however small eps is. Where they take no more than 256 MiB they
    are kept; else they are computed again from differences of points.

    The gradient is that of the plans as they are, by the envelope theorem: that of the value where the iterations have
    ended, and near to it by as much as the sums of plans are to the masses. Masses have none.

    Of geomloss it is the loss with ``eps = blur ** p``, whose costs are the same. POT is given costs, and counts the
    entropy of P itself, whose minimum is less by eps times the entropies of a and b.

    References
    ----------
    M. Cuturi, Sinkhorn Distances: Lightspeed Computation of Optimal Transport, NIPS 2013; J. Feydy et al.,
    Interpolating between Optimal Transport and MMD using Sinkhorn Divergences, AISTATS 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> x, y = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    >>> round(nl.sinkhorn_divergence(x, y), 4)
    0.5
    """
