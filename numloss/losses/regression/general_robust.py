"""Barron's general robust loss."""

from ...declare import AT_MOST_2, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, expm1, log, log1p, power, power_within, product_rest, quotient_rest, sign


def _general_robust_constants(alpha):
    # b = 2 - alpha, and 1 where it is 0, which is decided at the end
    square = alpha >= 2.0
    b = 1.0 if square else 2.0 - alpha
    b_rest = 0.0 if square else difference_rest(2.0, alpha)
    front = b / alpha
    # where a square of u is all there is, and where it may overflow
    small = 1e999 if square else 1e-17
    large = 1e999 if square else 1e11
    return small, large, b, b_rest, log(b), power(b, 0.5 * b), front, front * power(b, -0.5 * alpha)


def _general_robust(pred, target, alpha, c, small, large, b, b_rest, log_b, b_power, front, tail_front):
    error = pred - target
    size = abs(error)
    rest = difference_rest(pred, target)
    square = alpha >= 2.0
    # everything is a power of 1 + y, y = u^2 / b; what the base loses to rounding comes back
    u = size / c
    u_rest = quotient_rest(size, rest if error > 0.0 else -rest, c, 0.0)
    z = u * u
    y = z / b
    y_rest = quotient_rest(z, product_rest(u, u) + 2.0 * u * u_rest, b, b_rest)
    base = 1.0 + y
    base_rest = (((1.0 - base) + y) if y < 1.0 else ((y - base) + 1.0)) + y_rest
    # 1 + y is u^2 / b there
    huge = u > large
    grown_far = 2.0 * log(u) - log_b
    grown_near = log1p(y)
    growth = grown_far if huge else grown_near
    lost = 0.0 if huge else base_rest / base
    far = power_within(u, alpha - 1.0) * b_power
    scaled = far / u if huge else power_within(base, -0.5 * b) * (1.0 - 0.5 * (b * lost + b_rest * growth))
    weight = 1.0 if square else scaled
    k = 0.5 * alpha * growth
    # half of the power twice: the whole may overflow where the value does not
    half = power_within(u, 0.5 * alpha)
    high = power_within(base, 0.5 * alpha)
    tail = tail_front * half * half - front
    grown = front * ((high - 1.0) + 0.5 * alpha * lost * high)
    steep = tail if huge else grown
    flat = 0.5 * b * growth * (1.0 + 0.5 * k)
    curved = front * expm1(k)
    value = flat if abs(k) < 1e-8 else steep if k > 1.0 else curved
    pull = (far if huge else u * weight) / c
    share = y / base if y < 1e30 else 1.0
    bend = weight * (1.0 / base + (alpha - 1.0) * share) / c / c
    return 0.5 * u * u if z <= small else value, sign(error) * pull, 1.0 / c / c if square else bend


@elementwise(
    _general_robust,
    constants=_general_robust_constants,
    target=REAL,
    alpha=AT_MOST_2,
    c=POSITIVE,
    cost=16.0,
    aliases=("barron", "robust_loss"),
)
def general_robust(
    pred: Array, target: Array, *, alpha: float = 1.0, c: float = 1.0, **options: Unpack[Options]
) -> Result:
    r"""Barron's general robust loss, ``b / alpha * ((1 + (r / c)**2 / b)**(alpha / 2) - 1)`` with ``b = 2 - alpha``.

    One loss for all shapes, ``r = pred - target``: `alpha` = 2 is half of `mse`, 1 is `pseudo_huber`, 0 is `cauchy` of
    ``sqrt(2) * c``, -2 is `geman_mcclure` of ``2 * c``, and below it tends to `welsch` of ``sqrt(2) * c``; each over
    ``c**2``. Search `alpha` as you would a learning rate, or learn it with `adaptive_robust`.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    alpha : float in [-100, 2]
        How much far errors count: the smaller, the less.
    c : float > 0
        Error beyond which `alpha` matters.

    Notes
    -----
    Value, slope and curvature are continuous in `alpha`; at 0 and 2 the formula is its limit. Powers keep their digits
    until the weight of an error underflows, and squares do not overflow. Below ``alpha = 1`` the exact curvature
    changes sign; it is accurate relative to its larger part, and the bound lifts it to at least 1e-16.

    References
    ----------
    .. [1] J. T. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> [round(nl.general_robust(np.array([2.0]), np.zeros(1), alpha=alpha), 6) for alpha in (2, 1, 0, -2)]
    [2.0, 1.236068, 1.098612, 1.0]
    """
