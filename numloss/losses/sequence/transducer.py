"""The loss of a transducer, over all alignments of steps with labels."""

from ...declare import ANY, Array, Domain, Options, Result, Unpack, examplewise

CLASS = Domain(-2147483648.0, 2147483647.0, integers=True, text="a whole number")


def _lattice_scratch(sizes, mode):
    steps, states = sizes["frame"], sizes["state"]
    width = -(-states // 8) * 8 + 8
    return sizes["symbol"], (3 * (steps + states) + 3) * width + 2 * steps * states, 0


def _lattice_work(sizes):
    return sizes["frame"] * sizes["state"] * (40.0 + 0.4 * sizes["symbol"])


def states_allowed(sizes, name, axis="its axis before the last"):
    """What is wrong with how many states an array has, if something is."""
    if sizes["state"] != sizes["label"] + 1:
        return f"{name} has {sizes['state']} states on {axis}; {sizes['label']} labels have one more"
    return None


def blank_allowed(sizes, params, name="pred"):
    """What is wrong with the blank, if it is none of the classes of an array."""
    blank, classes = params["blank"], sizes["symbol"]
    if not -classes <= blank < classes:
        return f"blank = {int(blank)} is outside [{-classes}, {classes}), the classes of {name}"
    return None


def _lattice_allowed(sizes, params):
    return states_allowed(sizes, "pred") or blank_allowed(sizes, params)


@examplewise(
    "transducer_examples",
    axes={
        "pred": ("...", "frame", "state", "symbol"),
        "target": ("...", "label"),
        "input_lengths": ("...",),
        "target_lengths": ("...",),
    },
    labels={"target": "symbol"},
    lengths={"input_lengths": "frame", "target_lengths": "label"},
    scratch=_lattice_scratch,
    work=_lattice_work,
    allowed=_lattice_allowed,
    refused="target has the blank among its labels, which is none",
    scales=True,
    params=("blank", "from_logits"),
    pred=ANY,
    blank=CLASS,
    cost=2.0,
    aliases=("rnnt_loss", "rnn_transducer"),
)
def transducer(
    pred: Array,
    target: Array,
    input_lengths: Array,
    target_lengths: Array,
    *,
    blank: int = -1,
    from_logits: bool = True,
    **options: Unpack[Options],
) -> Result:
    r"""Loss of a transducer (RNN-T): ``-log sum prod p(a)`` over all alignments a of the steps with the labels.

    For streaming recognition of speech. A cell of the lattice is a step and how many labels are out before it; there
    a label leads to the next state of the same step, the blank to the next step. An alignment goes from the first
    cell to the blank of the last one.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., T, U + 1, V)
        Logits of V classes at T steps, each after 0 to U labels; logarithms of probabilities with
        ``from_logits=False``.
    target : array of integers, shape (..., U)
        Labels of each sequence, of which those beyond its length are not read.
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
    The gradient by the logits is the softmax of a cell times the probability that an alignment is there, less, at the
    blank and at the label that comes next, that of going on from there by it; by log-probabilities the latter alone.
    Cells beyond the lengths are not read and get exact zeros, as do those whose probability the dtype has no number
    for. A sequence of labels without a step has loss inf and a gradient of zeros, a NaN in a cell that counts makes the
    loss of its sequence and all its slopes NaN. Logarithms are float64, and one below -2^30 counts as -inf. The scores
    of a cell are read once for the loss, and once more for the gradient. A thread works on a sequence at a time; it
    takes about 4 T (U + 1) + 3 U^2 numbers of float64. Conventions are those of torchaudio's rnnt_loss, whose blank is
    the last class, too; other libraries have 0. The mean is that of the losses, not of losses by label.

    References
    ----------
    .. [1] A. Graves, "Sequence Transduction with Recurrent Neural Networks", arXiv:1211.3711 (2012).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.zeros((1, 2, 2, 4))  # one sequence, 2 steps, 1 label, 4 classes
    >>> loss = nl.transducer(logits, np.array([[1]]), np.array([2]), np.array([1]))
    >>> round(64 * np.exp(-loss).item(), 4)  # two alignments, of two blanks and a label each
    2.0
    """
