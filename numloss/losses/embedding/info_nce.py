"""InfoNCE loss of all pairs of a batch."""

from ...declare import ANY, POSITIVE, Array, Options, Result, Unpack, similarity


@similarity(
    rule="pairs",
    first=ANY,
    second=ANY,
    temperature=POSITIVE,
    cost=300.0,
    aliases=("contrastive_cross_entropy", "clip_loss"),
)
def info_nce(
    first: Array,
    second: Array,
    *,
    temperature: float = 0.07,
    symmetric: bool = False,
    negatives: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""InfoNCE loss: cross-entropy of the cosines of a vector with all others of the batch, divided by a temperature.

    Row i of `first` belongs to row i of `second`; all other rows of `second` are what it should not be taken for. With
    `symmetric` rows of `second` look for theirs among `first`, too, as in CLIP.

    Parameters
    ----------
    first, second : arrays of float32 or float64, shape (N, D)
        Pairs of vectors, of any length; both are differentiated.
    temperature : float
        What cosines are divided by, > 0.
    symmetric : bool
        The loss of a pair is the mean of both directions.
    negatives : array of shape (K, D), optional
        More vectors that no row of `first` should be taken for, such as MoCo's queue of those of batches before; they
        are not differentiated.

    Notes
    -----
    A row of weight 0 has no loss of its own, but stays what the others are told apart from; so losses of batches do not
    add up. The cosine of a vector of length 0 is 0, with a gradient of 0.

    The gradient by the temperature, which CLIP learns, is asked for by its name:
    ``value_and_grad(info_nce, argnums=(0, 1, "temperature"))``.

    On the host the products are those of NumPy's BLAS, and how they are rounded is its affair; where it is OpenBLAS,
    which takes no threads of its own while a call runs, bits do not depend on the number of threads. On a device they
    add up 256 features at a time in the dtype of the data, and these sums likewise, always in the same order. The
    cosines are never all in memory: beside its results a call takes as much as inputs and gradients, and the cosines of
    some rows, 20 MiB up to a batch of 32768 on the host, 128 MiB up to a batch of 65536 on a device. With `symmetric`
    cosines are computed twice.

    References
    ----------
    A. van den Oord, Y. Li, O. Vinyals, Representation Learning with Contrastive Predictive Coding, 2018; A. Radford et
    al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021; K. He et al., Momentum
    Contrast for Unsupervised Visual Representation Learning, CVPR 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> first, second = np.eye(3), np.eye(3) + 0.5
    >>> round(nl.info_nce(first, second, temperature=0.5), 4)
    0.4692
    >>> round(nl.info_nce(first, second, temperature=0.5, negatives=-np.eye(3)), 4)
    0.6671
    """
