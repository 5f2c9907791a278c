"""Where data sets come from, by name: the digits, IDX, CIFAR-10, .npz and .npy."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..common.extras import optional
from ..errors import FormatError
from .cifar10 import load_cifar10
from .dataset import Array, Dataset, Source, dataset
from .idx import find_idx, load_idx
from .names import in_order, matches
from .npy import load_npy
from .npz import Archive

FEATURE_NAMES = ("features", "X", "x")
TARGET_NAMES = ("target", "y", "Y", "labels")
WEIGHT_NAMES = ("weight", "sample_weight", "weights", "w")
# What stands behind these names where there is a part for training and one for testing.
TRAIN, TEST = "_train", "_test"


def digits() -> Dataset:
    """The 1797 handwritten digits of 8 x 8 pixels that scikit-learn carries, as images of shape (1, 8, 8)."""
    bunch = optional("sklearn.datasets", "train", "the digits data set").load_digits()
    return dataset(bunch.images, bunch.target, name="digits")


def from_npz(path: str | os.PathLike[str]) -> Source:
    """An archive with `features` (or X) and `target` (or y), and `weight` (or sample_weight) if there is one.

    With `x_train`, `y_train`, `x_test`, `y_test` it has a test part of its own; a `weight` is that of the rows for
    training. Every array must be one of these: what would not count is refused. Texts may stand beside them.
    """
    archive = Archive(path)
    return _source(archive, {name for name in archive if archive.holds_numbers(name)}, str(path))


def from_npy(folder: str | os.PathLike[str]) -> Source:
    """A folder with an array a file, called as in an archive: `features.npy`, `target.npy`."""
    found = sorted(Path(folder).glob("*.npy"))
    _refuse({path.stem for path in found} - _known(), str(folder))
    arrays = {path.stem: load_npy(path) for path in found}
    return _source(arrays, set(arrays), str(folder))


def _source(arrays: Mapping[str, Array], left: set[str], name: str) -> Source:
    """The parts of these arrays; of those that are left, every one must count."""
    if not any(known + TRAIN in left for known in (*FEATURE_NAMES, *TARGET_NAMES)):
        train, test = _part(arrays, left, "", name), None
    else:
        weights = [*(known + TRAIN for known in WEIGHT_NAMES), *WEIGHT_NAMES]
        train, test = _part(arrays, left, TRAIN, name, weights), None
        if any(known.endswith(TEST) for known in left):
            test = _part(arrays, left, TEST, f"{name}, test part")
    _refuse(left, name)
    return _together(train, test)


def _part(
    arrays: Mapping[str, Array], left: set[str], end: str, source: str, weights: Sequence[str] = ()
) -> Dataset:
    """The data set of the arrays whose names end so; they are no longer left."""
    kinds = ([known + end for known in names] for names in (FEATURE_NAMES, TARGET_NAMES))
    names = [_named(arrays, left, kind, source) for kind in kinds]
    names += [known for known in weights or [known + end for known in WEIGHT_NAMES] if known in left][:1]
    left.difference_update(names)
    return dataset(*(arrays[known] for known in names), name=source)


def _named(arrays: Mapping[str, Array], left: set[str], names: Sequence[str], source: str) -> str:
    for name in names:
        if name in left:
            return name
        if name in arrays:
            raise FormatError(f"{source}: {name} holds no numbers; labels are integers from 0")
    raise FormatError(f"{source}: no array called {' or '.join(names)}; there are {', '.join(sorted(left)) or 'none'}")


def _known() -> set[str]:
    names = (*FEATURE_NAMES, *TARGET_NAMES, *WEIGHT_NAMES)
    return {name + end for name in names for end in ("", TRAIN, TEST)}


def _refuse(names: Collection[str], source: str) -> None:
    """Raise FormatError for arrays that would not count."""
    if names:
        raise FormatError(
            f"{source}: {', '.join(sorted(names))} would not count; there may be one each of "
            f"{'/'.join(FEATURE_NAMES)}, {'/'.join(TARGET_NAMES)} and {'/'.join(WEIGHT_NAMES)}, or of each one for "
            f"{TRAIN} and one for {TEST}; rows for validation are held out of those for training"
        )


def from_idx(folder: str | os.PathLike[str]) -> Source:
    """A folder with the files of MNIST or Fashion-MNIST: train-images-idx3-ubyte, t10k-labels-idx1-ubyte, ..."""
    train, test = (_idx_part(folder, part) for part in ("train", "t10k"))
    if train is None:
        raise FormatError(f"{folder}: no train-images-idx3-ubyte with train-labels-idx1-ubyte, packed as .gz or not")
    return _together(train, test)


def _idx_part(folder: str | os.PathLike[str], part: str) -> Dataset | None:
    images, labels = find_idx(folder, part, "images", 3), find_idx(folder, part, "labels", 1)
    if images is None and labels is None:
        return None
    if images is None or labels is None:
        raise FormatError(f"{folder}: the {part} part has {'labels' if images is None else 'images'} alone")
    return dataset(load_idx(images), load_idx(labels), name=str(images))


def from_cifar10(folder: str | os.PathLike[str]) -> Source:
    """A folder with data_batch_1.bin to data_batch_5.bin, or some of them, and test_batch.bin."""
    paths = [Path(path) for path in in_order(map(str, Path(folder).glob("data_batch_*.bin")))]
    if not paths:
        raise FormatError(f"{folder}: no data_batch_1.bin; the binary version of CIFAR-10 is needed")
    test = Path(folder) / "test_batch.bin"
    return _together(_cifar_part(paths), _cifar_part([test]) if test.exists() else None)


def _cifar_part(paths: list[Path]) -> Dataset:
    images, labels = zip(*map(load_cifar10, paths), strict=True)
    return dataset(np.concatenate(images), np.concatenate(labels), name=str(paths[0].parent))


def _together(train: Dataset, test: Dataset | None) -> Source:
    """A training and a test part of one shape and of the same classes."""
    if test is None:
        return train, None
    for what, one, other in (("features", train.features, test.features), ("target", train.target, test.target)):
        if one.shape[1:] != other.shape[1:] or one.dtype != other.dtype:
            found, known = (f"{array.shape} ({array.dtype})" for array in (other, one))
            raise FormatError(f"{test.name}: {what} of shape {found}, but {known} for training")
    if test.classes > train.classes:
        raise FormatError(f"{test.name}: label {test.classes - 1}, but training has {train.classes} classes")
    return train, Dataset(test.name, test.features, test.target, test.weight, train.classes)


READERS: dict[str, Callable[[Any], Source]] = {
    "idx": from_idx, "cifar10": from_cifar10, "npz": from_npz, "npy": from_npy,
}  # fmt: skip


def load(name: str) -> Source:
    """The data of a name: `digits`, or `idx:FOLDER`, `cifar10:FOLDER`, `npz:FILE`, `npy:FOLDER`.

    Returns the data and its test part, None where the source has none of its own. A path that ends in .npz needs no
    prefix. Raises FormatError for files that are not what they should be, and OSError for those that are not there.
    """
    if name == "digits":
        return digits(), None
    kind, colon, path = name.partition(":")
    if name.endswith(".npz") and kind not in READERS:
        return from_npz(name)
    if not colon or kind not in READERS:
        known = ", ".join(f"{reader}:PATH" for reader in READERS)
        raise ValueError(f"unknown data {name!r}; it is digits, {known} or the path of an .npz archive")
    return READERS[kind](path)


def files_of(name: str) -> list[str]:
    """The names behind a pattern, part-2 before part-10: `npz:part-*.npz` is `npz:part-0.npz`, `npz:part-1.npz`, ...

    None of them for a name that is no pattern; FileNotFoundError if nothing matches it.
    """
    kind, colon, path = name.partition(":")
    prefix, path = (kind + colon, path) if kind in READERS else ("", name)
    if os.path.lexists(path):
        return []
    return [f"{prefix}{file}" for file in matches(path)]
