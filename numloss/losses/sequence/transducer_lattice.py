"""The loss of a transducer whose logarithms of blanks and labels are given."""

from ...declare import ANY, Array, Options, Result, Unpack, examplewise
from .transducer import states_allowed


def _cells_scratch(sizes, mode):
    return 0, (3 * sizes["frame"] + 2) * sizes["state"], sizes["frame"]


def _cells_work(sizes):
    return 60.0 * sizes["frame"] * sizes["state"]


def _cells_allowed(sizes, params):
    return states_allowed(sizes, "log_blanks", "its last axis")


@examplewise(
    "transducer_lattice_examples",
    axes={
        "log_blanks": ("...", "frame", "state"),
        "log_labels": ("...", "frame", "label"),
        "input_lengths": ("...",),
        "target_lengths": ("...",),
    },
    lengths={"input_lengths": "frame", "target_lengths": "label"},
    scratch=_cells_scratch,
    work=_cells_work,
    allowed=_cells_allowed,
    differentiable=(0, 1),
    log_blanks=ANY,
    log_labels=ANY,
    cost=20.0,
    aliases=("mutual_information_recursion",),
)
def transducer_lattice(
    log_blanks: Array, log_labels: Array, input_lengths: Array, target_lengths: Array, **options: Unpack[Options]
) -> Result:
    r"""Loss of a transducer by its lattice alone: ``-log sum prod p(a)`` where the logarithms of all p are given.

    For joiners of one's own, priors, scales and penalties: whatever makes the logarithms of blanks and labels of the
    cells. Less its gradients are how probable it is that an alignment has each of them, which says which cells count.

    Parameters
    ----------
    log_blanks : array of float32 or float64, shape (..., T, U + 1)
        Logarithms of the blank at T steps, each after 0 to U labels.
    log_labels : array of the same dtype, shape (..., T, U)
        Logarithms of the label that comes next.
    input_lengths : array of integers, shape (...)
        Steps of each sequence, up to T.
    target_lengths : array of integers, shape (...)
        Labels of each sequence, up to U.

    Notes
    -----
    An alignment goes from the first cell to the blank of the last one, by a blank to the next step and by a label to
    the next state of the same step. What lies beyond the lengths gets exact zeros, and so does a blank of the last step
    that is not the last one. Without any alignment the loss is inf and the gradient zeros, a logarithm that is NaN
    makes all that count of its sequence NaN. Logarithms are float64, and one below -2^30 counts as -inf. A thread takes
    3 T (U + 1) numbers of them. k2 calls it mutual_information_recursion, whose result is less this.

    References
    ----------
    .. [1] A. Graves, "Sequence Transduction with Recurrent Neural Networks", arXiv:1211.3711 (2012).
    .. [2] F. Kuang, L. Guo, W. Kang, L. Lin, M. Luo, Z. Yao, D. Povey, "Pruned RNN-T for fast, memory-efficient ASR
       training", Interspeech 2022, arXiv:2206.13236.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> half = np.full((1, 2, 2), np.log(0.5))  # 2 steps, 1 label
    >>> loss, (blanks, labels) = nl.value_and_grad(nl.transducer_lattice)(half, half[..., :1], [2], [1])
    >>> round(8 * np.exp(-loss).item(), 4), (-labels).round(2).tolist()  # two alignments, and where the label is
    (2.0, [[[0.5], [0.5]]])
    """
