"""Actor of soft actor-critic."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, elementwise


def _sac_actor(log_prob, q, other_q, alpha):
    # without a temperature the probability costs nothing, though 0 * inf would be NaN; NaN stays NaN
    nothing = log_prob if log_prob != log_prob else 0.0
    cost = alpha * log_prob if alpha > 0.0 else nothing
    other = other_q < q or other_q != other_q
    return cost - (other_q if other else q), (alpha, 0.0 if other else -1.0, -1.0 if other else 0.0), (0.0, 0.0, 0.0)


@elementwise(
    _sac_actor,
    differentiable=(0, 1, 2),
    log_prob=ANY,
    q=ANY,
    other_q=ANY,
    alpha=NONNEGATIVE,
    kinks="both critics agree",
    convex=True,
    least=1.0,
    cost=0.6,
    aliases=("soft_actor_critic", "sac_policy_loss"),
)
def sac_actor(log_prob: Array, q: Array, other_q: Array, *, alpha: float = 0.2, **options: Unpack[Options]) -> Result:
    r"""Actor of soft actor-critic, ``alpha * log_prob - min(q, other_q)``.

    What two critics say of an action that the policy has drawn, and how sure it was of it. The critics themselves are
    trained with `mse` of ``reward + discount * (min(q, other_q) - alpha * log_prob)`` of the next state.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities of the actions drawn.
    q, other_q : arrays, shape of `log_prob`
        Values of these actions, of the two critics; all three are differentiated.
    alpha : float >= 0
        The temperature: what entropy is worth.

    Notes
    -----
    Gradients are three, in the dtype of `log_prob`: `alpha`, and -1 for the lower of both values, the first where they
    agree. The value is a difference, accurate relative to its larger part. The curvature is 0; the bound is 1.

    References
    ----------
    .. [1] T. Haarnoja et al., "Soft Actor-Critic Algorithms and Applications", arXiv:1812.05905.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.sac_actor)(np.array([-1.0]), np.array([3.0]), np.array([2.5]))
    (-2.7, (array([0.2]), array([0.]), array([-1.])))
    """
