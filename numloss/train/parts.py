"""The parts of a data set that a run needs, as the network sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..cluster import ALONE, Cluster, check_alike
from ..data import Dataset, Standardiser, load, split
from ..data.dataset import Source, check_weights, parted
from ..data.datasets import files_of
from ..data.random import PIECE_STREAMS, SPLIT_STREAM, VALIDATION_STREAM
from .settings import Settings
from .shards import Shards

# Splits a data set by a fraction, a seed and a stream.
Splitting = Callable[[Dataset, float, int, int], tuple[Dataset, Dataset]]
# Channels that images are kept with; a last axis of so few is no width.
CHANNELS = (1, 3, 4)
Three = tuple[Dataset, Dataset | None, Dataset | None]


@dataclass(frozen=True)
class Parts:
    """The parts of a data set as the network sees them; `scaling` made them from the features of the source.

    Where each process has shards of its own, `train` has their rows, and `counts` the training rows of every logical
    shard; otherwise it is empty. `units` are those of targets that are numbers, None where nothing is scaled. `digest`
    is of all data, if it was asked for.
    """

    train: Dataset
    validation: Dataset | None
    test: Dataset | None
    scaling: Standardiser
    counts: tuple[int, ...] = ()
    units: Standardiser | None = None
    digest: str = ""

    @property
    def rows(self) -> dict[str, int]:
        """The rows of each part, those of all processes."""
        others = {"validation": self.validation, "test": self.test}
        counts = {name: len(part) for name, part in others.items() if part is not None}
        return {"train": sum(self.counts) or len(self.train), **counts}


def parts_of(
    settings: Settings, data: Dataset | Sequence[Dataset] | None = None, cluster: Cluster = ALONE, *,
    identified: bool = False,
) -> Parts:  # fmt: skip
    """Load the data, hold out test and validation part, and scale all by what the training part shows.

    The files of a pattern, and the data sets of a sequence, are shards, of which each process has its own. Data that
    all processes have must be the same. `identified`: with the digest of all of it.
    """
    if not in_shards(settings, data):
        source = (data, None) if isinstance(data, Dataset) else load(settings.data)
        return _whole(settings, source, cluster, identified)
    assert not isinstance(data, Dataset)
    return _in_shards(settings, Shards(settings, data, cluster), identified)


def in_shards(settings: Settings, data: Dataset | Sequence[Dataset] | None) -> bool:
    """True if each process has data of its own."""
    return not isinstance(data, Dataset) and (data is not None or bool(files_of(settings.data)))


def _whole(settings: Settings, source: Source, cluster: Cluster, identified: bool) -> Parts:
    digest = digest_of(source) if identified or cluster.size > 1 else ""
    check_alike(cluster, "data", {"rows": len(source[0]), "shape": source[0].features.shape[1:], "SHA-256": digest})
    train, validation, test = _held_out(settings, source, split)
    check_weights(train, validation, test)
    scaling, units = Standardiser.none(), None
    if settings.standardise:
        scaling = Standardiser.of(train.features, weights=[train.weight])
    if settings.standardise and not train.is_labelled:
        units = Standardiser.of(train.target, weights=[train.weight])
    return Parts(
        train.scaled(scaling), None if validation is None else validation.scaled(scaling),
        None if test is None else test.scaled(scaling), scaling, units=units, digest=digest,
    )  # fmt: skip


def _in_shards(settings: Settings, shards: Shards, identified: bool) -> Parts:
    """The same of the shards of this process: every file is split by itself, and all are scaled alike."""
    digests = shards.gather([digest_of(source) for source in shards.sources] if identified else [])
    pieces = [
        _held_out(settings, source, parted, number * PIECE_STREAMS)
        for number, source in enumerate(shards.sources, shards.first)
    ]
    train, validation, test = zip(*pieces, strict=True)
    counts, measured = shards.counts(train), (shards.measured(validation), shards.measured(test))
    weights, scaling, units = [piece.weight for piece in train], Standardiser.none(), None
    check_weights(*measured)
    if not any(shards.gather([piece.weight is None or piece.weight.any() for piece in train])):
        raise ValueError(f"{shards.name}: no row for training has a weight, so that none counts")
    if settings.standardise:
        scaling = Standardiser.of(*(piece.features for piece in train), weights=weights, gather=shards.gather)
    if settings.standardise and not train[0].is_labelled:
        units = Standardiser.of(*(piece.target for piece in train), weights=weights, gather=shards.gather)
    validation_part, test_part = (None if part is None else part.scaled(scaling) for part in measured)
    return Parts(
        shards.own(train).scaled(scaling), validation_part, test_part, scaling, counts, units,
        hashlib.sha256("".join(digests).encode()).hexdigest() if digests else "",
    )  # fmt: skip


def digest_of(source: Source) -> str:
    """The SHA-256 of all arrays of some data."""
    found = hashlib.sha256()
    for part in source:
        for array in (part.features, part.target, part.weight) if part is not None else ():
            if array is not None:
                found.update(f"{array.shape} {array.dtype}".encode())
                found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _held_out(settings: Settings, source: Source, splitting: Splitting, stream: int = 0) -> Three:
    """Training, validation and test part of a source, as the model takes them."""
    whole, test = source
    if settings.model == "mlp":
        whole, test = whole.flat(), None if test is None else test.flat()
    elif not whole.is_images:
        raise ValueError(f"{whole.name}: a cnn needs images; the rows have shape {whole.features.shape[1:]}")
    else:
        _check_axes(whole)
    if test is None and settings.test_fraction:
        whole, test = splitting(whole, settings.test_fraction, settings.seed, SPLIT_STREAM + stream)
    if not settings.validation_fraction:
        return whole, None, test
    return *splitting(whole, settings.validation_fraction, settings.seed, VALIDATION_STREAM + stream), test


def _check_axes(images: Dataset) -> None:
    """Raise ValueError for images that have their channels last, as other libraries have them."""
    first, middle, last = images.features.shape[1:]
    if last in CHANNELS and last < min(first, middle):
        raise ValueError(
            f"{images.name}: images of shape {(first, middle, last)} have their channels last; they are taken as "
            "(channels, height, width), as numpy.moveaxis(images, -1, 1) makes them"
        )
