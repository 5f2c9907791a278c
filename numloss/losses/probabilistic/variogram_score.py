"""Variogram score of an ensemble of vectors."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, REAL, Array, Options, Result, Unpack, examplewise


def _variogram_scratch(sizes, mode):
    return 0, sizes["member"] * (1 + sizes["entry"]), 0


def _variogram_work(sizes):
    return 40.0 + 2.0 * sizes["member"] * sizes["entry"] * sizes["entry"]


@examplewise(
    "variogram_score_examples",
    axes={"pred": ("...", "member", "entry"), "target": ("...", "entry"), "pair_weight": ("...", "entry", "entry")},
    scratch=_variogram_scratch,
    work=_variogram_work,
    params=("p",),
    pred=ANY,
    target=REAL,
    pair_weight=NONNEGATIVE,
    p=POSITIVE,
    kinks="where two entries of a member are equal, unless p is above 1",
    cost=20.0,
    aliases=("vs_ensemble",),
)
def variogram_score(
    pred: Array,
    target: Array,
    *,
    p: float = 0.5,
    pair_weight: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Variogram score, ``sum(v[a, b] * (|y[a] - y[b]|**p - mean(|x[i, a] - x[i, b]|**p))**2)`` over pairs of entries.

    A joint forecast of several numbers by M members, scored by what it says about how they depend on each other, which
    `energy_score` hardly sees. What all entries have in common is not scored.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., M, D)
        The members i of each forecast, vectors of D entries.
    target : array of any real dtype, shape (..., D)
        Observed vectors, not NaN.
    p : float > 0
        The power of differences.
    pair_weight : array, shape (D, D) or (..., D, D), >= 0, optional
        How much each pair of entries counts, v: in both orders, as the sum has it. None is 1 for all.

    Notes
    -----
    Where two entries of a member are equal its slope is taken as 0; with p < 1 it grows beyond all bounds near there.
    Powers and sums are those of float64. No curvature is offered. scoringrules has the same as ``vs_ensemble``.

    References
    ----------
    .. [1] M. Scheuerer, T. M. Hamill, "Variogram-Based Proper Scoring Rules for Probabilistic Forecasts of Multivariate
       Quantities", Monthly Weather Review 143 (2015).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[[4.0, 0.0], [0.0, 0.0]]]), np.zeros((1, 2))
    >>> nl.variogram_score(pred, target)
    2.0
    """
