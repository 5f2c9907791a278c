"""Anchored preference optimisation."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise, preset
from ...scalar import difference_rest, fma
from .dpo import _dpo_decay, _dpo_lead
from .nca import _nca_chosen


def _apo_second(chosen, rejected, reference_chosen, reference_rejected, beta, anchor):
    lead, lead_rest = _dpo_lead(chosen, rejected, reference_chosen, reference_rejected)
    apart = rejected - reference_rejected
    apart_rest = difference_rest(rejected, reference_rejected)
    second = lead if anchor > 0.0 else apart
    rest = lead_rest if anchor > 0.0 else apart_rest
    return second, _dpo_decay(second, rest, beta)


def _apo(chosen, rejected, reference_chosen, reference_rejected, beta, anchor, first, e, second, d):
    down = anchor > 0.0
    # sigmoids of beta * first and of beta * second, one of them turned round
    first_up = first > 0.0 if down else first <= 0.0
    second_up = second <= 0.0 if down else second > 0.0
    value = (1.0 if first_up else e) / (1.0 + e) + (1.0 if second_up else d) / (1.0 + d)
    steep = beta * (e / ((1.0 + e) * (1.0 + e)))
    other = beta * (d / ((1.0 + d) * (1.0 + d)))
    # by 1 - e, rounded once
    bend = beta * (fma(-steep, e, steep) / (1.0 + e))
    other_bend = beta * (fma(-other, d, other) / (1.0 + d))
    bend = -bend if first_up else bend
    other_bend = -other_bend if second_up else other_bend
    slope = steep - other if down else -steep
    return value, (slope, other), (bend + other_bend if down else bend, other_bend)


@elementwise(
    _apo,
    stages={"first, e": _nca_chosen, "second, d": _apo_second},
    differentiable=(0, 1),
    chosen=ANY,
    rejected=ANY,
    reference_chosen=REAL,
    reference_rejected=REAL,
    beta=POSITIVE,
    words={"anchor": {"zero": 0.0, "down": 1.0}},
    cost=8.0,
    aliases=("anchored_preference_optimization",),
)
def apo(
    chosen: Array,
    rejected: Array,
    reference_chosen: Array,
    reference_rejected: Array,
    *,
    beta: float = 0.1,
    anchor: str = "zero",
    **options: Unpack[Options],
) -> Result:
    r"""Anchored preference optimisation, ``1 - sigmoid(r) + sigmoid(s)``.

    With ``r = beta * (chosen - reference_chosen)`` and ``s = beta * (rejected - reference_rejected)``. Answers of a
    better model should become more probable, and what was rejected less: ``anchor="zero"``. Where both are worse than
    what the policy would say, both should become less probable, the rejected one more so: ``anchor="down"``, which is
    ``sigmoid(r) + 1 - sigmoid(r - s)``.

    Parameters
    ----------
    chosen, rejected : arrays of float32 or float64, any shape
        Logarithms of the probabilities that the policy gives to the answers that were chosen and rejected; both are
        differentiated.
    reference_chosen, reference_rejected : arrays, shape of `chosen`
        The same of the reference.
    beta : float > 0
        How much a departure from the reference costs.
    anchor : {"zero", "down"}
        Whether what was chosen becomes more or less probable.

    Notes
    -----
    Gradients and curvatures are pairs, in the dtype of `chosen`; curvatures are differences of 1 and an exponential,
    and so is what both terms of ``"down"`` add to that of `chosen`, accurate relative to their larger part. The loss is
    not convex; the bound is at least 1e-16.

    References
    ----------
    .. [1] K. D'Oosterlinck et al., "Anchored Preference Optimization and Contrastive Revisions: Addressing
       Underspecification in Alignment", arXiv:2408.06266.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> chosen, rejected, reference = np.array([-10.0]), np.array([-30.0]), np.array([-20.0])
    >>> round(nl.apo(chosen, rejected, reference, reference), 4)
    0.5379
    >>> round(nl.apo_down(chosen, rejected, reference, reference), 4)
    0.8503
    """


apo_zero = preset("apo_zero", apo, anchor="zero")
apo_down = preset("apo_down", apo, anchor="down")
