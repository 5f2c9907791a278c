"""KoLeo: vectors spread out over the sphere."""

from ...declare import ANY, POSITIVE, Array, Options, Result, Unpack, examplewise


def _koleo_scratch(sizes, mode):
    rows, size = sizes["instance"], sizes["feature"]
    reals = -(-size // 16) * 16 + -(-rows // 16) * 16 + 2 * rows * size
    return reals, rows + (rows * size if mode else 0), 0


def _koleo_work(sizes):
    return 100.0 + sizes["instance"] * sizes["instance"] * (2.0 + 0.1 * sizes["feature"])


def _koleo_allowed(sizes, params):
    return "a vector alone has no neighbour" if sizes["instance"] < 2 else None


@examplewise(
    "koleo_examples",
    axes={"embeddings": ("...", "instance", "feature")},
    scratch=_koleo_scratch,
    work=_koleo_work,
    allowed=_koleo_allowed,
    params=("eps",),
    embeddings=ANY,
    eps=POSITIVE,
    kinks="two vectors are equally near to another one, or have the same direction",
    cost=10.0,
    aliases=("koleo_loss", "kozachenko_leonenko"),
)
def koleo(embeddings: Array, *, eps: float = 1e-8, **options: Unpack[Options]) -> Result:
    r"""KoLeo ``-mean(log(d[i] + eps))``, with d the distance of each direction from the nearest other one of the batch.

    Spreads vectors over the sphere: the estimator of Kozachenko and Leonenko of the entropy of their distribution, but
    for constants. DINOv2 adds it to its losses of views.

    Parameters
    ----------
    embeddings : array of float32 or float64, shape (..., N, D)
        Batches of N >= 2 vectors of any length, of which the directions count. A batch is an example: the loss has the
        shape (...), that of one batch is a number.
    eps : float > 0
        Is added to distances.

    Notes
    -----
    Which is nearest, the first of several, has no gradient; its distance has one by both. That of two equal directions
    has a slope of 0. Distances are sums of squared differences of directions in the dtype of the data; the code of
    DINOv2 adds eps to each difference, too. A vector of length 0 has the direction 0, and a gradient of 0. Batches are
    spread over threads; one alone takes one thread. No curvature is offered.

    References
    ----------
    A. Sablayrolles, M. Douze, C. Schmid, H. Jegou, Spreading Vectors for Similarity Search, ICLR 2019; M. Oquab et al.,
    DINOv2: Learning Robust Visual Features without Supervision, 2023.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.koleo(np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])), 4)
    -0.3466
    """
