"""Divergence of normal distributions from each other."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, exp, exp_of_difference, fma, minimum
from .weibull_aft import _hazard_curve


def _gaussian_kl_curve(log_var, other_log_var):
    """e^x, e^x - 1 and e^x - 1 - x of the difference of the logarithms."""
    x = log_var - other_log_var
    rest = difference_rest(log_var, other_log_var)
    power = exp_of_difference(x, -rest)
    far = x > 1.25
    more, curve = _hazard_curve(-minimum(2.0, x))
    # by what the difference loses to rounding
    curve = (power - 1.0) - x if far else fma(more, rest, curve)
    return power, power - 1.0 if far else fma(power, rest, more), curve


def _gaussian_kl(mean, log_var, other_mean, other_log_var, free_bits, power, more, curve):
    error = mean - other_mean
    # one over the other's standard deviation; an error of 0 is none however small that is
    sure = exp(-0.5 * other_log_var)
    force = sure if error != 0.0 else 0.0
    scaled = force * error
    apart = 0.5 * scaled * scaled
    spread = 0.5 * more
    value = apart + 0.5 * curve
    free = value < free_bits
    pull = 0.0 if free else scaled * force
    bend = 0.0 if free else sure * sure
    part = 0.0 if free else spread
    wide = 0.0 if free else 0.5 * power
    far = 0.0 if free else apart
    return free_bits if free else value, (pull, part, -pull, -part - far), (bend, wide, bend, wide + far)


@elementwise(
    _gaussian_kl,
    stages={"power, more, curve": _gaussian_kl_curve},
    differentiable=(0, 1, 2, 3),
    mean=ANY,
    log_var=ANY,
    other_mean=ANY,
    other_log_var=ANY,
    free_bits=NONNEGATIVE,
    kinks="the divergence is free_bits",
    cost=4.0,
    aliases=("normal_kl", "kl_of_normals"),
)
def gaussian_kl(
    mean: Array,
    log_var: Array,
    other_mean: Array,
    other_log_var: Array,
    *,
    free_bits: float = 0.0,
    **options: Unpack[Options],
) -> Result:
    r"""Divergence of one normal distribution from another, ``(exp(x) - 1 - x + d**2 * exp(-other_log_var)) / 2``.

    With ``x = log_var - other_log_var`` and ``d = mean - other_mean`` it is what a posterior costs beside a prior that
    is predicted, too, as in variational autoencoders of several layers; `gaussian_prior_kl` is that from the standard
    normal distribution. Of independent dimensions divergences add up: sum them over the last axis.

    Parameters
    ----------
    mean, log_var : arrays of float32 or float64, any shape
        Means and logarithms of variances of the distribution that is sampled.
    other_mean, other_log_var : arrays, shape of `mean`
        Those of the other one, of the same dtype.
    free_bits : float >= 0
        Divergences below it count as `free_bits`, in nats, and have no slope, so that they are not pressed to 0.

    Notes
    -----
    All four are differentiated: gradients and curvatures are quadruples, in the dtype of `mean`. The value is a sum of
    terms >= 0 that keep their digits where the two are near each other; the slopes in `mean` and `log_var` are ``d *
    exp(-other_log_var)`` and ``(exp(x) - 1) / 2``. The bound is at least 1e-16.

    References
    ----------
    .. [1] D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
    .. [2] D. P. Kingma et al., "Improved Variational Inference with Inverse Autoregressive Flow", NeurIPS 2016.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> zero = np.zeros(2)
    >>> nl.gaussian_kl(np.array([0.0, 2.0]), zero, zero, zero, reduction="none")
    array([0., 2.])
    """
