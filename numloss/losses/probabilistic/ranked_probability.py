"""Ranked probability score of ordered classes."""

from ...declare import ANY, ONE_OR_TWO, Array, Options, Result, Unpack, examplewise


def _ranked_scratch(sizes, mode):
    return 2 * sizes["category"], 3 * sizes["category"], 0


def _ranked_work(sizes):
    return 50.0 + 10.0 * sizes["category"]


@examplewise(
    "ranked_probability_examples",
    axes={"pred": ("...", "category"), "target": ("...",)},
    labels={"target": "category"},
    scratch=_ranked_scratch,
    work=_ranked_work,
    run=16,
    refused="pred has a probability outside [0, 1]",
    params=("order", "from_probabilities"),
    pred=ANY,
    order=ONE_OR_TWO,
    cost=3.0,
    aliases=("rps_score", "rps", "squared_emd", "earth_mover_distance"),
)
def ranked_probability(
    pred: Array,
    target: Array,
    *,
    order: float = 2.0,
    from_probabilities: bool = False,
    **options: Unpack[Options],
) -> Result:
    r"""Ranked probability score ``sum over k of abs(P(class <= k) - (target <= k))**order`` of ordered classes.

    A forecast of one of C ordered classes, in the squares of what is on the wrong side of each level between them: to
    be wrong by two classes costs more than by one. With the order 1 it is the distance that the forecast has to be
    moved by, the earth mover's, with 2 its square, Cramer's distance.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., C)
        Logits of the classes on the last axis; probabilities with ``from_probabilities=True``.
    target : array of integers, shape (...)
        Labels in [0, C), of any integer dtype.
    order : 1 or 2
        Power of what is on the wrong side.
    from_probabilities : bool
        pred holds probabilities in [0, 1].

    Returns
    -------
    float, or array of shape (...) for ``reduction="none"``

    Raises
    ------
    IndexError
        If a label is outside [0, C), with its position, its value and the range.
    TypeError
        If pred is not floating, or labels are not integers.
    ValueError
        If shapes do not fit, order is not 1 or 2, or a probability is outside [0, 1].

    Notes
    -----
    What is on the wrong side of a level is added up from that end of the line, in float64, so that sure forecasts keep
    their digits. The gradient by a probability is how much more the score is if it is moved there from the label:
    probabilities are taken to add up to 1. scoringrules and properscoring do not divide by the number of levels, and
    neither does this. No curvature is offered.

    References
    ----------
    .. [1] E. S. Epstein, "A Scoring System for Probability Forecasts of Ranked Categories", Journal of Applied
       Meteorology 8 (1969).
    .. [2] L. Hou, C.-P. Yu, D. Samaras, "Squared Earth Mover's Distance-based Loss for Training Deep Neural Networks",
       arXiv:1611.05916.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.2, 0.5, 0.3], [0.2, 0.5, 0.3]]), np.array([1, 2])
    >>> nl.ranked_probability(pred, target, from_probabilities=True, reduction="none").round(4)
    array([0.13, 0.53])
    """
