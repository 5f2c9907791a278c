"""Circle loss."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, similarity


@similarity(
    rule="circle",
    embeddings=ANY,
    gamma=POSITIVE,
    margin=NONNEGATIVE,
    differentiable=(0,),
    cost=300.0,
    aliases=("circle_loss",),
)
def circle(
    embeddings: Array, labels: Array, *, gamma: float = 80.0, margin: float = 0.4, **options: Unpack[Options]
) -> Result:
    r"""Circle loss ``log(1 + sum(exp(gamma * a_n * (s_n - m))) * sum(exp(-gamma * a_p * (s_p - 1 + m))))``.

    s_p are the cosines of a row with the other rows of its label, s_n those with all others, m is the margin. What is
    far from where it ought to be counts more: ``a_p = max(0, 1 + m - s_p)``, ``a_n = max(0, s_n + m)``.

    Parameters
    ----------
    embeddings : array of float32 or float64, shape (N, D)
        Vectors of any length.
    labels : array of integers, shape (N,)
        What each row is; any integers. A row without another of its label, or with no row of another, counts nothing.
    gamma : float
        What everything is multiplied by, > 0.
    margin : float
        How far from 1 and from 0 cosines may stay, >= 0.

    Raises
    ------
    TypeError
        If embeddings are not floating, or labels not integers.
    ValueError
        If shapes do not fit, gamma is not positive, or margin is negative.

    Notes
    -----
    As in the paper, the gradient takes a_p and a_n for constants. Otherwise as in info_nce.

    References
    ----------
    Y. Sun et al., Circle Loss: A Unified Perspective of Pair Similarity Optimization, CVPR 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> vectors = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    >>> round(nl.circle(vectors, np.array([4, 4, 7, 7]), gamma=2.0), 4)
    0.7355
    """
