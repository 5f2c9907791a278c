"""Losses of ordered classes, written down in PyTorch as their authors' code has them."""

from __future__ import annotations

from typing import Any

from twins.twin import Twin


def _cross_entropies(t: Any, logits: Any, above: Any) -> Any:
    """Of each level, whether it is passed or not."""
    logs = t.nn.functional.logsigmoid(logits)
    return -(logs * above + (logs - logits) * (1 - above))


def _levels(t: Any, logits: Any) -> Any:
    return t.arange(logits.shape[1])


def _coral(t: Any, logits: Any, labels: Any) -> Any:
    above = (labels[:, None] > _levels(t, logits)).double()
    return _cross_entropies(t, logits, above).sum()


def _corn(t: Any, logits: Any, labels: Any) -> Any:
    total = 0.0
    for level in range(logits.shape[1]):
        asked = labels > level - 1
        total = total + _cross_entropies(t, logits[asked, level], (labels[asked] > level).double()).sum()
    return total


TWINS = [
    Twin("torch", "coral_loss of coral-pytorch, written down", "coral", _coral),
    Twin("torch", "corn_loss of coral-pytorch, written down", "corn", _corn,
         convention="its mean is over the levels that are asked about, and so is ours"),
]  # fmt: skip
