"""Proxy-anchor loss."""

from ...declare import ANY, FINITE, POSITIVE, Array, Options, Result, Unpack, examplewise


def _proxy_anchor_scratch(sizes, mode):
    rows, count, size = sizes["instance"], sizes["proxy"], sizes["feature"]
    return (rows + 2 * count) * size + (rows + 4) * count, 3 * count + rows, 0


def _proxy_anchor_work(sizes):
    return 100.0 + sizes["instance"] * sizes["proxy"] * (4.0 + 0.1 * sizes["feature"])


@examplewise(
    "proxy_anchor_examples",
    axes={
        "embeddings": ("...", "instance", "feature"),
        "proxies": ("proxy", "feature"),
        "labels": ("...", "instance"),
    },
    labels={"labels": "proxy"},
    scratch=_proxy_anchor_scratch,
    work=_proxy_anchor_work,
    params=("alpha", "margin"),
    differentiable=(0, 1),
    embeddings=ANY,
    proxies=ANY,
    alpha=POSITIVE,
    margin=FINITE,
    cost=10.0,
    aliases=("proxy_anchor_loss",),
)
def proxy_anchor(
    embeddings: Array,
    proxies: Array,
    labels: Array,
    *,
    alpha: float = 32.0,
    margin: float = 0.1,
    **options: Unpack[Options],
) -> Result:
    r"""Proxy-anchor loss ``mean(log(1 + sum exp(-a (s - m)))) + mean(log(1 + sum exp(a (s + m))))`` over proxies.

    Each class has a proxy, which is learned, and s is its cosine with a vector; a and m are alpha and margin. The first
    sum is over the vectors of its class, and that mean over the proxies that have some in the batch; the second over
    all other vectors, and that mean over all proxies. What is hard counts most.

    Parameters
    ----------
    embeddings : array of float32 or float64, shape (..., N, D)
        Batches of N vectors of any length. A batch is an example: the loss has the shape (...), that of one batch is a
        number.
    proxies : array of the same dtype, shape (C, D)
        The proxies of the classes, of any length, for all batches; both are differentiated.
    labels : array of integers, shape (..., N)
        The class of each vector, from 0 to C - 1.
    alpha : float > 0
        How steep the loss is.
    margin : float
        How far cosines should be beyond 0, finite.

    Notes
    -----
    Cosines are in the dtype of the data, in an order of additions of their own; all of a batch are in memory. That of a
    vector of length 0 is 0, with a gradient of 0. Batches are spread over threads; one alone takes one thread. No
    curvature is offered.

    References
    ----------
    S. Kim, D. Kim, M. Cho, S. Kwak, Proxy Anchor Loss for Deep Metric Learning, CVPR 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> vectors = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    >>> round(nl.proxy_anchor(vectors, np.eye(2), np.array([0, 0, 1, 1]), alpha=4.0), 4)
    1.604
    """
