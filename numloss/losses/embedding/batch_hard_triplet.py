"""Triplet loss of the hard triplets of a batch."""

from ...declare import ANY, BINARY, FINITE, Array, Options, Result, Unpack, examplewise

# Which triplets are made of a batch.
MINING = {"hard": 0.0, "semihard": 1.0}


def _batch_hard_scratch(sizes, mode):
    rows, size = sizes["instance"], sizes["feature"]
    return -(-size // 16) * 16 + 3 * (-(-rows // 16) * 16) + rows * size, rows * size if mode else 0, 0


def _batch_hard_work(sizes):
    return 100.0 + sizes["instance"] * sizes["instance"] * (4.0 + 0.1 * sizes["feature"])


@examplewise(
    "batch_triplets_examples",
    axes={"embeddings": ("...", "instance", "feature"), "labels": ("...", "instance")},
    labels={"labels": ""},
    scratch=_batch_hard_scratch,
    work=_batch_hard_work,
    params=("mining", "margin", "squared", "soft"),
    words={"mining": MINING},
    embeddings=ANY,
    margin=FINITE,
    squared=BINARY,
    soft=BINARY,
    kinks="a triplet is settled by exactly the margin, two vectors are equal, or two that are chosen are equally far",
    cost=10.0,
    aliases=("triplet_hard_loss", "triplet_semihard_loss", "batch_hard", "online_triplet"),
)
def batch_hard_triplet(
    embeddings: Array,
    labels: Array,
    *,
    mining: str = "hard",
    margin: float = 1.0,
    squared: bool = False,
    soft: bool = False,
    **options: Unpack[Options],
) -> Result:
    r"""Triplet loss ``max(0, d(a, p) - d(a, n) + margin)`` of the triplets that are hard in a batch.

    ``"hard"``: each vector is an anchor once, with the farthest of its label and the nearest of another.
    ``"semihard"``: each pair of a label in both orders, with the nearest of another label that is farther from the
    anchor than the positive, or, if none is, with the farthest.

    Parameters
    ----------
    embeddings : array of float32 or float64, shape (..., N, D)
        Batches of N vectors. A batch is an example: the loss has the shape (...), that of one batch is a number.
    labels : array of integers, shape (..., N)
        What each vector is; any integers.
    mining : {"hard", "semihard"}
        Which triplets are compared.
    margin : float
        By how much the negative has to be farther away, finite.
    squared : bool
        Compare squared Euclidean distances.
    soft : bool
        ``log(1 + exp(d(a, p) - d(a, n)))`` instead, which has no margin and is never settled.

    Notes
    -----
    The mean over triplets: of ``"hard"`` over anchors that have a positive and a negative, of ``"semihard"`` over pairs
    that have a negative; that of none is 0. Which triplets are chosen has no gradient; of equally far ones it is the
    first. TensorFlow Addons, whose conventions these are, takes the mean over all anchors of ``"hard"``, and vectors
    come to it with length 1. Distances are sums of squared differences in the dtype of the data, all of one anchor at a
    time; slopes are added up in float64. Between equal vectors a distance has a slope of 0. Batches are spread over
    threads; one alone takes one thread. No curvature is offered.

    References
    ----------
    A. Hermans, L. Beyer, B. Leibe, In Defense of the Triplet Loss for Person Re-Identification, arXiv:1703.07737;
    F. Schroff, D. Kalenichenko, J. Philbin, FaceNet: A Unified Embedding for Face Recognition and Clustering,
    CVPR 2015.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> vectors, labels = np.array([[0.0], [2.0], [3.0], [7.0]]), np.array([4, 4, 9, 9])
    >>> nl.batch_hard_triplet(vectors, labels)
    1.5
    >>> nl.batch_hard_triplet(vectors, labels, mining="semihard", margin=0.5)
    0.375
    """
