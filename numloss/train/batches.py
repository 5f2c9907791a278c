"""The batches of a run: features, targets and weights of some rows, gathered into memory that is taken once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.host.launches import Notes, replay
from ..data import Augmentation, Dataset, Gather
from ..data.batches import take_rows
from ..data.dataset import Array
from ..nn.kernels import kernels
from ..nn.passes import MOST

if TYPE_CHECKING:
    from ..backends.host._plans import Launches

# Features, targets and weights, if there are any.
Taken = tuple[Array, Array, Array | None]


class Batches:
    """Gathers rows of a data set; what the kernels launch for so many rows is noted once, then replayed.

    Parameters
    ----------
    data : Dataset
    target : array
        Of all rows, as the loss takes them.
    most : int
        Rows of a batch.
    dtype : dtype
        Of the network.
    augmentation, seed
        See Gather.
    """

    def __init__(
        self, data: Dataset, target: Array, most: int, dtype: np.dtype[Any], augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:  # fmt: skip
        self._notes = Notes()
        self._known: dict[int, tuple[Launches, Taken]] = {}
        kernel = kernels(dtype, self._notes)

        def take(table: Array) -> Callable[[Array, Array, Array], Any]:
            if table.dtype in (dtype, np.int64):
                return kernel("take_rows" if table.dtype == dtype else "take_labels")
            self._notes.complete = False
            return take_rows

        self._x = Gather(data.features, most, augmentation, seed, take(data.features))
        self._target = Gather(target, most, take=take(target))
        self._weight = None if data.weight is None else Gather(data.weight, most, take=take(data.weight))
        self._repeats = self._notes.complete and not augmentation

    def __call__(self, rows: Array, step: int, first: int = 0) -> Taken:
        """The batch of these rows, the first of which has this place in the batch of the step."""
        if rows.dtype != np.int64 or not rows.flags.c_contiguous:  # kernels read nothing else
            rows = np.ascontiguousarray(rows, np.int64)
        known = self._known.get(len(rows))
        if known is not None:
            replay(known[0], (rows,))
            return known[1]
        if not self._repeats or len(self._known) == MOST or not len(rows):
            return self._gathered(rows, step, first)
        rows = rows.copy()
        with self._notes.taken((rows,)) as launches:
            batch = self._gathered(rows, step, first)
        self._known[len(rows)] = launches, batch
        return batch

    def _gathered(self, rows: Array, step: int, first: int) -> Taken:
        weight = None if self._weight is None else self._weight(rows, step)
        return self._x(rows, step, first), self._target(rows, step), weight
