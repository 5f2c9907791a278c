"""The vocabulary of laws gives the bits of the host on the simulated device, word by word."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from cases import DTYPES
from compare import assert_same_bits
from numba import cuda
from seeds import generator
from words import computed

from numloss import scalar
from numloss.backends.numba_cuda import jit

Array = np.ndarray[Any, Any]
NAMES = [name for name in scalar.__all__ if name != "sqrt"]


def inputs_of(name: str, dtype: str) -> tuple[Array, ...]:
    """Ordinary numbers, numbers of any exponent, and the ends, for each argument of a word."""
    random = generator("simulated", name, dtype)
    info, count = np.finfo(dtype), len(inspect.signature(getattr(scalar, name)).parameters)
    exponents = random.uniform(info.minexp - info.nmant, info.maxexp, (count, 100))
    wide = np.exp2(exponents) * random.choice([-1.0, 1.0], (count, 100))
    ends = random.permuted(np.tile([0.0, -0.0, 1.0, 2.0, -1.0, np.inf, -np.inf, np.nan], (count, 8)), axis=1)
    rows = np.concatenate([5.0 * random.standard_normal((count, 200)), wide, ends], axis=1)
    return tuple(row.astype(dtype) for row in rows)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_bits_of_words(name: str, dtype: str) -> None:
    arrays = inputs_of(name, dtype)
    word = jit.words_of(dtype)[name] if name in scalar.PRIMITIVES else jit.typed(getattr(scalar, name), dtype)
    device = np.array([word(*point) for point in zip(*arrays, strict=True)])
    assert device.dtype == dtype
    assert_same_bits(device, computed(name, *arrays))


@pytest.mark.parametrize("dtype", DTYPES)
def test_words_in_a_kernel_of_a_user(dtype: str) -> None:
    @cuda.jit
    def kernel(x: Array, out: Array) -> None:
        i = cuda.grid(1)
        if i < out.size:
            given = float(x[i])
            out[i] = scalar.softplus(given) + scalar.fma(scalar.sigmoid(given), given, scalar.log1p(abs(given)))

    x = generator("a user's kernel", dtype).normal(0.0, 5.0, 40).astype(dtype)
    out = np.zeros_like(x)
    kernel[2, 32](x, out)
    wide = x.astype(np.float64)
    wanted = np.logaddexp(0.0, wide) + wide / (1.0 + np.exp(-wide)) + np.log1p(abs(wide))
    np.testing.assert_allclose(out, wanted, rtol=2.0 * np.finfo(dtype).eps)
