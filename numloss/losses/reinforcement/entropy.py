"""Entropy of logits."""

from ...declare import ANY, POSITIVE, Array, Options, Result, Unpack, examplewise


def _entropy_scratch(sizes, mode):
    return 2 * (-(-sizes["class"] // 16) * 16), 0, 0


def _entropy_work(sizes):
    return 30.0 + 3.0 * sizes["class"]


@examplewise(
    "entropy_examples",
    axes={"pred": ("...", "class")},
    scratch=_entropy_scratch,
    work=_entropy_work,
    run=16,
    params=("temperature",),
    pred=ANY,
    temperature=POSITIVE,
    cost=3.0,
    aliases=("entropy_bonus", "categorical_entropy", "softmax_entropy"),
)
def entropy(pred: Array, *, temperature: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Entropy of logits, ``-sum(p * log(p))`` with p the softmax of ``pred / temperature``.

    What a policy is rewarded for, so that it goes on exploring, and classifiers for not being too sure. It is no loss
    by itself: of a bonus or a confidence penalty a share of it is subtracted, and its gradient is, too. Minimised it
    makes predictions sure, for instance on data without labels.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., C)
        Logits, with the classes on the last axis. A class of -inf counts nothing, as an action that is not allowed.
    temperature : float > 0
        What logits are divided by. The gradient is that by the logits as they are given.

    Notes
    -----
    Between 0 and log(C). It is the sum of the logarithm of what the most probable class lacks, and of the mean distance
    from it, neither of which is negative: of rows that are almost sure it keeps its digits until it underflows. The
    gradient is ``p * (d - mean(d)) / temperature`` with the distances d. No curvature is offered.

    References
    ----------
    .. [1] V. Mnih et al., "Asynchronous Methods for Deep Reinforcement Learning", ICML 2016: the bonus.
    .. [2] G. Pereyra et al., "Regularizing Neural Networks by Penalizing Confident Output Distributions",
       arXiv:1701.06548: the confidence penalty.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.entropy(np.array([[0.0, 0.0], [0.0, -np.inf], [0.0, -40.0]]), reduction="none")
    array([6.93147181e-01, 0.00000000e+00, 1.74182524e-16])
    >>> nl.grad(nl.entropy)(np.array([[0.0, 2.0]]), reduction="sum").round(4)
    array([[ 0.21, -0.21]])
    """
