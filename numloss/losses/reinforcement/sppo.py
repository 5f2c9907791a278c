"""Self-play preference optimisation."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest
from .ipo import _less_aim


def _sppo_left(log_prob, reference, aim, aim_rest):
    return _less_aim(log_prob - reference, difference_rest(log_prob, reference), aim, aim_rest)


def _sppo(chosen, rejected, reference_chosen, reference_rejected, aim, aim_rest):
    first = _sppo_left(chosen, reference_chosen, aim, aim_rest)
    second = _sppo_left(rejected, reference_rejected, -aim, -aim_rest)
    return first * first + second * second, (2.0 * first, 2.0 * second), (2.0, 2.0)


@elementwise(
    _sppo,
    differentiable=(0, 1),
    chosen=ANY,
    rejected=ANY,
    reference_chosen=REAL,
    reference_rejected=REAL,
    beta=POSITIVE,
    derived={"aim": lambda beta: 0.5 / beta},
    convex=True,
    cost=1.5,
    aliases=("sppo_hard", "self_play_preference_optimization"),
)
def sppo(
    chosen: Array,
    rejected: Array,
    reference_chosen: Array,
    reference_rejected: Array,
    *,
    beta: float = 0.1,
    **options: Unpack[Options],
) -> Result:
    r"""Self-play preference optimisation, ``(r - 1 / (2 * beta))**2 + (s + 1 / (2 * beta))**2``.

    With ``r = chosen - reference_chosen`` and ``s = rejected - reference_rejected``: unlike in `ipo` both answers have
    aims of their own, so that what was chosen does not become less probable together with what was rejected.

    Parameters
    ----------
    chosen, rejected : arrays of float32 or float64, any shape
        Logarithms of the probabilities that the policy gives to the answers that were chosen and rejected; both are
        differentiated.
    reference_chosen, reference_rejected : arrays, shape of `chosen`
        The same of the reference.
    beta : float > 0
        How much a departure from the reference costs; twice its inverse is the aim.

    Notes
    -----
    That of hard labels: the answer that was chosen wins always. Gradients and curvatures are pairs, in the dtype of
    `chosen`; the curvature is 2. Distances to the aims are computed with what their differences lose to rounding.

    References
    ----------
    .. [1] Y. Wu et al., "Self-Play Preference Optimization for Language Model Alignment", arXiv:2405.00675.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> chosen, rejected, reference = np.array([-10.0]), np.array([-13.0]), np.array([-11.0])
    >>> nl.sppo(chosen, rejected, reference, reference)
    25.0
    """
