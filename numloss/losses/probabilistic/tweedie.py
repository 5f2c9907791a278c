"""Deviance of a Tweedie distribution."""

from ...declare import BETWEEN_1_AND_2, NONNEGATIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import exp_of_product


def _tweedie_rise(pred, up, up_rest):
    return exp_of_product(pred, up, up_rest)


def _tweedie_fall(pred, down, down_rest):
    return exp_of_product(-pred, down, down_rest)


def _tweedie(pred, target, up, up_rest, down, down_rest, rise, falling):
    # a target of 0 has no second term, not even where its exponential is infinite
    fall = target * falling if target > 0.0 else 0.0
    return rise / up + fall / down, rise - fall, up * rise + down * fall


@elementwise(
    _tweedie,
    stages={"rise": _tweedie_rise, "falling": _tweedie_fall},
    target=NONNEGATIVE,
    power=BETWEEN_1_AND_2,
    derived={"up": lambda power: 2.0 - power, "down": lambda power: power - 1.0},
    convex=True,
    cost=4.0,
    aliases=("tweedie_deviance", "half_tweedie_loss"),
)
def tweedie(pred: Array, target: Array, *, power: float = 1.5, **options: Unpack[Options]) -> Result:
    r"""Half of a Tweedie deviance, ``exp((2-power)*pred) / (2-power) + target * exp((1-power)*pred) / (power-1)``.

    Amounts that are often exactly 0 and otherwise positive: total claims, rainfall. The prediction is the logarithm of
    the mean; what depends on the target alone is left out.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logarithms of predicted means.
    target : array, shape of `pred`
        Observed amounts, any real dtype, >= 0 and finite.
    power : float in (1, 2)
        The variance is proportional to the mean to this power: near 1 almost `poisson_nll`, near 2 almost
        `gamma_deviance`.

    Notes
    -----
    Both terms of the value and of the curvature are positive; the slope is a difference, accurate relative to its
    larger part. Exponents are known to more digits than one number holds. The bound is at least 1e-16. Because
    constants are dropped, the values do not tend to those of the two limits, but the slopes do.

    References
    ----------
    .. [1] B. Jorgensen, "Exponential Dispersion Models", Journal of the Royal Statistical Society B 49 (1987).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.tweedie)(np.zeros(2), np.array([0.0, 3.0]), reduction="none")
    (array([2., 8.]), array([ 1., -2.]))
    """
