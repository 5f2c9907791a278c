"""Root mean squared error of a series in a scale."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, examplewise


@examplewise(
    "rmsse_examples",
    axes={"pred": ("...", "step"), "target": ("...", "step"), "scale": ("...",)},
    scratch=lambda sizes, mode: (3 * (-(-sizes["step"] // 16) * 16), 0, 0),
    work=lambda sizes: 40.0 + 2.0 * sizes["step"],
    run=16,
    pred=ANY,
    target=REAL,
    scale=POSITIVE,
    kinks="pred = target in all of a series, where the slope is 0",
    cost=2.0,
    aliases=("root_mean_squared_scaled_error",),
)
def rmsse(pred: Array, target: Array, scale: Array, **options: Unpack[Options]) -> Result:
    r"""Root mean squared error of each series in a scale, ``sqrt(mean((pred - target)**2)) / scale``.

    Forecasts of many series of different sizes, the measure of the M5 competition, where series have weights.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T)
        Forecasts, with the steps of a series on the last axis.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    scale : array, shape (...), > 0
        The root mean squared error of the naive forecast where a model was fitted, one of each series: of a history
        with m steps a season ``np.sqrt(((history[..., m:] - history[..., :-m])**2).mean(axis=-1))``.

    Notes
    -----
    The mean is that of series, each of which counts the same, or by its weight. `msse` is the mean square without the
    root. Squares are those of errors over the largest, which do not overflow. A scale of 0, that of a constant series,
    is refused. No curvature is offered.

    References
    ----------
    .. [1] S. Makridakis, E. Spiliotis, V. Assimakopoulos, "M5 Accuracy Competition: Results, Findings, and
       Conclusions", International Journal of Forecasting 38 (2022).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.rmsse(np.array([[4.0, 6.0, 9.0, 1.0]]), np.array([[4.0, 3.0, 5.0, 1.0]]), np.array([2.0]))
    1.25
    """
