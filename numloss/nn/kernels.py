"""Where layers and optimisers compute."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from . import in_numpy
from .layer import Kernel


def kernels(dtype: np.dtype[Any]) -> Callable[..., Kernel]:
    """`kernel(name, *integers)`: a function of arrays of this dtype and of numbers."""

    def kernel(name: str, *integers: int) -> Kernel:
        return partial(getattr(in_numpy, name), *integers)

    return kernel
