"""Categorical distributions of returns."""

from ...declare import ANY, FINITE, REAL, UNIT, Array, Options, Result, Unpack, examplewise


def _categorical_scratch(sizes, mode):
    return 2 * sizes["atom"], sizes["atom"], 0


def atoms_work(sizes):
    """Nanoseconds of an example."""
    return 100.0 + 8.0 * sizes["atom"]


def atoms_allowed(sizes, params):
    """What is wrong with the ends of the line, or with the number of atoms."""
    if not params["low"] < params["high"]:
        return f"high = {params['high']} must be above low = {params['low']}"
    if params["high"] - params["low"] > 1e300:
        return f"high = {params['high']} is too far above low = {params['low']}"
    return "there is one atom; a distribution needs two" if sizes["atom"] < 2 else None


@examplewise(
    "categorical_td_examples",
    axes={"pred": ("...", "atom"), "next_probabilities": ("...", "atom"), "reward": ("...",), "done": ("...",)},
    scratch=_categorical_scratch,
    work=atoms_work,
    run=16,
    allowed=atoms_allowed,
    params=("discount", "low", "high"),
    pred=ANY,
    next_probabilities=UNIT,
    reward=REAL,
    done=UNIT,
    discount=UNIT,
    low=FINITE,
    high=FINITE,
    convex=True,
    cost=4.0,
    aliases=("c51", "categorical_dqn", "distributional_td"),
)
def categorical_td(
    pred: Array,
    next_probabilities: Array,
    reward: Array,
    done: Array,
    *,
    discount: float = 0.99,
    low: float = -10.0,
    high: float = 10.0,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of a distribution of returns and the projected one that follows: the loss of C51.

    Returns are a distribution over A atoms, evenly from `low` to `high`. An atom z of the next state moves to
    ``reward + discount * (1 - done) * z``, not beyond the ends, and what it has is shared out among the two atoms
    beside it, by how near they are. The result is the target of a cross-entropy.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., A)
        Logits of the atoms, of the action that was taken; the only input that is differentiated.
    next_probabilities : array of numbers in [0, 1], shape (..., A)
        Probabilities of the atoms in the next state, of the action that is taken there.
    reward : array of real numbers, shape (...)
        Rewards, not NaN: of n steps, the discounted sum of them.
    done : array of numbers in [0, 1], shape (...)
        1 where the episode has ended, and nothing follows.
    discount : float in [0, 1]
        What the next state counts: of n steps, the power of n.
    low, high : float
        Where the first and the last atom lie.

    Returns
    -------
    float, or array of shape (...) for ``reduction="none"``

    Notes
    -----
    As in Dopamine and Rainbow. The target is made in float64, an example at a time, and is in no memory of the size of
    the batch; ``numloss.returns.categorical_projection`` gives it. It adds up to what `next_probabilities` do. The
    gradient is ``sum(target) * softmax(pred) - target``; atoms that are sure keep their digits, as in `cross_entropy`.
    No curvature is offered.

    References
    ----------
    .. [1] M. G. Bellemare, W. Dabney and R. Munos, "A Distributional Perspective on Reinforcement Learning",
       arXiv:1707.06887.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, following = np.array([[0.0, 1.0, 0.0]]), np.array([[0.0, 0.0, 1.0]])
    >>> loss = nl.categorical_td(pred, following, np.array([0.5]), np.array([0]), discount=0.5, low=-2.0, high=2.0)
    >>> round(loss, 4), round(nl.cross_entropy(pred, np.array([[0.0, 0.25, 0.75]])), 4)
    (1.3014, 1.3014)
    """
