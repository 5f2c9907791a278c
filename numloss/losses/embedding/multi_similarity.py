"""Multi-similarity loss."""

from ...declare import ANY, FINITE, POSITIVE, Array, Options, Result, Unpack, similarity


@similarity(
    rule="multi",
    embeddings=ANY,
    alpha=POSITIVE,
    beta=POSITIVE,
    base=FINITE,
    differentiable=(0,),
    cost=300.0,
    aliases=("multi_similarity_loss", "ms_loss"),
)
def multi_similarity(
    embeddings: Array,
    labels: Array,
    *,
    alpha: float = 2.0,
    beta: float = 50.0,
    base: float = 0.5,
    **options: Unpack[Options],
) -> Result:
    r"""Multi-similarity loss ``log(1 + sum exp(-a (s_p - m))) / a + log(1 + sum exp(b (s_n - m))) / b``.

    s_p are the cosines of a row with the other rows of its label, s_n those with all others; a, b and m are alpha, beta
    and base. What is nearest to the wrong side counts most.

    Parameters
    ----------
    embeddings : array of float32 or float64, shape (N, D)
        Vectors of any length.
    labels : array of integers, shape (N,)
        What each row is; any integers. Of a row without another of its label, or with no row of another, that sum is 0.
    alpha, beta : float
        How steep the loss is for pairs that belong together, and for others, > 0 and finite.
    base : float
        The cosine that divides them, finite.

    Raises
    ------
    TypeError
        If embeddings are not floating, or labels not integers.
    ValueError
        If shapes do not fit, alpha or beta is not positive, or base is not finite.

    Notes
    -----
    The mean is over all rows. All pairs count: who mines them, as the paper does besides, leaves out what has a small
    share here. Otherwise as in info_nce.

    References
    ----------
    X. Wang et al., Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning, CVPR 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> vectors = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    >>> round(nl.multi_similarity(vectors, np.array([4, 4, 7, 7])), 4)
    0.158
    """
