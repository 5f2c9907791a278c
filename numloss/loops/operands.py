"""Reading and writing blocks of arrays of any dtype and layout.

The numbers of dtypes and layouts are in codes.py. Shape and strides of a layout are as seen in the order of the data.
"""

from __future__ import annotations

from ..scalar import rint
from .codes import (
    B2,
    COLUMNS,
    DATA,
    EVERYWHERE,
    F2,
    F4,
    F8,
    FIRST_COLUMN,
    I1,
    I2,
    I4,
    I8,
    IN_ORDER,
    NOT_NAN,
    NUMBER,
    NUMBER_OR_NAN,
    U1,
    U2,
    U4,
    U8,
)
from .halves import narrow, widen
from .headers import Operand
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    beyond32,
    float32s,
    float64s,
    int8s,
    int16s,
    int32s,
    int64s,
    integer,
    ints,
    nan32,
    noinline,
    of_bfloat16,
    of_float16,
    offset,
    outside32,
    real,
    reals,
    stack_ints,
    stack_reals,
    uint8s,
    uint16s,
    uint32s,
    uint64s,
)


@noinline
def convert(data: Int, code: Int, stride: Int, n: Int, out: Reals) -> Int:
    """Read n values of the dtype `code`, `stride` elements of it apart, into out."""
    if code == DATA:
        p0 = reals(data)
        for i in range(n):
            out[i] = p0[i * stride]
    elif code == F4:
        p1 = float32s(data)
        for i in range(n):
            out[i] = real(p1[i * stride])
    elif code == F8:
        p2 = float64s(data)
        for i in range(n):
            out[i] = real(p2[i * stride])
    elif code == I1:
        p3 = int8s(data)
        for i in range(n):
            out[i] = real(p3[i * stride])
    elif code == U1:
        p4 = uint8s(data)
        for i in range(n):
            out[i] = real(p4[i * stride])
    elif code == I2:
        p5 = int16s(data)
        for i in range(n):
            out[i] = real(p5[i * stride])
    elif code == U2:
        p6 = uint16s(data)
        for i in range(n):
            out[i] = real(p6[i * stride])
    elif code == I4:
        p7 = int32s(data)
        for i in range(n):
            out[i] = real(p7[i * stride])
    elif code == U4:
        p8 = uint32s(data)
        for i in range(n):
            out[i] = real(p8[i * stride])
    elif code == I8:
        p9 = int64s(data)
        for i in range(n):
            out[i] = real(p9[i * stride])
    elif code == U8:
        p10 = uint64s(data)
        for i in range(n):
            out[i] = real(p10[i * stride])
    else:
        widen(data, code, stride, n, out)
    return 0


def element(data: Int, code: Int, at: Int) -> Real:
    """Value `at` of contiguous ones of the dtype `code`."""
    if code == DATA:
        return reals(data)[at]
    if code == F4:
        return real(float32s(data)[at])
    if code == F8:
        return real(float64s(data)[at])
    if code == I1:
        return real(int8s(data)[at])
    if code == U1:
        return real(uint8s(data)[at])
    if code == I2:
        return real(int16s(data)[at])
    if code == U2:
        return real(uint16s(data)[at])
    if code == I4:
        return real(int32s(data)[at])
    if code == U4:
        return real(uint32s(data)[at])
    if code == I8:
        return real(int64s(data)[at])
    if code == U8:
        return real(uint64s(data)[at])
    if code == F2:
        return of_float16(uint16s(data)[at])
    return of_bfloat16(uint16s(data)[at])


def label(data: Int, code: Int, at: Int) -> Int:
    """Integer `at` of contiguous ones of the dtype `code`; an unsigned one too large for int64 becomes negative."""
    if code == I8 or code == U8:
        return integer(int64s(data)[at])
    if code == I4:
        return integer(int32s(data)[at])
    if code == U4:
        return integer(uint32s(data)[at])
    if code == I2:
        return integer(int16s(data)[at])
    if code == U2:
        return integer(uint16s(data)[at])
    if code == I1:
        return integer(int8s(data)[at])
    return integer(uint8s(data)[at])


@noinline
def fetch_labels(o: Operand, start: Int, n: Int, out: Ints) -> Int:
    """Read n integers of an operand of any integer dtype and layout, as int64.

    An unsigned label too large for int64 becomes negative, hence out of range.
    """
    code = o.kind
    size = item_size(code, 8)
    data = array_data(o.array)
    index = stack_ints(64)
    if o.layout == IN_ORDER and code == I8:
        whole = offset(int64s(data), start)
        for i in range(n):
            out[i] = integer(whole[i])
        return 0
    if o.layout == IN_ORDER:
        data = data + start * size
    else:
        data = data + locate(ints(o.layout), start, index)
    for i in range(n):
        out[i] = label(data, code, 0)
        if o.layout == IN_ORDER:
            data = data + size
        else:
            data = data + advance(ints(o.layout), 1, index)
    return 0


def item_size(code: Int, native: Int) -> Int:
    """Bytes of one value of the dtype `code`; `native` for the dtype of the data."""
    if code == DATA:
        return native
    if code == I1 or code == U1:
        return 1
    if code == I2 or code == U2 or code == F2 or code == B2:
        return 2
    if code == F4 or code == I4 or code == U4:
        return 4
    return 8


def locate(layout: Ints, start: Int, index: Ints) -> Int:
    """Write the position `start`, counted in C order, as an index per axis; return its offset in bytes."""
    axes = layout[0]
    shift = 0
    for k in range(axes):
        axis = axes - 1 - k
        size = layout[1 + axis]
        index[axis] = start % size
        start = start // size
        shift = shift + index[axis] * layout[1 + axes + axis]
    return shift


def advance(layout: Ints, run: Int, index: Ints) -> Int:
    """Move the index by `run` along the last axis (never past its end by more than one row); change of offset."""
    axes = layout[0]
    axis = axes - 1
    shift = run * layout[1 + axes + axis]
    index[axis] = index[axis] + run
    while axis > 0 and index[axis] == layout[1 + axis]:
        shift = shift - index[axis] * layout[1 + axes + axis]
        index[axis] = 0
        axis = axis - 1
        index[axis] = index[axis] + 1
        shift = shift + layout[1 + axes + axis]
    return shift


@noinline
def gather(data: Int, code: Int, native: Int, layout: Ints, start: Int, n: Int, out: Reals) -> Int:
    """Read n values in C order from position `start` of an array of any strides."""
    index = stack_ints(64)
    size = item_size(code, native)
    axes = layout[0]
    data = data + locate(layout, start, index)
    stride = layout[2 * axes]
    done = 0
    while done < n:
        run = layout[axes] - index[axes - 1]
        if run > n - done:
            run = n - done
        if stride % size == 0:
            convert(data, code, stride // size, run, offset(out, done))
        else:
            for i in range(run):
                out[done + i] = element(data + i * stride, code, 0)
        data = data + advance(layout, run, index)
        done = done + run
    return 0


@noinline
def put_apart(out: Reals, stride: Int, n: Int, values: Reals) -> Int:
    """Write n values, `stride` elements apart."""
    for i in range(n):
        out[i * stride] = values[i]
    return 0


def put(data: Int, code: Int, stride: Int, n: Int, values: Reals) -> Int:
    """Write n values, `stride` elements apart, in the dtype of the data or in 16 bits."""
    if code == DATA:
        return put_apart(reals(data), stride, n, values)
    return narrow(data, code, stride, n, values)


@noinline
def scatter(data: Int, code: Int, layout: Ints, start: Int, n: Int, values: Reals) -> Int:
    """Write n values in C order from position `start` into an array of any strides."""
    index = stack_ints(64)
    size = item_size(code, address(offset(values, 1)) - address(values))
    axes = layout[0]
    data = data + locate(layout, start, index)
    stride = layout[2 * axes]
    done = 0
    while done < n:
        run = layout[axes] - index[axes - 1]
        if run > n - done:
            run = n - done
        if stride % size == 0:
            put(data, code, stride // size, run, offset(values, done))
        else:
            for i in range(run):
                put(data + i * stride, code, 0, 1, offset(values, done + i))
        data = data + advance(layout, run, index)
        done = done + run
    return 0


def columns_of(layout: Int) -> Int:
    """How many columns the array of such a layout has."""
    return (FIRST_COLUMN - layout) // COLUMNS


def column_of(layout: Int) -> Int:
    """Which of them the operand is."""
    return (FIRST_COLUMN - layout) % COLUMNS


@noinline
def fetch(o: Operand, native: Int, constant: Real, start: Int, n: Int, buffer: Reals) -> Reals:
    """Pointer to n values of an operand, read into buffer unless they lie in memory as they are needed."""
    code = o.kind
    if o.layout == IN_ORDER:
        data = array_data(o.array)
        if code == DATA:
            return offset(reals(data), start)
        convert(data + start * item_size(code, native), code, 1, n, buffer)
        return buffer
    if o.layout == EVERYWHERE:
        for i in range(n):
            buffer[i] = constant
        return buffer
    if o.layout < IN_ORDER:
        columns = columns_of(o.layout)
        first = start * columns + column_of(o.layout)
        convert(array_data(o.array) + first * item_size(code, native), code, columns, n, buffer)
        return buffer
    gather(array_data(o.array), code, native, ints(o.layout), start, n, buffer)
    return buffer


def place(o: Operand, start: Int, buffer: Reals, direct: Int) -> Reals:
    """Where a tile may write an operand: its own memory if that is as needed and `direct`, else buffer."""
    if o.layout == IN_ORDER and o.kind == DATA and direct == 1:
        return offset(reals(array_data(o.array)), start)
    return buffer


def deliver(o: Operand, start: Int, n: Int, values: Reals, direct: Int) -> Int:
    """Bring values that were not written in place to an operand."""
    code = o.kind
    if o.layout == IN_ORDER:
        if direct == 0 and code == DATA:
            out = offset(reals(array_data(o.array)), start)
            for i in range(n):
                out[i] = values[i]
        elif code != DATA:
            narrow(array_data(o.array) + 2 * start, code, 1, n, values)
    elif o.layout < IN_ORDER:
        columns = columns_of(o.layout)
        first = start * columns + column_of(o.layout)
        size = item_size(code, address(offset(values, 1)) - address(values))
        put(array_data(o.array) + first * size, code, columns, n, values)
    else:
        scatter(array_data(o.array), code, ints(o.layout), start, n, values)
    return 0


def outside(x: Real, check: Int, low: Real, high: Real) -> Int:
    """1 for a value outside [low, high].

    With NUMBER NaN is outside, with WHOLE so are fractions, with NUMBER_OR_NAN NaN is let through, with NOT_NAN
    everything else is.
    """
    if check == NOT_NAN:
        return integer(x != x)
    if check == NUMBER_OR_NAN:
        return integer(x < low or x > high)
    if check == NUMBER:
        return integer(not (x >= low and x <= high))
    return integer(not (x >= low and x <= high and x == rint(x)))


@noinline
def suspicious(x: Reals, n: Int, check: Int, low: Real, high: Real) -> Int:
    """Not 0 if one of n values, whole thirty-twos of them, may be outside [low, high]."""
    m = n // 32
    if check == NOT_NAN:
        return nan32(x, m)
    if check == NUMBER:
        return outside32(x, m, low, high)
    if check == NUMBER_OR_NAN:
        return beyond32(x, m, low, high)
    bad = outside32(x, m, low, high)
    odd = stack_reals(32)
    for start in range(0, n, 32):
        for i in range(32):
            odd[i] = x[start + i] - rint(x[start + i])
        bad = bad + outside32(odd, 1, 0.0, 0.0)
    return bad


@noinline
def first_outside(x: Reals, n: Int, check: Int, low: Real, high: Real) -> Int:
    """Position of the first value outside [low, high]; -1 if there is none."""
    i = 0
    if suspicious(x, n - n % 32, check, low, high) == 0:
        i = n - n % 32
    while i < n:
        if outside(x[i], check, low, high) == 1:
            return i
        i = i + 1
    return -1
