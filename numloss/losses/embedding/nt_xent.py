"""Loss of two views of each thing of a batch, SimCLR's."""

from ...declare import ANY, POSITIVE, Array, Options, Result, Unpack, similarity


@similarity(
    rule="views", first=ANY, second=ANY, temperature=POSITIVE, cost=1000.0, aliases=("ntxent", "simclr_loss")
)
def nt_xent(first: Array, second: Array, *, temperature: float = 0.5, **options: Unpack[Options]) -> Result:
    r"""NT-Xent loss of two views: cross-entropy of the cosines of a view with all others, over a temperature.

    Rows i of `first` and `second` are views of the same thing. Each of the 2 N views is to find the other one among the
    2 N - 1 that it is not itself; the loss of a pair is the mean of its two.

    Parameters
    ----------
    first, second : arrays of float32 or float64, shape (N, D)
        Two views of each thing, vectors of any length; both are differentiated.
    temperature : float
        What cosines are divided by, > 0.

    Notes
    -----
    As in info_nce: rows of weight 0 stay what the others are told apart from, vectors of length 0 have a cosine of 0,
    products are rounded as there, and the cosines are never all in memory.

    References
    ----------
    T. Chen, S. Kornblith, M. Norouzi, G. Hinton, A Simple Framework for Contrastive Learning of Visual Representations,
    ICML 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> first, second = np.eye(3), np.eye(3) + 0.5
    >>> round(nl.nt_xent(first, second), 4)
    0.837
    """
