"""Adam on the flat parameters of a network."""

from __future__ import annotations

import math

import numpy as np

from ..nn import Parameters


class Adam:
    """Adam (Kingma and Ba, 2015), in place, without allocation in a step."""

    def __init__(
        self, parameters: Parameters, rate: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        if not 0.0 < rate < math.inf:
            raise ValueError(f"the learning rate must be > 0 and finite, got {rate}")
        self.parameters = parameters
        self.rate, self.betas, self.eps = rate, betas, eps
        self.steps = 0
        self.mean = np.zeros_like(parameters.values)
        self.square = np.zeros_like(parameters.values)
        self._scratch = np.empty_like(parameters.values)

    def step(self) -> None:
        """Update all parameters from their gradients."""
        self.steps += 1
        first, second = self.betas
        gradient, scratch = self.parameters.gradients, self._scratch
        np.subtract(gradient, self.mean, out=scratch)
        scratch *= 1.0 - first
        self.mean += scratch
        np.multiply(gradient, gradient, out=scratch)
        scratch -= self.square
        scratch *= 1.0 - second
        self.square += scratch
        # both averages start at 0; dividing by 1 - beta**steps takes that out again
        np.sqrt(self.square, out=scratch)
        scratch *= 1.0 / math.sqrt(1.0 - second**self.steps)
        scratch += self.eps
        np.divide(self.mean, scratch, out=scratch)
        scratch *= self.rate / (1.0 - first**self.steps)
        self.parameters.values -= scratch
