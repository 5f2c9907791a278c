"""Energy score of an ensemble of vectors."""

from ...declare import ANY, REAL, UNIT, Array, Options, Result, Unpack, examplewise
from .crps_ensemble import ESTIMATORS, members_allowed


def _energy_scratch(sizes, mode):
    return sizes["entry"], sizes["member"] * sizes["entry"] if mode else 0, 0


def _energy_work(sizes):
    return 40.0 + 0.5 * sizes["member"] * sizes["member"] * (8.0 + sizes["entry"])


@examplewise(
    "energy_score_examples",
    axes={"pred": ("...", "member", "entry"), "target": ("...", "entry")},
    scratch=_energy_scratch,
    work=_energy_work,
    allowed=members_allowed,
    params=("estimator", "alpha"),
    words={"estimator": ESTIMATORS},
    pred=ANY,
    target=REAL,
    alpha=UNIT,
    kinks="where members are equal, or a member is the target",
    cost=20.0,
    aliases=("es_ensemble",),
)
def energy_score(
    pred: Array,
    target: Array,
    *,
    estimator: str = "ecdf",
    alpha: float = 0.95,
    **options: Unpack[Options],
) -> Result:
    r"""Energy score of an ensemble of vectors, ``mean(|x[i] - y|) - mean(|x[i] - x[j]|) / 2`` with Euclidean lengths.

    A joint forecast of several numbers by M members: `crps_ensemble` for vectors, which it is for those of one entry.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., M, D)
        The members of each forecast, vectors of D entries.
    target : array of any real dtype, shape (..., D)
        Observed vectors, not NaN.
    estimator : {"ecdf", "fair", "almost fair"}
        What the distances among members are divided by: M^2; M (M - 1), which needs two members; or a mixture of both.
    alpha : float in [0, 1]
        How much of the fair score the almost fair one has.

    Notes
    -----
    The slope of a distance is its direction, 0 between equal vectors. All pairs are compared, in M^2 D steps, and
    squares, lengths and slopes are summed in float64. No curvature is offered. scoringrules calls ``"ecdf"`` ``"nrg"``.

    References
    ----------
    .. [1] T. Gneiting, A. E. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", Journal of the
       American Statistical Association 102 (2007).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[[3.0, 4.0], [0.0, 0.0]]]), np.zeros((1, 2))
    >>> nl.energy_score(pred, target)
    1.25
    >>> nl.energy_score(pred, target, estimator="fair")
    0.0
    """
