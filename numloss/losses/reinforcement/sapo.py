"""Soft gate in place of a clipped ratio."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, difference_rest, expm1
from .ppo_clip import _ratio


def _sapo_step(log_prob, old_log_prob):
    # the ratio less 1
    step = log_prob - old_log_prob
    rest = difference_rest(log_prob, old_log_prob)
    grown = expm1(step)
    power = _ratio(log_prob, old_log_prob)
    return power, grown + rest * power if power < 1e30 else grown


def _sapo_decay(advantage, temperature, temperature_negative, grown):
    return decay_of_product(temperature if advantage > 0.0 else temperature_negative, abs(grown), 0.0)


def _sapo(log_prob, old_log_prob, advantage, temperature, temperature_negative, power, grown, e):
    t = temperature if advantage > 0.0 else temperature_negative
    ahead = grown > 0.0
    total = 1.0 + e
    gate = (1.0 if ahead else e) / total
    # e^-x wins over the ratio that x is made of
    pull = 4.0 * power * (e / total / total) if e != 0.0 else 0.0
    turn = (1.0 - e) / total
    bend = 1.0 - t * power * turn if ahead else 1.0 + t * power * turn
    nothing = grown if grown != grown else 0.0
    counts = advantage != 0.0 and nothing == 0.0
    slope = -advantage * pull if counts else nothing
    return -advantage * (4.0 / t * gate) if counts else nothing, slope, slope * bend if slope != 0.0 else slope


@elementwise(
    _sapo,
    stages={"power, grown": _sapo_step, "e": _sapo_decay},
    log_prob=ANY,
    old_log_prob=REAL,
    advantage=REAL,
    temperature=POSITIVE,
    temperature_negative=POSITIVE,
    cost=4.0,
    aliases=("soft_adaptive_policy_optimization",),
)
def sapo(
    log_prob: Array,
    old_log_prob: Array,
    advantage: Array,
    *,
    temperature: float = 1.0,
    temperature_negative: float = 1.05,
    ratio: str = "tokens",
    denominator: str = "tokens",
    length: float | None = None,
    groups: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Soft adaptive policy optimisation, ``-A * 4 / t * sigmoid(t * (ratio - 1))``.

    What `ppo_clip` cuts off fades here: the gradient at a ratio of 1 is that of the policy gradient, and becomes small
    on both sides of it, the sooner the higher the temperature t is.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities of the actions taken; the only input that is differentiated.
    old_log_prob : array, shape of `log_prob`
        The same of the policy that took them.
    advantage : array, shape of `log_prob`
        By how much the actions were better than expected.
    temperature : float > 0
        The t of actions whose advantage is positive.
    temperature_negative : float > 0
        That of the others.

    Notes
    -----
    The gradient is ``-A * 4 * p * (1 - p) * ratio`` with the sigmoid p. It is known to the digits of ``t * (ratio -
    1)``, the exponent that it is made of; the curvature is a difference of two terms. An advantage of 0 costs 0. The
    bound of the curvature is at least 1e-16.

    References
    ----------
    .. [1] C. Gao et al., "Soft Adaptive Policy Optimization", arXiv:2511.20347.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> log_prob, advantage = np.array([-1.0, -1.0]), np.array([1.0, 1.0])
    >>> nl.value_and_grad(nl.sapo)(log_prob, np.array([-1.0, -3.0]), advantage, reduction="none")
    (array([-2.       , -3.9932919]), array([-1.        , -0.04948337]))
    """
