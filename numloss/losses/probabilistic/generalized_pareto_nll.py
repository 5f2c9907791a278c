"""Negative log-likelihood of a generalized Pareto distribution."""

from ...declare import FINITE_ABOVE_MINUS_ONE, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import (
    capped,
    exponent_of,
    fma,
    log,
    log_of,
    log_parts,
    log_rest,
    mantissa_of,
    maximum,
    product_rest,
    quotient_rest,
)
from ..regression.adaptive_robust import atanh_series


def _generalized_pareto_growth(scale, shape, target):
    """log(1 + shape * target / scale) where that is below 0.37 or above 2.7, even if it is past the largest number."""
    w = fma(shape, target, scale) / scale
    tall = w > 1e30
    k_near, f_near = log_parts(w)
    # factors with their exponents apart
    k_shape, f_shape = log_parts(shape)
    k_target, f_target = log_parts(target)
    k_scale, f_scale = log_parts(scale)
    m = (1.0 + f_shape) * (1.0 + f_target) / (1.0 + f_scale)
    k = ((k_shape + k_target) - k_scale) + exponent_of(m) if tall else k_near
    f = mantissa_of(m) - 1.0 if tall else f_near
    return log_of(k, f, log_rest(f))


def _generalized_pareto_nll(scale, shape, target, growth):
    # everything in units of the larger of the two, so that nothing overflows before the end
    unit = maximum(target, scale)
    s = scale / unit
    t = target / unit
    # (1 + y) s with y = shape * u and u = target / scale, rounded once where its terms cancel
    n = fma(shape, target, scale) / unit if shape < 0.0 else fma(shape, t, s)
    # log(1 + y) = 2 atanh(z), y = 2 z / (1 - z), and u is part / (1 - z)
    both = fma(shape, target, 2.0 * scale)
    part = 2.0 * (target / both if both - both == 0.0 else t / (s + n))
    z = 0.5 * shape * capped(part)
    square = z * z
    series = atanh_series(square)
    near = abs(z) < 0.46
    # 1 / (1 + z) and its square, rounded once where they are near 1
    first = 1.0 / (1.0 + z)
    behind = fma(-z, first, 1.0)
    behind_square = fma(-z * (2.0 + z), first * first, 1.0)
    log_near = 2.0 * fma(z * square, series, z)
    rise = part * fma(square, series, 1.0)
    by_shape = part * fma(-0.5 * part, fma(z, series, behind), behind)
    # which has part three times: with what it lost to rounding
    bow = behind_square + series
    both_rest = ((2.0 * scale - both) + shape * target) + product_rest(shape, target)
    rest = quotient_rest(2.0 * target, 0.0, both, both_rest)
    inner = part * fma(0.5 * part, bow, fma(0.5 * rest, bow, -behind_square))
    bend_by_shape = fma(part, inner, 2.0 * rest * (inner if inner < 1e25 else 0.0))
    # the same farther from 1
    q = shape * t / n
    more = 1.0 + shape
    by_tail = (q * more - growth) / shape / shape
    bend_by_tail = (2.0 * (growth - q) - q * q * more) / shape / shape / shape
    value = log(scale) + (log_near + rise if near else growth + growth / shape)
    slope = by_shape if near else by_tail
    bend = bend_by_shape if near else bend_by_tail
    by_scale = (scale - target) / unit / n / scale
    bend_by_scale = (t * (s + n) - s * s) / n / n / scale / scale
    # beyond the end of the support all is as at it
    infinity = 1e999
    inside = not n <= 0.0
    value = value if inside else infinity
    by_scale = by_scale if inside else -infinity
    slope = slope if inside else -infinity
    bend_by_scale = bend_by_scale if inside else infinity
    bend = bend if inside else infinity
    return value, (by_scale, slope), (bend_by_scale, bend)


@elementwise(
    _generalized_pareto_nll,
    stages={"growth": _generalized_pareto_growth},
    differentiable=(0, 1),
    scale=POSITIVE,
    shape=FINITE_ABOVE_MINUS_ONE,
    target=NONNEGATIVE,
    kinks="the end of the support",
    cost=8.0,
    aliases=("gpd_nll", "generalized_pareto", "peaks_over_threshold"),
)
def generalized_pareto_nll(scale: Array, shape: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood of a generalized Pareto distribution, ``log(scale) + (1 + 1 / shape) * log(1 + y)``.

    Extremes: by how much a threshold is exceeded, such as by rain, losses or delays; ``y = shape * target / scale``.
    A positive shape has a tail like a power, ``shape = 0`` that of an exponential distribution, where the loss is
    ``log(scale) + target / scale``, and a negative one ends at ``-scale / shape``.

    Parameters
    ----------
    scale : array of float32 or float64, any shape
        Predicted scales, > 0 and finite.
    shape : array of float32 or float64, shape of `scale`
        Predicted shapes, > -1 and finite: below that the likelihood has no maximum.
    target : array, shape of `scale`
        Observed exceedances, any real dtype, >= 0 and finite.

    Notes
    -----
    Differentiable in `scale` and in `shape`: gradients and curvatures are pairs, in the dtype of `scale`. All of it is
    continuous through ``shape = 0``. A target at or beyond the end of the support has no density: there the loss is
    inf, its slopes -inf, which point back to it, and its curvatures inf. The slope in `scale` is
    ``(scale - target) / (scale * (scale + shape * target))``. Value, slope and curvature in `shape` and the curvature
    in `scale` are differences, accurate relative to their larger part. The loss is not convex; the bound lifts
    curvatures to at least 1e-16.

    References
    ----------
    .. [1] J. Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of Statistics 3 (1975).
    .. [2] S. Coles, "An Introduction to Statistical Modeling of Extreme Values", Springer 2001.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> scale, shape, excess = np.ones(3), np.array([-0.25, 0.0, 0.5]), np.array([2.0, 2.0, 5.0])
    >>> nl.generalized_pareto_nll(scale, shape, excess, reduction="none").round(4)
    array([2.0794, 2.    , 3.7583])
    >>> nl.generalized_pareto_nll(scale[:1], shape[:1], np.array([4.5]))
    inf
    """
