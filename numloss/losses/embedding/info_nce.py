"""InfoNCE loss of all pairs of a batch."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, SMOOTHING, Array, Options, Result, Unpack, similarity


@similarity(
    rule="pairs",
    first=ANY,
    second=ANY,
    temperature=POSITIVE,
    beta=NONNEGATIVE,
    tau_plus=SMOOTHING,
    cost=300.0,
    aliases=("contrastive_cross_entropy", "clip_loss", "hard_negative_contrastive", "debiased_contrastive"),
)
def info_nce(
    first: Array,
    second: Array,
    *,
    temperature: float = 0.07,
    symmetric: bool = False,
    negatives: Array | None = None,
    beta: float = 0.0,
    tau_plus: float = 0.0,
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
    beta : float >= 0
        How much more near negatives count: each of the N other vectors has a share of ``exp(beta * cos / temperature)``
        of their N, so that none is dropped and the hardest prevail.
    tau_plus : float in [0, 1)
        The share of negatives that are of the same thing unbeknown; so much of the positive is taken off them.

    Notes
    -----
    A row of weight 0 has no loss of its own, but stays what the others are told apart from; so losses of batches do not
    add up. The cosine of a vector of length 0 is 0, with a gradient of 0.

    With `beta` or `tau_plus` the loss is ``log(1 + g / p)``, p the exponential of the own score, that is of the cosine
    over the temperature, and ``g = (sum(w e) - N tau_plus p) / (1 - tau_plus)`` of those of the others and of their
    shares w; g is not less than ``N exp(-1 / temperature)``, below which no negatives could be. These are the debiased
    loss of Chuang et al. and the hard one of Robinson et al., whose shares have their part in the gradient as in their
    code. They take N exponentials, two with `beta`, in NumPy on the host.

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
    Contrast for Unsupervised Visual Representation Learning, CVPR 2020; C.-Y. Chuang et al., Debiased Contrastive
    Learning, NeurIPS 2020; J. Robinson et al., Contrastive Learning with Hard Negative Samples, ICLR 2021.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> first, second = np.eye(3), np.eye(3) + 0.5
    >>> round(nl.info_nce(first, second, temperature=0.5), 4)
    0.4692
    >>> round(nl.info_nce(first, second, temperature=0.5, negatives=-np.eye(3)), 4)
    0.6671
    """
