"""The best weights so far, and when to stop looking for better ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..nn import Network
from .settings import FALLING


@dataclass
class Best:
    """Keeps the weights of the best epoch by a figure of the validation part."""

    network: Network
    monitor: str = "loss"
    patience: int = 0
    epoch: int = -1
    value: float = math.nan
    waited: int = 0

    def __post_init__(self) -> None:
        self.values = self.network.parameters.values.copy()
        self.state = {name: array.copy() for name, array in self.network.state.items()}

    def offer(self, epoch: int, value: float) -> bool:
        """Keep the weights if the figure is better than any before; True if patience is at its end."""
        better = math.isnan(self.value) or (value < self.value if self.monitor in FALLING else value > self.value)
        if better and math.isfinite(value):
            self.epoch, self.value, self.waited = epoch, value, 0
            np.copyto(self.values, self.network.parameters.values)
            for name, array in self.network.state.items():
                np.copyto(self.state[name], array)
        else:
            self.waited += 1
        return bool(self.patience) and self.waited >= self.patience

    def restore(self, other: Network | None = None) -> None:
        """Put the kept weights back, if there are any; or into another network like this one."""
        network = self.network if other is None else other
        if self.epoch >= 0:
            np.copyto(network.parameters.values, self.values)
            for name, array in network.state.items():
                np.copyto(array, self.state[name])
