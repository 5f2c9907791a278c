"""Direct preference optimisation."""

from ...declare import ANY, HALF_UNIT, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, difference_rest, log1p_unit


def _dpo_lead(chosen, rejected, reference_chosen, reference_rejected):
    better = chosen - reference_chosen
    worse = rejected - reference_rejected
    # what the three differences lose to rounding would cost confident pairs their digits
    better_rest = difference_rest(chosen, reference_chosen)
    worse_rest = difference_rest(rejected, reference_rejected)
    lost = (worse_rest - better_rest) - difference_rest(better, worse)
    lead = (better - worse) - lost
    rest = difference_rest(better - worse, lost) - difference_rest(worse_rest, better_rest)
    return lead, rest


def _dpo_decay(lead, rest, beta):
    return decay_of_product(beta, abs(lead), rest if lead > 0.0 else -rest)


def _dpo(chosen, rejected, reference_chosen, reference_rejected, beta, label_smoothing, kept, lead, rest, e):
    ahead = lead > 0.0
    wrong = label_smoothing if ahead else kept
    # nobody is wrong: infinitely sure and right costs nothing, though 0 * inf would be NaN
    share = wrong * beta
    cost = share * abs(lead) if share > 0.0 else 0.0
    up = 1.0 if ahead else e
    down = e if ahead else 1.0
    slope = beta * ((label_smoothing * up - kept * down) / (1.0 + e))
    curvature = beta * (beta * (e / ((1.0 + e) * (1.0 + e))))
    return cost + log1p_unit(e), (slope, -slope), (curvature, curvature)


@elementwise(
    _dpo,
    stages={"lead, rest": _dpo_lead, "e": _dpo_decay},
    differentiable=(0, 1),
    chosen=ANY,
    rejected=ANY,
    reference_chosen=REAL,
    reference_rejected=REAL,
    beta=POSITIVE,
    label_smoothing=HALF_UNIT,
    derived={"kept": lambda label_smoothing: 1.0 - label_smoothing},
    convex=True,
    cost=4.0,
    aliases=("dpo_loss", "direct_preference_optimization"),
)
def dpo(
    chosen: Array,
    rejected: Array,
    reference_chosen: Array,
    reference_rejected: Array,
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    **options: Unpack[Options],
) -> Result:
    r"""Direct preference optimisation, ``-log(sigmoid(beta * lead))``.

    The lead is how much more than a reference the policy prefers the answer that was chosen:
    ``(chosen - reference_chosen) - (rejected - reference_rejected)``.

    Parameters
    ----------
    chosen, rejected : arrays of float32 or float64, any shape
        Logarithms of the probabilities that the policy gives to the answers that were chosen and rejected; both are
        differentiated.
    reference_chosen, reference_rejected : arrays, shape of `chosen`
        The same of the reference.
    beta : float > 0
        How much a departure from the reference costs.
    label_smoothing : float in [0, 0.5]
        Share of the pairs whose answers are taken to have been exchanged.

    Notes
    -----
    With s for `label_smoothing` the loss is
    ``-(1 - s) * log(sigmoid(beta * lead)) - s * log(sigmoid(-beta * lead))``. Gradients and curvatures are pairs, in
    the dtype of `chosen`; the two gradients are opposite. The lead is computed with what its three differences lose to
    rounding. The bound of the curvature is at least 1e-16.

    References
    ----------
    .. [1] R. Rafailov et al., "Direct Preference Optimization: Your Language Model is Secretly a Reward Model",
       NeurIPS 2023.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> chosen, rejected, reference = np.array([-10.0]), np.array([-30.0]), np.array([-20.0])
    >>> round(nl.dpo(chosen, rejected, reference, reference), 4)
    0.1269
    """
