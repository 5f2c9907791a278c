"""Self-distillation of a student by a sharper teacher."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, examplewise


def _dino_scratch(sizes, mode):
    return 3 * sizes["class"], 0, 0


def _dino_work(sizes):
    return 100.0 + 6.0 * sizes["class"]


@examplewise(
    "dino_examples",
    axes={"student": ("...", "class"), "teacher": ("...", "class"), "center": ("class",)},
    scratch=_dino_scratch,
    work=_dino_work,
    run=4,
    params=("student_temperature", "teacher_temperature"),
    student=ANY,
    teacher=REAL,
    center=REAL,
    student_temperature=POSITIVE,
    teacher_temperature=POSITIVE,
    convex=True,
    cost=5.0,
    aliases=("dino_loss", "ibot", "self_distillation"),
)
def dino(
    student: Array,
    teacher: Array,
    *,
    center: Array | None = None,
    student_temperature: float = 0.1,
    teacher_temperature: float = 0.04,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy ``-softmax((teacher - center) / T) @ log_softmax(student / S)`` of two sets of logits.

    Learning without labels: a student sees one view of an image, a teacher, which is an average of students, another
    one. The teacher is centred, so that no class wins always, and sharpened, so that not all of them are alike. DINO
    compares what whole images are, iBOT what masked patches are.

    Parameters
    ----------
    student : array of float32 or float64, shape (..., C)
        Logits; the only input that is differentiated.
    teacher : array of real numbers, shape (..., C)
        Logits of the teacher, not NaN.
    center : array of real numbers, shape (C,), optional
        What is taken off the teacher's logits: a running mean of them.
    student_temperature, teacher_temperature : float > 0
        What the logits are divided by, S and T.

    Returns
    -------
    float, or array of shape (...) for ``reduction="none"``

    Notes
    -----
    The gradient is ``(softmax(student / S) - softmax((teacher - center) / T)) / S``. Distances between logits are taken
    in float64, and both may be sure of a class: digits are kept. The entropy of the teacher is part of the value;
    without it this is `kl_logits`. For iBOT masked patches have the weight 1 over how many there are in their image.
    No distribution is in memory. No curvature is offered.

    References
    ----------
    .. [1] M. Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", arXiv:2104.14294: DINO.
    .. [2] J. Zhou et al., "iBOT: Image BERT Pre-Training with Online Tokenizer", arXiv:2111.07832.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> student, teacher = np.array([[0.2, 0.1, 0.0]]), np.array([[0.1, 0.05, 0.0]])
    >>> round(nl.dino(student, teacher), 4)
    0.7369
    """
