"""Loss of a Bradley-Terry model of preferences."""

from ...declare import FINITE, HALF_UNIT, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, elementwise, preset
from ...scalar import difference_rest, log1p_unit
from .bco import _decay_of_lead, _less_margin


def _bradley_terry_lead(chosen, rejected, margin, beta):
    lead, rest = _less_margin(chosen - rejected, difference_rest(chosen, rejected), beta, margin)
    return lead, rest


def _bradley_terry(chosen, rejected, margin, beta, label_smoothing, kept, centring, lead, rest, e):
    ahead = lead > 0.0
    wrong = label_smoothing if ahead else kept
    # nobody is wrong: infinitely sure and right costs nothing, though 0 * inf would be NaN
    far = wrong * beta * abs(chosen - rejected)
    # a share of what overflows may be finite
    cost = (wrong * abs(lead) if abs(lead) < 1e999 else far) if wrong > 0.0 else 0.0
    total = chosen + rejected
    pull = centring * total if centring > 0.0 else 0.0
    off = pull * total if centring > 0.0 else 0.0
    up = 1.0 if ahead else e
    down = e if ahead else 1.0
    slope = beta * ((label_smoothing * up - kept * down) / (1.0 + e))
    bend = beta * (beta * (e / ((1.0 + e) * (1.0 + e)))) + 2.0 * centring
    return (cost + log1p_unit(e)) + off, (slope + 2.0 * pull, 2.0 * pull - slope), (bend, bend)


@elementwise(
    _bradley_terry,
    stages={"lead, rest": _bradley_terry_lead, "e": _decay_of_lead},
    differentiable=(0, 1),
    per_element=("margin",),
    none={"margin": 0.0},
    beta=POSITIVE,
    margin=FINITE,
    label_smoothing=HALF_UNIT,
    centring=NONNEGATIVE,
    derived={"kept": lambda label_smoothing: 1.0 - label_smoothing},
    convex=True,
    cost=4.0,
    aliases=("reward_model", "reward_modeling", "pairwise_logistic_with_margin"),
)
def bradley_terry(
    chosen: Array,
    rejected: Array,
    *,
    beta: float = 1.0,
    margin: float | Array | None = None,
    label_smoothing: float = 0.0,
    centring: float = 0.0,
    **options: Unpack[Options],
) -> Result:
    r"""Loss of a Bradley-Terry model, ``-log(sigmoid(beta * (chosen - rejected) - margin))``.

    Of rewards it trains a reward model; of logarithms of probabilities, without a reference, a policy: per token it is
    SimPO (`numloss.simpo`), of whole answers the first term of CPO (`numloss.cpo`). Without options it is `bpr`.

    Parameters
    ----------
    chosen, rejected : arrays of float32 or float64, any shape
        Rewards, or logarithms of probabilities, of the answers that were chosen and rejected; both are differentiated.
    beta : float > 0
        What their difference is multiplied by.
    margin : float or array, optional
        By how much the answer that was chosen should be ahead, for instance by how much better it was judged; of an
        array the shape fits the last axes of `chosen`.
    label_smoothing : float in [0, 0.5]
        Share of the pairs whose answers are taken to have been exchanged.
    centring : float >= 0
        Adds ``centring * (chosen + rejected)**2``, which keeps rewards around 0.

    Notes
    -----
    The margin is taken off after the product with `beta`. Gradients and curvatures are pairs, in the dtype of `chosen`;
    without `centring` the two gradients are opposite. Sums are accurate relative to their larger part. The bound of the
    curvature is at least 1e-16.

    References
    ----------
    .. [1] R. A. Bradley, M. E. Terry, "Rank Analysis of Incomplete Block Designs", Biometrika 39, 1952.
    .. [2] H. Touvron et al., "Llama 2: Open Foundation and Fine-Tuned Chat Models", arXiv:2307.09288: the margin.
    .. [3] Y. Meng, M. Xia, D. Chen, "SimPO: Simple Preference Optimization with a Reference-Free Reward",
       arXiv:2405.14734.
    .. [4] H. Xu et al., "Contrastive Preference Optimization", arXiv:2401.08417.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> chosen, rejected = np.array([2.0, 0.5]), np.array([1.0, 0.0])
    >>> nl.bradley_terry(chosen, rejected, margin=np.array([1.0, 0.0]), reduction="none").round(4)
    array([0.6931, 0.4741])
    >>> round(nl.simpo(np.array([-0.5]), np.array([-1.0])), 4)
    0.4741
    """


simpo = preset("simpo", bradley_terry, beta=2.0, margin=0.5)
cpo = preset("cpo", bradley_terry, beta=0.1)
