"""Checkpoints: everything that the rest of a run depends on, in one file that is whole or is not there."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..cluster import Cluster
from ..common.files import atomic_write
from ..data.dataset import Array
from ..errors import FormatError
from ..version import __version__
from .loop import Callback, Epoch, History, Trainer
from .weights import content_of, packed, unpacked

# Generations kept: the newest may be damaged.
KEPT = 2
# A name holds the step, and the digest of all bytes of the file.
NAME = re.compile(r"step-(\d{10})-([0-9a-f]{32})\.safetensors")
# A run may go on for longer than was planned.
MAY_GROW = {"epochs", "steps"}

Say = Callable[[str], object]


class Checkpoints(Callback):
    """Saves a run after every epoch, or every so many steps, into a folder, while the run goes on.

    Parameters
    ----------
    folder : path
        Made if it is missing, once a step was taken: a run that is refused, or fails at once, changes nothing.
    settings : dict
        What the run depends on; a checkpoint of other settings is not resumed.
    every : int
        Steps between two checkpoints; 0 for one an epoch.
    say : callable
        Told in a sentence about what could not be written or read. Training goes on with the checkpoints there are.
    anew : bool
        Remove the checkpoints of an earlier run.
    """

    def __init__(
        self, folder: str | os.PathLike[str], settings: dict[str, Any], every: int, say: Say, anew: bool = False
    ) -> None:
        if every < 0:
            raise ValueError(f"a checkpoint every {every} steps; the number must be at least 0")
        self.folder, self.every, self.say, self._anew = Path(folder), every, say, anew
        self._begun = False
        self.settings = json.loads(json.dumps(settings))
        self._writer, self._written = ThreadPoolExecutor(1, "numloss-checkpoints"), Future[Path | None]()
        self._written.set_result(None)

    def begin(self) -> None:
        """Take the folder over, the first time that there is something to keep."""
        if self._begun:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(".step-*.part"):  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)
        if self._anew:
            self._remove(self.files())
        self._begun = True

    def stepped(self, trainer: Trainer, loss: float) -> None:
        self.begin()
        if self.every and trainer.history.steps % self.every == 0:
            self.save(trainer)

    def epoch_done(self, trainer: Trainer, epoch: Epoch) -> None:
        if not self.every:
            self.save(trainer)

    def finished(self, trainer: Trainer) -> None:
        if trainer.history.steps and not trainer.history.failed:
            self.save(trainer)
        self._written.result()

    def save(self, trainer: Trainer) -> Future[Path | None]:
        """Write a checkpoint as the run is now, and drop the oldest, once the one before is written.

        The path; None if it could not be written, or the weights are not finite.
        """
        self.begin()
        self._written.result()
        if np.isfinite(trainer.network.parameters.values).all():
            text = {"numloss": __version__, "settings": self.settings, **state_of(trainer)}
            content = packed(tensors_of(trainer), text)
            self._written = self._writer.submit(self._write, content, trainer.history.steps)
        return self._written

    def _write(self, content: bytes, step: int) -> Path | None:
        digest = hashlib.sha256(content).hexdigest()[:32]
        path = self.folder / f"step-{step:010d}-{digest}.safetensors"
        if path.exists():
            return path
        try:
            with atomic_write(path) as file:
                file.write(content)
            # what is called after a later step is none that could be read, or this run would have gone on from there
            until = path.name[:15]
            self._remove([kept for kept in self.files() if kept.is_file() and kept.name[:15] <= until][KEPT:])
        except OSError as error:
            self.say(f"no checkpoint at step {step}: {error}; training goes on")
            return None
        return path

    def files(self) -> list[Path]:
        """What is called like a checkpoint in the folder, the newest first."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if NAME.fullmatch(path.name)]
        return sorted(found, key=lambda path: (path.name[:15], path.lstat().st_mtime_ns), reverse=True)

    def _remove(self, paths: list[Path]) -> None:
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:  # a folder that somebody has called so
                self.say(f"a checkpoint that cannot be removed: {error}")

    def resume(self, trainer: Trainer) -> bool:
        """Put a trainer where the newest good checkpoint left it; False if there is none.

        Raises ValueError if that was made with other settings.
        """
        for path in self.files():
            try:
                tensors, state = self.read(path)
                self._same(state.get("settings"), path)
                restore(trainer, tensors, state)
            except (FormatError, OSError) as error:
                self.say(f"{error}; the checkpoint before it is tried")
            else:
                return True
        return False

    @staticmethod
    def read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
        """The arrays and the text of a checkpoint; FormatError unless its bytes have the digest in its name."""
        content = content_of(path)
        named = NAME.fullmatch(path.name)
        if named is None or hashlib.sha256(content).hexdigest()[:32] != named[2]:
            raise FormatError(f"{path}: damaged: its bytes do not have the digest that its name holds")
        return unpacked(content, str(path))

    def _same(self, settings: Any, path: Path) -> None:
        known = settings if isinstance(settings, dict) else {}
        names = {**self.settings, **known}.keys() - MAY_GROW
        other = sorted(name for name in names if self.settings.get(name) != known.get(name))
        if other:
            changes = ", ".join(f"{name} was {known.get(name)!r}, is {self.settings.get(name)!r}" for name in other)
            raise ValueError(f"{path}: made with other settings ({changes}); choose another folder to start anew")


def tensors_of(trainer: Trainer) -> dict[str, Array]:
    """All arrays that the rest of a run depends on."""
    network, best = trainer.network, trainer.best
    tensors = {"parameters": network.parameters.values, "best.parameters": best.values}
    tensors |= {f"state.{name}": array for name, array in network.state.items()}
    tensors |= {f"best.state.{name}": array for name, array in best.state.items()}
    return tensors | {f"optimiser.{name}": array for name, array in trainer.step.optimiser.state.items()}


def state_of(trainer: Trainer) -> dict[str, Any]:
    """All else: where the run stands, and the best epoch."""
    best, history = trainer.best, asdict(trainer.history)
    if trainer.asked:  # whoever ended training early may go on
        history["stopped"] = ""
    return {
        "history": history,
        "best": {"epoch": best.epoch, "value": best.value, "waited": best.waited},
    }


def restore(trainer: Trainer, tensors: dict[str, Array], state: dict[str, Any]) -> None:
    """Put a trainer where another one was; FormatError if the arrays are not those of this network."""
    own = tensors_of(trainer)
    shapes = {name: (array.shape, array.dtype) for name, array in own.items()}
    if shapes != {name: (array.shape, array.dtype) for name, array in tensors.items()}:
        raise FormatError("the checkpoint holds other arrays than this network and optimiser have")
    try:
        restore_state(trainer, state)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"the checkpoint does not say where its run stands: {error!r}") from error
    for name, array in own.items():
        np.copyto(array, tensors[name])


def restore_state(trainer: Trainer, state: dict[str, Any]) -> None:
    """Put a trainer to where `state_of` another says that it stands."""
    history = dict(state["history"])
    history["epochs"] = [Epoch(**epoch) for epoch in history["epochs"]]
    where, best = History(**history), [state["best"][name] for name in ("epoch", "value", "waited")]
    trainer.history = where
    trainer.best.epoch, trainer.best.value, trainer.best.waited = best


def share(trainer: Trainer, cluster: Cluster) -> None:
    """Put the trainers of all ranks where that of rank 0 is."""
    for array in tensors_of(trainer).values():
        cluster.broadcast(array)
    restore_state(trainer, cluster.gather(state_of(trainer))[0])
