"""Batches: rows gathered into memory that is taken once, images shifted and flipped on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .random import AUGMENT_STREAMS, words

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Augmentation:
    """What is done to the images of a training step: shifts by up to so many pixels, and mirrored columns.

    The pixels at an edge are repeated where an image is shifted away from it.
    """

    shift: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        if self.shift < 0:
            raise ValueError(f"shift must be at least 0, got {self.shift}")

    def __bool__(self) -> bool:
        return self.shift > 0 or self.flip


def take_rows(batch: Array, places: Array, table: Array) -> None:
    """batch = table[places]."""
    # clip, as the rows are in range: the mode that raises would gather into a copy first
    np.take(table, places, axis=0, out=batch, mode="clip")


class Gather:
    """Rows of an array as batches of at most `most` rows, in one buffer.

    Images come in as (rows, channels, height, width) and go out in that shape, with the channels next to each other
    in memory, as the layers of numloss.nn want them. `take` is what gathers rows of a matrix.
    """

    def __init__(
        self, source: Array, most: int, augmentation: Augmentation | None = None, seed: int = 0,
        take: Callable[[Array, Array, Array], None] = take_rows,
    ) -> None:  # fmt: skip
        self._is_images = source.ndim == 4
        self._source = np.ascontiguousarray(source.transpose(0, 2, 3, 1) if self._is_images else source)
        self._buffer = np.empty((most, *self._source.shape[1:]), source.dtype)
        width = math.prod(self._buffer.shape[1:])
        self._table, self._flat = (array.reshape(len(array), width) for array in (self._source, self._buffer))
        self._augmentation, self._seed, self._take = augmentation or Augmentation(), seed, take
        if self._augmentation and not self._is_images:
            raise ValueError(f"shift and flip need images; the rows have shape {source.shape[1:]}")
        if self._augmentation:
            height, width = self._source.shape[1:3]
            self._places = np.empty((most, height, width), np.intp)

    def __call__(self, rows: Array, step: int, first: int = 0) -> Array:
        """The batch of these rows; how they are augmented is a function of the seed, the step and their place in it.

        `first` is the place of the first of them, where they are a part of a batch.
        """
        # for a whole batch the buffer itself: calls with arrays that own their memory repeat faster
        whole = len(rows) == len(self._buffer)
        batch = self._buffer if whole else self._buffer[: len(rows)]
        if self._augmentation:
            self._augmented(rows, step, first, batch)
        else:
            self._take(self._flat if whole else self._flat[: len(rows)], rows, self._table)
        return batch.transpose(0, 3, 1, 2) if self._is_images else batch

    def _augmented(self, rows: Array, step: int, first: int, batch: Array) -> None:
        count, (height, width, channels) = len(rows), batch.shape[1:]
        drawn = words(count, self._seed, AUGMENT_STREAMS + step, first)
        shift, span = self._augmentation.shift, np.uint64(2 * self._augmentation.shift + 1)
        down, right = ((drawn >> np.uint64(bits)) % span for bits in (0, 20))
        y = np.clip(np.arange(height) + down.astype(np.intp)[:, None] - shift, 0, height - 1)
        x = np.clip(np.arange(width) + right.astype(np.intp)[:, None] - shift, 0, width - 1)
        if self._augmentation.flip:
            mirrored = (drawn >> np.uint64(40)) % np.uint64(2) == 1
            x[mirrored] = width - 1 - x[mirrored]
        places = self._places[:count]
        np.add(((rows[:, None] * height + y) * width)[:, :, None], x[:, None, :], out=places)
        pixels = self._source.reshape(-1, channels)
        np.take(pixels, places.reshape(-1), axis=0, out=batch.reshape(-1, channels), mode="clip")
