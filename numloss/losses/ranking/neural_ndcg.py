"""NeuralNDCG."""

from ...declare import ANY, COUNT, POSITIVE, RELEVANCE, Array, Domain, Options, Result, Unpack, examplewise

# The most iterations, as scratch has room for their factors; and what there is of other vectors.
MOST = 100
VECTORS = 14


def _sorting_scratch(sizes, mode):
    width = -(-sizes["document"] // 8) * 8
    return 2 * width * width, (VECTORS + 2 * MOST) * width, 0


def _sorting_work(sizes):
    return 500.0 + sizes["document"] * (100.0 + 100.0 * sizes["document"])


@examplewise(
    "neural_ndcg_examples",
    axes={"pred": ("...", "document"), "target": ("...", "document"), "lengths": ("...",)},
    lengths={"lengths": "document"},
    scratch=_sorting_scratch,
    work=_sorting_work,
    params=("temperature", "iterations", "k"),
    none={"k": 0.0},
    pred=ANY,
    target=RELEVANCE,
    temperature=POSITIVE,
    iterations=Domain(1.0, float(MOST), integers=True, text="a whole number from 1 to 100"),
    k=COUNT,
    kinks="where two scores are equal",
    cost=2000.0,
    aliases=("neural_sort_ndcg",),
)
def neural_ndcg(
    pred: Array,
    target: Array,
    *,
    lengths: Array | None = None,
    k: int | None = None,
    temperature: float = 1.0,
    iterations: int = 50,
    **options: Unpack[Options],
) -> Result:
    r"""NeuralNDCG, ``-sum(discount[i] * P[i, j] * (2^target[j] - 1)) / best`` of each list, where P sorts it softly.

    Row i of P is the softmax of ``((n + 1 - 2 i) * pred - A) / temperature``, with i from 1 to n and ``A[j]`` the sum
    of ``abs(pred[j] - pred)``, which for a small temperature names the document of rank i (NeuralSort); its columns and
    rows are then divided by their sums in turn (Sinkhorn). The discount is ``1 / log2(1 + i)``, best the discounted
    gain of the best order: the normalised discounted gain (NDCG), negative.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., n)
        Scores of the documents of each list.
    target : array of any real dtype, shape (..., n), whole numbers in [0, 31]
        The relevance of each document.
    lengths : array of integers, shape (...), optional
        How many documents of each list count, in [0, n]; what comes after is not read, and its slopes are 0. None: all.
    k : int, optional
        Ranks beyond the first k, a whole number from 1 to 10^9, have no discount, here and in the best order. None is
        all.
    temperature : float > 0
        How far the sums of distances of scores have to be apart for documents to be sorted.
    iterations : int
        How often columns and rows are divided, a whole number from 1 to 100.

    Notes
    -----
    A list takes time in proportion to ``iterations * n^2`` and memory for 2 n^2 numbers and 200 n of float64 on each
    thread: some hundred documents, not thousands. All iterations are done, and the gradient is that through all of
    them. As in allRank, which ends them where all sums are near 1, so that its value jumps a little; there a list
    without a relevant document is left out of the mean, here it counts 0. The softmax is taken of float64, as are the
    factors; scores that are equal share their ranks, and the slope there is the mean of both sides. NaN in pred stays
    in its list.

    References
    ----------
    P. Pobrotyn, R. Bialobrzeski, NeuralNDCG: Direct Optimisation of a Ranking Metric via Differentiable Relaxation of
    Sorting, arXiv:2102.07831, 2021. A. Grover, E. Wang, A. Zweig, S. Ermon, Stochastic Optimization of Sorting Networks
    via Continuous Relaxations, ICLR 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.5, 2.0, -1.0], [0.0, 1.0, 3.0]]), np.array([[1, 2, 0], [2, 0, 1]])
    >>> nl.neural_ndcg(pred, target, reduction="none").round(4)
    array([-0.9594, -0.7072])
    """
