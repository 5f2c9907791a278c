"""What callbacks of scikit-learn, there since its version 1.9, hear of a fit: its beginning, each epoch, its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """There are no callbacks to support."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """There is nothing to look after."""
        return method


__all__ = ["CallbackSupportMixin", "Silent", "listening", "with_callbacks"]
# Gives the attributes that make of a copy of an estimator one that was trained until now.
Kept = Callable[[], dict[str, Any]]


class Silent:
    """Tells nobody."""

    def epoch(self, kept: Kept) -> None:
        """An epoch begins."""

    def enough(self, kept: Kept) -> bool:
        """The epoch ended; True if a callback wants no other one."""
        return False

    def done(self, kept: Kept) -> None:
        """The fit ended."""


class Told(Silent):
    """Tells the callbacks of an estimator of its fit on these rows; those that want to predict ask for what is kept."""

    def __init__(self, estimator: Any, epochs: int, X: Any, y: Any, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._given = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._whole = estimator._init_callback_context(max_subtasks=epochs)
        self._whole.call_on_fit_task_begin(**self._given)

    def epoch(self, kept: Kept) -> None:
        self._epoch = self._whole.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._given, reconstruction_attributes=kept)

    def enough(self, kept: Kept) -> bool:
        return bool(self._epoch.call_on_fit_task_end(**self._given, reconstruction_attributes=kept))

    def done(self, kept: Kept) -> None:
        self._whole.call_on_fit_task_end(**self._given, reconstruction_attributes=kept)


def listening(estimator: Any, epochs: int, X: Any, y: Any, sample_weight: Any) -> Silent:
    """What the callbacks of an estimator hear of its fit by; they are told now that it begins."""
    if not hasattr(estimator, "_init_callback_context"):
        return Silent()
    return Told(estimator, epochs, X, y, sample_weight)
