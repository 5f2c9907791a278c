"""Losses over files of any size, in chunks that fit into memory."""

from __future__ import annotations

import contextlib
import math
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ..data.npy import NpyFile
from ..registry import Loss
from ..transforms import sum_and_weight, unwrapped
from .reader import Chunk, common_rows, each_chunk

# Small enough for the chunks of all threads to stay in the last cache between being read and being worked on.
CHUNK_BYTES = 4 << 20
PLACE = re.compile(r"\b([A-Za-z_]\w*)\[(\d+)")

Path = str | os.PathLike[str]
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Score:
    """One loss over all rows: its weighted sum, and the sum of the weights."""

    loss: str
    options: dict[str, Any]
    total: float
    weight: float

    @property
    def mean(self) -> float:
        """The weighted mean; 0.0 if nothing counts."""
        return self.total / self.weight if self.weight else 0.0


@dataclass(frozen=True)
class Evaluation:
    """The scores of all losses, and what it took to read their inputs once."""

    scores: tuple[Score, ...]
    rows: int
    bytes: int
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Rows of all files together count once."""
        return self.rows / self.seconds

    @property
    def gigabytes_per_second(self) -> float:
        """Bytes of all files, in units of 10**9."""
        return self.bytes / self.seconds / 1e9


def stream(
    losses: Sequence[Callable[..., Any]],
    inputs: Mapping[str, Path],
    weight: Path | None = None,
    *,
    chunk_bytes: int = CHUNK_BYTES,
    backend: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate losses over .npy files in one pass.

    Parameters
    ----------
    losses : sequence of losses, or of functools.partial of them
        Each must add up over rows.
    inputs : mapping of str to path
        A file for each input of the losses, such as ``{"pred": "p.npy", "target": "t.npy"}``. The first axis runs
        over rows and has the same length in all files.
    weight : path, optional
        A file with one weight a row, or of the shape of the unreduced loss.
    chunk_bytes : int
        How much of all files together a thread reads and works on at a time.
    backend : str, optional
        As in the losses.
    progress : callable, optional
        Called with the rows done and the rows in all after each chunk.

    Returns
    -------
    Evaluation
        With one score for each loss. It does not depend on the number of threads: the sums of chunks are added
        without rounding errors. But each of them was rounded, so another `chunk_bytes` may change the last digits.

    Raises
    ------
    ValueError
        If a loss does not add up over rows, or a value lies outside its domain: with the file and the row in it.
    FormatError
        If a file is not a .npy file of real numbers in C order, or changes while it is read.
    """
    transformed = [_summing(function, inputs) for function in losses]
    if not transformed:
        raise ValueError("no loss to evaluate")
    paths = dict(inputs) if weight is None else {**inputs, "weight": weight}
    options = {} if backend is None else {"backend": backend}

    def work(start: int, chunk: Chunk) -> list[tuple[float, float]]:
        given = {**options, "weight": chunk["weight"]} if weight is not None else options
        try:
            return [evaluate(*(chunk[name] for name in loss.inputs), **given) for loss, evaluate in transformed]
        except (ValueError, IndexError) as error:
            _raise_located(error, start, paths)

    parts = []
    with contextlib.ExitStack() as stack:
        files = {name: stack.enter_context(NpyFile(path)) for name, path in paths.items()}
        rows, began = common_rows(files), time.perf_counter()
        for done, part in stack.enter_context(contextlib.closing(each_chunk(files, chunk_bytes, work))):
            parts.append(part)
            if progress is not None:
                progress(done, rows)
        seconds = time.perf_counter() - began
    columns = zip(*parts, strict=True)
    scores = tuple(_score(function, column) for function, column in zip(losses, columns, strict=True))
    return Evaluation(scores, rows, sum(file.header.nbytes for file in files.values()), seconds)


def _summing(function: Callable[..., Any], inputs: Mapping[str, Path]) -> tuple[Loss, Callable[..., Any]]:
    """The loss and its sum and weight, if it can be taken over parts of the rows of these files."""
    loss, _, _ = unwrapped(function)
    missing = [name for name in loss.inputs if name not in inputs]
    if missing:
        raise ValueError(f"{loss.name}: no file for {', '.join(missing)}; it takes {', '.join(loss.inputs)}")
    if loss.adds_up == "groups":
        raise ValueError(f"{loss.name} adds up over groups of rows, and a chunk may end within a group")
    return loss, sum_and_weight(function)


def _raise_located(error: ValueError | IndexError, start: int, paths: Mapping[str, Path]) -> NoReturn:
    """Raise the error of a chunk with the row counted from the start of its file, and with the file's name."""
    place = PLACE.search(str(error))
    if place is None or place[1] not in paths:
        raise error
    text = PLACE.sub(lambda found: f"{found[1]}[{int(found[2]) + start}", str(error), count=1)
    raise type(error)(f"{paths[place[1]]}: {text}; rows count from the start of the file") from error


def _score(function: Callable[..., Any], parts: Iterable[tuple[float, float]]) -> Score:
    loss, _, options = unwrapped(function)
    totals, weights = zip(*parts, strict=True)
    return Score(loss.name, options, _sum(totals), _sum(weights))


def _sum(values: Sequence[float]) -> float:
    """The sum, rounded once; where that has no answer (infinities, overflow), what plain addition gives."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return sum(values)
