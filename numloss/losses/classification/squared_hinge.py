"""Squared hinge loss."""

from ...declare import NONNEGATIVE, SIGN, Array, Options, Result, Unpack, elementwise


def _squared_hinge(pred, target, margin):
    side = 1.0 if target > 0.0 else -1.0
    missing = margin - side * pred
    if missing <= 0.0:
        return 0.0, 0.0, 0.0
    # NaN stays NaN
    return missing * missing, -2.0 * side * missing, 2.0


@elementwise(
    _squared_hinge,
    target=SIGN,
    margin=NONNEGATIVE,
    convex=True,
    kinks="target * pred = margin, in the curvature only",
    least=2.0,
    cost=0.5,
    aliases=("squared_hinge_loss", "l2_svm_loss"),
)
def squared_hinge(pred: Array, target: Array, *, margin: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Squared hinge loss ``max(0, margin - target * pred)**2``.

    `hinge` without a jump in the slope: scores short of the margin are pulled back in proportion to what they lack.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Scores; the sign is the decision.
    target : array, shape of `pred`
        Labels -1 and 1, any real dtype; 0 reads as -1, entry by entry.
    margin : float >= 0
        Score below which a right decision still costs.

    Notes
    -----
    The exact curvature is 2 short of the margin and 0 from there on; the bound is 2.

    References
    ----------
    .. [1] O. Chapelle, "Training a Support Vector Machine in the Primal", Neural Computation 19 (2007).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.squared_hinge(np.array([0.5, -0.5, 3.0]), np.array([1, 0, 1]), reduction="none")
    array([0.25, 0.25, 0.  ])
    """
