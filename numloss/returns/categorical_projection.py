"""Distributions of returns, projected on the atoms."""

from ..declare import FINITE, REAL, UNIT, Array, ScanOptions, Unpack, examplewise
from ..losses.reinforcement.categorical_td import atoms_allowed, atoms_work


def _projection_scratch(sizes, mode):
    return 0, sizes["atom"], 0


@examplewise(
    "categorical_projection_examples",
    axes={"next_probabilities": ("...", "atom"), "reward": ("...",), "done": ("...",)},
    results=("targets",),
    scratch=_projection_scratch,
    work=atoms_work,
    run=16,
    allowed=atoms_allowed,
    params=("discount", "low", "high"),
    next_probabilities=UNIT,
    reward=REAL,
    done=UNIT,
    discount=UNIT,
    low=FINITE,
    high=FINITE,
    cost=4.0,
)
def categorical_projection(
    next_probabilities: Array,
    reward: Array,
    done: Array,
    *,
    discount: float = 0.99,
    low: float = -10.0,
    high: float = 10.0,
    **options: Unpack[ScanOptions],
) -> Array:
    r"""The target of categorical DQN, C51: the distribution of what follows, moved, shrunk, and projected on the atoms.

    Returns are a distribution over A atoms, evenly from `low` to `high`. An atom z of the next state moves to
    ``reward + discount * (1 - done) * z``, not beyond the ends, and what it has is shared out among the two atoms
    beside it, by how near they are. `numloss.categorical_td` is the cross-entropy with this target.

    Parameters
    ----------
    next_probabilities : array of float32 or float64, shape (..., A)
        Probabilities of the atoms in the next state, of the action that is taken there; NaN stays NaN.
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
    array, shape of `next_probabilities`
        The targets, which add up to what `next_probabilities` do.

    Notes
    -----
    Places and shares are computed in float64, by the text that the loss has. Nothing is pulled back: targets are
    constants. `out` may be `next_probabilities` itself.

    References
    ----------
    .. [1] M. G. Bellemare, W. Dabney and R. Munos, "A Distributional Perspective on Reinforcement Learning",
       arXiv:1707.06887.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> following, reward, done = np.array([[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]), np.array([0.5, 1.0]), np.array([0, 1])
    >>> nl.returns.categorical_projection(following, reward, done, discount=0.5, low=-2.0, high=2.0)
    array([[0.  , 0.25, 0.75],
           [0.  , 0.5 , 0.5 ]])
    """
