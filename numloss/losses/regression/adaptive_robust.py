"""Barron's general robust loss with a shape and a scale that are learned."""

from ...declare import BELOW_2, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from .general_robust import _general_robust_constants, general_robust_parts


def growth_share(k, raised):
    """(k e^k - e^k + 1) / k^2, which is 1/2 at 0, of k and e^k: by its series where the terms cancel."""
    p = 2.6552651846596585e-15 + k * 1.4797143443923793e-16
    p = 4.498331606952833e-14 + k * p
    p = 7.169215998581078e-13 + k * p
    p = 1.0706029224547743e-11 + k * p
    p = 1.4911969277048643e-10 + k * p
    p = 1.9270852604185937e-09 + k * p
    p = 2.296443268665491e-08 + k * p
    p = 2.505210838544172e-07 + k * p
    p = 2.48015873015873e-06 + k * p
    p = 2.2045855379188714e-05 + k * p
    p = 0.00017361111111111112 + k * p
    p = 0.0011904761904761906 + k * p
    p = 0.006944444444444444 + k * p
    p = 0.03333333333333333 + k * p
    p = 0.125 + k * p
    p = 0.3333333333333333 + k * p
    p = 0.5 + k * p
    near = abs(k) < 1.0
    far = (raised * (k - 1.0) + 1.0) / (k * k)
    return p if near else far


def atanh_series(w):
    """(atanh(z) / z - 1) / z^2 with w = z^2, for |z| <= 0.46."""
    p = 0.02127659574468085 + w * 0.02040816326530612
    p = 0.022222222222222223 + w * p
    p = 0.023255813953488372 + w * p
    p = 0.024390243902439025 + w * p
    p = 0.02564102564102564 + w * p
    p = 0.02702702702702703 + w * p
    p = 0.02857142857142857 + w * p
    p = 0.030303030303030304 + w * p
    p = 0.03225806451612903 + w * p
    p = 0.034482758620689655 + w * p
    p = 0.037037037037037035 + w * p
    p = 0.04 + w * p
    p = 0.043478260869565216 + w * p
    p = 0.047619047619047616 + w * p
    p = 0.05263157894736842 + w * p
    p = 0.058823529411764705 + w * p
    p = 0.06666666666666667 + w * p
    p = 0.07692307692307693 + w * p
    p = 0.09090909090909091 + w * p
    p = 0.1111111111111111 + w * p
    p = 0.14285714285714285 + w * p
    p = 0.2 + w * p
    return 0.3333333333333333 + w * p


def growth_rest(y, growth):
    """log(1 + y) - y / (1 + y): by the series of 2 atanh(z) = log(1 + y), z = y / (2 + y), where the terms cancel."""
    z = y / (2.0 + y)
    w = z * z
    p = atanh_series(w)
    near = 2.0 * w * (1.0 / (1.0 + z) + z * p)
    return near if y < 1.7 else growth - (y / (1.0 + y) if y < 1e30 else 1.0)


def _adaptive_robust(pred, target, alpha, c):
    small, large, b, b_rest, log_b, root, root_rest, alpha_lost, lift, tall_lift = _general_robust_constants(alpha)
    value, slope, curvature, growth, raised, by_c = general_robust_parts(
        pred, target, alpha, c, small, large, b, b_rest, log_b, root, root_rest, alpha_lost, lift, tall_lift
    )
    u = abs(pred - target) / c
    y = u * u / b
    k = 0.5 * alpha * (growth if growth < 1e30 else 1e30)
    rest = growth_rest(y, growth)
    near = 0.5 * growth * growth * growth_share(k, raised) - 0.5 * raised * rest
    # both terms overflow together
    by_alpha = 0.5 * raised * (growth * growth * ((k - 1.0) / k / k) - rest) if k > 40.0 else near
    return value, (slope, by_alpha if u != 0.0 else 0.0, by_c if u != 0.0 else 0.0), (curvature, 0.0, 0.0)


@elementwise(
    _adaptive_robust,
    differentiable=(0, 2, 3),
    target=REAL,
    alpha=BELOW_2,
    c=POSITIVE,
    curvature=False,
    cost=40.0,
    aliases=("adaptive_loss",),
)
def adaptive_robust(pred: Array, target: Array, alpha: Array, c: Array, **options: Unpack[Options]) -> Result:
    r"""Barron's general robust loss, differentiated by its shape `alpha` and its scale `c` as well.

    ``b / alpha * ((1 + (r / c)**2 / b)**(alpha / 2) - 1)`` with ``b = 2 - alpha`` and ``r = pred - target``: it is
    `general_robust` with a shape and a scale for every error. To learn them, add to the loss what its distribution has
    beside it, ``log(c) + log(Z(alpha))``: without it the smallest alpha is best. An example does so.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    alpha : array of float32 or float64 in [-100, 2), shape of `pred`
        How much far errors count: the smaller, the less.
    c : array of float32 or float64 > 0, shape of `pred`
        Error beyond which `alpha` matters.

    Raises
    ------
    ValueError
        If the shapes differ, a target is NaN, or `alpha` or `c` is outside its domain.
    TypeError
        If `pred`, `alpha` or `c` is not floating.

    Notes
    -----
    Gradients are three, by `pred`, `alpha` and `c`, all in the dtype of `pred`; where one `alpha` serves all errors its
    gradient is the sum. With ``y = (r / c)**2 / b`` and ``L = log(1 + y)`` the slope by alpha is
    ``L**2 / 2 * g(alpha * L / 2) - (1 + y)**(alpha / 2) * (L - y / (1 + y)) / 2``, ``g(k) = (k e^k - e^k + 1) / k**2``,
    exact through ``alpha = 0`` and accurate relative to its larger term. At alpha = 2 it would be infinite. No
    curvature is offered.

    References
    ----------
    .. [1] J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, alpha, c = np.array([2.0]), np.array([1.0]), np.array([1.0])
    >>> value, (by_pred, by_alpha, by_c) = nl.value_and_grad(nl.adaptive_robust)(pred, np.zeros(1), alpha, c)
    >>> round(value, 6), by_pred.round(4), by_alpha.round(4), by_c.round(4)
    (1.236068, array([0.8944]), array([0.2217]), array([-1.7889]))
    """
