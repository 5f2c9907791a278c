"""Hinge loss of distances."""

from ...declare import ANY, FINITE, SIGN, Array, Options, Result, Unpack, elementwise


def _hinge_embedding(pred, target, margin):
    gap = margin - pred
    alike = target > 0.0
    # at the margin nothing is pushed; NaN stays NaN
    near = not gap <= 0.0
    push = gap if near else 0.0
    return pred if alike else push, 1.0 if alike else -1.0 if near else 0.0, 0.0


@elementwise(
    _hinge_embedding,
    pred=ANY,
    target=SIGN,
    margin=FINITE,
    convex=True,
    kinks="pred = margin where target is -1",
    least=1.0,
    cost=0.5,
    aliases=("hinge_embedding_loss",),
)
def hinge_embedding(pred: Array, target: Array, *, margin: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Hinge loss of distances: ``pred`` where target is 1, ``max(0, margin - pred)`` where it is -1.

    For distances of pairs that were computed elsewhere: alike pairs are pulled together, others pushed apart up to a
    margin. `contrastive` takes the vectors themselves and squares both terms.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Distances.
    target : array, shape of `pred`
        1 for a pair that is alike, -1 or 0 for one that is not.
    margin : float
        Distance beyond which pairs that are not alike are left alone.

    Notes
    -----
    At the margin the slope is 0. The curvature is 0; the bound is 1.

    References
    ----------
    .. [1] J. Bromley et al., "Signature Verification using a Siamese Time Delay Neural Network", NIPS 1993.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.hinge_embedding(np.array([0.5, 0.25]), np.array([1, -1]))
    0.625
    """
