"""Estimators of a divergence from log-probabilities of what was drawn."""

from ...declare import ANY, REAL, Array, Options, Result, Unpack, elementwise, preset
from ..regression.linex import _linex


def _kl_estimate(log_prob, reference, estimator):
    apart = log_prob - reference
    value, slope, bend = _linex(log_prob, reference, -1.0)
    half = 0.5 * apart * apart
    value = half if estimator < 3.0 else value
    slope = apart if estimator < 3.0 else slope
    bend = 1.0 if estimator < 3.0 else bend
    value = apart if estimator < 2.0 else value
    slope = 1.0 if estimator < 2.0 else slope
    return value, slope, 0.0 if estimator < 2.0 else bend


@elementwise(
    _kl_estimate,
    log_prob=ANY,
    reference=REAL,
    words={"estimator": {"k1": 1.0, "k2": 2.0, "k3": 3.0}},
    convex=True,
    cost=4.0,
    aliases=("approx_kl", "kl_estimator", "sampled_kl"),
)
def kl_estimate(
    log_prob: Array,
    reference: Array,
    *,
    estimator: str = "k3",
    denominator: str = "tokens",
    length: float | None = None,
    groups: Array | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Estimate of the divergence of a policy from a reference, ``exp(-r) - 1 + r`` with ``r = log_prob - reference``.

    Of actions that the policy drew the mean of each estimator tells how far it has gone from the reference: the penalty
    beside policy losses such as `ppo_clip`.

    Parameters
    ----------
    log_prob : array of float32 or float64, any shape
        Logarithms of the probabilities of the actions taken; the only input that is differentiated.
    reference : array, shape of `log_prob`
        The same of the reference.
    estimator : {"k1", "k2", "k3"}
        ``"k1"`` is r, which has no bias and may be negative; ``"k2"`` is ``r**2 / 2``, whose gradient is right in the
        mean; ``"k3"`` is ``exp(-r) - 1 + r``, which has no bias and is never negative.

    Notes
    -----
    The gradients are 1, r and ``1 - exp(-r)``, the curvatures 0, 1 and ``exp(-r)``; the bound is at least 1e-16. That
    of ``"k1"`` says nothing of the divergence: its mean over what a policy draws is that of a constant. Small
    differences keep their digits in ``"k3"``.

    References
    ----------
    .. [1] J. Schulman, "Approximating KL Divergence", 2020.
    .. [2] Z. Shao et al., "DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models",
       arXiv:2402.03300.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> log_prob, reference = np.array([-1.0, -2.0]), np.array([-1.0, -1.0])
    >>> nl.kl_estimate(log_prob, reference, reduction="none").round(4)
    array([0.    , 0.7183])
    >>> nl.k1(log_prob, reference)
    -0.5
    """


k1 = preset("k1", kl_estimate, estimator="k1")
k2 = preset("k2", kl_estimate, estimator="k2")
k3 = preset("k3", kl_estimate, estimator="k3")
