"""Divergence of a normal distribution from the standard one."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import exp
from .weibull_aft import _hazard_curve


def _gaussian_prior_kl_curve(log_var):
    more, curve = _hazard_curve(-log_var)
    return exp(log_var), more, curve


def _gaussian_prior_kl(mean, log_var, free_bits, power, more, curve):
    value = 0.5 * (mean * mean) + 0.5 * curve
    free = value < free_bits
    pull = 0.0 if free else mean
    part = 0.0 if free else 0.5 * more
    wide = 0.0 if free else 0.5 * power
    return free_bits if free else value, (pull, part), (0.0 if free else 1.0, wide)


@elementwise(
    _gaussian_prior_kl,
    stages={"power, more, curve": _gaussian_prior_kl_curve},
    differentiable=(0, 1),
    mean=ANY,
    log_var=ANY,
    free_bits=NONNEGATIVE,
    kinks="the divergence is free_bits",
    cost=2.0,
    aliases=("vae_kl", "standard_normal_kl"),
)
def gaussian_prior_kl(mean: Array, log_var: Array, *, free_bits: float = 0.0, **options: Unpack[Options]) -> Result:
    r"""Divergence of a normal distribution from the standard one, ``(mean**2 + exp(log_var) - 1 - log_var) / 2``.

    What the code of a variational autoencoder costs beside its reconstruction. Of independent dimensions divergences
    add up: sum them over the last axis; `gaussian_kl` is that from any other normal distribution.

    Parameters
    ----------
    mean, log_var : arrays of float32 or float64, any shape
        Means and logarithms of variances.
    free_bits : float >= 0
        Divergences below it count as `free_bits`, in nats, and have no slope, so that they are not pressed to 0.

    Notes
    -----
    Both are differentiated: gradients and curvatures are pairs, in the dtype of `mean`. The value is a sum of terms >=
    0 that keep their digits near 0; the slopes are `mean` and ``(exp(log_var) - 1) / 2``. The bound is at least 1e-16.

    References
    ----------
    .. [1] D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
    .. [2] D. P. Kingma et al., "Improved Variational Inference with Inverse Autoregressive Flow", NeurIPS 2016.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> mean, log_var = np.array([0.0, 2.0]), np.zeros(2)
    >>> nl.gaussian_prior_kl(mean, log_var, reduction="none")
    array([0., 2.])
    >>> nl.gaussian_prior_kl(mean, log_var, free_bits=0.5, reduction="none")
    array([0.5, 2. ])
    """
