"""Absolute errors over the sizes of a series."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, examplewise


@examplewise(
    "wape_examples",
    axes={"pred": ("...", "step"), "target": ("...", "step")},
    scratch=lambda sizes, mode: (2 * (-(-sizes["step"] // 16) * 16), 0, 0),
    work=lambda sizes: 30.0 + 1.5 * sizes["step"],
    run=16,
    params=("eps",),
    pred=ANY,
    target=REAL,
    eps=POSITIVE,
    kinks="pred = target, where the slope is 0",
    cost=1.5,
    aliases=("weighted_absolute_percentage_error", "normalized_deviation"),
)
def wape(pred: Array, target: Array, *, eps: float = 1e-8, **options: Unpack[Options]) -> Result:
    r"""Absolute errors over sizes, ``sum(abs(pred - target)) / sum(abs(target))`` of each series.

    A fraction, as `mape`, but of the whole: steps that are 0, or nearly, do not decide it.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T)
        Forecasts, with the steps of a series on the last axis.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    eps : float > 0
        Sums of sizes smaller than it count as `eps`: of series that are 0 throughout.

    Notes
    -----
    The mean is that of series, each of which counts the same, or by its weight. That of all values together, the
    normalised deviation of GluonTS, is the loss of one series: reshape to (1, -1); over batches it is the ratio of two
    sums, those of `mae` and of `mae` with a prediction of 0. At a tie the slope is 0. No curvature is offered.

    References
    ----------
    .. [1] S. Kolassa, W. Schütz, "Advantages of the MAD/Mean Ratio over the MAPE", Foresight 6 (2007).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.wape(np.array([[1.0, 0.0, 5.0]]), np.array([[2.0, 0.0, 6.0]]))
    0.25
    """
