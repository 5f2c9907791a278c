"""Headers of the regional family, and of sorted errors."""

from __future__ import annotations

from dataclasses import dataclass

from .common import Operand
from .rowwise import Steps
from .structs import Header, Int, Many, many


@dataclass
class Regions(Header):
    """Pixels, those of each class of each sample, or of all samples, being a region.

    `pixels`: of a sample. `block`: pixels of a block; `parts`: blocks of a class of a sample. `ignores`: whether the
    label `ignored` counts nothing. `per_sample`: regions from those of one sample to those of the next, 0 where all
    samples share theirs. Steps lead from sample to sample, from class to class, and from pixel to pixel.
    """

    samples: Int
    classes: Int
    pixels: Int
    block: Int
    parts: Int
    activation: Int
    labelled: Int
    ignores: Int
    ignored: Int
    per_sample: Int
    itemsize: Int
    pred: Operand
    target: Operand
    gradient: Operand
    pred_steps: Steps
    target_steps: Steps
    gradient_steps: Steps


class TileNumbers(Header):
    """A number for each pixel and each class of a tile: where that of the first pixel and class 0 is, and how many
    elements lie from class to class and from pixel to pixel."""

    at: Int
    classes: Int
    inner: Int


@dataclass
class RegionSums(Header):
    """Sums of regions, and slopes by them: tp, fp and fn, in array objects of float64.

    `sums` has the shape (3, parts, samples, classes), each of the slopes (samples, classes) or (classes,).
    """

    regions: Regions
    sums: Int
    slopes: Many[Int] = many(3)


@dataclass
class SortedRegions(Header):
    """Regions whose errors are sorted.

    Block b takes every `stride`-th region, of which none has more than `most` pixels. Array objects: `results` by
    region the loss, whether any pixel belongs to it, and what its slopes are multiplied by (float64, three rows);
    `scratch` (int64, four times `most` a block); `errors`, later slopes, of the dtype of the data and of shape
    (classes, samples, pixels). With a softmax the gradient holds the probabilities.
    """

    regions: Regions
    stride: Int
    most: Int
    results: Int
    scratch: Int
    errors: Int
