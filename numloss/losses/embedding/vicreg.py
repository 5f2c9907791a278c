"""VICReg: variance, invariance and covariance of two views."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, examplewise
from .barlow_twins import several_instances


def _vicreg_scratch(sizes, mode):
    # a tile of differences, too
    return max(512, sizes["feature"] * (sizes["instance"] + 65)), 3 * sizes["feature"], 0


def _vicreg_work(sizes):
    return 100.0 + 0.07 * sizes["instance"] * sizes["feature"] * (40.0 + sizes["feature"])


@examplewise(
    "vicreg_examples",
    axes={"first": ("...", "instance", "feature"), "second": ("...", "instance", "feature")},
    scratch=_vicreg_scratch,
    work=_vicreg_work,
    allowed=several_instances,
    params=("invariance", "variance", "covariance", "gamma", "eps"),
    differentiable=(0, 1),
    first=ANY,
    second=ANY,
    invariance=NONNEGATIVE,
    variance=NONNEGATIVE,
    covariance=NONNEGATIVE,
    gamma=NONNEGATIVE,
    eps=POSITIVE,
    kinks="the deviation of a feature is gamma",
    cost=10.0,
    aliases=("vicreg_loss", "variance_invariance_covariance"),
)
def vicreg(
    first: Array,
    second: Array,
    *,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
    gamma: float = 1.0,
    eps: float = 1e-4,
    **options: Unpack[Options],
) -> Result:
    r"""VICReg: ``invariance * mse(x, y) + variance * (v(x) + v(y)) / 2 + covariance * (c(x) + c(y))`` of two views.

    For self-supervised learning without negatives: views of the same things should be near to each other, each feature
    should vary over the batch, ``v(x) = mean(max(0, gamma - sqrt(var(x) + eps)))``, and features should not vary
    together, ``c(x) = sum(cov(x)[i, j]**2) / D`` over i not j.

    Parameters
    ----------
    first, second : arrays of float32 or float64, shape (..., N, D)
        Two views of a batch of N >= 2 vectors of D features; row i of both is of the same thing. Both are
        differentiated. A batch is an example: the loss has the shape (...), that of one batch is a number.
    invariance, variance, covariance : float >= 0
        What the three parts count; of a covariance that counts nothing no products are made.
    gamma : float >= 0
        The deviation that features should have.
    eps : float > 0
        Is added to variances; these and covariances are divided by N - 1.

    Notes
    -----
    As in the official code, where the variances of both views are averaged and their covariances added; the paper adds
    both. Moments are in float64, covariances in the dtype of the data, added up as in barlow_twins, and never all in
    memory. Batches are spread over threads; one alone takes one thread, in 4 N D^2 steps with a gradient. No curvature
    is offered.

    References
    ----------
    A. Bardes, J. Ponce, Y. LeCun, VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning,
    ICLR 2022.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> first = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    >>> nl.vicreg(first, first), round(nl.vicreg(first, 0.5 * first), 4)
    (0.0, 11.532)
    """
