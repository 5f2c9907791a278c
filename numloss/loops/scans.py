"""Scans over steps: a law of one step, walked backward or forward in time, over many columns side by side.

The header of a problem is Scan. A tile takes one step of at most 512 columns: it reads the states and what lies at the
step, and writes the next states over those and the results. So memory is read once, and every loop is over columns.
"""

from __future__ import annotations

from .codes import DATA, UNCHECKED
from .headers import Result, Scan, Strip
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    call_tile,
    noinline,
    offset,
    real,
    reals,
    stack_ints,
    stack_reals,
    will_need,
)
from .operands import convert, first_outside, item_size, put
from .sums import begin_block, block_stop, report


def fill(values: Reals, n: Int, value: Real) -> Int:
    """Set n numbers."""
    for i in range(n):
        values[i] = value
    return 0


def is_direct(s: Strip) -> Int:
    """1 if numbers of neighbouring columns lie in memory as tiles read them."""
    return 1 if s.operand.kind == DATA and s.column == 1 else 0


def lies_at(s: Strip, native: Int, step: Int, column: Int) -> Int:
    """The address of a number of an array."""
    return array_data(s.operand.array) + (step * s.step + column * s.column) * item_size(s.operand.kind, native)


@noinline
def turn_in(x: Reals, stride: Int, m: Int, n: Int, width: Int, buffer: Reals) -> Int:
    """Read m neighbours of each of n columns, `stride` apart, into m rows, `width` apart."""
    for i in range(n):
        for j in range(m):
            buffer[j * width + i] = x[i * stride + j]
    return 0


@noinline
def turn_out(buffer: Reals, width: Int, m: Int, n: Int, stride: Int, x: Reals) -> Int:
    """Write m rows, `width` apart, to m neighbours of each of n columns, `stride` apart."""
    for i in range(n):
        for j in range(m):
            x[i * stride + j] = buffer[j * width + i]
    return 0


@noinline
def gather_strip(s: Strip, native: Int, step: Int, m: Int, column: Int, n: Int, width: Int, buffer: Reals) -> Int:
    """Read m steps of n columns, in the order in which they lie; a step has `width` places in the buffer."""
    code = s.operand.kind
    if s.column <= s.step or m == 1:
        for j in range(m):
            convert(lies_at(s, native, step + j, column), code, s.column, n, offset(buffer, j * width))
        return 0
    if code == DATA and s.step == 1:
        return turn_in(reals(lies_at(s, native, step, column)), s.column, m, n, width, buffer)
    line = stack_reals(1024)
    for i in range(n):
        convert(lies_at(s, native, step, column + i), code, s.step, m, line)
        for j in range(m):
            buffer[j * width + i] = line[j]
    return 0


@noinline
def scatter_strip(s: Strip, native: Int, step: Int, m: Int, column: Int, n: Int, width: Int, buffer: Reals) -> Int:
    """Write m steps of n columns, as `gather_strip` reads them."""
    code = s.operand.kind
    if s.column <= s.step or m == 1:
        for j in range(m):
            put(lies_at(s, native, step + j, column), code, s.column, n, offset(buffer, j * width))
        return 0
    if code == DATA and s.step == 1:
        return turn_out(buffer, width, m, n, s.column, reals(lies_at(s, native, step, column)))
    line = stack_reals(1024)
    for i in range(n):
        for j in range(m):
            line[j] = buffer[j * width + i]
        put(lies_at(s, native, step, column + i), code, s.step, m, line)
    return 0


@noinline
def look_at(
    s: Strip, which: Int, rows: Reals, stride: Int, m: Int, n: Int, at: Int, columns: Int, partial: Result
) -> Int:
    """Report the first number outside its domain of m steps of n columns."""
    bounds = s.bounds
    if bounds.check != UNCHECKED and partial.bad_at < 0:
        for j in range(m):
            row = offset(rows, j * stride)
            bad = first_outside(row, n, bounds.check, real(bounds.low), real(bounds.high))
            if bad >= 0:
                report(partial, at + j * columns + bad, which)
    return 0


def coming(c: Scan, s: Strip, step: Int, column: Int, n: Int) -> Int:
    """Say that n numbers of the step after this one will be needed."""
    after = step - 1 if c.backward == 1 else step + 1
    if after >= 0 and after < c.steps and s.column == 1:
        size = item_size(s.operand.kind, c.itemsize)
        will_need(reals(lies_at(s, c.itemsize, after, column)), n * size // c.itemsize)
    return 0


def read_strip(
    c: Scan, k: Int, step: Int, m: Int, column: Int, n: Int, buffer: Reals, nothing: Reals, places: Ints,
    partial: Result,
) -> Int:  # fmt: skip
    """Where the first of m steps of an input lies, and how far it is from one to the next."""
    s = c.inputs[k]
    # what follows the last step is no step of this array
    rows = m if step + m + s.shift <= c.steps else m - s.shift
    places[0] = address(nothing)
    places[1] = 0
    if s.operand.array == 0 or rows == 0:
        return 0
    # of what is shifted the next step has been read
    if m == 1 and s.shift == 0:
        coming(c, s, step, column, n)
    if is_direct(s) == 1:
        places[0] = lies_at(s, c.itemsize, step + s.shift, column)
        places[1] = s.step
    else:
        gather_strip(s, c.itemsize, step + s.shift, rows, column, n, c.width, buffer)
        places[0] = address(buffer)
        places[1] = c.width
    look_at(s, k, reals(places[0]), places[1], rows, n, step * c.columns + column, c.columns, partial)
    return 0


@noinline
def walk_stretch(
    c: Scan, params: Reals, step: Int, m: Int, column: Int, n: Int, states: Reals, carried: Reals, nothing: Reals,
    ones: Reals, partial: Result,
) -> Int:  # fmt: skip
    """Walk m steps of n columns."""
    buffers = stack_reals(12288)
    fresh = stack_reals(1024)
    last = stack_reals(1024)
    places = stack_ints(32)
    pointers = stack_ints(16)
    outputs = c.input_count
    for k in range(c.input_count):
        read_strip(c, k, step, m, column, n, offset(buffers, 1024 * k), nothing, places_at(places, k), partial)
    for k in range(c.output_count):
        at = outputs + k
        s = c.outputs[k]
        if k == c.carried:
            places[2 * at] = address(fresh)
            places[2 * at + 1] = 0
        elif is_direct(s) == 1:
            places[2 * at] = lies_at(s, c.itemsize, step, column)
            places[2 * at + 1] = s.step
            coming(c, s, step, column, n)
        else:
            places[2 * at] = address(offset(buffers, 1024 * at))
            places[2 * at + 1] = c.width
    pointers[0] = address(states)
    for done in range(m):
        j = m - 1 - done if c.backward == 1 else done
        for k in range(outputs + c.output_count):
            pointers[1 + k] = address(offset(reals(places[2 * k]), j * places[2 * k + 1]))
        if step + j == c.steps - 1:
            pointers[1 + c.cut] = address(ones)
            if c.following >= 0:
                pointers[1 + c.following] = address(nothing)
                if c.beyond.operand.array != 0:
                    gather_strip(c.beyond, c.itemsize, 0, 1, column, n, c.width, last)
                    look_at(c.beyond, c.following, last, 0, 1, n, column, c.columns, partial)
                    pointers[1 + c.following] = address(last)
        if partial.bad_at < 0:
            call_tile(c.tile, pointers, params, n)
            if c.carried >= 0:
                pass_on(c, step + j, column, n, carried, fresh, reals(pointers[1 + outputs + c.into]))
    if partial.bad_at < 0:
        for k in range(c.output_count):
            at = outputs + k
            if k != c.carried and is_direct(c.outputs[k]) == 0:
                scatter_strip(c.outputs[k], c.itemsize, step, m, column, n, c.width, reals(places[2 * at]))
    return 0


def places_at(places: Ints, k: Int) -> Ints:
    """Those of one array."""
    return offset(places, 2 * k)


def pass_on(c: Scan, step: Int, column: Int, n: Int, carried: Reals, fresh: Reals, into: Reals) -> Int:
    """Add what the step before passed on, and keep what this one does; at the last step it goes beyond."""
    for i in range(n):
        into[i] = into[i] + carried[i]
        carried[i] = fresh[i]
    if step == c.steps - 1 and c.beyond.operand.array != 0:
        scatter_strip(c.beyond, c.itemsize, 0, 1, column, n, c.width, fresh)
    return 0


@noinline
def walk_steps(c: Scan, params: Reals, first: Int, n: Int, partial: Result) -> Int:
    """Walk all steps of n columns, each of which is read once."""
    states = stack_reals(2048)
    carried = stack_reals(2048)
    nothing = stack_reals(1024)
    ones = stack_reals(1024)
    fill(nothing, 1024, 0.0)
    fill(ones, 1024, 1.0)
    fill(states, n, 0.0)
    fill(carried, n, 0.0)
    done = 0
    while done < c.steps:
        m = c.steps - done
        if m > c.stretch:
            m = c.stretch
        step = c.steps - done - m if c.backward == 1 else done
        at = 0
        while at < n:
            width = n - at
            if width > c.width:
                width = c.width
            kept, passed = offset(states, at), offset(carried, at)
            walk_stretch(c, params, step, m, first + at, width, kept, passed, nothing, ones, partial)
            at = at + width
        done = done + m
    return 0


@noinline
def walk_window(
    c: Scan, params: Reals, step: Int, column: Int, n: Int, nothing: Reals, ones: Reals, partial: Result
) -> Int:
    """The walk of one result for n columns; of what is pulled back, all that comes of one cotangent."""
    states = stack_reals(512)
    made = stack_reals(1536)
    pointers = stack_ints(16)
    fill(states, n, 0.0)
    length = c.steps - step
    if length > c.window:
        length = c.window
    pointers[0] = address(states)
    for done in range(length):
        j = length - 1 - done if c.backward == 1 else done
        for k in range(c.input_count):
            s = c.inputs[k]
            pointers[1 + k] = address(nothing)
            if s.operand.array != 0 and (k < c.pulled or j == 0):
                pointers[1 + k] = lies_at(s, c.itemsize, step + j, column)
                if j == 0:
                    row = reals(pointers[1 + k])
                    look_at(s, k, row, 0, 1, n, step * c.columns + column, c.columns, partial)
        if j == length - 1:
            pointers[1 + c.cut] = address(ones)
        for k in range(c.output_count):
            pointers[1 + c.input_count + k] = address(offset(made, 512 * k))
        call_tile(c.tile, pointers, params, n)
        if c.backward == 0 or j == 0:
            for k in range(c.output_count):
                add_to(reals(lies_at(c.outputs[k], c.itemsize, step + j, column)), offset(made, 512 * k), n, c.backward)
    return 0


@noinline
def add_to(out: Reals, made: Reals, n: Int, alone: Int) -> Int:
    """Write n numbers, or add them to what is there."""
    if alone == 1:
        for i in range(n):
            out[i] = made[i]
    else:
        for i in range(n):
            out[i] = out[i] + made[i]
    return 0


@noinline
def walk_windows(c: Scan, params: Reals, first: Int, n: Int, partial: Result) -> Int:
    """A walk for each result of n columns."""
    nothing = stack_reals(512)
    ones = stack_reals(512)
    fill(nothing, 512, 0.0)
    fill(ones, 512, 1.0)
    at = 0
    while at < n:
        width = n - at
        if width > 512:
            width = 512
        if c.backward == 0:
            for k in range(c.output_count):
                for step in range(c.steps):
                    fill(reals(lies_at(c.outputs[k], c.itemsize, step, first + at)), width, 0.0)
        for step in range(c.steps):
            walk_window(c, params, step, first + at, width, nothing, ones, partial)
        at = at + width
    return 0


def scan_block(c: Scan, partial: Result, block: Int) -> Int:
    """Walk one block of columns."""
    params = stack_reals(6)
    begin_block(partial)
    for k in range(c.param_count):
        params[k] = real(c.params[k])
    first = block * c.block
    n = block_stop(c.columns, c.block, block) - first
    if c.window > 0:
        return walk_windows(c, params, first, n, partial)
    return walk_steps(c, params, first, n, partial)
