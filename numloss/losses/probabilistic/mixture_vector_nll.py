"""Negative log-likelihood of a mixture of distributions of vectors with independent entries."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, examplewise
from .mixture_nll import mixture_scratch, mixture_work


@examplewise(
    "mixture_examples",
    axes={
        "logits": ("...", "component"),
        "mean": ("...", "component", "dimension"),
        "log_scale": ("...", "component", "dimension"),
        "target": ("...", "dimension"),
    },
    aliases=("diagonal_mixture_nll",),
    scratch=mixture_scratch,
    work=mixture_work,
    differentiable=(0, 1, 2),
    none={"df": 0.0},
    params=("df",),
    logits=ANY,
    mean=ANY,
    log_scale=ANY,
    target=REAL,
    df=POSITIVE,
)
def mixture_vector_nll(
    logits: Array,
    mean: Array,
    log_scale: Array,
    target: Array,
    *,
    df: float | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""`mixture_nll` of vectors, whose entries are independent within a component.

    For mixture density networks of several numbers at once, such as a position or an action: each component has a mean
    and a scale of each entry.

    Parameters
    ----------
    logits : array of float32 or float64, shape (..., K)
        Logits of the weights of the components.
    mean : array of the same dtype, shape (..., K, D)
        Where they are.
    log_scale : array of the same dtype, shape (..., K, D)
        Logarithms of their scales.
    target : array of any real dtype, shape (..., D)
        Observed vectors, without NaN.
    df : float > 0, optional
        Degrees of freedom of Student t entries; None is a normal density.

    Notes
    -----
    The logarithm of a component is the sum over its entries. The gradient is by all three. No curvature is offered.

    References
    ----------
    C. M. Bishop, Mixture Density Networks, 1994.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits, mean = np.zeros((1, 2)), np.array([[[0.0, 0.0], [2.0, 2.0]]])
    >>> round(nl.mixture_vector_nll(logits, mean, np.zeros_like(mean), np.array([[2.0, 1.0]])), 4)
    2.9041
    """
