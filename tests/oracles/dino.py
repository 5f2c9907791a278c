"""The loss of DINO from its definition."""

import numpy as np


def log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def value(student, teacher, *, center=None, student_temperature=0.1, teacher_temperature=0.04):
    shifted = np.asarray(teacher, np.float64) - (0.0 if center is None else np.asarray(center, np.float64))
    wanted = np.exp(log_softmax(shifted / teacher_temperature))
    return -(wanted * log_softmax(student / student_temperature)).sum(axis=-1)


def size(student, teacher, *, teacher_temperature=0.04, **options):
    """Logits over a sharp temperature are large, and lose digits here."""
    sharp = 1.0 + np.abs(teacher).max(axis=-1, initial=0.0) / teacher_temperature / 32.0
    return sharp * np.maximum(1.0, value(student, teacher, teacher_temperature=teacher_temperature, **options))
