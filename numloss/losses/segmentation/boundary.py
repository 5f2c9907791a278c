"""Boundary loss of segmentation."""

from ...declare import ANY, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, tanh


def _boundary(pred, distance, from_logits):
    e = decay(pred)
    whole = 1.0 + e
    large = 1.0 / whole
    small = e / whole
    positive = pred > 0.0
    p = large if positive else small
    steep = distance * (small / whole)
    logits = from_logits > 0.0
    # beside a boundary no probability counts, though 0 * inf would be NaN
    given = distance * pred if distance != 0.0 or pred != pred else 0.0
    curved = -steep * tanh(0.5 * pred)
    return distance * p if logits else given, steep if logits else distance, curved if logits else 0.0


@elementwise(
    _boundary,
    pred=ANY,
    distance=REAL,
    cost=1.5,
    aliases=("boundary_loss", "surface_loss"),
)
def boundary(pred: Array, distance: Array, *, from_logits: bool = True, **options: Unpack[Options]) -> Result:
    r"""Boundary loss of segmentation, ``p * distance``: how far from the boundary a prediction claims pixels.

    The distance of a pixel to the boundary of the true region is negative inside of it, so that the loss falls where
    what is claimed belongs to the region and is near nothing else. It is added to a loss of regions such as
    `generalized_dice`, whose share falls while training goes on.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logits, of which p is the sigmoid, or probabilities.
    distance : array, shape of `pred`
        Signed distances to the boundary, any real dtype, not NaN: with m the true region
        ``edt(~m) * ~m - (edt(m) - 1) * m``, where ``edt`` is ``scipy.ndimage.distance_transform_edt``.
    from_logits : bool
        False for probabilities: those of a softmax, of whose gradient the caller takes care.

    Notes
    -----
    The mean over all pixels and classes is the loss of the paper, whose sum is over the classes that are given. It is
    linear in the probabilities; the curvature by logits changes sign with the distance and the logit.

    References
    ----------
    .. [1] H. Kervadec et al., "Boundary Loss for Highly Unbalanced Segmentation", MIDL 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.boundary(np.array([0.0, 3.0, -3.0]), np.array([-2.0, -1.0, 4.0]), reduction="none").round(4)
    array([-1.    , -0.9526,  0.1897])
    """
