"""Losses over files that need not fit into memory."""

from .streaming import Evaluation, Score, stream

__all__ = ["Evaluation", "Score", "stream"]
