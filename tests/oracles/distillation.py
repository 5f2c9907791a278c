"""Distillation of a teacher, from its definition."""

import numpy as np
from oracles import cross_entropy
from oracles.cross_entropy import counted, log_softmax


def count(student, teacher, target, *, ignore_index=-100, **options):
    return counted(student, target, ignore_index)


def value(student, teacher, target, *, temperature=2.0, alpha=0.5, ignore_index=-100):
    q, p = log_softmax(teacher / temperature), log_softmax(student / temperature)
    divergence = temperature**2 * (np.exp(q) * (q - p)).sum(axis=1) * counted(student, target, ignore_index)
    return alpha * divergence + (1 - alpha) * cross_entropy.value(student, target, ignore_index=ignore_index)


def size(student, teacher, target, *, temperature=2.0, alpha=0.5, **options):
    """Of the terms of the divergence, which cancel."""
    return 1.0 + alpha * temperature * (abs(student).max(axis=1, initial=0.0) + abs(teacher).max(axis=1, initial=0.0))
