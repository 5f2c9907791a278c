"""Continuous ranked probability score of an ensemble."""

from ...declare import ANY, FINITE, NONNEGATIVE, REAL, UNIT, Array, Options, Result, Unpack, examplewise

ESTIMATORS = {"ecdf": 0.0, "fair": 1.0, "almost fair": 2.0}


def _ensemble_scratch(sizes, mode):
    members = -(-sizes["member"] // 32) * 32
    return 6 * members, 3 * members, 2 * members


def _ensemble_work(sizes):
    return 50.0 + sizes["member"] * min(45.0, 0.05 * sizes["member"])


def members_allowed(sizes, params):
    """Whether there are members enough."""
    if params["estimator"] != ESTIMATORS["ecdf"] and sizes["member"] < 2:
        return "pred has one member; an estimator that is fair needs two"
    return None


def _ensemble_allowed(sizes, params):
    if params["lower"] > params["upper"]:
        return f"lower = {params['lower']} is above upper = {params['upper']}"
    return members_allowed(sizes, params)


@examplewise(
    "crps_ensemble_examples",
    axes={"pred": ("...", "member"), "target": ("...",), "member_weight": ("...", "member")},
    scratch=_ensemble_scratch,
    work=_ensemble_work,
    run=16,
    allowed=_ensemble_allowed,
    refused="member_weight leaves no member, or one where the estimator is fair",
    params=("estimator", "alpha", "lower", "upper"),
    words={"estimator": ESTIMATORS},
    none={"lower": float("-inf"), "upper": float("inf")},
    pred=ANY,
    target=REAL,
    member_weight=NONNEGATIVE,
    alpha=UNIT,
    lower=FINITE,
    upper=FINITE,
    kinks="where members are equal, or a member is the target or a threshold",
    curvature=True,
    least=1.0,
    cost=2.0,
    aliases=("ensemble_crps",),
)
def crps_ensemble(
    pred: Array,
    target: Array,
    *,
    estimator: str = "ecdf",
    alpha: float = 0.95,
    member_weight: Array | None = None,
    lower: float | None = None,
    upper: float | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Continuous ranked probability score of an ensemble, ``mean(|x[i] - y|) - mean(|x[i] - x[j]|) / 2``.

    A forecast by M members, scored in the units of the target: the error of the members, less what they differ by
    among themselves. One number is a forecast of one member, and its score is `mae`.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., M)
        The members of each forecast on the last axis.
    target : array of any real dtype, shape (...)
        Observed values, not NaN.
    estimator : {"ecdf", "fair", "almost fair"}
        What the differences among members are divided by. ``"ecdf"``: by M^2, the score of the members as a
        distribution. ``"fair"``: by M (M - 1), which is the expectation for a larger ensemble, and needs two members.
        ``"almost fair"``: `alpha` of the fair score and 1 - `alpha` of the other one, so that all members count.
    alpha : float in [0, 1]
        How much of the fair score the almost fair one has.
    member_weight : array, shape (M,) or (..., M), >= 0, optional
        How much each member counts; they are divided by their sum. Where the estimator is fair the differences are
        divided by one less the sum of their squares.
    lower, upper : float, optional
        Thresholds between which the score counts: members and targets beyond them are moved to them, which is the
        threshold-weighted score with the weight 1 between them and 0 elsewhere.

    Notes
    -----
    With c = M for a member x[i] above the target y and -M for one below, less how many members it is above, plus how
    many it is below, the score is ``sum(c[i] * (x[i] - y)) / M**2``, whose terms are never negative, and its gradient
    is c / M^2. So it has all its digits where members are far from 0, too. Equal members share their slope, and one
    that is equal to the target has that of the spread alone; beyond a threshold a slope is 0, at it that of the inside.
    A member that is NaN makes the score and all slopes of its forecast NaN. Up to 768 members are compared each with
    each, more are sorted. The exact curvature is 0; the bound is 1. properscoring and xskillscore have ``"ecdf"``,
    scoringrules calls it ``"nrg"`` or ``"qd"``.

    References
    ----------
    .. [1] T. Gneiting, A. E. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", Journal of the
       American Statistical Association 102 (2007).
    .. [2] C. A. T. Ferro, "Fair scores for ensemble forecasts", Quarterly Journal of the Royal Meteorological Society
       140 (2014).
    .. [3] S. Lang et al., "AIFS-CRPS: Ensemble forecasting using a model trained with a loss function based on the
       Continuous Ranked Probability Score", arXiv:2412.15832 (2024).
    .. [4] S. Allen, D. Ginsbourger, J. Ziegel, "Evaluating forecasts for high-impact events using transformed kernel
       scores", SIAM/ASA Journal on Uncertainty Quantification 11 (2023).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 1.0, 3.0], [2.0, 2.0, 2.0]]), np.array([1.0, 3.0])
    >>> nl.crps_ensemble(pred, target, reduction="none")
    array([0.33333333, 1.        ])
    >>> nl.crps_ensemble(pred, target, estimator="fair", reduction="none")
    array([0., 1.])
    """
