"""Hinge loss."""

from ...declare import NONNEGATIVE, SIGN, Array, Options, Result, Unpack, elementwise


def _hinge(pred, target, margin):
    side = 1.0 if target > 0.0 else -1.0
    missing = margin - side * pred
    if missing > 0.0:
        return missing, -side, 0.0
    if missing <= 0.0:
        return 0.0, 0.0, 0.0
    # NaN stays NaN
    return missing, missing, 0.0


@elementwise(
    _hinge,
    target=SIGN,
    margin=NONNEGATIVE,
    convex=True,
    kinks="target * pred = margin, where the slope is 0",
    least=1.0,
    cost=0.5,
    aliases=("hinge_loss", "svm_loss", "gan_hinge"),
)
def hinge(pred: Array, target: Array, *, margin: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Hinge loss ``max(0, margin - target * pred)``.

    The loss of support vector machines: samples on the right side, farther than the margin, count nothing. A
    discriminator of an adversarial network has it, too; its generator has `wasserstein_gan`.

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
    On the margin the slope is 0. The exact curvature is 0; the bound is 1.

    References
    ----------
    .. [1] C. Cortes, V. Vapnik, "Support-Vector Networks", Machine Learning 20 (1995).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.hinge(np.array([0.25, -0.5, 3.0]), np.array([1, 0, 1]), reduction="none")
    array([0.75, 0.5 , 0.  ])
    """
