"""Negative log-likelihood of a Dirichlet distribution."""

from ...declare import ANY, UP_TO_ONE, Array, Options, Result, Unpack, examplewise


@examplewise(
    "dirichlet_examples",
    axes={"log_concentration": ("...", "class"), "target": ("...", "class")},
    scratch=lambda sizes, mode: (0, 16 * 4 * sizes["class"], 0),
    work=lambda sizes: 100.0 + 60.0 * sizes["class"],
    run=16,
    log_concentration=ANY,
    target=UP_TO_ONE,
    cost=20.0,
    aliases=("dirichlet_loss",),
)
def dirichlet_nll(log_concentration: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood ``sum(lgamma(a) - (a - 1) * log(target)) - lgamma(sum(a))``, ``a`` the concentrations.

    For shares of a whole, such as proportions of a budget or of a mixture: a distribution over all of them together.

    Parameters
    ----------
    log_concentration : array of float32 or float64, shape (..., C)
        Logarithms of the concentrations.
    target : array of any real dtype and of the same shape
        Shares in (0, 1], which add up to 1. A share of 0 has no likelihood: mix it with a little of all others.

    Notes
    -----
    Computed in float64, by ``lgamma(1 + a) - log(a)`` where a concentration is small. The loss may have either sign.
    No curvature is offered.

    References
    ----------
    R. H. Hijazi, R. W. Jernigan, Modelling Compositional Data Using Dirichlet Regression Models, Journal of Applied
    Probability and Statistics 4, 2009.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.dirichlet_nll(np.log([[2.0, 3.0, 5.0]]), np.array([[0.25, 0.25, 0.5]])), 4)
    -1.9992
    """
