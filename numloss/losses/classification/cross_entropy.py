"""Cross-entropy over classes."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, SMOOTHING, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LOGITS


@rowwise(
    scores=LOGITS,
    label_smoothing=SMOOTHING,
    z_loss=NONNEGATIVE,
    softcap=POSITIVE,
    eps=NONNEGATIVE,
    pred=ANY,
    convex=True,
    aliases=(
        *("softmax_cross_entropy", "categorical_cross_entropy", "sparse_categorical_cross_entropy"),
        "cql_regularizer",
    ),
)
def cross_entropy(
    pred: Array,
    target: Array,
    *,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
    from_probabilities: bool = False,
    eps: float = 0.0,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of a softmax over classes: ``log sum exp(pred) - pred[target]``.

    The loss of classification into one of C classes, from logits, with labels or with distributions as targets.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits; probabilities with ``from_probabilities=True``.
    target : array of integers, shape (N,) or (N, d1, ...), or of floats with the shape of pred
        Labels in [0, C), of any integer dtype; or a distribution over the classes, >= 0.
    class_weight : array of shape (C,), optional
        Weight >= 0 of each class. With labels a row counts ``class_weight[target]``, with distributions
        ``sum(target * class_weight)``.
    label_smoothing : float in [0, 1)
        The target becomes ``(1 - s) * target + s / C``, over all classes.
    z_loss : float >= 0
        Adds ``z_loss * (log sum exp(pred))**2``, weighted like the rest.
    softcap : float > 0, optional
        Logits become ``softcap * tanh(pred / softcap)``.
    from_probabilities : bool
        pred holds probabilities, as a softmax layer gives them: the loss is ``-log pred[target]``. Those that it reads,
        with labels one of each row, are checked to be in [0, 1].
    eps : float >= 0
        With probabilities: smaller ones are read as eps, and their gradient is 0. Without it the loss of a
        probability of 0 is inf.

    Raises
    ------
    IndexError
        If a label is outside [0, C), with its position, its value and the range.
    TypeError
        If pred is not floating, or labels are not integers.
    ValueError
        If shapes do not fit, an option is outside its domain, a distribution has a negative or NaN entry, or a
        probability is outside [0, 1].

    Notes
    -----
    The largest score is left out of the sum and comes back through log1p, so that confident rows keep all their
    digits: for logits (60, 0) and label 0 the loss is 8.8e-27, not 0, and the gradient at the label is minus the
    sum of the other probabilities, not p - 1; so it is for a distribution on one class. Values and gradients are
    within 8 ulp for any number of classes; with a softcap within ``8 + 2 * softcap``, since capped logits are rounded
    before their exponentials are taken. The curvature is the diagonal ``p (1 - p)``; the bound is ``2 p (1 - p)``, at
    least 1e-16, and with a z-loss ``2 * z_loss * p`` more, which majorises the full matrix. Memory beside the outputs
    does not depend on the size.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning, 4.3.4, 2006; label smoothing: Szegedy et al.,
    Rethinking the Inception Architecture, 2016; z-loss: Chowdhery et al., PaLM, 2022.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.array([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    >>> round(nl.cross_entropy(logits, np.array([0, 1])), 4)
    0.1672
    >>> loss, grad = nl.value_and_grad(nl.cross_entropy)(logits, np.array([0, 1]))
    >>> grad.round(3)
    array([[-0.107,  0.053,  0.053],
           [ 0.023, -0.045,  0.023]])
    """
