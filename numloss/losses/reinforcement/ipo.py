"""Identity preference optimisation."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest
from .dpo import _dpo_lead


def _less_aim(lead, rest, aim, aim_rest):
    left = lead - aim
    # an aim that the dtype has not has no rest either
    lost = aim_rest if abs(aim_rest) < 1e999 else 0.0
    return left + ((rest - lost) + difference_rest(lead, aim))


def _ipo(chosen, rejected, reference_chosen, reference_rejected, aim, aim_rest):
    lead, rest = _dpo_lead(chosen, rejected, reference_chosen, reference_rejected)
    left = _less_aim(lead, rest, aim, aim_rest)
    slope = 2.0 * left
    return left * left, (slope, -slope), (2.0, 2.0)


@elementwise(
    _ipo,
    differentiable=(0, 1),
    chosen=ANY,
    rejected=ANY,
    reference_chosen=REAL,
    reference_rejected=REAL,
    beta=POSITIVE,
    derived={"aim": lambda beta: 0.5 / beta},
    convex=True,
    cost=1.5,
    aliases=("ipo_loss", "identity_preference_optimization"),
)
def ipo(
    chosen: Array,
    rejected: Array,
    reference_chosen: Array,
    reference_rejected: Array,
    *,
    beta: float = 0.1,
    **options: Unpack[Options],
) -> Result:
    r"""Identity preference optimisation, ``(lead - 1 / (2 * beta))**2``.

    The lead is that of `dpo`, ``(chosen - reference_chosen) - (rejected - reference_rejected)``. It has an aim: pairs
    that everybody is sure of do not drive the policy ever farther from the reference.

    Parameters
    ----------
    chosen, rejected : arrays of float32 or float64, any shape
        Logarithms of the probabilities that the policy gives to the answers that were chosen and rejected; both are
        differentiated.
    reference_chosen, reference_rejected : arrays, shape of `chosen`
        The same of the reference.
    beta : float > 0
        How much a departure from the reference costs; twice its inverse is the aim of the lead.

    Notes
    -----
    The paper's log-probabilities are those of whole answers; some libraries divide by the number of tokens before.
    Gradients and curvatures are pairs, in the dtype of `chosen`; the two gradients are opposite, the curvature is 2.
    The lead is computed with what its differences lose to rounding.

    References
    ----------
    .. [1] M. G. Azar et al., "A General Theoretical Paradigm to Understand Learning from Human Preferences",
       arXiv:2310.12036.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> chosen, rejected, reference = np.array([-10.0]), np.array([-13.0]), np.array([-11.0])
    >>> nl.ipo(chosen, rejected, reference, reference)
    4.0
    """
