"""Perceptron loss."""

from ...declare import SIGN, Array, Options, Result, Unpack, elementwise


def _perceptron(pred, target):
    side = 1.0 if target > 0.0 else -1.0
    missing = 0.0 - side * pred
    if missing >= 0.0:
        return missing, -side, 0.0
    if missing < 0.0:
        return 0.0, 0.0, 0.0
    # NaN stays NaN
    return missing, missing, 0.0


@elementwise(
    _perceptron,
    target=SIGN,
    convex=True,
    kinks="pred = 0, where the slope is -target",
    least=1.0,
    cost=0.5,
    aliases=("perceptron_loss",),
)
def perceptron(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Perceptron loss ``max(0, -target * pred)``.

    Rosenblatt's rule as a loss: only mistakes count, in proportion to the score. `hinge` with a margin of 0, but for
    ties.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Scores; the sign is the decision.
    target : array, shape of `pred`
        Labels -1 and 1, any real dtype; 0 reads as -1, entry by entry.

    Notes
    -----
    A score of 0 decides nothing and counts as a mistake: its slope is that of the wrong side, so that training which
    starts at 0 moves. The exact curvature is 0; the bound is 1.

    References
    ----------
    .. [1] F. Rosenblatt, "The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain",
       Psychological Review 65 (1958).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.perceptron)(np.array([2.0, 0.0, -1.5]), np.array([1, 1, 1]), reduction="sum")
    (1.5, array([ 0., -1., -1.]))
    """
