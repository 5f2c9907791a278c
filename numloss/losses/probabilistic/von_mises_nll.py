"""Negative log-likelihood of a von Mises distribution."""

from ...declare import ANGLE, BINARY, NONNEGATIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import angle_parts, bessel_parts, difference_rest, fma, log


def _von_mises_turn(pred, target):
    sine, cosine, versine = angle_parts(pred - target, difference_rest(pred, target))
    return sine, cosine, versine


def _von_mises_spread(concentration):
    spread, pull, bend = bessel_parts(concentration)
    return spread, pull, bend


def _von_mises_nll(pred, target, concentration, full, sine, cosine, versine, spread, pull, bend):
    near = concentration < 1.75
    more = 1.8378770664093453 * full
    low = fma(-concentration, cosine, spread) + more
    high = fma(concentration, versine, spread) + ((more - 0.9189385332046727) - 0.5 * log(concentration))
    return (
        low if near else high,
        (concentration * sine, pull - cosine if near else versine - pull),
        (concentration * cosine, bend),
    )


@elementwise(
    _von_mises_nll,
    stages={"sine, cosine, versine": _von_mises_turn, "spread, pull, bend": _von_mises_spread},
    pred=ANGLE,
    target=ANGLE,
    concentration=NONNEGATIVE,
    full=BINARY,
    differentiable=(0, 2),
    cost=12.0,
    aliases=("von_mises", "circular_nll", "angular_nll"),
)
def von_mises_nll(
    pred: Array, target: Array, concentration: Array, *, full: bool = False, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of a von Mises distribution, ``log(I0(k)) - k * cos(pred - target)``.

    Regression of angles, such as headings, phases or times of day, that also says how sure it is: the normal
    distribution of the circle. The concentration k is the inverse of a variance where it is large; 0 is uniform. A full
    turn more or less changes nothing.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted directions in radians, of any number of turns, up to 10,000 in size.
    target : array, shape of `pred`
        Observed angles in radians, any real dtype, up to 10,000 in size.
    concentration : array, shape of `pred`
        Predicted concentrations k, >= 0 and finite.
    full : bool
        Adds the constant ``log(2 * pi)``, which makes the value a log-likelihood that can be compared.

    Notes
    -----
    Differentiable in `pred` and in `concentration`: gradients and curvatures are pairs, in the dtype of `pred`. The
    slope in `concentration` is ``A(k) - cos(pred - target)`` with ``A = I1 / I0``, of Bessel's functions. Where k is
    large neither of these overflows or cancels: ``1 - cos`` is computed as such, with the digits that the difference of
    the angles loses. Value, slope and curvature in `concentration` are differences, accurate relative to their larger
    part. The loss is convex in `concentration`, not in `pred`; the bound lifts curvatures to at least 1e-16.

    References
    ----------
    .. [1] K. V. Mardia, P. E. Jupp, "Directional Statistics", Wiley 2000.
    .. [2] S. Prokudin, P. Gehler, S. Nowozin, "Deep Directional Statistics: Pose Estimation with Uncertainty
       Quantification", ECCV 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, concentration = np.array([0.1, 3.1]), np.array([6.2, -3.1]), np.array([4.0, 4.0])
    >>> nl.von_mises_nll(pred, target, concentration, reduction="none").round(4)
    array([-1.5081, -1.5612])
    """
