"""Squared error of margins between scores."""

from ...declare import ANY, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest


def _margin_mse(positive, negative, target):
    lead = positive - negative
    # with what both differences lose to rounding: of a student who is nearly right a few digits are left
    error = (lead - target) + (difference_rest(positive, negative) + difference_rest(lead, target))
    slope = 2.0 * error
    return error * error, (slope, -slope), (2.0, 2.0)


@elementwise(
    _margin_mse,
    differentiable=(0, 1),
    positive=ANY,
    negative=ANY,
    target=REAL,
    convex=True,
    least=0.0,
    cost=1.0,
    aliases=("margin_mse_loss", "marginmse"),
)
def margin_mse(positive: Array, negative: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Squared error of a margin, ``((positive - negative) - target)**2``.

    For retrieval models that learn from a cross-encoder: not the scores of the teacher are imitated, but by how much it
    places one passage above another.

    Parameters
    ----------
    positive, negative : arrays of float32 or float64, any shape
        The student's scores of the two passages for a query; both are differentiated.
    target : array, shape of `positive`
        The teacher's score of the first less that of the second, any real dtype, not NaN.

    Notes
    -----
    Gradients and curvatures are pairs, in the dtype of `positive`; the two gradients are opposite, the curvature is 2.
    The error is computed with what its differences lose to rounding.

    References
    ----------
    .. [1] S. Hofstätter et al., "Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge
       Distillation", arXiv:2010.02666.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.margin_mse(np.array([3.0, 1.0]), np.array([1.0, 1.0]), np.array([1.5, -2.0]), reduction="none")
    array([0.25, 4.  ])
    """
