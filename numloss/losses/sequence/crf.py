"""Negative log-likelihood of tags in a linear chain (conditional random field)."""

from ...declare import ANY, Array, Options, Result, Unpack, examplewise


def _chain_scratch(sizes, mode):
    width = -(-sizes["tag"] // 8) * 8
    return 0, (4 * sizes["tag"] + 4 + 2 * sizes["frame"]) * width, 0


def _chain_work(sizes):
    return 100.0 + sizes["tag"] * (sizes["frame"] * (20.0 + 0.5 * sizes["tag"]) + 5.0 * sizes["tag"])


@examplewise(
    "crf_examples",
    axes={
        "pred": ("...", "frame", "tag"),
        "target": ("...", "frame"),
        "transitions": ("tag", "tag"),
        "lengths": ("...",),
        "start": ("tag",),
        "end": ("tag",),
    },
    labels={"target": "tag"},
    lengths={"lengths": "frame"},
    scratch=_chain_scratch,
    work=_chain_work,
    differentiable=(0, 2),
    pred=ANY,
    transitions=ANY,
    start=ANY,
    end=ANY,
    cost=2.0,
    aliases=("crf_nll", "linear_chain_crf"),
)
def crf(
    pred: Array,
    target: Array,
    transitions: Array,
    *,
    lengths: Array | None = None,
    start: Array | None = None,
    end: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Negative log-likelihood of a linear chain of tags, ``log(sum exp(score(a))) - score(target)``.

    For tags of words. The sum is over all sequences a of tags; the score of one is the sum of what each step says of
    its tag and each pair of neighbours of their transition. Decoding is not offered.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T, C)
        Scores of C tags at T steps, the emissions.
    target : array of integers, shape (..., T)
        The tags, of which those beyond the length of a sequence are not read.
    transitions : array of the same dtype, shape (C, C)
        What going from the first tag to the second adds, which all sequences share and which is differentiated, too;
        -inf forbids it.
    lengths : array of integers, shape () or (...), optional
        Steps of each sequence, up to T; those beyond are not read and get a gradient of exact zeros.
    start, end : array, shape (C,), optional
        What a sequence adds that begins, or ends, with a tag. Their gradients are those of the emissions of the first,
        or the last, step that counts, added up over sequences.

    Notes
    -----
    The gradient by an emission is the probability of the tag at the step, less 1 at the target; that by a transition
    the expected number of times it is taken, less how often it is. Sums are added up in float64, as powers beside the
    largest, or from logarithms where those vanish, so that no score is too improbable; one below -2^30 counts as -inf.
    A sequence with a forbidden transition, or a tag that has -inf, has loss inf and a gradient of zeros; NaN makes its
    loss and all its slopes NaN, those by transitions, too. A sequence without a step has loss 0. A thread takes
    4 C^2 + 2 T C numbers of float64. Conventions are those of pytorch-crf with ``batch_first=True``, whose
    log-likelihood has the other sign.

    References
    ----------
    .. [1] J. Lafferty, A. McCallum, F. Pereira, "Conditional Random Fields: Probabilistic Models for Segmenting and
       Labeling Sequence Data", ICML (2001).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.zeros((1, 3, 2)), np.array([[0, 1, 1]])
    >>> loss = nl.crf(pred, target, np.zeros((2, 2)))
    >>> round(np.exp(-loss).item(), 4)  # one of 8 sequences of tags
    0.125
    """
