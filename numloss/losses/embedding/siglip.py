"""Sigmoid loss of all pairs of a batch."""

from ...declare import ANY, FINITE, POSITIVE, Array, Options, Result, Unpack, similarity
from ...scalar import sigmoid, softplus


def _siglip(score, same, bias):
    alike = same > 0.0
    logit = score + bias
    wrong = -logit if alike else logit
    slope = sigmoid(wrong)
    return softplus(wrong), -slope if alike else slope, 0.0


@similarity(
    _siglip,
    rule="sigmoids",
    first=ANY,
    second=ANY,
    temperature=POSITIVE,
    bias=FINITE,
    cost=300.0,
    aliases=("sigmoid_clip_loss",),
)
def siglip(
    first: Array, second: Array, *, temperature: float = 0.1, bias: float = -10.0, **options: Unpack[Options]
) -> Result:
    r"""Sigmoid loss of pairs: ``softplus(-z[i, j] * (cos[i, j] / temperature + bias))``, summed over j.

    z is 1 where row j of `second` belongs to row i of `first`, that is for i = j, and -1 for all other pairs.

    Parameters
    ----------
    first, second : arrays of float32 or float64, shape (N, D)
        Pairs of vectors, of any length; both are differentiated.
    temperature : float
        What cosines are divided by, > 0.
    bias : float
        What is added to them: about minus the logarithm of the number of pairs that do not match for each that does.

    Returns
    -------
    float, or array of shape (N,) for ``reduction="none"``
        The mean is over rows, as in the paper, not over pairs.

    Notes
    -----
    Gradients by temperature and bias, which the paper learns, are asked for by name, as in info_nce; so is all else as
    there.

    References
    ----------
    X. Zhai, B. Mustafa, A. Kolesnikov, L. Beyer, Sigmoid Loss for Language Image Pre-Training, ICCV 2023.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.siglip(np.eye(2), np.eye(2), temperature=0.2, bias=-2.0), 4)
    0.1755
    """
