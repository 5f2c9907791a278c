"""Cross-entropy of a histogram and a number that two of its classes share."""

from ...declare import ANY, FINITE, Array, Options, Result, Unpack, preset, rowwise
from ...loops.codes import LINEAR, LOGITS, PLACED, SYMEXP, SYMLOG


@rowwise(
    scores=LOGITS,
    target=PLACED,
    eager=True,
    params=("low", "high", "spacing"),
    pred=ANY,
    low=FINITE,
    high=FINITE,
    none={"high": 1e999},
    words={"spacing": {"linear": LINEAR, "symlog": SYMLOG, "symexp": SYMEXP}},
    convex=True,
    cost=3.0,
    aliases=("two_hot_cross_entropy", "distribution_focal", "distribution_focal_loss", "dfl"),
)
def two_hot(
    pred: Array,
    target: Array,
    *,
    low: float = 0.0,
    high: float | None = None,
    spacing: str = "linear",
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of a softmax over points of a line, with a number as target: its two neighbours share it.

    A number y between the points a and b is the distribution ``(b - y) / (b - a)`` at a and ``(y - a) / (b - a)`` at
    b, whose mean is y: regression as classification, for values of states, returns, sides of boxes. No distribution is
    in memory.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits of the C points.
    target : array of real numbers, shape (N,) or (N, d1, ...)
        Numbers; beyond the first or the last point they count as these.
    low, high : float
        Where the first and the last point lie. Without `high` points are 1 apart: with the defaults they are 0, 1, ...,
        C - 1, which is the distribution focal loss of boxes.
    spacing : {"linear", "symlog", "symexp"}
        ``"linear"``: points lie evenly from `low` to `high`. With ``symexp(x) = sign(x) * (exp(abs(x)) - 1)`` and its
        inverse symlog, ``"symexp"``: they are symexp of such points, and numbers are shared as they are, which keeps
        the mean; ``"symlog"``: symlog of the number is shared among such points.

    Raises
    ------
    TypeError
        If pred is not floating, or an option is no number.
    ValueError
        If shapes do not fit, a target is NaN, or high is not above low.

    Notes
    -----
    Where a number lies is computed in float64. Everything else is as in `cross_entropy` with that distribution. The
    preset ``symexp_two_hot`` has the points of DreamerV3, ``low=-20, high=20, spacing="symexp"``.

    References
    ----------
    .. [1] X. Li et al., "Generalized Focal Loss", NeurIPS 2020, arXiv:2006.04388: the distribution focal loss.
    .. [2] D. Hafner et al., "Mastering Diverse Domains through World Models", arXiv:2301.04104: DreamerV3.
    .. [3] J. Farebrother et al., "Stop Regressing: Training Value Functions via Classification for Scalable Deep RL",
       arXiv:2403.03950.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.array([[0.0, 2.0, 1.0, 0.0]])
    >>> round(nl.two_hot(logits, np.array([1.25])), 4)
    0.7438
    >>> round(nl.cross_entropy(logits, np.array([[0.0, 0.75, 0.25, 0.0]])), 4)
    0.7438
    """


symexp_two_hot = preset("symexp_two_hot", two_hot, low=-20.0, high=20.0, spacing="symexp")
