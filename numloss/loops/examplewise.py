"""The examplewise family: losses of whole examples, each of which has arrays with named axes, and scratch.

The header of a problem is Examplewise. What differs between its losses is a loop over a few examples, whose header is
Examples: it finds numbers of the data's dtype in C order, all checked, and leaves a loss and a gradient of each
example. Its name ends in `_examples`. Everything else is here: arrays of any dtype and layout, weights, sums, scaling.
"""

from __future__ import annotations

from .codes import LENGTHS, NO_MEMORY, NUMBER, NUMBERS, UNCHECKED, UNWEIGHTED, WEIGHT_OPERAND, WEIGHTED
from .headers import ExampleArray, Examples, ExampleSlopes, Examplewise, Result
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    call_loop,
    double,
    doubles,
    give_back,
    integer,
    ints,
    noinline,
    offset,
    real,
    reals,
    stack_reals,
    take_memory,
)
from .operands import deliver, fetch, fetch_labels, first_outside, place
from .sums import begin_block, block_stop, report, tile_length

# bytes of a line of the cache
LINE = 64


@noinline
def begin_reading(c: Examplewise, e: Examples, memory: Int) -> Int:
    """What the loop is told of all examples."""
    e.mode = c.mode
    e.losses = memory + c.losses
    e.reals = memory + c.reals
    e.doubles = memory + c.doubles
    e.ints = memory + c.ints
    for k in range(8):
        e.inputs[k] = 0
        e.shared[k] = 0
        e.sizes[k] = c.sizes[k]
    for k in range(16):
        e.params[k] = c.params[k]
    return 0


def counted_of(a: ExampleArray, e: Examples, i: Int) -> Int:
    """How many entries of an example count."""
    if a.lengths < 0:
        return a.entries
    return ints(e.inputs[a.lengths])[i] * a.row


@noinline
def check_numbers(a: ExampleArray, e: Examples, x: Reals, first: Int, n: Int, k: Int, partial: Result) -> Int:
    """Report the first number of an array outside its domain, of those that count."""
    if a.check == UNCHECKED:
        return 0
    low = real(a.low)
    high = real(a.high)
    if a.lengths < 0:
        bad = first_outside(x, n * a.entries, a.check, low, high)
        if bad >= 0:
            report(partial, first * a.entries + bad, k)
        return 0
    for i in range(n):
        bad = first_outside(offset(x, i * a.entries), counted_of(a, e, i), a.check, low, high)
        if bad >= 0:
            report(partial, (first + i) * a.entries + bad, k)
    return 0


@noinline
def check_integers(a: ExampleArray, e: Examples, x: Ints, first: Int, n: Int, k: Int, partial: Result) -> Int:
    """Report the first label or length out of range, of those that count; what is out of range is an index nowhere."""
    low = integer(a.low)
    high = integer(a.high)
    if low > high:
        # labels that are no index
        return 0
    for i in range(n):
        stop = a.entries if a.role == LENGTHS else counted_of(a, e, i)
        for j in range(a.entries):
            at = i * a.entries + j
            if x[at] < low or x[at] > high:
                if j < stop:
                    report(partial, (first + i) * a.entries + j, k)
                x[at] = low
    return 0


@noinline
def read_array(c: Examplewise, e: Examples, k: Int, first: Int, n: Int, memory: Int, partial: Result) -> Int:
    """Have the loop find an array of n examples; one that all share is read once."""
    a = c.arrays[k]
    if a.stored.array == 0:
        return 0
    if a.shared == 1:
        if e.inputs[k] != 0:
            return 0
        e.shared[k] = 1
        first = 0
        n = 1
    if a.role == NUMBERS:
        x = fetch(a.stored, c.itemsize, 0.0, first * a.entries, n * a.entries, reals(memory + a.at))
        e.inputs[k] = address(x)
        check_numbers(a, e, x, first, n, k, partial)
    else:
        whole = ints(memory + a.at)
        fetch_labels(a.stored, first * a.entries, n * a.entries, whole)
        e.inputs[k] = address(whole)
        check_integers(a, e, whole, first, n, k, partial)
    return 0


@noinline
def read_some(c: Examplewise, e: Examples, first: Int, n: Int, memory: Int, partial: Result) -> Int:
    """Have the loop find what it reads of n examples: lengths first, which say what else counts."""
    for k in range(c.array_count):
        if c.arrays[k].role == LENGTHS:
            read_array(c, e, k, first, n, memory, partial)
    for k in range(c.array_count):
        if c.arrays[k].role != LENGTHS:
            read_array(c, e, k, first, n, memory, partial)
    return 0


def direct_to(c: Examplewise, o: ExampleSlopes) -> Int:
    """Whether a gradient may be written where it belongs while its array is read: not if it takes its place."""
    return integer(array_data(o.stored.array) != array_data(c.arrays[o.of].stored.array))


@noinline
def scale_gradient(g: Reals, n: Int, factor: Real) -> Int:
    """Multiply n slopes; nothing is left of any by a factor of 0."""
    if factor == 0.0:
        for i in range(n):
            g[i] = 0.0
    elif factor != 1.0:
        for i in range(n):
            g[i] = g[i] * factor
    return 0


@noinline
def lift_curvatures(h: Reals, n: Int, least: Real) -> Int:
    """n curvatures as large as the least; NaN stays NaN."""
    for i in range(n):
        h[i] = least if h[i] < least else h[i]
    return 0


@noinline
def finish_gradients(
    c: Examplewise, e: Examples, k: Int, weights: Reals, first: Int, n: Int, block: Int, memory: Int
) -> Int:
    """Scale the gradients of n examples, and bring them to where they belong, or to the sums of the block."""
    o = c.slopes[k]
    a = c.arrays[o.of]
    g = reals(e.slopes[k])
    if o.least > double(-1e999):
        lift_curvatures(g, a.entries if a.shared == 1 else n * a.entries, real(o.least))
    if a.shared == 1:
        sums = offset(doubles(array_data(c.sums)), block * c.sum_count + o.sums)
        factor = double(weights[0]) * c.scale
        for i in range(a.entries):
            sums[i] = sums[i] + factor * double(g[i])
        return 0
    if c.scaled == 0:
        for i in range(n):
            scale_gradient(offset(g, i * a.entries), a.entries, real(double(weights[i]) * c.scale))
    deliver(o.stored, first * a.entries, n * a.entries, g, direct_to(c, o))
    return 0


@noinline
def clear_gradients(c: Examplewise, k: Int, first: Int, n: Int, memory: Int) -> Int:
    """Exact zeros for the gradients of n examples."""
    o = c.slopes[k]
    count = n * c.arrays[o.of].entries
    g = reals(memory + o.at)
    if c.arrays[o.of].shared == 0:
        scale_gradient(g, count, 0.0)
        deliver(o.stored, first * c.arrays[o.of].entries, count, g, 0)
    return 0


@noinline
def compute_some(
    c: Examplewise, e: Examples, weights: Reals, first: Int, n: Int, block: Int, memory: Int, partial: Result
) -> Int:
    """Losses and gradients of n examples, which all count something."""
    for k in range(c.slope_count):
        o = c.slopes[k]
        scratch = reals(memory + o.at)
        e.slopes[k] = address(scratch)
        if c.arrays[o.of].shared == 0:
            e.slopes[k] = address(place(o.stored, first * c.arrays[o.of].entries, scratch, direct_to(c, o)))
    e.factor = double(weights[0]) * c.scale
    call_loop(c.loop, address(e), address(partial), n)
    if partial.bad_at >= 0:
        # the loop counts from the first of its examples
        partial.bad_at = partial.bad_at + first
        return 0
    for k in range(c.slope_count):
        finish_gradients(c, e, k, weights, first, n, block, memory)
    return 0


@noinline
def add_example_losses(e: Examples, weights: Reals, n: Int, values: Reals, partial: Result) -> Int:
    """Add the weighted losses of n examples, and leave them as values."""
    losses = doubles(e.losses)
    for i in range(n):
        w = double(weights[i])
        value = w * losses[i]
        partial.value = partial.value + value
        partial.weight = partial.weight + w
        values[i] = real(value)
    return 0


@noinline
def read_weights(c: Examplewise, first: Int, n: Int, out: Reals, partial: Result) -> Reals:
    """What n examples count; a bad weight is reported."""
    if c.weighted == UNWEIGHTED:
        for i in range(n):
            out[i] = 1.0
        return out
    w = fetch(c.weight, c.itemsize, 0.0, first, n, out)
    if c.weighted == WEIGHTED:
        bad = first_outside(w, n, NUMBER, 0.0, 1e999)
        if bad >= 0:
            report(partial, first + bad, WEIGHT_OPERAND)
    return w


def run_length(c: Examplewise, weights: Reals, i: Int, n: Int) -> Int:
    """How many examples from the i-th on, up to a run, count something, or how many nothing."""
    m = 1
    while m < c.run and i + m < n and (weights[i + m] == 0.0) == (weights[i] == 0.0):
        m = m + 1
    return m


@noinline
def do_some(c: Examplewise, e: Examples, first: Int, n: Int, block: Int, memory: Int, partial: Result) -> Int:
    """Up to 512 examples of a block."""
    buffer = stack_reals(512)
    values = stack_reals(512)
    w = read_weights(c, first, n, buffer, partial)
    i = 0
    while i < n and partial.bad_at < 0:
        m = run_length(c, w, i, n)
        read_some(c, e, first + i, m, memory, partial)
        if partial.bad_at < 0 and w[i] == 0.0:
            for j in range(m):
                values[i + j] = 0.0
            for k in range(c.slope_count):
                clear_gradients(c, k, first + i, m, memory)
        elif partial.bad_at < 0:
            compute_some(c, e, offset(w, i), first + i, m, block, memory, partial)
            add_example_losses(e, offset(w, i), m, offset(values, i), partial)
        i = i + m
    if c.values.array != 0 and partial.bad_at < 0:
        deliver(c.values, first, n, values, 0)
    return 0


def examplewise_block(c: Examplewise, partial: Result, block: Int) -> Int:
    """Losses and gradients of the examples of a block."""
    e = Examples()
    begin_block(partial)
    start = block * c.block
    stop = block_stop(c.elements, c.block, block)
    taken = take_memory(c.memory + LINE)
    if taken == 0:
        report(partial, start, NO_MEMORY)
        return 0
    memory = (taken + LINE - 1) // LINE * LINE
    begin_reading(c, e, memory)
    if c.sum_count > 0:
        sums = offset(doubles(array_data(c.sums)), block * c.sum_count)
        for i in range(c.sum_count):
            sums[i] = double(0.0)
    while start < stop and partial.bad_at < 0:
        n = tile_length(start, stop)
        do_some(c, e, start, n, block, memory, partial)
        start = start + n
    give_back(taken)
    return 0
