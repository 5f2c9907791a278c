"""Barlow Twins."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, examplewise


def _barlow_scratch(sizes, mode):
    count = sizes["instance"] * sizes["feature"]
    return 2 * count + (2 if mode else 1) * 64 * sizes["feature"], 4 * sizes["feature"], 0


def _barlow_work(sizes):
    return 100.0 + 0.05 * sizes["instance"] * sizes["feature"] * (40.0 + sizes["feature"])


def several_instances(sizes, params):
    """What is wrong with a batch that has no deviations."""
    return "a batch of one vector has no deviations" if sizes["instance"] < 2 else None


@examplewise(
    "barlow_twins_examples",
    axes={"first": ("...", "instance", "feature"), "second": ("...", "instance", "feature")},
    scratch=_barlow_scratch,
    work=_barlow_work,
    allowed=several_instances,
    params=("lambd", "eps"),
    differentiable=(0, 1),
    first=ANY,
    second=ANY,
    lambd=NONNEGATIVE,
    eps=POSITIVE,
    cost=10.0,
    aliases=("redundancy_reduction", "barlow_twins_loss"),
)
def barlow_twins(
    first: Array, second: Array, *, lambd: float = 0.0051, eps: float = 1e-5, **options: Unpack[Options]
) -> Result:
    r"""Barlow Twins: ``sum((1 - c[i, i])**2) + lambd * sum(c[i, j]**2)``, i not j, of the correlations of features.

    For self-supervised learning without negatives: what the features of two views of the same things have in common
    should be each feature with itself, and nothing else. ``c[i, j]`` is the correlation, over the batch, of feature i
    of the first view with feature j of the second.

    Parameters
    ----------
    first, second : arrays of float32 or float64, shape (..., N, D)
        Two views of a batch of N >= 2 vectors of D features; row i of both is of the same thing. Both are
        differentiated. A batch is an example: the loss has the shape (...), that of one batch is a number.
    lambd : float >= 0
        What correlations of different features count.
    eps : float > 0
        Is added to variances, which are those of the batch, divided by N.

    Notes
    -----
    As in the official code: features are standardized as by a batch normalisation without weights, products are
    divided by N, and both sums are over all features. What else that multiplies by, such as 1 / 40 or 1 / D, is left to
    the caller. Moments are in float64, correlations in the dtype of the data, in an order of additions of their own, so
    that bits do not depend on BLAS, threads or CPU. Correlations are never all in memory. Batches are spread over
    threads; one alone takes one thread, in 3 N D^2 steps with a gradient. No curvature is offered.

    References
    ----------
    J. Zbontar, L. Jing, I. Misra, Y. LeCun, S. Deny, Barlow Twins: Self-Supervised Learning via Redundancy Reduction,
    ICML 2021.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> first = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    >>> round(nl.barlow_twins(first, 3.0 * first), 4), round(nl.barlow_twins(first, first[:, ::-1]), 4)
    (0.0, 2.0102)
    """
