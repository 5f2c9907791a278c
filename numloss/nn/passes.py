"""Passes through a network that repeat: noted as they run for the first time, then replayed without Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..backends.host.launches import Notes, replay
from .layer import Part
from .parameters import Array
from .sequential import Sequential

if TYPE_CHECKING:
    from ..backends.host._plans import Launches

# Numbers of rows for which passes are remembered.
MOST = 16


class Pass:
    """The launches of a forward pass, its output, and the backward passes that came after it, by what was wanted."""

    def __init__(self, launches: Launches, y: Array) -> None:
        self.launches, self.y = launches, y
        self.backward: dict[bool, tuple[Launches, Array | None]] = {}


class Passes:
    """Runs layers as `Sequential` does, and replays what it has seen them launch for so many rows.

    The layers are the one description of a pass. They are called whenever there is nothing to replay, or they have to
    know what it was about: then they run once more what was replayed.

    Parameters
    ----------
    body : Sequential
        The layers of a network.
    notes : Notes
        Of their kernels.
    part : Part
        Of the network; where others are to hear of a pass, Python must run it.
    statistics : array
        What a forward pass of training changes beside memory of the layers.
    """

    def __init__(self, body: Sequential, notes: Notes, part: Part, statistics: Array) -> None:
        self.body, self._notes, self._part, self._statistics = body, notes, part, statistics
        notes.complete = notes.complete and body.repeats
        self._known: dict[tuple[int, bool], Pass] = {}
        self.leave()

    def leave(self) -> None:
        """The layers have been called by somebody else."""
        self._now: Pass | None = None
        self._behind = False

    def forward(self, x: Array, step: int | None) -> Array:
        """The output for a batch."""
        self._x, self._step, self._now, self._behind = x, step, None, False
        known = self._known.get((len(x), step is None))
        if self._part.add_up or self._part.filled:
            return self.body.forward(x, step)
        if known is None:
            return self._noted(x, step) if self._notes.complete and len(x) else self.body.forward(x, step)
        self._now = known
        if step is not None and not known.backward:  # it may be the layers' turn next
            self._x = x.copy()
            return self.body.forward(self._x, step)
        if step is not None:
            self.body.draw(len(x), step)
        replay(known.launches, (x,))
        self._behind = True
        return known.y

    def _noted(self, x: Array, step: int | None) -> Array:
        # nothing else of the network lies in a copy: what points into it is the input
        self._x = x.copy()
        with self._notes.taken((self._x,)) as launches:
            y = self.body.forward(self._x, step)
        if not np.may_share_memory(y, self._x):
            if len(self._known) >= MOST:
                self._known.clear()
            self._now = self._known[len(x), step is None] = Pass(launches, y)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        """Fill the gradients from the slope of the output; return the slope of the input if it is wanted."""
        if self._now is None:
            return self.body.backward(slope, wanted)
        if wanted in self._now.backward:
            launches, x_slope = self._now.backward[wanted]
            replay(launches, (self._x, slope))
            return x_slope
        self._again()
        slope = slope.copy()
        with self._notes.taken((self._x, slope)) as launches:
            x_slope = self.body.backward(slope, wanted)
        if x_slope is None or not np.may_share_memory(x_slope, slope):
            self._now.backward[wanted] = launches, x_slope
        return x_slope

    def _again(self) -> None:
        """Let the layers know what was replayed; what trains is left as it is."""
        if self._behind:
            self._x, kept = self._x.copy(), self._statistics.copy()
            self.body.forward(self._x, self._step)
            np.copyto(self._statistics, kept)
            self._behind = False
