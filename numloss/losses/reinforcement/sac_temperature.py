"""Temperature of soft actor-critic."""

from ...declare import ANY, FINITE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, exp


def _sac_temperature(log_alpha, log_prob, target_entropy):
    missing = log_prob + target_entropy
    missing = missing + difference_rest(log_prob, -target_entropy)
    # the root of the temperature, which neither overflows nor vanishes before the product does
    root = exp(0.5 * log_alpha)
    # nothing missing costs nothing, whatever the temperature is; NaN stays NaN
    nothing = log_alpha if log_alpha != log_alpha else 0.0
    value = -(root * missing) * root if missing != 0.0 and root != 0.0 else nothing
    return value, value, value


@elementwise(
    _sac_temperature,
    log_alpha=ANY,
    log_prob=REAL,
    target_entropy=FINITE,
    cost=1.0,
    aliases=("sac_alpha", "entropy_temperature"),
)
def sac_temperature(
    log_alpha: Array, log_prob: Array, *, target_entropy: float = -1.0, **options: Unpack[Options]
) -> Result:
    r"""Temperature of soft actor-critic, ``-exp(log_alpha) * (log_prob + target_entropy)``.

    It rises where the policy has less entropy than it should have, and falls where it has more.

    Parameters
    ----------
    log_alpha : array of float32 or float64, any shape
        Logarithms of the temperature, one number repeated where there is one for all; the only input that is
        differentiated.
    log_prob : array, shape of `log_alpha`
        Logarithms of the probabilities, or densities, of the actions drawn.
    target_entropy : float
        The entropy that the policy should have; for actions of d numbers -d is usual.

    Notes
    -----
    Gradient and curvature are the value. The gradient by one temperature for all is the sum of the entries. Some
    libraries leave out the exponential, and train with ``-log_alpha * (log_prob + target_entropy)``: that gradient
    has the same sign. The bound of the curvature is at least 1e-16.

    References
    ----------
    .. [1] T. Haarnoja et al., "Soft Actor-Critic Algorithms and Applications", arXiv:1812.05905.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.sac_temperature(np.zeros(2), np.array([-0.5, -3.0]), target_entropy=-1.0, reduction="none")
    array([1.5, 4. ])
    """
