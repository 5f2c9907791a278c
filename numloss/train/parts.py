"""The parts of a data set that a run needs, as the network sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..cluster import ALONE, Cluster
from ..data import Dataset, Standardiser, load, split
from ..data.dataset import Source, parted
from ..data.datasets import files_of
from ..data.random import PIECE_STREAMS, SPLIT_STREAM, VALIDATION_STREAM
from .settings import Settings
from .shards import Shards

# Splits a data set by a fraction, a seed and a stream.
Splitting = Callable[[Dataset, float, int, int], tuple[Dataset, Dataset]]
Three = tuple[Dataset, Dataset | None, Dataset | None]


@dataclass(frozen=True)
class Parts:
    """The parts of a data set as the network sees them; `scaling` made them from the features of the source.

    Where each process has shards of its own, `train` has their rows, and `counts` the training rows of every logical
    shard; otherwise it is empty.
    """

    train: Dataset
    validation: Dataset | None
    test: Dataset | None
    scaling: Standardiser
    counts: tuple[int, ...] = ()

    @property
    def rows(self) -> dict[str, int]:
        """The rows of each part, those of all processes."""
        others = {"validation": self.validation, "test": self.test}
        counts = {name: len(part) for name, part in others.items() if part is not None}
        return {"train": sum(self.counts) or len(self.train), **counts}


def parts_of(
    settings: Settings, data: Dataset | Sequence[Dataset] | None = None, cluster: Cluster = ALONE
) -> Parts:
    """Load the data, hold out test and validation part, and scale all by what the training part shows.

    The files of a pattern, and the data sets of a sequence, are shards, of which each process has its own.
    """
    if isinstance(data, Dataset):
        return _whole(settings, (data, None))
    if data is None and not files_of(settings.data):
        return _whole(settings, load(settings.data))
    return _in_shards(settings, Shards(settings, data, cluster))


def _whole(settings: Settings, source: Source) -> Parts:
    train, validation, test = _held_out(settings, source, split)
    scaling = Standardiser.of(train.features) if settings.standardise else Standardiser.none()
    return Parts(
        train.scaled(scaling), None if validation is None else validation.scaled(scaling),
        None if test is None else test.scaled(scaling), scaling,
    )  # fmt: skip


def _in_shards(settings: Settings, shards: Shards) -> Parts:
    """The same of the shards of this process: every file is split by itself, and all are scaled alike."""
    pieces = [
        _held_out(settings, source, parted, number * PIECE_STREAMS)
        for number, source in enumerate(shards.sources, shards.first)
    ]
    train, validation, test = zip(*pieces, strict=True)
    counts = shards.counts(train)
    scaling = Standardiser.none()
    if settings.standardise:
        scaling = Standardiser.of(*(piece.features for piece in train), gather=shards.gather)
    return Parts(
        shards.own(train).scaled(scaling), shards.measured(validation, scaling), shards.measured(test, scaling),
        scaling, counts,
    )  # fmt: skip


def _held_out(settings: Settings, source: Source, splitting: Splitting, stream: int = 0) -> Three:
    """Training, validation and test part of a source, as the model takes them."""
    whole, test = source
    if settings.model == "mlp":
        whole, test = whole.flat(), None if test is None else test.flat()
    elif not whole.is_images:
        raise ValueError(f"{whole.name}: a cnn needs images; the rows have shape {whole.features.shape[1:]}")
    if test is None and settings.test_fraction:
        whole, test = splitting(whole, settings.test_fraction, settings.seed, SPLIT_STREAM + stream)
    if not settings.validation_fraction:
        return whole, None, test
    return *splitting(whole, settings.validation_fraction, settings.seed, VALIDATION_STREAM + stream), test
