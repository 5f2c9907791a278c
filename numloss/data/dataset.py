"""Data sets in memory: features and targets, and how they are split and scaled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import FormatError
from .random import SPLIT_STREAM, words

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Pieces:
    """How rows line up of which each process holds its own pieces, as files are.

    `counts` has the rows of all pieces in their order; `edges` the first piece of each process, and their number.
    """

    counts: tuple[int, ...]
    edges: tuple[int, ...]

    def of(self, rank: int) -> tuple[int, ...]:
        """The rows of each piece of a process."""
        return self.counts[self.edges[rank] : self.edges[rank + 1]]

    @property
    def of_ranks(self) -> list[int]:
        """The rows of each process."""
        return [sum(self.of(rank)) for rank in range(len(self.edges) - 1)]


@dataclass(frozen=True)
class Dataset:
    """Features, targets, and weights of rows if there are any.

    Features are float32 of shape (rows, columns), or (rows, channels, height, width) for images. Targets are labels
    of classes, int64 of shape (rows,), or numbers, float32 of shape (rows, outputs). Weights are float32, (rows,).
    `classes` counts those of all parts of a split, some of which a part may lack. With `pieces`, the features are those
    of this process's pieces, targets and weights those of all.
    """

    name: str
    features: Array
    target: Array
    weight: Array | None = None
    classes: int = 0
    pieces: Pieces | None = None

    def __post_init__(self) -> None:
        if self.is_labelled and not self.classes:
            object.__setattr__(self, "classes", int(self.target.max()) + 1 if len(self.target) else 0)

    @property
    def is_labelled(self) -> bool:
        """True if the targets are labels of classes."""
        return self.target.dtype.kind in "iu"

    @property
    def is_images(self) -> bool:
        """True if the features are images."""
        return self.features.ndim == 4

    @property
    def outputs(self) -> int:
        """Numbers that a model has to give for each row."""
        return self.classes if self.is_labelled else int(self.target.shape[1])

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: Array) -> Dataset:
        """The data set of some rows."""
        weight = None if self.weight is None else self.weight[rows]
        return replace(self, features=self.features[rows], target=self.target[rows], weight=weight)

    def scaled(self, scaling: Standardiser) -> Dataset:
        """The same with its features shifted and scaled."""
        return replace(self, features=scaling(self.features))

    def flat(self) -> Dataset:
        """The same with all numbers of a row in one axis."""
        return replace(self, features=self.features.reshape(len(self.features), -1))


# A file may lack most of the classes, as one of many that are a data set together does; but labels far beyond the
# number of its rows are something else, such as identifiers.
CLASSES_WITHOUT_ROWS = 10000


# The data, and its test part where the source has one of its own.
Source = tuple[Dataset, Dataset | None]


def dataset(features: Any, target: Any, weight: Any = None, *, name: str = "arrays") -> Dataset:
    """A data set of arrays.

    Parameters
    ----------
    features : array
        (rows, columns); (rows, height, width) or (rows, channels, height, width) for images; with any other number
        of axes all but the first become one. Real numbers, finite in float32.
    target : array
        Labels of classes, integers from 0 of shape (rows,); or numbers to predict, floats of shape (rows,) or
        (rows, outputs).
    weight : array, optional
        A weight >= 0 for each row.
    name : str
        What messages call the data.

    Returns
    -------
    Dataset

    Raises
    ------
    FormatError
        If the arrays do not fit together, or hold what a network cannot be trained on; with the row.

    Examples
    --------
    >>> import numpy as np
    >>> dataset(np.zeros((3, 8, 8)), np.array([0, 2, 1])).features.shape
    (3, 1, 8, 8)
    """
    features, target = np.asarray(features), np.asarray(target)
    if features.ndim == 0 or len(features) == 0 or target.ndim == 0 or len(target) != len(features):
        raise FormatError(
            f"{name}: features of shape {features.shape} and target of shape {target.shape}; "
            "both need the same number of rows, at least one"
        )
    if features.ndim == 3:
        features = features[:, None]
    elif features.ndim != 4:
        features = features.reshape(len(features), -1)
    rows = numbers(features, "features", name)
    weighed = None if weight is None else _weight(np.asarray(weight), len(rows), name)
    return Dataset(name, rows, _target(target, name), weighed)


def numbers(values: Array, what: str, name: str, first: int = 0) -> Array:
    """Real numbers in float32, which must hold them; FormatError names the row, counted from `first`."""
    if values.dtype.kind not in "fiub":
        raise FormatError(f"{name}: {what} of dtype {values.dtype}; real numbers are needed")
    with np.errstate(over="ignore"):  # what float32 does not hold becomes infinite, and is refused below
        found = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(found).all():
        row = first + int(np.argmin(np.isfinite(found.reshape(len(found), -1)).all(axis=1)))
        raise FormatError(f"{name}: {what}[{row}] holds NaN, infinity or a number beyond float32")
    return found


def _weight(weight: Array, rows: int, name: str) -> Array:
    if weight.shape != (rows,):
        raise FormatError(f"{name}: weight of shape {weight.shape}; there are {rows} rows")
    found = numbers(weight, "weight", name)
    if found.min() < 0:
        raise FormatError(f"{name}: weight[{int(found.argmin())}] = {found.min()} is negative")
    return found


def _target(target: Array, name: str) -> Array:
    if target.dtype.kind == "f":
        return numbers(target.reshape(len(target), -1), "target", name)
    if target.dtype.kind not in "iub":
        raise FormatError(f"{name}: target of dtype {target.dtype}; labels are integers, numbers are floats")
    if target.ndim != 1:
        raise FormatError(f"{name}: labels have shape {target.shape}; they need one axis, or a floating dtype")
    most = max(len(target), CLASSES_WITHOUT_ROWS)
    if target.min() < 0 or target.max() >= most:
        raise FormatError(
            f"{name}: labels lie between {target.min()} and {target.max()}; classes count from 0, and {most} are the "
            f"most for {len(target)} rows"
        )
    return target.astype(np.int64)


@dataclass(frozen=True)
class Standardiser:
    """Shifts and scales to mean 0 and deviation 1, as measured on the rows it was made from.

    Columns have a mean and a scale each; so have the channels of images, whose pixels then stay comparable.
    """

    mean: Array
    scale: Array

    @classmethod
    def of(
        cls, *pieces: Array, weights: Sequence[Array | None] = (), gather: Callable[[list[Array]], list[Array]] = list
    ) -> Standardiser:
        """Measure the training part, in one piece or several; what is constant is shifted only.

        A row of twice the weight counts as two. `gather` makes of what is told of the pieces here what is told of those
        of all processes.
        """
        axes = (0, *range(2, pieces[0].ndim))
        weighed = [
            (piece, None if weight is None else weight.astype(np.float64).reshape(-1, *(1,) * (piece.ndim - 1)))
            for piece, weight in zip(pieces, weights or [None] * len(pieces), strict=True)
        ]

        def mean_of(what: Callable[[Array], Array], total: float) -> Array:
            sums = [
                (what(piece) if weight is None else what(piece) * weight).sum(axes, dtype=np.float64, keepdims=True)
                for piece, weight in weighed
            ]
            return np.asarray(sum(gather(sums)) / total)

        pixels = math.prod(pieces[0].shape[2:])
        rows = [np.array(len(piece) if weight is None else weight.sum()) for piece, weight in weighed]
        total = float(sum(gather(rows))) * pixels
        mean = mean_of(lambda piece: piece, total)
        deviation = np.sqrt(mean_of(lambda piece: np.square(piece - mean), total))
        scale = np.where(deviation > 0, 1.0 / np.where(deviation > 0, deviation, 1.0), 1.0)
        shape = pieces[0].shape[1:2] + (1,) * (pieces[0].ndim - 2)
        dtype = pieces[0].dtype
        return cls(mean.astype(dtype).reshape(shape), scale.astype(dtype).reshape(shape))

    @classmethod
    def none(cls) -> Standardiser:
        """One that changes nothing."""
        return cls(np.zeros(1, np.float32), np.ones(1, np.float32))

    def __call__(self, features: Array) -> Array:
        return (features - self.mean) * self.scale


def check_weights(*parts: Dataset | None) -> None:
    """Raise ValueError for a part none of whose rows counts."""
    for part in parts:
        if part is not None and part.weight is not None and not part.weight.any():
            raise ValueError(f"{part.name}: all {len(part.weight)} rows of a part have the weight 0: none counts")


def split(data: Dataset, fraction: float, seed: int, stream: int = SPLIT_STREAM) -> tuple[Dataset, Dataset]:
    """The rows that stay, and a fraction that is held out: a function of seed and stream.

    Every class gives its share to the part that is held out.
    """
    stays, held_out = parted(data, fraction, seed, stream)
    if not len(stays) or not len(held_out):
        raise ValueError(f"{data.name}: {len(data)} rows do not split into two parts with a fraction of {fraction}")
    return stays, held_out


def parted(data: Dataset, fraction: float, seed: int, stream: int) -> tuple[Dataset, Dataset]:
    """The same, of a piece of a data set: one of the parts may be empty."""
    if not 0.0 < fraction < 1.0:
        raise ValueError(f"the part held out must be a fraction in (0, 1), got {fraction}")
    shuffled = np.argsort(words(len(data), seed, stream), kind="stable")
    held_out = np.zeros(len(data), dtype=bool)
    for rows in _groups(data, shuffled):
        held_out[rows[: round(fraction * len(rows))]] = True
    return data.take(np.flatnonzero(~held_out)), data.take(np.flatnonzero(held_out))


def _groups(data: Dataset, shuffled: Array) -> list[Array]:
    if not data.is_labelled:
        return [shuffled]
    labels = data.target[shuffled]
    return [shuffled[labels == label] for label in np.unique(labels)]
