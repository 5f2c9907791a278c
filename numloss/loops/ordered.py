"""The ordered family: the errors of a region's pixels, sorted, each with what it adds to the Jaccard index (Lovasz).

The header is SortedRegions of headers/. A region is a class of a sample, or of the batch, and one unit of work.
"""

from __future__ import annotations

from .codes import SOFTMAX
from .headers import Regions, Result, SortedRegions
from .language import (
    Double,
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    double,
    doubles,
    int64s,
    integer,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_ints,
    stack_reals,
    uint32s,
)
from .operands import put_apart
from .regional import block_end, tile_of
from .regional_targets import clear_ignored, read_labels, target_of_class
from .regional_tiles import class_at, side_by_side, tile_pixels
from .rowwise_parts import clear_row
from .sums import begin_block, tile_length


@noinline
def errors_of(z: Reals, t: Reals, n: Int, softmax: Int, errors: Reals) -> Int:
    """How wrong n pixels are about one class: the probability that is missing, or what a margin of 1 lacks."""
    if softmax == 1:
        for i in range(n):
            errors[i] = 1.0 - z[i] if t[i] > 0.0 else z[i]
    else:
        for i in range(n):
            errors[i] = 1.0 - z[i] if t[i] > 0.0 else 1.0 + z[i]
    return 0


@noinline
def keys_of(errors: Reals, n: Int, bits: Int, keys: Ints) -> Int:
    """Integers that grow as errors fall: NaN first, then what is positive; the others last, all alike."""
    narrow = uint32s(address(errors))
    wide = int64s(address(errors))
    most = 2147483647 if bits == 32 else 9223372036854775807
    for i in range(n):
        key = most
        if errors[i] > 0.0:
            key = most - (integer(narrow[i]) if bits == 32 else integer(wide[i]))
        if errors[i] != errors[i]:
            key = 0
        keys[i] = key
    return 0


@noinline
def sort_digit(keys: Ints, places: Ints, n: Int, out_keys: Ints, out_places: Ints) -> Int:
    """Sort by the last eleven bits of the keys, which are taken off; what is equal stays in order."""
    counts = stack_ints(2048)
    for k in range(2048):
        counts[k] = 0
    for i in range(n):
        digit = keys[i] % 2048
        counts[digit] = counts[digit] + 1
    total = 0
    for k in range(2048):
        count = counts[k]
        counts[k] = total
        total = total + count
    for i in range(n):
        digit = keys[i] % 2048
        at = counts[digit]
        counts[digit] = at + 1
        out_keys[at] = keys[i] // 2048
        out_places[at] = places[i]
    return 0


@noinline
def sort_places(keys: Ints, places: Ints, n: Int, bits: Int, more_keys: Ints, more_places: Ints) -> Int:
    """Sort places by keys, smallest first: by three digits they end in `more_places`, by six where they began."""
    sort_digit(keys, places, n, more_keys, more_places)
    sort_digit(more_keys, more_places, n, keys, places)
    sort_digit(keys, places, n, more_keys, more_places)
    if bits == 64:
        sort_digit(more_keys, more_places, n, keys, places)
        sort_digit(keys, places, n, more_keys, more_places)
        sort_digit(more_keys, more_places, n, keys, places)
    return 0


@noinline
def walk_errors(errors: Reals, places: Ints, n: Int, members: Int, softmax: Int) -> Double:
    """The loss of a region; its errors become its slopes by what they were made of.

    An error adds what the Jaccard index loses when its pixel joins those that are wrong.
    """
    held = double(members)
    value = double(0.0)
    few = double(0.0)
    hits = double(0.0)
    others = double(0.0)
    for k in range(n):
        at = places[k] // 2
        member = places[k] % 2
        error = errors[at]
        union = held + others
        gain = (held - hits) / (union * (union + double(1.0)))
        if union == double(0.0):
            gain = double(1.0)
        if member == 1:
            gain = double(1.0) / union
        hits = hits + double(member)
        others = others + double(1 - member)
        slope = real(gain)
        if error > 0.0 or error != error:
            few = few + double(error) * gain
        elif softmax == 0:
            slope = 0.0
        slope = -slope if member == 1 else slope
        errors[at] = slope if error == error else error
        if k % 64 == 63:
            value = value + few
            few = double(0.0)
    return value + few


@noinline
def read_region(
    c: Regions, sample: Int, stop: Int, j: Int, errors: Reals, keys: Ints, places: Ints, members: Ints, partial: Result
) -> Int:
    """Errors, keys and places of the pixels of a class in some samples; how many count, and of these the members."""
    buffer = stack_reals(512)
    shared = stack_reals(512)
    labels = stack_ints(512)
    few = stack_ints(512)
    softmax = integer(c.activation == SOFTMAX)
    bits = 8 * c.itemsize
    k = 0
    members[0] = 0
    for s in range(sample, stop):
        for first in range(0, c.pixels, 512):
            n = tile_length(first, c.pixels)
            x = offset(reals(array_data(c.pred.array)), class_at(c.pred_steps, s, first, j))
            step = c.pred_steps.inner
            if softmax == 1:
                x = offset(reals(array_data(c.gradient.array)), class_at(c.gradient_steps, s, first, j))
                step = c.gradient_steps.inner
                read_labels(c, s * c.pixels + first, n, labels, partial)
            t = target_of_class(c, s, first, n, j, labels, shared)
            at = (s - sample) * c.pixels + first
            errors_of(side_by_side(x, step, n, buffer), t, n, softmax, offset(errors, at))
            keys_of(offset(errors, at), n, bits, few)
            for i in range(n):
                member = integer(t[i] > 0.0)
                keys[k] = few[i]
                places[k] = 2 * (at + i) + member
                if softmax == 0 or labels[i] >= 0:
                    members[0] = members[0] + member
                    k = k + 1
                else:
                    errors[at + i] = 0.0
    return k


def region_count(c: Regions) -> Int:
    """How many regions there are."""
    return c.classes * c.samples if c.per_sample > 0 else c.classes


def ordered_block(c: SortedRegions, partial: Result, block: Int) -> Int:
    """Losses and slopes of some regions."""
    r = c.regions
    members = stack_ints(1)
    begin_block(partial)
    regions = region_count(r)
    bits = 8 * r.itemsize
    results = doubles(array_data(c.results))
    keys = offset(ints(array_data(c.scratch)), block * 4 * c.most)
    places = offset(keys, c.most)
    more_keys = offset(keys, 2 * c.most)
    more_places = offset(keys, 3 * c.most)
    region = block
    while region < regions:
        j = region % r.classes
        sample = region // r.classes
        stop = sample + 1 if r.per_sample > 0 else r.samples
        errors = offset(reals(array_data(c.errors)), (j * r.samples + sample) * r.pixels)
        n = read_region(r, sample, stop, j, errors, keys, places, members, partial)
        sort_places(keys, places, n, bits, more_keys, more_places)
        ends = more_places if bits == 32 else places
        results[region] = walk_errors(errors, ends, n, members[0], integer(r.activation == SOFTMAX))
        results[regions + region] = double(integer(members[0] > 0))
        region = region + c.stride
    return 0


def slope_factor(c: SortedRegions, sample: Int, j: Int) -> Real:
    """What the slopes of a class of a sample are multiplied by."""
    factors = 2 * region_count(c.regions)
    return real(doubles(array_data(c.results))[factors + sample * c.regions.per_sample + j])


@noinline
def add_slopes(p: Reals, slopes: Reals, n: Int, factor: Real, mixed: Reals) -> Int:
    """Add p times the slope by p, for one class of n pixels; nothing for one that counts nothing."""
    for i in range(n if factor != 0.0 else 0):
        mixed[i] = mixed[i] + p[i] * (slopes[i] * factor)
    return 0


@noinline
def region_slopes(slopes: Reals, mixed: Reals, n: Int, factor: Real, softmax: Int, g: Reals) -> Int:
    """The gradient of one class of n pixels; with a softmax g holds the probabilities. A factor of 0 counts nothing."""
    if softmax == 1:
        for i in range(n):
            g[i] = g[i] * ((slopes[i] * factor if factor != 0.0 else 0.0) - mixed[i])
    elif factor == 0.0:
        clear_row(n, 1, g)
    else:
        for i in range(n):
            g[i] = slopes[i] * factor
    return 0


def ordered_slopes_block(c: SortedRegions, partial: Result, block: Int) -> Int:
    """The gradient of one block of pixels, all classes of it, from the slopes of their errors."""
    r = c.regions
    mixed = stack_reals(512)
    buffer = stack_reals(512)
    labels = stack_ints(512)
    begin_block(partial)
    sample = block // r.parts
    softmax = integer(r.activation == SOFTMAX)
    step = r.gradient_steps.inner
    first = (block % r.parts) * r.block
    stop = block_end(r, block)
    counted = 0
    for j in range(r.classes):
        counted += integer(slope_factor(c, sample, j) != 0.0)
    while first < stop:
        n = tile_of(first, stop, tile_pixels(r.classes, SOFTMAX))
        for i in range(n):
            mixed[i] = 0.0
        if softmax == 1:
            read_labels(r, sample * r.pixels + first, n, labels, partial)
        for turn in range(1 - softmax, 2):
            for j in range(r.classes):
                place = offset(reals(array_data(r.gradient.array)), class_at(r.gradient_steps, sample, first, j))
                g = side_by_side(place, step, n, buffer)
                slopes = offset(reals(array_data(c.errors)), (j * r.samples + sample) * r.pixels + first)
                factor = slope_factor(c, sample, j)
                if turn == 0:
                    add_slopes(g, slopes, n, factor, mixed)
                else:
                    region_slopes(slopes, mixed, n, factor, softmax, g)
                    if softmax == 1:
                        clear_ignored(labels, n, g)
                    if counted == 0:
                        clear_row(n, 1, g)
                    if step != 1:
                        put_apart(place, step, n, g)
        first = first + n
    return 0
