"""How far a long evaluation has come, in a file from which another process can go on."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..common.files import atomic_write, check_writable, destination
from ..data.source import Array
from ..errors import FormatError
from ..version import __version__
from .outputs import Output
from .plan import Plan
from .question import Question
from .totals import Adding

# Seconds between two states on the disk.
EVERY = 2.0


def identity(plan: Plan, pointers: Array | None, question: Question) -> str:
    """What an evaluation is: the same for the same files, losses and questions."""
    memory = [source.name for source in plan.sources.values() if not source.portable]
    if memory:
        raise ValueError(f"resume needs files that can be opened again; {', '.join(memory)} is in memory")
    asked = {
        "version": __version__,
        "sources": {name: source.stamp() for name, source in plan.sources.items()},
        "series": [[each.label, list(each.inputs), pickle.dumps(each.function).hex()] for each in plan.series],
        "blocks": plan.block_rows,
        "questions": [plan.nan, plan.bins, plan.worst, plan.interval, plan.pairs, plan.by, plan.cluster],
        "counted": [[list(each.inputs), pickle.dumps(each.function).hex()] for each in plan.counted],
        "outputs": [folder and os.fsdecode(folder) for folder in question.folders],
        "groups": None if pointers is None else hashlib.sha256(pointers.tobytes()).hexdigest(),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _state(path: str | os.PathLike[str]) -> Path:
    """The file of a state, where it can be written, read again and removed; links are followed."""
    found, replaced = destination(path)
    if not replaced:
        raise ValueError(f"{path}: not a regular file, from which an evaluation could go on")
    check_writable(found)
    return found


class Journal:
    """The file of one evaluation, read and found to be of this one before anything is written.

    Without a path it does nothing.
    """

    def __init__(self, plan: Plan, pointers: Array | None, question: Question) -> None:
        self.path = None if question.resume is None else _state(question.resume)
        self.identity = "" if self.path is None else identity(plan, pointers, question)
        self.outputs: list[Output] = []
        self.saved = time.monotonic()
        self.found = self._read()

    def _read(self) -> tuple[int, list[Any]] | None:
        """Blocks that are done, and what they add up to; None if there are none."""
        if self.path is None or not self.path.exists():
            return None
        try:
            content: dict[str, Any] = json.loads(self.path.read_bytes())
            found, blocks, states = content["evaluation"], int(content["blocks"]), list(content["totals"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"{self.path}: not the state of an evaluation: {error}") from error
        if found != self.identity:
            raise ValueError(f"{self.path} belongs to another evaluation, or its files have changed; remove it first")
        return blocks, states

    def take_up(self, plan: Plan, totals: Sequence[Adding]) -> int:
        """Bring the totals to where they were; gives the number of blocks that are in them."""
        self.outputs = [*plan.losses_to, *plan.gradients_to, *plan.records_to]
        if self.found is None or not all(output.taken_up for output in self.outputs):
            return 0
        blocks, states = self.found
        for total, state in zip(totals, states, strict=True):
            total.take_up(state)
        return blocks

    def save(self, blocks: int, totals: Sequence[Adding], now: bool = False) -> None:
        """Keep the totals after so many blocks, unless they were kept a moment ago, or it must be `now`."""
        if self.path is None or (time.monotonic() - self.saved < EVERY and not now):
            return
        for output in self.outputs:  # rows that the state counts as done must be on the disk before it is
            handle = os.open(output.temporary, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        content = {"evaluation": self.identity, "blocks": blocks, "totals": [total.state() for total in totals]}
        with atomic_write(self.path) as file:
            file.write(json.dumps(content).encode())
        self.saved = time.monotonic()

    def done(self) -> None:
        """Remove the file."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
