"""Cross-entropy of the logits of a linear layer."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, SMOOTHING, Array, Options, Result, Unpack, head


@head(
    label_smoothing=SMOOTHING,
    z_loss=NONNEGATIVE,
    softcap=POSITIVE,
    hidden=ANY,
    classifier=ANY,
    cost=100.0,
    aliases=("fused_linear_cross_entropy", "cut_cross_entropy"),
)
def linear_cross_entropy(
    hidden: Array,
    classifier: Array,
    target: Array,
    *,
    bias: Array | None = None,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
    softcap: float | None = None,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of ``hidden @ classifier.T + bias``: the last layer and its loss, without its logits in memory.

    For language models and other classifiers of so many classes that the logits are the largest array of a step. They
    are made for some rows at a time; gradients of all that is differentiable come from the same pass.

    Parameters
    ----------
    hidden : array of float32 or float64, shape (N, H)
        What the last layer is given.
    classifier : array of the same dtype, shape (V, H)
        The weights of the last layer, a row for each class.
    target : array of integers, shape (N,)
        Labels in [0, V), of any integer dtype.
    bias : array of the same dtype, shape (V,), optional
        The bias of the last layer.
    class_weight : array of shape (V,), optional
        Weight >= 0 of each class: a row counts ``class_weight[target]``.
    ignore_index : int or None
        Rows with this label count nothing, are left out of every product and get a gradient of exact zeros.
    label_smoothing, z_loss, softcap
        As in cross_entropy.

    Returns
    -------
    float, or array of shape (N,) for ``reduction="none"``
        The gradients are those of hidden, classifier and, where it is given, bias, in a tuple; ``argnums=0`` asks for
        that of hidden alone, which saves a third of the work.

    Raises
    ------
    IndexError
        If a label is outside [0, V), with its position, its value and the range.
    TypeError
        If hidden is not floating, classifier or bias have another dtype, or labels are not integers.
    ValueError
        If shapes do not fit, arrays of out overlap, or an option is outside its domain.

    Notes
    -----
    Value and gradient of the logits are those of cross_entropy. On the host the products are those of NumPy's BLAS, and
    how they are rounded is its affair; where it is OpenBLAS, which takes no threads of its own while a call runs, bits
    do not depend on the number of threads. Beside its results a call takes the logits of 384 to 512 rows, a tenth of
    all from 4096 rows on; or of as many rows as fit into 20 MiB. On a device the products add up 256 features at a time
    in the dtype of the data, and these sums likewise, always in the same order; a call takes the logits and twice the
    hidden values of 512 to 2048 rows, or of so many rows that neither takes more than 128 MiB.

    References
    ----------
    E. Wijmans et al., Cut your losses in large-vocabulary language models, 2024.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> hidden, classifier = np.eye(2), np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    >>> round(nl.linear_cross_entropy(hidden, classifier, np.array([0, 1])), 4)
    0.2395
    """
