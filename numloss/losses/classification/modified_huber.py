"""Modified Huber loss of scores."""

from ...declare import SIGN, Array, Options, Result, Unpack, elementwise


def _modified_huber(pred, target):
    side = 1.0 if target > 0.0 else -1.0
    agreement = side * pred
    missing = 1.0 - agreement
    if missing <= 0.0:
        return 0.0, 0.0, 0.0
    if agreement < -1.0:
        return -4.0 * agreement, -4.0 * side, 0.0
    # NaN stays NaN
    return missing * missing, -2.0 * side * missing, 2.0


@elementwise(
    _modified_huber,
    target=SIGN,
    convex=True,
    kinks="target * pred = 1 and -1, in the curvature only",
    least=2.0,
    cost=0.5,
    aliases=("modified_huber_loss", "quadratically_smoothed_svm"),
)
def modified_huber(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Modified Huber loss of scores x and labels t: ``max(0, 1 - t * x)**2``, but ``-4 * t * x`` below t * x = -1.

    `squared_hinge` that forgives outliers: scores on the wrong side, farther than 1, are pulled with a constant force.
    Scores clipped to [-1, 1] can be read as probabilities.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Scores; the sign is the decision.
    target : array, shape of `pred`
        Labels -1 and 1, any real dtype; 0 reads as -1, entry by entry.

    Notes
    -----
    Value and slope are continuous. The exact curvature is 2 where ``-1 <= t * x < 1`` and 0 elsewhere; the bound is 2.

    References
    ----------
    .. [1] T. Zhang, "Solving Large Scale Linear Prediction Problems Using Stochastic Gradient Descent Algorithms", ICML
       2004.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.modified_huber(np.array([0.5, -3.0, 3.0]), np.array([1, 1, 1]), reduction="none")
    array([ 0.25, 12.  ,  0.  ])
    """
