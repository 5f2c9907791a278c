"""Direct preference optimisation."""

from ...declare import ANY, BINARY, HALF_UNIT, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise, preset
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


def _exchanged(label_smoothing, robust):
    """The share that counts the other way round: negative where labels are known to be wrong at that rate."""
    if robust > 0.0 and label_smoothing == 0.5:
        raise ValueError("dpo: label_smoothing must be < 0.5 with robust=True, got 0.5")
    return -label_smoothing / (1.0 - 2.0 * label_smoothing) if robust > 0.0 else label_smoothing


def _dpo_decay(lead, rest, beta):
    return decay_of_product(beta, abs(lead), rest if lead > 0.0 else -rest)


def _dpo(chosen, rejected, reference_chosen, reference_rejected, beta, exchanged, kept, lead, rest, e):
    ahead = lead > 0.0
    wrong = exchanged if ahead else kept
    # nobody is wrong: infinitely sure and right costs nothing, though 0 * inf would be NaN
    share = wrong * beta
    cost = share * abs(lead) if share != 0.0 else 0.0
    up = 1.0 if ahead else e
    down = e if ahead else 1.0
    slope = beta * ((exchanged * up - kept * down) / (1.0 + e))
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
    robust=BINARY,
    derived={
        "exchanged": _exchanged,
        "kept": lambda label_smoothing, robust: 1.0 - _exchanged(label_smoothing, robust),
    },
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
    robust: bool = False,
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
    robust : bool
        Takes off what exchanged pairs add in the mean, so that the loss is that of clean labels; the share is less than
        1/2 then.

    Notes
    -----
    With s for `label_smoothing` the loss is
    ``-(1 - s) * log(sigmoid(beta * lead)) - s * log(sigmoid(-beta * lead))``, which is conservative DPO; with `robust`
    the second term is added instead of taken off, and all is divided by ``1 - 2 * s``: it may be negative. Gradients
    and curvatures are pairs, in the dtype of `chosen`; the two gradients are opposite. The lead is computed with what
    its three differences lose to rounding. The bound of the curvature is at least 1e-16.

    References
    ----------
    .. [1] R. Rafailov et al., "Direct Preference Optimization: Your Language Model is Secretly a Reward Model",
       NeurIPS 2023.
    .. [2] S. Ray Chowdhury, A. Kini, N. Natarajan, "Provably Robust DPO: Aligning Language Models with Noisy Feedback",
       ICML 2024.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> chosen, rejected, reference = np.array([-10.0]), np.array([-30.0]), np.array([-20.0])
    >>> round(nl.dpo(chosen, rejected, reference, reference), 4)
    0.1269
    """


robust_dpo = preset("robust_dpo", dpo, robust=True)
