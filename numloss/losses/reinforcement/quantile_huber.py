"""Quantiles of returns, held to samples of what they ought to be."""

from ...declare import ANY, NONNEGATIVE, REAL, UNIT, Array, Options, Result, Unpack, examplewise


def _quantile_scratch(sizes, mode):
    quantiles = -(-sizes["quantile"] // 16) * 16
    return 5 * quantiles, 2 * quantiles, 0


def _quantile_work(sizes):
    return 100.0 + 0.4 * (sizes["quantile"] + 16) * sizes["sample"]


@examplewise(
    "quantile_huber_examples",
    axes={"pred": ("...", "quantile"), "target": ("...", "sample"), "taus": ("...", "quantile")},
    scratch=_quantile_scratch,
    work=_quantile_work,
    run=16,
    params=("kappa",),
    pred=ANY,
    target=REAL,
    taus=UNIT,
    kappa=NONNEGATIVE,
    convex=True,
    kinks="a quantile is a sample, or kappa from one",
    cost=4.0,
    aliases=("quantile_huber_loss", "qr_dqn", "iqn"),
)
def quantile_huber(
    pred: Array,
    target: Array,
    *,
    taus: Array | None = None,
    kappa: float = 1.0,
    **options: Unpack[Options],
) -> Result:
    r"""Quantile Huber loss, ``sum over i, mean over j of abs(tau[i] - (u < 0)) * L(u) / kappa`` of all differences u.

    ``u = target[j] - pred[i]``; L is `huber`, ``u**2 / 2`` up to kappa, ``kappa * (abs(u) - kappa / 2)`` beyond. Each
    prediction becomes a quantile of the distribution that the samples are drawn from: the return of an action, whose
    samples are rewards and the discounted quantiles of the next state.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., Q)
        The quantiles of each example on the last axis.
    target : array of real numbers, shape (..., M)
        Samples of what they are quantiles of, not NaN; M need not be Q.
    taus : array of numbers in [0, 1], shape (Q,) or (..., Q), optional
        Which quantiles they are: drawn at random in implicit quantile networks. Without them they are the middles
        ``(i + 1/2) / Q`` of QR-DQN.
    kappa : float >= 0
        Up to where differences are squared. With 0 it is the `quantile` loss.

    Returns
    -------
    float, or array of shape (...) for ``reduction="none"``

    Notes
    -----
    It is divided by kappa, as in implicit quantile networks and in Dopamine, so that the slope of a sample is at most 1
    for any kappa; with the usual kappa of 1 that makes no difference. Summed over quantiles and averaged over samples,
    as in both papers; the mean over quantiles of some libraries is 1 / Q of it. A prediction that is NaN makes the loss
    NaN. At a tie the slope is 0. Work and memory of an example are those of Q M pairs and of Q numbers. No curvature is
    offered.

    References
    ----------
    .. [1] W. Dabney et al., "Distributional Reinforcement Learning with Quantile Regression", arXiv:1710.10044.
    .. [2] W. Dabney et al., "Implicit Quantile Networks for Distributional Reinforcement Learning", arXiv:1806.06923.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 1.0]]), np.array([[0.5, 3.0]])
    >>> nl.quantile_huber(pred, target, reduction="none")
    array([0.90625])
    """
