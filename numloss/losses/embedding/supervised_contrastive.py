"""Supervised contrastive loss."""

from ...declare import ANY, POSITIVE, Array, Options, Result, Unpack, similarity


@similarity(
    rule="labels",
    embeddings=ANY,
    temperature=POSITIVE,
    differentiable=(0,),
    cost=300.0,
    aliases=("supcon", "supcon_loss"),
)
def supervised_contrastive(
    embeddings: Array, labels: Array, *, temperature: float = 0.07, **options: Unpack[Options]
) -> Result:
    r"""Supervised contrastive loss: ``-mean(log p[i, j])`` over the rows j that have the label of row i.

    p is the softmax of the cosines of row i with all other rows, divided by a temperature. Of two views of each thing
    give both, one below the other, with their labels.

    Parameters
    ----------
    embeddings : array of float32 or float64, shape (N, D)
        Vectors of any length.
    labels : array of integers, shape (N,)
        What each row is; any integers. A row without another of its label counts nothing.
    temperature : float
        What cosines are divided by, > 0.

    Raises
    ------
    TypeError
        If embeddings are not floating, or labels not integers.
    ValueError
        If shapes do not fit, or temperature is not positive.

    Notes
    -----
    L_out of the paper: the mean is outside of the logarithm. What the paper multiplies by, temperature over base
    temperature, is left to the caller. Rows that count nothing stay what the others are told apart from. Otherwise as
    in info_nce.

    References
    ----------
    P. Khosla et al., Supervised Contrastive Learning, NeurIPS 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> vectors = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    >>> round(nl.supervised_contrastive(vectors, np.array([4, 4, 7, 7]), temperature=1.0), 4)
    0.5978
    """
