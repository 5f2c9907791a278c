"""Negative log-likelihood of a Laplace distribution."""

from ...declare import BINARY, NONNEGATIVE, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import log, maximum, sign


def _laplace_nll(pred, target, scale, full, eps):
    error = pred - target
    b = maximum(eps, scale)
    ratio = abs(error) / b
    value = log(b) + ratio + 0.6931471805599453 * full
    return value, (sign(error) / b, (1.0 - ratio) / b), (0.0, (2.0 * ratio - 1.0) / b / b)


@elementwise(
    _laplace_nll,
    target=REAL,
    scale=NONNEGATIVE,
    full=BINARY,
    eps=POSITIVE,
    differentiable=(0, 2),
    kinks="pred = target, where the slope in pred is 0, and scale = eps",
    least=1.0,
    cost=1.5,
    aliases=("laplace_nll_loss", "double_exponential_nll"),
)
def laplace_nll(
    pred: Array, target: Array, scale: Array, *, full: bool = False, eps: float = 1e-6, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of a Laplace distribution, ``log(scale) + abs(pred - target) / scale``.

    `gaussian_nll` for noise with heavier tails: `mae` for a model that also says how sure it is.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted medians.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    scale : array, shape of `pred`
        Predicted scales, >= 0: the mean absolute error that the model expects.
    full : bool
        Adds the constant ``log(2)``, which makes the value a log-likelihood that can be compared.
    eps : float > 0
        Scales below it count as `eps`.

    Notes
    -----
    Differentiable in `pred` and in `scale`: gradients and curvatures are pairs, in the dtype of `pred`. Below `eps` the
    slope in `scale` is the one at `eps`, so that training can leave that region. Value, slope and curvature in `scale`
    are differences, accurate relative to their larger part. The exact curvature in `pred` is 0; the bound is at least
    1.

    References
    ----------
    .. [1] A. Kendall, Y. Gal, "What Uncertainties Do We Need in Bayesian Deep Learning for Computer Vision?", NeurIPS
       2017.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, scale = np.array([1.0]), np.array([3.0]), np.array([1.0])
    >>> nl.laplace_nll(pred, target, scale)
    2.0
    >>> nl.grad(nl.laplace_nll)(pred, target, scale)
    (array([-1.]), array([-1.]))
    """
