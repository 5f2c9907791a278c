"""The numbers of a tile of pixels: where they lie.

Scores of 16 bits are widened into memory of the block, class after class. So is what the gradient needs of them where
the gradient has 16 bits: then the second pass, which reads the scores once more, finds it there.
"""

from __future__ import annotations

from .codes import DATA, SOFTMAX
from .halves import widen
from .headers import Operand, Regions, Steps, TileNumbers
from .language import Int, Reals, array_data, noinline, offset, reals
from .operands import item_size


def tile_pixels(classes: Int, activation: Int) -> Int:
    """Pixels of a tile: all classes of it stay in the first cache; a softmax needs them together."""
    if activation != SOFTMAX or classes == 0:
        return 512
    most = 4096 // classes
    most = most - most % 32
    if most < 8:
        most = 8
    if most > 512:
        most = 512
    return most


def tile_bytes(c: Regions, o: Operand) -> Int:
    """Bytes of memory that a block needs for the numbers of a tile: 0 for an operand in the dtype of the data."""
    if o.kind == DATA:
        return 0
    if c.activation != SOFTMAX:
        return 512 * c.itemsize
    return c.classes * tile_pixels(c.classes, c.activation) * c.itemsize


@noinline
def strided_copy(x: Reals, step: Int, n: Int, out: Reals) -> Int:
    """n numbers that lie `step` apart."""
    for i in range(n):
        out[i] = x[i * step]
    return 0


def side_by_side(x: Reals, step: Int, n: Int, buffer: Reals) -> Reals:
    """Pointer to n numbers that lie `step` apart, read into buffer unless they are neighbours."""
    if step == 1:
        return x
    strided_copy(x, step, n, buffer)
    return buffer


def class_at(steps: Steps, sample: Int, first: Int, j: Int) -> Int:
    """How many elements lie before the pixel `first` of class j of a sample."""
    return sample * steps.outer + j * steps.classes + first * steps.inner


def place_of(o: Operand, steps: Steps, itemsize: Int, sample: Int, first: Int, j: Int) -> Int:
    """Where the pixel `first` of class j of a sample is in an array."""
    return array_data(o.array) + class_at(steps, sample, first, j) * item_size(o.kind, itemsize)


def numbers_at(x: TileNumbers, j: Int) -> Reals:
    """Where the numbers of class j of a tile begin."""
    return offset(reals(x.at), j * x.classes)


def numbers_of(x: TileNumbers, j: Int, n: Int, buffer: Reals) -> Reals:
    """Pointer to the numbers of class j for the n pixels of a tile."""
    return side_by_side(numbers_at(x, j), x.inner, n, buffer)


@noinline
def find_tile(
    c: Regions, o: Operand, steps: Steps, sample: Int, first: Int, start: Int, memory: Int, x: TileNumbers
) -> Int:  # fmt: skip
    """Where the numbers of an array are for the tile that begins at a pixel of a sample: where they lie or, from those
    of class `start` on, in memory that has room for them."""
    x.at = place_of(o, steps, c.itemsize, sample, first, 0)
    x.classes = steps.classes
    x.inner = steps.inner
    if o.kind != DATA:
        x.inner = 1
        x.classes = tile_pixels(c.classes, c.activation)
        x.at = memory - start * x.classes * c.itemsize
    return 0


@noinline
def read_tile(c: Regions, sample: Int, first: Int, n: Int, start: Int, stop: Int, memory: Int, x: TileNumbers) -> Int:
    """The scores of some classes of the n pixels of a tile, which begins at a pixel of a sample."""
    kind = c.pred.kind
    find_tile(c, c.pred, c.pred_steps, sample, first, start, memory, x)
    if kind != DATA:
        for j in range(start, stop):
            data = place_of(c.pred, c.pred_steps, c.itemsize, sample, first, j)
            widen(data, kind, c.pred_steps.inner, n, numbers_at(x, j))
    return 0
