"""Generalised Jensen-Shannon divergence of two sets of logits."""

from ...declare import ANY, OPEN_UNIT, POSITIVE, REST, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LOGITS, RATIO, SCORES
from .js_div import _js_div


@rowwise(
    _js_div,
    law_inputs=5,
    classes=RATIO,
    scores=LOGITS,
    target=SCORES,
    eager=True,
    pred=ANY,
    temperature=POSITIVE,
    words={"rest": REST},
    beta=OPEN_UNIT,
    derived={"other": lambda beta: 1.0 - beta},
    cost=8.0,
    aliases=("generalized_jsd", "gkd", "js_div_with_logits"),
)
def js_logits(
    pred: Array,
    target: Array,
    *,
    beta: float = 0.5,
    temperature: float = 1.0,
    indices: Array | None = None,
    rest: str = "tail",
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Generalised Jensen-Shannon divergence ``beta * KL(p || m) + (1 - beta) * KL(q || m)`` of two sets of logits.

    p and q are the softmax of target and pred, and ``m = beta * p + (1 - beta) * q``. It is bounded; divided by
    ``beta`` it leans to KL(p || q) where beta is near 0. `js_div` is the same of a target that is given as
    probabilities. It is summed over the classes, then averaged over the rows.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits of q; the only input that is differentiated.
    target : array of floats, shape of `pred`
        Logits of p. A class of -inf in both counts nothing.
    beta : float in (0, 1)
        Share of p in the mixture.

    Notes
    -----
    Never negative; its digits are kept however near or far the distributions are, as in `kl_logits`. The exact
    curvature may be negative; the bound majorises the full matrix, and is at least 1e-16.

    References
    ----------
    J. Lin, Divergence Measures Based on the Shannon Entropy, 1991.
    R. Agarwal et al., On-Policy Distillation of Language Models, arXiv:2306.13649.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> x, y = np.array([[2.0, 0.0]]), np.array([[0.0, 0.0]])
    >>> round(nl.js_logits(x, y), 4)
    0.0895
    """
