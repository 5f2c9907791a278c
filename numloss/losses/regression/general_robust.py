"""Barron's general robust loss."""

from ...declare import AT_MOST_2, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import (
    difference_rest,
    expm1,
    grown,
    log,
    log1p,
    power,
    power_within,
    product_rest,
    quotient_rest,
    shrunk,
    sign,
)


def _general_robust_constants(alpha):
    # b = 2 - alpha, and 1 where it is 0, which is decided at the end
    square = alpha >= 2.0
    b = 1.0 if square else 2.0 - alpha
    b_rest = 0.0 if square else difference_rest(2.0, alpha)
    # where a square of u is all there is, and where it may overflow
    small = 1e999 if square else 1e-17
    large = 1e999 if square else 1e11
    # by a power: a root of one number would be the one operation that is not done on vectors
    root = power(b, 0.5)
    root_rest = 0.5 * ((b - root * root) - product_rest(root, root) + b_rest) / root
    # the exponent of slopes far out, alpha - 1, is known to more digits than one number holds; powers of what v lacks
    lost = difference_rest(alpha, 1.0)
    lift = power(grown(1.0), 0.5 * alpha - 0.5)
    return small, large, b, b_rest, log(b), root, root_rest, lost, lift, power(grown(1.0), 0.5 * alpha)


def general_robust_parts(
    pred, target, alpha, c, small, large, b, b_rest, log_b, root, root_rest, alpha_lost, lift, tall_lift
):  # fmt: skip
    """Value, slope and curvature; and log(1 + y), (1 + y)^(alpha / 2), and the value's slope by c, for y = u^2 / b."""
    error = pred - target
    size = abs(error)
    rest = difference_rest(pred, target)
    square = alpha >= 2.0
    # everything is a power of 1 + y; what the base loses to rounding comes back
    u = size / c
    u_rest = quotient_rest(size, rest if error > 0.0 else -rest, c, 0.0)
    z = u * u
    y = z / b
    y_rest = quotient_rest(z, product_rest(u, u) + 2.0 * u * u_rest, b, b_rest)
    base = 1.0 + y
    base_rest = (((1.0 - base) + y) if y < 1.0 else ((y - base) + 1.0)) + y_rest
    # 1 + y is u^2 / b there; u itself may overflow
    huge = u > large
    beyond = u > grown(1e6)
    log_u = log(size) - log(c) if beyond else log(u)
    grown_near = log1p(y)
    growth = 2.0 * log_u - log_b if huge else grown_near
    # of an infinite error 0 times the growth is 0
    finite = growth if growth < 1e30 else 1e30
    lost = 0.0 if huge else base_rest / base
    # v = u / b^(1/2): the slope is b^(1/2) / c * v^(alpha - 1) there; half of the power twice, which may underflow
    near_v = u / root
    v = shrunk(size) / c / root if beyond else near_v
    v_rest = 0.0 if beyond else quotient_rest(u, u_rest, root, root_rest)
    share_lost = v_rest / v
    half = power_within(v, 0.5 * alpha - 0.5) * (lift if beyond else 1.0)
    far = half * (1.0 + ((alpha - 1.0) * share_lost + 0.5 * alpha_lost * finite))
    scaled = power_within(base, -0.5 * b) * (1.0 - 0.5 * (b * lost + b_rest * growth))
    weight = 1.0 if square else scaled
    k = 0.5 * alpha * finite
    # (1 + y)^(alpha / 2)
    tall = power_within(v, 0.5 * alpha) * (tall_lift if beyond else 1.0)
    front = b / alpha
    high = power_within(base, 0.5 * alpha)
    raised_far = tall * tall * (1.0 + alpha * share_lost)
    tail = front * raised_far - front
    grown_value = front * ((high - 1.0) + 0.5 * alpha * lost * high)
    steep = tail if huge else grown_value
    flat = 0.5 * b * growth * (1.0 + 0.5 * k)
    curved = front * expm1(k)
    raised = raised_far if huge else high + 0.5 * alpha * lost * high
    value = flat if abs(k) < 1e-8 else steep if k > 1.0 else curved
    pull = root * half * (far / c) if huge else u * weight / c
    share = y / base if y < 1e30 else 1.0
    # weight / c * ((1 / (1 + y) + (alpha - 1) * share) / c), where 1 + y may overflow
    outer = pull / size * (alpha - 1.0) + pull / u * (b / u) / size
    inner = weight / c * ((1.0 / base + (alpha - 1.0) * share) / c)
    bend = outer if huge else inner
    by_c = -(b * tall * (tall / c) if huge else u * weight * u / c)
    bend = 1.0 / c / c if square else bend
    return 0.5 * u * u if z <= small else value, sign(error) * pull, bend, growth, raised, by_c


def _general_robust(
    pred, target, alpha, c, small, large, b, b_rest, log_b, root, root_rest, alpha_lost, lift, tall_lift
):  # fmt: skip
    value, slope, curvature, _, _, _ = general_robust_parts(
        pred, target, alpha, c, small, large, b, b_rest, log_b, root, root_rest, alpha_lost, lift, tall_lift
    )
    return value, slope, curvature


@elementwise(
    _general_robust,
    constants=_general_robust_constants,
    target=REAL,
    tight=True,
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
