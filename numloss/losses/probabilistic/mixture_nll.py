"""Negative log-likelihood of a mixture of normal or Student t distributions."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, examplewise


def mixture_scratch(sizes, mode):
    numbers = sizes["component"] * sizes.get("dimension", 1)
    return 3 * numbers + sizes.get("dimension", 1) + 2 * sizes["component"], 2 * sizes["component"], 0


def mixture_work(sizes):
    return 60.0 + sizes["component"] * (20.0 + 4.0 * sizes.get("dimension", 1))


@examplewise(
    "mixture_examples",
    axes={
        "logits": ("...", "component"),
        "mean": ("...", "component"),
        "log_scale": ("...", "component"),
        "target": ("...",),
    },
    aliases=("gaussianmixture_nll", "mixture_density_nll", "mdn_loss"),
    run=16,
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
def mixture_nll(
    logits: Array,
    mean: Array,
    log_scale: Array,
    target: Array,
    *,
    df: float | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Negative log-likelihood of a mixture, ``-log sum(softmax(logits)[k] * density((y - mean[k]) / s[k]) / s[k])``.

    For mixture density networks, which predict a distribution with several peaks: K components with a weight, a mean
    and a scale each.

    Parameters
    ----------
    logits : array of float32 or float64, shape (..., K)
        Logits of the weights of the components.
    mean : array of the same dtype and shape
        Where they are.
    log_scale : array of the same dtype and shape
        Logarithms of their scales s.
    target : array of any real dtype, shape (...)
        Observed values, not NaN.
    df : float > 0, optional
        Degrees of freedom of Student t components; None is a normal density.

    Notes
    -----
    The gradient is by all three, with the share of the density that each component has. Logarithms are added up in
    float64. No curvature is offered. `mixture_vector_nll` is that of vectors.

    References
    ----------
    C. M. Bishop, Mixture Density Networks, 1994.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits, mean, log_scale = np.zeros((1, 2)), np.array([[-1.0, 1.0]]), np.zeros((1, 2))
    >>> round(nl.mixture_nll(logits, mean, log_scale, np.array([1.0])), 4)
    1.4852
    >>> round(nl.mixture_nll(logits, mean, log_scale, np.array([9.0])), 4)
    33.6121
    >>> round(nl.mixture_nll(logits, mean, log_scale, np.array([9.0]), df=3.0), 4)
    7.5533
    """
