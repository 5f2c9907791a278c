"""CoSENT: similarities in the order of their labels."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, examplewise


def _cosent_scratch(sizes, mode):
    return 2 * sizes["pair"], 2 + 2 * sizes["pair"], 2 * sizes["pair"]


def _cosent_work(sizes):
    return 60.0 + 60.0 * sizes["pair"]


@examplewise(
    "cosent_examples",
    axes={"pred": ("...", "pair"), "target": ("...", "pair")},
    scratch=_cosent_scratch,
    work=_cosent_work,
    params=("scale",),
    pred=ANY,
    target=REAL,
    scale=POSITIVE,
    cost=10.0,
    aliases=("cosent_loss", "cosine_sentence", "angle_loss", "pairwise_log_sum_exp"),
)
def cosent(pred: Array, target: Array, *, scale: float = 20.0, **options: Unpack[Options]) -> Result:
    r"""CoSENT: ``log(1 + sum exp(scale * (s[j] - s[i])))`` over all i and j with ``target[i] > target[j]``.

    For similarities of pairs of sentences, which ought to have the order of their labels: how often, and by how much, a
    pair that is labelled less similar has the larger similarity.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., N)
        Similarities s of the N pairs of a batch, such as cosines. A batch is an example: the loss has the shape (...),
        that of one batch is a number.
    target : array of any real dtype, shape (..., N)
        How similar each pair is, on any scale, not NaN; only the order counts, and pairs of equal labels are not
        compared.
    scale : float > 0
        What similarities are multiplied by, the inverse of a temperature.

    Notes
    -----
    The sum of sentence-transformers' CoSENTLoss, for similarities of any kind: with those of complex angles it is
    AnglE. Labels are sorted, and what lies below each is a running logarithm of a sum in float64, so that N pairs take
    N log N steps and nothing overflows. No curvature is offered.

    References
    ----------
    J. Su, CoSENT, 2022, https://kexue.fm/archives/8847; X. Li, J. Li, AnglE-optimized Text Embeddings,
    arXiv:2309.12871.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> target = np.array([5.0, 3.0, 3.0, 0.0])
    >>> round(nl.cosent(np.array([0.9, 0.5, 0.4, 0.1]), target), 4)
    0.0032
    >>> round(nl.cosent(np.array([0.4, 0.5, 0.9, 0.1]), target), 4)
    10.0004
    """
