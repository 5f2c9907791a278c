"""Cross-entropy of a histogram and a normal distribution about a number."""

from ...declare import ANY, FINITE, Array, Domain, Options, Result, Unpack, rowwise
from ...loops.codes import LOGITS, SPREAD


@rowwise(
    scores=LOGITS,
    target=SPREAD,
    eager=True,
    params=("low", "high", "sigma"),
    pred=ANY,
    low=FINITE,
    high=FINITE,
    none={"high": 1e999},
    sigma=Domain(0.001, 64.0, text="in [0.001, 64]"),
    convex=True,
    cost=4.0,
    aliases=("hl_gauss_cross_entropy", "histogram_loss"),
)
def hl_gauss(
    pred: Array,
    target: Array,
    *,
    low: float = 0.0,
    high: float | None = None,
    sigma: float = 0.75,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of a softmax over bins of a line, with a number as target: a normal distribution about it.

    A bin from a to b has ``Phi((b - y) / s) - Phi((a - y) / s)`` of the number y, over what all bins have: regression
    as classification, where neighbours of the right bin are less wrong than others. No distribution is in memory.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits of the C bins.
    target : array of real numbers, shape (N,) or (N, d1, ...)
        Numbers; below `low` or above `high` they count as these.
    low, high : float
        Where the first bin begins and the last one ends, C bins of one width between; without `high` of width 1.
    sigma : float in [0.001, 64]
        How wide the distribution is, in widths of a bin: s over ``(high - low) / C``.

    Raises
    ------
    TypeError
        If pred is not floating, or an option is no number.
    ValueError
        If shapes do not fit, a target is NaN, high is not above low, or sigma is outside its domain.

    Notes
    -----
    The default sigma is what the paper recommends. Where a number lies is computed in float64, shares of bins in the
    dtype of the data from the tail of their side. Everything else is as in `cross_entropy` with that distribution.

    References
    ----------
    .. [1] E. Imani and M. White, "Improving Regression Performance with Distributional Losses", ICML 2018.
    .. [2] J. Farebrother et al., "Stop Regressing: Training Value Functions via Classification for Scalable Deep RL",
       arXiv:2403.03950.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.array([[0.0, 2.0, 1.0, 0.0]])
    >>> round(nl.hl_gauss(logits, np.array([0.1]), low=-1.0, high=1.0), 4)
    1.3402
    """
