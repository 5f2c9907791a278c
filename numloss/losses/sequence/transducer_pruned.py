"""The loss of a transducer over alignments within a band of states."""

from ...declare import ANY, Array, Options, Result, Unpack, examplewise
from .transducer import CLASS, blank_allowed


def _band_scratch(sizes, mode):
    return sizes["symbol"], (5 * sizes["frame"] + 2) * sizes["band"], 0


def _band_work(sizes):
    return sizes["frame"] * sizes["band"] * (80.0 + 0.4 * sizes["symbol"])


@examplewise(
    "transducer_pruned_examples",
    axes={
        "pred": ("...", "frame", "band", "symbol"),
        "target": ("...", "label"),
        "starts": ("...", "frame"),
        "input_lengths": ("...",),
        "target_lengths": ("...",),
    },
    labels={"target": "symbol", "starts": "label"},
    lengths={"input_lengths": "frame", "target_lengths": "label"},
    scratch=_band_scratch,
    work=_band_work,
    allowed=blank_allowed,
    refused="target has the blank among its labels, which is none",
    scales=True,
    params=("blank", "from_logits"),
    pred=ANY,
    blank=CLASS,
    cost=2.0,
    aliases=("rnnt_loss_pruned", "pruned_rnnt"),
)
def transducer_pruned(
    pred: Array,
    target: Array,
    starts: Array,
    input_lengths: Array,
    target_lengths: Array,
    *,
    blank: int = -1,
    from_logits: bool = True,
    **options: Unpack[Options],
) -> Result:
    r"""Pruned loss of a transducer: that of `transducer` over alignments within R states of each step.

    Of the lattice of steps and states most cells are on no alignment that counts. With a band of R of them for each
    step a joiner computes T R rows of logits instead of T (U + 1), and so does their gradient. `transducer_starts`
    finds the bands.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T, R, V)
        Logits of V classes at T steps, of the states from ``starts`` on; logarithms of probabilities with
        ``from_logits=False``. Of states beyond the labels nothing is read.
    target : array of integers, shape (..., U)
        Labels of each sequence, of which those beyond its length are not read.
    starts : array of integers, shape (..., T)
        The first state of the band of each step: how many labels are out before it, from 0 to U - 1.
    input_lengths : array of integers, shape (...)
        Steps of each sequence, up to T.
    target_lengths : array of integers, shape (...)
        Labels of each sequence, up to U.
    blank : int
        The class of the blank, which is no label: a whole number, below 0 counted from the end, so that -1 is the
        last.
    from_logits : bool
        Take the log-softmax of pred first; the gradient passes through it.

    Notes
    -----
    A blank leads to the same state of the next step, a label to the next state of the same step, if the band there has
    it. Bands that hold all states make it `transducer`, of which gradients, exact zeros and what is no number are those
    here, too; bands that no alignment passes through have loss inf and a gradient of zeros. A thread takes
    5 T R numbers of float64. k2's rnnt_loss_pruned takes the states of all places, which are the starts and what
    follows them, and 0 as its blank.

    References
    ----------
    .. [1] F. Kuang, L. Guo, W. Kang, L. Lin, M. Luo, Z. Yao, D. Povey, "Pruned RNN-T for fast, memory-efficient ASR
       training", Interspeech 2022, arXiv:2206.13236.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.zeros((1, 3, 2, 4))  # one sequence, 3 steps, bands of 2 states, 4 classes
    >>> given = np.array([[1, 2]]), np.array([[0, 0, 1]]), np.array([3]), np.array([2])
    >>> round(4**5 * np.exp(-nl.transducer_pruned(logits, *given)).item(), 4)  # of six alignments two
    2.0
    """
