"""Squared logsumexp of the logits of a router."""

from ...declare import ANY, Array, Options, Result, Unpack, examplewise


def _router_z_loss_scratch(sizes, mode):
    return 2 * (-(-sizes["class"] // 16) * 16), 0, 0


def _router_z_loss_work(sizes):
    return 30.0 + 2.5 * sizes["class"]


@examplewise(
    "logsumexp_examples",
    axes={"pred": ("...", "class")},
    scratch=_router_z_loss_scratch,
    work=_router_z_loss_work,
    run=16,
    pred=ANY,
    cost=3.0,
    aliases=("moe_z_loss", "logsumexp_squared"),
)
def router_z_loss(pred: Array, **options: Unpack[Options]) -> Result:
    r"""Squared logsumexp of logits, ``log(sum(exp(pred)))**2``: the z-loss of routers.

    Keeps the logits of the router of a mixture of experts, or of a last layer, from drifting, since a softmax does not
    say where they are; a small share of it, 0.001 in the paper, is added to a loss.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., C)
        Logits, with the experts or classes on the last axis. One of -inf counts nothing.

    Notes
    -----
    The mean is that over tokens, as in the paper. The same penalty beside a cross-entropy of the same logits is its
    option `z_loss`. No curvature is offered.

    References
    ----------
    .. [1] B. Zoph et al., "ST-MoE: Designing Stable and Transferable Sparse Expert Models", arXiv:2202.08906.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.router_z_loss(np.array([[0.0, 0.0, 0.0], [2.0, 1.0, -1.0]])), 4)
    3.3624
    """
