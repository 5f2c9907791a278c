"""The kernels of the head family beside the products: which rows count, their gathering, and where gradients go.

The positions of a batch are those of the rows that count, in their order, then those of all others; in front of them is
how many count, which is known on the device alone.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, int64

from ...loops.headers import Header, Int, Operand
from . import jit, reading
from .products_kernels import Strided


@dataclass
class Counting(Header):
    """Rows with labels and weights. ignores: whether the label `ignored` counts nothing; class_weight: the address of
    weights of classes of which one of 0 counts nothing, or 0."""

    rows: Int
    classes: Int
    ignores: Int
    ignored: Int
    class_weight: Int
    target: Operand
    weight: Operand


@dataclass
class LiveRows(Header):
    """Rows of a batch with so many features, the address of their positions, and the first of them that is here."""

    rows: Int
    features: Int
    positions: Int
    first: Int


@functools.cache
def positions_kernel(dtype: str) -> Any:
    """Which rows count; one block."""
    words, threads = jit.words_of(dtype), jit.THREADS
    read, read_label = (reading.texts_of(dtype)[name] for name in ("read", "read_label"))
    ints, reals = words["ints"], words["reals"]
    zero = getattr(np, dtype)(0.0)

    @jit.jitable
    def counts(c, row):  # type: ignore[no-untyped-def]
        """Whether a row has a label that is not ignored and a weight; bad ones are complained about elsewhere."""
        label = read_label(c.target, row)
        weighted = c.weight.array == 0 or read(c.weight, zero, row) != zero
        labelled = label >= 0 and label < c.classes and not (c.ignores == 1 and label == c.ignored)
        if labelled and c.class_weight != 0:
            labelled = reals(c.class_weight)[label] > zero
        return weighted and labelled

    def positions(c, found_at):  # type: ignore[no-untyped-def]
        """One block, each thread with a part of the rows."""
        found = cuda.shared.array(threads, int64)
        thread = int64(cuda.threadIdx.x)
        each = (c.rows + threads - 1) // threads
        begin = min(thread * each, c.rows)
        end = min(begin + each, c.rows)
        own = begin - begin
        for row in range(begin, end):
            own += 1 if counts(c, row) else 0
        found[thread] = own
        cuda.syncthreads()
        before = begin - begin
        total = begin - begin
        for k in range(threads):
            before += found[k] if k < thread else 0
            total += found[k]
        ordered = ints(found_at)
        if thread == 0:
            ordered[0] = total
        after = 1 + total + begin - before
        before += 1
        for row in range(begin, end):
            if counts(c, row):
                ordered[before] = row
                before += 1
            else:
                ordered[after] = row
                after += 1

    return jit.kernel(positions, (Counting, int64), (jit.THREADS, 1))


@functools.cache
def gather_kernel(dtype: str) -> Any:
    """Rows that count, side by side; a block each."""
    words, threads = jit.words_of(dtype), jit.THREADS
    read, read_label = (reading.texts_of(dtype)[name] for name in ("read", "read_label"))
    ints, reals = words["ints"], words["reals"]
    zero, one = getattr(np, dtype)(0.0), getattr(np, dtype)(1.0)

    def gather(c, hidden, target, weight, rows, labels, weights):  # type: ignore[no-untyped-def]
        """A block for each row, which goes where rows, labels and weights lie side by side; else its weight is 0."""
        thread = int64(cuda.threadIdx.x)
        here = int64(cuda.blockIdx.x)
        if c.first + here < ints(c.positions)[0]:
            row = ints(c.positions)[1 + c.first + here]
            for j in range(thread, c.features, threads):
                reals(rows)[here * c.features + j] = reals(hidden.address + row * hidden.down + j * hidden.across)[0]
            if thread == 0:
                ints(labels)[here] = read_label(target, row)
                reals(weights)[here] = read(weight, zero, row) if weight.array != 0 else one
        elif thread == 0:
            ints(labels)[here] = here - here
            reals(weights)[here] = zero

    signature = (LiveRows, Strided, Operand, Operand, int64, int64, int64)
    return jit.kernel(gather, signature, (jit.THREADS, 2))


@functools.cache
def scatter_kernel(dtype: str) -> Any:
    """What was found for rows, where it belongs; a block each."""
    words, threads = jit.words_of(dtype), jit.THREADS
    ints, reals, zero = words["ints"], words["reals"], getattr(np, dtype)(0.0)
    write = reading.texts_of(dtype)["write"]

    def scatter(c, turned, gradient, losses, values):  # type: ignore[no-untyped-def]
        """A block for each row: its gradient and its loss, 0 for what does not count."""
        thread = int64(cuda.threadIdx.x)
        here = int64(cuda.blockIdx.x)
        if c.first + here < c.rows:
            live = c.first + here < ints(c.positions)[0]
            row = ints(c.positions)[1 + c.first + here]
            if gradient.address != 0:
                for j in range(thread, c.features, threads):
                    slope = reals(turned)[here * c.features + j] if live else zero
                    reals(gradient.address + row * gradient.down + j * gradient.across)[0] = slope
            if values.array != 0 and thread == 0:
                write(values, row, reals(losses)[here] if live else zero)

    signature = (LiveRows, int64, Strided, int64, Operand)
    return jit.kernel(scatter, signature, (jit.THREADS, 2))


@functools.cache
def columns_kernel(dtype: str) -> Any:
    """Sums of columns, each by a thread."""
    words, threads = jit.words_of(dtype), jit.THREADS
    ints, reals, real, double = words["ints"], words["reals"], words["real"], words["double"]
    zero = np.float64(0.0)

    def columns(c, rows, classes, slopes, sums, step, adds):  # type: ignore[no-untyped-def]
        """A thread for each column of so many rows, of those that count."""
        j = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if j < classes:
            place = reals(sums + j * step)
            total = double(place[0]) if adds == 1 else zero
            for row in range(min(rows, ints(c.positions)[0] - c.first)):
                total += double(reals(slopes)[row * classes + j])
            place[0] = real(total)

    return jit.kernel(columns, (LiveRows, *[int64] * 6), (jit.THREADS, 2))
