"""Products of matrices on the simulated device."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import to_device

from numloss.backends.numba_cuda import products
from numloss.backends.numba_cuda.call import Call
from numloss.backends.numba_cuda.products_kernels import STRETCH, side_of
from numloss.calls.request import Request
from numloss.registry import LOSSES


def views(shape: tuple[int, int], dtype: str, seed: int) -> list[np.ndarray]:
    """A matrix in C order, in Fortran order, with gaps, and with its rows in reverse."""
    matrix = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    gaps = np.zeros((shape[0], 3, shape[1], 2), dtype)[:, 1, :, 0]
    gaps[...] = matrix
    return [matrix, np.asfortranarray(matrix), gaps, matrix[::-1]]


@pytest.mark.parametrize(
    ("tiles", "features", "expected"),
    [(1, 0, (1, 0)), (300, 10**6, (1, 1000192)), (40, 128000, (6, 21504)), (32, 4100, (2, 2304)), (1, 2047, (1, 2048))],
)
def test_parts_cover_the_features(tiles: int, features: int, expected: tuple[int, int]) -> None:
    assert products.parts_of(tiles, features) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layouts_edges_stretches_and_parts(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LEAST_SPAN", 100)
    side = side_of(dtype)
    left = views((side + 3, 12), dtype, 0)
    right = views((12, side + 1), dtype, 1)
    pairs = [*zip(left, [right[k] for k in (1, 0, 3, 2)], strict=True), (left[0][:, :0], right[0][:0])]
    pairs += [(views((2, STRETCH + 9), dtype, 2)[0], views((STRETCH + 9, 3), dtype, 3)[1])]
    for a, b in pairs:
        y = np.random.default_rng(4).normal(size=(a.shape[0], b.shape[1])).astype(dtype)
        moved = [to_device(array) for array in (a, b, y)]
        call = Call(Request(LOSSES["info_nce"], 0, tuple(moved), {}))
        described = [call.library.describe(array) for array in moved]
        products.Products(call)(*described, alpha=0.5, onto=described[2])
        exact = 0.5 * (a.astype(np.float64) @ b) + y
        largest = 0.5 * (np.abs(a.astype(np.float64)) @ np.abs(b)) + np.abs(y)
        tolerance = (8 + min(a.shape[1], STRETCH)) * np.finfo(dtype).eps * largest
        assert np.all(np.abs(moved[2].copy_to_host() - exact) <= tolerance)
