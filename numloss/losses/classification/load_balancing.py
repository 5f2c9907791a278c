"""How evenly a router spreads tokens over experts."""

from ...declare import ANY, COUNT, Array, Options, Result, Unpack, examplewise


def _load_balancing_scratch(sizes, mode):
    width = -(-sizes["expert"] // 16) * 16
    rows = sizes["token"] if mode else 1
    return 2 * width + rows * sizes["expert"], 2 * sizes["expert"], sizes["expert"]


def _load_balancing_work(sizes):
    return sizes["token"] * (40.0 + 6.0 * sizes["expert"])


def _load_balancing_allowed(sizes, params):
    if params["top_k"] > sizes["expert"]:
        return f"top_k = {int(params['top_k'])} is more than the {sizes['expert']} experts of pred"
    return None


@examplewise(
    "balance_examples",
    axes={"pred": ("...", "token", "expert")},
    scratch=_load_balancing_scratch,
    work=_load_balancing_work,
    allowed=_load_balancing_allowed,
    params=("top_k",),
    pred=ANY,
    top_k=COUNT,
    kinks="two experts of a token have equal scores, and one of them is chosen",
    cost=4.0,
    aliases=("moe_aux_loss", "load_balancing_loss", "switch_loss"),
)
def load_balancing(pred: Array, *, top_k: int = 1, **options: Unpack[Options]) -> Result:
    r"""Load of experts, ``E * sum(f * P)``, with f the share of choices and P the mean probability of each expert.

    The auxiliary loss of mixtures of experts: 1 where tokens are spread evenly over all E of them, E where one gets
    all.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T, E)
        Logits of a router, the T tokens of a group on the last axis but one, the experts on the last. What is balanced
        is each group: reshape to (T, E) for one of all tokens.
    top_k : a whole number from 1 to 10^9
        Experts that a token is sent to, those of its largest logits; of equal ones the first.

    Notes
    -----
    The shares f count choices and have no gradient. They add up to 1: of `top_k` experts a token, libraries that do not
    divide by it, as transformers, have `top_k` times this. The value is not a sum over tokens; values of groups are
    averaged. No curvature is offered.

    References
    ----------
    .. [1] W. Fedus, B. Zoph, N. Shazeer, "Switch Transformers: Scaling to Trillion Parameter Models with Simple and
       Efficient Sparsity", arXiv:2101.03961.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> even = np.array([[9.0, 0.0], [0.0, 9.0]])
    >>> round(nl.load_balancing(even), 4), round(nl.load_balancing(even[:1]), 4)
    (1.0, 1.9998)
    """
