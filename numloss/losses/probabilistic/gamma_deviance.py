"""Deviance of a gamma distribution."""

from ...declare import POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import exp, maximum


def _gamma_deviance(pred, target):
    # half of the exponent twice: e^-pred alone may overflow where the product does not
    root = exp(-0.5 * pred)
    ratio = target * root * root
    return maximum(-1e30, pred) + ratio, 1.0 - ratio, ratio


@elementwise(_gamma_deviance, target=POSITIVE, convex=True, cost=1.5, aliases=("gamma_nll", "half_gamma_loss"))
def gamma_deviance(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Half of the deviance of a gamma distribution with mean ``exp(pred)``: ``pred + target * exp(-pred)``.

    Positive amounts whose spread grows with their size: claims, durations, rainfall. The prediction is the logarithm of
    the mean; what depends on the target alone is left out.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logarithms of predicted means.
    target : array, shape of `pred`
        Observed amounts, any real dtype, > 0 and finite.

    Notes
    -----
    Adding ``-log(target) - 1`` makes it half of the deviance, which is 0 at ``pred = log(target)``. Value and slope are
    differences, accurate relative to their larger part. The curvature is ``target * exp(-pred)``; the bound is at least
    1e-16.

    References
    ----------
    .. [1] P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd ed., 1989, chapter 8.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.gamma_deviance)(np.array([0.0, 0.0]), np.array([1.0, 3.0]), reduction="none")
    (array([1., 3.]), array([ 0., -2.]))
    """
