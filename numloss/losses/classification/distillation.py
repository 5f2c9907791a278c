"""Distillation of a teacher."""

from ...declare import ANY, POSITIVE, REST, UNIT, Array, Options, Result, Unpack, distilled


@distilled(
    student=ANY,
    teacher=ANY,
    temperature=POSITIVE,
    words={"rest": REST},
    alpha=UNIT,
    convex=True,
    cost=6.0,
    aliases=("knowledge_distillation", "kd_loss"),
)
def distillation(
    student: Array,
    teacher: Array,
    target: Array,
    *,
    temperature: float = 2.0,
    alpha: float = 0.5,
    ignore_index: int | None = -100,
    indices: Array | None = None,
    rest: str = "tail",
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Distillation, ``alpha * T**2 * KL(q, p_T) + (1 - alpha) * cross_entropy(student, target)``.

    q and p_T are the softmax of the logits of teacher and student over a temperature T, which shows how alike the
    teacher finds classes that are not the label.

    Parameters
    ----------
    student : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits; the only input that is differentiated.
    teacher : array of floats, shape of `student`
        Logits of the teacher.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    temperature : float > 0
        What the logits of both are divided by; T**2 makes up for the smaller gradients.
    alpha : float in [0, 1]
        How much the teacher counts, and 1 - alpha the labels.
    ignore_index : int or None
        Rows with this label count nothing and get a gradient of exact zeros, whatever the logits are.

    Raises
    ------
    IndexError
        If a label or an index is outside [0, C), with its position, its value and the range.
    TypeError
        If student or teacher is not floating, or labels are not integers.
    ValueError
        If shapes do not fit or an option is outside its domain.

    Notes
    -----
    The gradient is ``alpha * T * (p_T - q) + (1 - alpha) * (p - 1_target)``. The divergence is never negative; it and
    its gradient keep their digits however near or far student and teacher are: see `kl_logits`. With ``alpha=0`` the
    teacher is not read, with ``alpha=1`` a label may be impossible. The bound of the curvature majorises the full
    matrix, and is at least 1e-16.

    References
    ----------
    G. Hinton, O. Vinyals and J. Dean, Distilling the Knowledge in a Neural Network, arXiv:1503.02531.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> student, teacher = np.array([[1.0, 0.0, 0.0]]), np.array([[3.0, 1.0, 0.0]])
    >>> round(nl.distillation(student, teacher, np.array([0])), 4)
    0.424
    """
