"""Data sets in memory: features and targets, where they come from, and how they are split and scaled."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import FormatError
from ..extras import optional
from .npz import load_npz
from .random import SPLIT_STREAM, words

Array = np.ndarray[Any, Any]

FEATURE_NAMES = ("features", "X", "x")
TARGET_NAMES = ("target", "y", "Y", "labels")


@dataclass(frozen=True)
class Dataset:
    """Features of shape (rows, columns) in float32, with labels of shape (rows,) or float targets (rows, outputs)."""

    name: str
    features: Array
    target: Array

    @property
    def is_labelled(self) -> bool:
        """True if the targets are labels of classes."""
        return self.target.dtype.kind in "iu"

    @property
    def outputs(self) -> int:
        """Numbers that a model has to give for each row."""
        return int(self.target.max()) + 1 if self.is_labelled else int(self.target.shape[1])

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: Array) -> Dataset:
        """The data set of some rows."""
        return Dataset(self.name, self.features[rows], self.target[rows])


@dataclass(frozen=True)
class Standardiser:
    """Shifts and scales each column to mean 0 and deviation 1, as measured on the rows it was made from."""

    mean: Array
    scale: Array

    @classmethod
    def of(cls, features: Array) -> Standardiser:
        """Measure the training part; a constant column is shifted only."""
        deviation = features.std(axis=0, dtype=np.float64)
        scale = np.where(deviation > 0, 1.0 / np.where(deviation > 0, deviation, 1.0), 1.0)
        return cls(features.mean(axis=0, dtype=np.float64).astype(np.float32), scale.astype(np.float32))

    def __call__(self, features: Array) -> Array:
        return (features - self.mean) * self.scale


def digits() -> Dataset:
    """The 1797 handwritten digits of 8 x 8 pixels that scikit-learn carries."""
    bunch = optional("sklearn.datasets", "train", "the digits data set").load_digits()
    return Dataset("digits", bunch.data.astype(np.float32), bunch.target.astype(np.int64))


def from_npz(path: str | os.PathLike[str]) -> Dataset:
    """A data set from an archive with `features` (or X) and `target` (or y).

    Integer targets of shape (rows,) are labels of classes, counted from 0; float targets are numbers to predict.
    """
    arrays = load_npz(path)
    features = _named(arrays, FEATURE_NAMES, path)
    target = _named(arrays, TARGET_NAMES, path)
    if features.ndim == 0 or len(features) == 0 or target.ndim == 0 or len(target) != len(features):
        raise FormatError(
            f"{path}: features of shape {features.shape} and target of shape {target.shape}; "
            "both need the same number of rows, at least one"
        )
    with np.errstate(over="ignore"):  # what float32 does not hold becomes infinite, and is refused below
        flat = np.ascontiguousarray(features.reshape(len(features), -1), dtype=np.float32)
    if not np.isfinite(flat).all():
        row = int(np.argmin(np.isfinite(flat).all(axis=1)))
        raise FormatError(f"{path}: features[{row}] holds NaN, infinity or a number beyond float32")
    return Dataset(str(path), flat, _target(target, path))


def _named(arrays: dict[str, Array], names: tuple[str, ...], path: str | os.PathLike[str]) -> Array:
    for name in names:
        if name in arrays:
            return arrays[name]
    raise FormatError(f"{path}: no array called {' or '.join(names)}; there are {', '.join(arrays) or 'none'}")


def _target(target: Array, path: str | os.PathLike[str]) -> Array:
    if target.dtype.kind == "f":
        return np.ascontiguousarray(target.reshape(len(target), -1), dtype=np.float32)
    if target.ndim != 1:
        raise FormatError(f"{path}: labels have shape {target.shape}; they need one axis, or a floating dtype")
    if target.min() < 0 or target.max() >= len(target):
        raise FormatError(
            f"{path}: labels lie between {target.min()} and {target.max()}; "
            f"classes count from 0, and there are fewer classes than rows ({len(target)})"
        )
    return target.astype(np.int64)


def split(data: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Training and test part, a function of the seed; every class gives its share to the test part."""
    if not 0.0 < fraction < 1.0:
        raise ValueError(f"the test part must be a fraction in (0, 1), got {fraction}")
    shuffled = np.argsort(words(len(data), seed, SPLIT_STREAM), kind="stable")
    test = np.zeros(len(data), dtype=bool)
    for rows in _groups(data, shuffled):
        test[rows[: round(fraction * len(rows))]] = True
    if test.all() or not test.any():
        raise ValueError(f"{data.name}: {len(data)} rows do not split into a training and a test part")
    return data.take(np.flatnonzero(~test)), data.take(np.flatnonzero(test))


def _groups(data: Dataset, shuffled: Array) -> list[Array]:
    if not data.is_labelled:
        return [shuffled]
    labels = data.target[shuffled]
    return [shuffled[labels == label] for label in np.unique(labels)]
