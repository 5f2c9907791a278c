"""Negative log-likelihood of counts of classes whose probabilities have a Dirichlet distribution."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, examplewise


@examplewise(
    "multinomial_examples",
    axes={"log_concentration": ("...", "class"), "target": ("...", "class")},
    scratch=lambda sizes, mode: (0, 16 * 2 * sizes["class"], 0),
    work=lambda sizes: 100.0 + 100.0 * sizes["class"],
    run=16,
    params=("full",),
    log_concentration=ANY,
    target=NONNEGATIVE,
    cost=30.0,
    aliases=("polya_nll",),
)
def dirichlet_multinomial_nll(
    log_concentration: Array, target: Array, *, full: bool = True, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of counts, ``-log(n! / prod(x!) * beta(a + x) / beta(a))`` of concentrations a.

    For counts of several classes that vary more than those of a multinomial, as words in texts or kinds of cells.

    Parameters
    ----------
    log_concentration : array of float32 or float64, shape (..., C)
        Logarithms of the concentrations.
    target : array of any real dtype and of the same shape
        Counts >= 0.
    full : bool
        Whether the multinomial coefficient counts, which does not depend on `log_concentration`.

    Notes
    -----
    Computed in float64; a whole number of up to 32 is a sum of so many logarithms, whose digits do not cancel. As
    concentrations grow with their shares kept it becomes the loss of a multinomial, which is `cross_entropy` with the
    counts as its target but for that coefficient. No curvature is offered.

    References
    ----------
    R. E. Madsen et al., Modeling Word Burstiness Using the Dirichlet Distribution, ICML 2005.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.dirichlet_multinomial_nll(np.zeros((1, 3)), np.array([[2, 0, 1]])), 4)
    2.3026
    """
