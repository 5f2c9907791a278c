"""Soft dynamic time warping of two series."""

from ...declare import ANY, POSITIVE, Array, Options, Result, Unpack, examplewise


def _warping_scratch(sizes, mode):
    longer = max(sizes["frame"], sizes["other"])
    width = -(-longer // 8) * 8 + 16
    return 6 * longer * width if mode else 0, (8 * sizes["dimension"] + 7) * width, 0


def _warping_work(sizes):
    return 100.0 + sizes["frame"] * sizes["other"] * (4.0 + 0.5 * sizes["dimension"])


@examplewise(
    "soft_dtw_examples",
    axes={
        "pred": ("...", "frame", "dimension"),
        "target": ("...", "other", "dimension"),
        "input_lengths": ("...",),
        "target_lengths": ("...",),
    },
    lengths={"input_lengths": "frame", "target_lengths": "other"},
    scratch=_warping_scratch,
    work=_warping_work,
    refused="a series has no step",
    params=("gamma", "normalize"),
    differentiable=(0, 1),
    pred=ANY,
    target=ANY,
    gamma=POSITIVE,
    cost=2.0,
    aliases=("soft_dynamic_time_warping", "sdtw"),
)
def soft_dtw(
    pred: Array,
    target: Array,
    *,
    gamma: float = 1.0,
    normalize: bool = False,
    input_lengths: Array | None = None,
    target_lengths: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Soft dynamic time warping: ``-gamma * log(sum exp(-cost(a) / gamma))`` over all alignments a of two series.

    An alignment goes from the first steps of both to the last, a step of one, of the other or of both at a time; its
    cost is the sum of the squared distances of all pairs of steps that it passes.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T, D)
        Series of T steps of D numbers.
    target : array of the same dtype, shape (..., S, D)
        Series that they are compared with.
    gamma : float > 0
        How soft the minimum is; near 0 it is dynamic time warping.
    normalize : bool
        Take the divergence ``loss(x, y) - (loss(x, x) + loss(y, y)) / 2``, which is 0 for equal series and never below.
    input_lengths : array of integers, shape () or (...), optional
        Steps of each pred that count, from 1 to T; those beyond are not read and get slopes of exact zeros.
    target_lengths : array of integers, shape () or (...), optional
        The same of target, from 1 to S.

    Notes
    -----
    The gradient by a step is 2 (x[i] - y[j]) times the probability that an alignment passes the pair, added up over j.
    All is computed in float64, but for the shares that the way back goes by, which have the dtype of the data. A value
    needs memory in proportion to T + S, a gradient 6 max(T, S)^2 numbers of the dtype of each thread. A soft minimum
    over many alignments lies below the least cost, so that a loss that is not normalized may be negative, and is not
    least for equal series. NaN, and costs that are infinite, make all slopes of their pair NaN. Conventions are those
    of tslearn.

    References
    ----------
    .. [1] M. Cuturi, M. Blondel, "Soft-DTW: a Differentiable Loss Function for Time-Series", arXiv:1703.01541 (2017).
    .. [2] M. Blondel, A. Mensch, J.-P. Vert, "Differentiable Divergences Between Time Series", arXiv:2010.08354 (2020).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[[0.0], [1.0], [2.0]]]), np.array([[[0.0], [2.0]]])
    >>> round(nl.soft_dtw(pred, target, gamma=0.001), 3)
    0.999
    >>> round(nl.soft_dtw(pred, pred, normalize=True), 3)
    0.0
    """
