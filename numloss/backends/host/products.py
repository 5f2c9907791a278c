"""Products of matrices on the team of threads of the kernels, by the BLAS of NumPy.

BLAS's own threads go on spinning after a product, and the loops between two products wait for the cores. So BLAS keeps
to the thread that calls it, and each thread of the team computes a part of the result. The parts follow from the
shapes, so the bits are those of one thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...common.halves import is_half, widened
from ...loops.headers import Matrix, Product
from ..packing.operands import Array, Problem, code_of, name_of
from ..packing.stored import look_for_memory
from . import blas

if TYPE_CHECKING:
    from . import HostBackend

# BLAS packs one of the two matrices again for each part, which costs little where parts are large. Of larger parts than
# the last of these what is widened does not stay in the cache.
MOST_PARTS, LEAST_SIZE, MOST_LINES = 16, 256, 2048
# Terms of a sum that are added together: what is widened of a matrix of 16 bits is that of them.
PANEL = 512
# Nanoseconds of a multiplication with its addition.
COST = 0.02
# Part of a result that NumPy makes beside it and then adds.
CHUNK_BYTES = 2**20


def in_order(matrix: Array) -> tuple[Array, int, int]:
    """A matrix as BLAS reads it, whether it is seen transposed, and its step from row to row; copied if it must be."""
    rows, columns = matrix.shape
    if matrix.flags.c_contiguous:
        return matrix, 0, max(1, columns)
    if matrix.flags.f_contiguous:
        return matrix, 1, max(1, rows)
    down, along = matrix.strides
    item = matrix.itemsize
    if along == item and down >= item * columns and down % item == 0:
        return matrix, 0, down // item
    if down == item and along >= item * rows and along % item == 0:
        return matrix, 1, along // item
    return np.ascontiguousarray(matrix), 0, max(1, columns)


def evenly(rows: int, most: int) -> int:
    """Rows of each block, at most so many, whole runs of 16: BLAS takes a tenth more for a rest.

    Blocks are of about the same size, since a small last one would keep fewer threads busy.
    """
    most = max(16, most // 16 * 16)
    blocks = max(1, -(-rows // most))
    return max(16, -(-rows // (16 * blocks)) * 16)


def by_numpy(a: Array, b: Array, y: Array, add: bool) -> None:
    """``y = a @ b``, or ``y += a @ b`` in chunks; so is a `b` of 16 bits read."""
    if is_half(b.dtype):
        step = max(1, CHUNK_BYTES // (max(1, len(b)) * y.itemsize))
        for first in range(0, b.shape[1], step):
            by_numpy(a, widened(b[:, first : first + step]), y[:, first : first + step], add)
        return
    if not add:
        np.matmul(a, b, out=y)
        return
    step = max(1, CHUNK_BYTES // (max(1, y.shape[1]) * y.itemsize))
    made = np.empty((min(step, len(y)), y.shape[1]), y.dtype)
    for first in range(0, len(y), step):
        part = y[first : first + step]
        part += np.matmul(a[first : first + step], b, out=made[: len(part)])


class Products:
    """``with Products(...) as multiply`` gives multiply(a, b, y, add=False): ``y = a @ b``, or ``y += a @ b``.

    b may be stored in 16 bits: it is read some terms of a block of the result at a time, and never copied whole. The
    products are NumPy's own where its BLAS cannot be kept to one thread.
    """

    def __init__(self, backend: HostBackend, real: np.dtype[Any]) -> None:
        self.backend, self.real = backend, real
        self.alone = blas.Alone()
        self.gemm = 0

    def __enter__(self) -> Products:
        if self.alone.__enter__():
            self.gemm = blas.gemm(name_of(self.real))
        return self

    def __exit__(self, *error: object) -> None:
        self.alone.__exit__(*error)

    def __call__(self, a: Array, b: Array, y: Array, add: bool = False) -> None:
        if not self.gemm or 0 in (*a.shape, *b.shape):
            by_numpy(a, b, y, add)
            return
        if not y.flags.c_contiguous:
            made = np.array(y, order="C")
            self(a, b, made, add)
            y[...] = made
            return
        rows, columns = y.shape
        size, other = (columns, rows) if columns > rows else (rows, columns)
        parts = 1
        while size >= 2 * parts * LEAST_SIZE and (parts < MOST_PARTS or size > parts * MOST_LINES):
            parts *= 2
        step = -(-size // (16 * parts)) * 16
        (left, *left_seen), (right, *right_seen) = in_order(a), in_order(b)
        header = Product(
            lines=size,
            block=step,
            by_columns=columns > rows,
            others=other,
            terms=a.shape[1],
            panel=min(PANEL, a.shape[1]),
            adds=add,
            gemm=self.gemm,
            stored=code_of(right, self.real),
            itemsize=self.real.itemsize,
            a=Matrix(id(left), *left_seen),
            b=Matrix(id(right), *right_seen),
            y=Matrix(id(y), flipped=False, step=columns),
        )
        loop = self.backend.loop("product_block", name_of(self.real))
        work = rows * columns * a.shape[1] * COST
        look_for_memory(self.backend.launch(Problem(loop, header, -(-size // step), work)).bad_in)
