"""Alignments of the steps of a sequence with its labels of which every step has a band of states (pruned transducer).

The band of a step begins at a state of its own; a place of it is a state. Blanks and labels lead on as in
transducer.py, if what they lead to is in the band of its step. Logarithms are float64.
"""

from __future__ import annotations

from .codes import REFUSED
from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    double,
    double_exp,
    double_log1p,
    doubles,
    ints,
    noinline,
    offset,
    real,
    reals,
)
from .rowwise_parts import clear_row
from .sums import report
from .transducer import (
    blank_of,
    fill_cells,
    joined_logarithms,
    never,
    possible,
    read_lattice_cell,
    usual_loss,
    write_shares,
)

# The places of sizes, arrays and parameters in the declaration; those of the blank and its fellows are transducer's.
STEPS = 0
WIDE = 1
TOKENS = 2
LABELS = 3
PRED = 0
TARGET = 1
STARTS = 2
INPUT_LENGTHS = 3
TARGET_LENGTHS = 4
FROM_LOGITS = 1
# The same of a lattice whose logarithms are given.
LATTICE_STATES = 1
LATTICE_LABELS = 2
LATTICE_ONWARDS = 1
LATTICE_INPUT_LENGTHS = 2
LATTICE_TARGET_LENGTHS = 3


def at_place(row: Doubles, k: Int, wide: Int) -> Double:
    """A place of the band of a step; what lies outside of it cannot be."""
    return row[k] if k >= 0 and k < wide else never()


@noinline
def through_band(
    reached: Doubles, blanks: Doubles, onwards: Doubles, starts: Ints, steps: Int, wide: Int, labels: Int
) -> Double:
    """How every place is reached; the logarithm of the sum over all alignments."""
    if steps == 0:
        return double(0.0) if labels == 0 else never()
    for t in range(steps):
        row = offset(reached, t * wide)
        before = offset(row, -wide)
        led = offset(blanks, (t - 1) * wide)
        labelled = offset(onwards, t * wide)
        for r in range(wide):
            way = double(0.0) if t == 0 and starts[0] + r == 0 else never()
            if t > 0:
                k = r + starts[t] - starts[t - 1]
                way = at_place(before, k, wide) + at_place(led, k, wide)
            if r > 0:
                way = joined_logarithms(way, row[r - 1] + labelled[r - 1])
            row[r] = way
    last = labels - starts[steps - 1]
    row = offset(reached, (steps - 1) * wide)
    return at_place(row, last, wide) + at_place(offset(blanks, (steps - 1) * wide), last, wide)


@noinline
def back_through_band(
    reached: Doubles,
    blanks: Doubles,
    onwards: Doubles,
    ahead: Doubles,
    starts: Ints,
    steps: Int,
    wide: Int,
    labels: Int,
    total: Double,
) -> Int:
    """In the place of blanks and labels, how probable it is that they are on the way. `ahead`: two rows."""
    for i in range(steps):
        t = steps - 1 - i
        here = offset(ahead, t % 2 * wide)
        following = offset(ahead, (t + 1) % 2 * wide)
        for j in range(wide):
            r = wide - 1 - j
            x = double(0.0) if starts[t] + r == labels else never()
            if t + 1 < steps:
                x = at_place(following, r + starts[t] - starts[t + 1], wide)
            at = t * wide + r
            x = x + blanks[at]
            y = (here[r + 1] if j > 0 else never()) + onwards[at]
            here[r] = joined_logarithms(x, y)
            blanks[at] = double_exp((reached[at] + x) - total)
            onwards[at] = double_exp((reached[at] + y) - total)
    return 0


def band_part(e: Examples, part: Int) -> Doubles:
    """Numbers of all places: how they are reached (0), blanks (1), labels (2), largest scores (3), sums (4); rows."""
    return offset(doubles(e.doubles), part * e.sizes[STEPS] * e.sizes[WIDE])


@noinline
def read_band(e: Examples, z: Reals, t: Int, start: Int, steps: Int, labels: Int, target: Ints) -> Int:
    """The logarithms of what leads on from the places of a step; of states that there are not, nothing is read."""
    tokens = e.sizes[TOKENS]
    wide = e.sizes[WIDE]
    blank = blank_of(e, TOKENS)
    blanks = offset(band_part(e, 1), t * wide)
    onwards = offset(band_part(e, 2), t * wide)
    tops = offset(band_part(e, 3), t * wide)
    rest = band_part(e, 5)
    states = labels + 1 - start
    states = wide if wide < states else states
    for r in range(wide):
        blanks[r] = never()
        onwards[r] = never()
        tops[r] = double(0.0)
        rest[r] = double(0.0)
    for r in range(states):
        if e.params[FROM_LOGITS] != double(0.0):
            totals = offset(band_part(e, 4), t * wide + r)
            rest[r] = read_lattice_cell(offset(z, r * tokens), tokens, reals(e.reals), offset(tops, r), totals)
    for r in range(wide):
        rest[r] = double_log1p(rest[r])
    for r in range(states):
        own = offset(z, r * tokens)
        state = start + r
        if t + 1 < steps or state == labels:
            blanks[r] = possible(double(own[blank]) - tops[r] - rest[r])
        if state < labels and r + 1 < wide:
            onwards[r] = possible(double(own[target[state]]) - tops[r] - rest[r])
    return 0


@noinline
def write_band(
    e: Examples, pred: Reals, starts: Ints, steps: Int, labels: Int, target: Ints, total: Double, g: Reals
) -> Int:
    """The gradient of an example."""
    tokens = e.sizes[TOKENS]
    wide = e.sizes[WIDE]
    usual = usual_loss(e, total)
    if usual == 1:
        rows = band_part(e, 5)
        back_through_band(band_part(e, 0), band_part(e, 1), band_part(e, 2), rows, starts, steps, wide, labels, total)
    for t in range(e.sizes[STEPS]):
        for r in range(wide):
            k = t * wide + r
            own = offset(g, k * tokens)
            state = starts[t] + r if t < steps else labels + 1
            if state > labels or (usual == 0 and (total == total or e.factor == double(0.0))):
                clear_row(tokens, 1, own)
            elif usual == 0:
                fill_cells(own, tokens, real(total))
            else:
                label = target[state] if state < labels and r + 1 < wide else -1
                blank = band_part(e, 1)[k] * e.factor
                onwards = band_part(e, 2)[k] * e.factor
                top = band_part(e, 3)[k]
                write_shares(e, offset(pred, k * tokens), top, band_part(e, 4)[k], blank, onwards, label, own)
    return 0


def transducer_pruned_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses and gradients of n examples, of whose lattice there are bands."""
    for i in range(n):
        steps = ints(e.inputs[INPUT_LENGTHS])[i]
        labels = ints(e.inputs[TARGET_LENGTHS])[i]
        wide = e.sizes[WIDE]
        size = e.sizes[STEPS] * wide * e.sizes[TOKENS]
        pred = offset(reals(e.inputs[PRED]), i * size)
        target = offset(ints(e.inputs[TARGET]), i * e.sizes[LABELS])
        starts = offset(ints(e.inputs[STARTS]), i * e.sizes[STEPS])
        for u in range(labels):
            if target[u] == blank_of(e, TOKENS):
                report(partial, i, REFUSED)
                return 0
        for t in range(steps):
            read_band(e, offset(pred, t * wide * e.sizes[TOKENS]), t, starts[t], steps, labels, target)
        total = through_band(band_part(e, 0), band_part(e, 1), band_part(e, 2), starts, steps, wide, labels)
        doubles(e.losses)[i] = double(1e999) if total < double(-562949953421312.0) else -total
        if e.mode > 0:
            write_band(e, pred, starts, steps, labels, target, total, offset(reals(e.slopes[0]), i * size))
    return 0


@noinline
def write_lattice(
    blanks: Doubles,
    onwards: Doubles,
    frames: Int,
    steps: Int,
    labels: Int,
    states: Int,
    total: Double,
    of_blanks: Reals,
    of_labels: Reals,
) -> Int:
    """The gradient of a lattice by its logarithms, of which those of blanks and labels have become probabilities."""
    clear_row(frames * states, 1, of_blanks)
    clear_row(frames * (states - 1), 1, of_labels)
    for t in range(steps):
        for u in range(labels + 1):
            at = t * states + u
            if total != total:
                of_blanks[at] = real(total)
            elif total > double(-562949953421312.0):
                of_blanks[at] = real(-blanks[at])
            if u < labels:
                if total != total:
                    of_labels[at - t] = real(total)
                elif total > double(-562949953421312.0):
                    of_labels[at - t] = real(-onwards[at])
    return 0


@noinline
def one_lattice(e: Examples, i: Int) -> Double:
    """The loss of a lattice whose logarithms are given; its gradient."""
    frames = e.sizes[STEPS]
    states = e.sizes[LATTICE_STATES]
    steps = ints(e.inputs[LATTICE_INPUT_LENGTHS])[i]
    labels = ints(e.inputs[LATTICE_TARGET_LENGTHS])[i]
    given = offset(reals(e.inputs[PRED]), i * frames * states)
    beside = offset(reals(e.inputs[LATTICE_ONWARDS]), i * frames * (states - 1))
    blanks = band_part(e, 1)
    onwards = band_part(e, 2)
    starts = ints(e.ints)
    for t in range(steps):
        starts[t] = 0
        for u in range(states):
            at = t * states + u
            blanks[at] = never()
            onwards[at] = never()
            if u < labels:
                onwards[at] = possible(double(beside[at - t]))
            if u <= labels and (t + 1 < steps or u == labels):
                blanks[at] = possible(double(given[at]))
    total = through_band(band_part(e, 0), blanks, onwards, starts, steps, states, labels)
    if e.mode > 0:
        if total > double(-562949953421312.0):
            back_through_band(band_part(e, 0), blanks, onwards, band_part(e, 3), starts, steps, states, labels, total)
        of_blanks = offset(reals(e.slopes[0]), i * frames * states)
        of_labels = offset(reals(e.slopes[1]), i * frames * (states - 1))
        write_lattice(blanks, onwards, frames, steps, labels, states, total, of_blanks, of_labels)
    return double(1e999) if total < double(-562949953421312.0) else -total


def transducer_lattice_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses and gradients of n lattices."""
    for i in range(n):
        doubles(e.losses)[i] = one_lattice(e, i)
    return 0
