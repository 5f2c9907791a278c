"""Proxy NCA."""

from ...declare import ANY, POSITIVE, Array, Options, Result, Unpack, examplewise

# Among which proxies a vector finds its own.
AMONG = {"others": 0.0, "all": 1.0}


def _proxy_nca_scratch(sizes, mode):
    return (sizes["proxy"] + 1) * sizes["feature"] + sizes["proxy"], 2 * sizes["proxy"], 0


def _proxy_nca_work(sizes):
    return 40.0 + sizes["proxy"] * (8.0 + sizes["feature"])


def _proxy_nca_allowed(sizes, params):
    if sizes["proxy"] < 2 and params["among"] == AMONG["others"]:
        return 'one proxy has no others; among="all" takes it'
    return None


@examplewise(
    "proxy_nca_examples",
    axes={"embeddings": ("...", "feature"), "proxies": ("proxy", "feature"), "labels": ("...",)},
    labels={"labels": "proxy"},
    scratch=_proxy_nca_scratch,
    work=_proxy_nca_work,
    allowed=_proxy_nca_allowed,
    run=32,
    params=("scale", "among"),
    words={"among": AMONG},
    differentiable=(0, 1),
    embeddings=ANY,
    proxies=ANY,
    scale=POSITIVE,
    cost=4.0,
    aliases=("proxy_nca_loss", "proxynca"),
)
def proxy_nca(
    embeddings: Array,
    proxies: Array,
    labels: Array,
    *,
    scale: float = 1.0,
    among: str = "others",
    **options: Unpack[Options],
) -> Result:
    r"""Proxy NCA: ``-log(exp(-s d(x, p[y])) / sum(exp(-s d(x, p[z]))))`` over the proxies z of other classes.

    Each class has a proxy, which is learned, and d is the squared distance of the directions of a vector and a proxy:
    2 less twice their cosine; s is the scale.

    Parameters
    ----------
    embeddings : array of float32 or float64, shape (..., D)
        Vectors of any length, each with a loss of its own.
    proxies : array of the same dtype, shape (C, D)
        The proxies of the classes, of any length; both are differentiated.
    labels : array of integers, shape (...)
        The class of each vector, from 0 to C - 1.
    scale : float > 0
        What distances are multiplied by, the inverse of a temperature.
    among : {"others", "all"}
        Whether the sum is over the proxies of other classes, as in the paper, where the loss may be negative, or over
        all, which makes it a cross-entropy, as in ProxyNCA++ and pytorch-metric-learning.

    Notes
    -----
    Cosines and their differences are in float64. That of a vector of length 0 is 0, with a gradient of 0. The gradient
    by the proxies is added up in float64, in the order of blocks. No curvature is offered.

    References
    ----------
    Y. Movshovitz-Attias, A. Toshev, T. K. Leung, S. Ioffe, S. Singh, No Fuss Distance Metric Learning using Proxies,
    ICCV 2017; E. W. Teh, T. DeVries, G. W. Taylor, ProxyNCA++, ECCV 2020.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> vectors, labels = np.array([[1.0, 0.0], [3.0, 4.0]]), np.array([0, 1])
    >>> nl.proxy_nca(vectors, np.eye(2), labels, reduction="none").round(4)
    array([-2. , -0.4])
    >>> nl.proxy_nca(vectors, np.eye(2), labels, among="all", reduction="none").round(4)
    array([0.1269, 0.513 ])
    """
