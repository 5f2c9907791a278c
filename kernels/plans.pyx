"""Plans of calls that repeat: found, checked and launched without asking Python what a call is made of.

What they are for, and when one is made, is in numloss/backends/host/plans.py.
"""

import numpy as np

from numloss.common import halves

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_GetItemWithError
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.math cimport isinf
from libc.stdint cimport int64_t, intptr_t
from libc.string cimport memcpy

cdef extern from "primitives.h" nogil:
    ctypedef struct numloss_descr:
        char byteorder
        int type_num
    ctypedef struct numloss_array_head:
        char* data
        int nd
        intptr_t* dimensions
        void* base
        numloss_descr* descr
        int flags

cdef extern from "Python.h":
    void PyUnicode_InternInPlace(PyObject** text)

include "generated/headers.pxi"

ctypedef int64_t (*block_loop)(int64_t*, Result*, int64_t) noexcept nogil

cdef enum:
    MOST_PLANS = 1024
    MOST_ARRAYS = 16
    MOST_NUMBERS = 256
    MOST_WORDS = 96
    # problems that run together: room in ElementwiseSums
    MOST_TOGETHER = 8
    # of numloss/loops/codes.py
    TABLE = 15
    # flags of NumPy
    C_CONTIGUOUS = 0x0001
    ALIGNED = 0x0100
    WRITEABLE = 0x0400
    # type numbers of NumPy, in the order of bytes but for the last, and the bytes of its largest number: a complex long
    # double
    UINT8 = 2
    UINT16 = 4
    UINT32 = 6
    FLOAT32 = 11
    FLOAT64 = 12
    VOID = 20
    FLOAT16 = 23
    LARGEST_ITEM = 32

cdef object ndarray = np.ndarray
cdef object BFLOAT16 = halves.BFLOAT16
cdef object empty = np.empty
cdef str OUT = "out"
cdef str WEIGHT = "weight"
cdef dict plans = {}


include "recognised.pxi"


cdef class Plan:
    """A problem without its arrays, and how its answer is read.

    `places` are the first bytes of the operands of its arrays in the problem: the inputs, each as often as it has
    columns, and the weight; then what is written, of the `shapes` and the dtype of the data: gradients of so many
    inputs, or gradients and curvatures, likewise by column, and the values one by one, if they are asked for. `fixed`:
    the total weight follows from the shape. `weighted`: by more than what is left out. `count` is the loop that finds
    the total which the gradient is divided by where it does not follow, or 0; `varies`: it was another one than usual
    before. At `scale_at` lies what the gradient is scaled by. `tables` are small arrays of options, which the problem
    points to. `together` are name and dtype of the loop that finds the sums of several such problems at once, or None.
    """

    cdef object backend, kept, dtype, tables, together
    cdef bytes problem
    cdef tuple shapes
    cdef block_loop call
    cdef intptr_t loop, count
    cdef int64_t blocks, scale_at
    cdef double total, work
    cdef bint mean, pair, fixed, weighted, unreduced, varies
    cdef int inputs, slopes, graded, columns
    cdef int64_t[MOST_ARRAYS] places

    def __init__(
        self, backend, problem, tuple places, tuple shapes, dtype, int slopes, int columns, bint unreduced, bint pair,
        bint mean, double total, bint fixed, intptr_t count, bint weighted, tuple tables, tuple together,
    ):
        self.hold(backend, problem, places, shapes, dtype, slopes, columns, unreduced)
        self.scale_at = problem.header.place("scale")
        self.pair, self.mean, self.total, self.fixed, self.count = pair, mean, total, fixed, count
        self.weighted, self.tables, self.together = weighted, tables, together

    cdef int hold(
        self, backend, problem, tuple places, tuple shapes, dtype, int slopes, int columns, bint unreduced
    ) except -1:
        """Keep a problem, and where its arrays belong."""
        self.backend, self.problem = backend, problem.packed()
        if len(places) > MOST_ARRAYS or len(self.problem) > 8 * MOST_NUMBERS:
            raise OverflowError("a problem of this size has no plan")
        self.loop, self.blocks, self.work = problem.loop, problem.blocks, problem.work
        self.call = <block_loop>self.loop
        self.shapes, self.dtype, self.unreduced = shapes, dtype, unreduced
        self.slopes, self.columns = slopes, columns
        self.graded = len(shapes) - unreduced
        self.inputs = len(places) - columns * self.graded - unreduced
        cdef int k
        for k in range(len(places)):
            self.places[k] = places[k]
        return 0

    cdef list outputs(self, tuple arguments, out):
        """The arrays to write, those of `out` first; None if these cannot be written to without a further look."""
        cdef list found = []
        cdef int k, other
        cdef numloss_array_head* mine
        if out is not None:
            if not self.graded:
                found.append(out)
            elif self.graded == self.slopes:
                add_each(found, out)
            elif type(out) is tuple:
                for each in <tuple>out:
                    add_each(found, each)
            if len(found) != (self.graded or self.unreduced):
                return None
            for k in range(len(found)):
                if not fits(found[k], <tuple>self.shapes[k], arguments):
                    return None
                mine = <numloss_array_head*><void*>found[k]
                for other in range(k):
                    if touch(mine, <numloss_array_head*><void*>found[other]):
                        return None
        for k in range(len(found), len(self.shapes)):
            found.append(empty(self.shapes[k], self.dtype))
        return found

    cdef object answer(self, value, list outputs):
        """What the caller gets: the value, then gradients, then curvatures, of several inputs as tuples."""
        cdef int k
        if self.graded == 0:
            return value
        if self.slopes == 1:
            return (value, outputs[0]) if self.graded == 1 else (value, outputs[0], outputs[1])
        parts = [value]
        for k in range(0, self.graded, self.slopes):
            parts.append(tuple(outputs[k : k + self.slopes]))
        return tuple(parts)

    cdef Py_ssize_t fill(self, char* problem, tuple arguments, list outputs) except -1:
        """The problem with these arrays; its bytes."""
        cdef int k
        memcpy(problem, <char*>self.problem, len(self.problem))
        for k in range(self.inputs):
            (<int64_t*>(problem + self.places[k]))[0] = address(arguments[k // self.columns])
        for k in range(self.columns * self.graded):
            (<int64_t*>(problem + self.places[self.inputs + k]))[0] = address(outputs[k // self.columns])
        if self.unreduced:
            k = self.inputs + self.columns * self.graded
            (<int64_t*>(problem + self.places[k]))[0] = address(outputs[self.graded])
        return len(self.problem)

    cdef object run(self, tuple arguments, list outputs):
        """The answer; None if a loop has something to complain about, which the long way will find and say."""
        cdef int64_t[MOST_NUMBERS] words
        cdef char* problem = <char*>words
        cdef Result partial
        cdef Py_ssize_t size = self.fill(problem, arguments, outputs)
        if self.blocks == 1:
            self.run_block(problem, &partial)
        else:
            self.run_blocks(problem, size, &partial)
        # what is bad, and weights that are not of an ordinary size, go the long way
        if partial.bad_at >= 0 or self.weighted and not is_ordinary(partial.weight):
            return None
        if self.unreduced:
            return self.answer(outputs[self.graded], outputs)
        value = 0.0 + partial.value
        total = self.total if self.fixed else partial.weight
        if self.pair:
            value = (value, total)
        elif self.mean:
            value = value / total if total > 0.0 else 0.0
            if isinf(value):
                return None
        return self.answer(value, outputs)

    cdef int run_block(self, char* problem, Result* partial) except -1:
        """Run one block as if everything counted, and once more if it does not."""
        with nogil:
            if self.weighted and self.count:
                (<block_loop>self.count)(<int64_t*>problem, partial, 0)
                if partial.bad_at >= 0:
                    return 0
                self.rescale(problem, partial.weight)
                self.call(<int64_t*>problem, partial, 0)
                return 0
            self.call(<int64_t*>problem, partial, 0)
            if self.count and partial.weight != self.total and partial.bad_at < 0:
                self.rescale(problem, partial.weight)
                self.call(<int64_t*>problem, partial, 0)
        return 0

    cdef int run_blocks(self, char* problem, Py_ssize_t size, Result* partial) except -1:
        """The same of several blocks; once something did not count, what does is added up first from then on."""
        cdef bint sure = self.count == 0 or not (self.weighted or self.varies)
        if not sure:
            self.spread(self.count, problem, size, partial)
            if partial.bad_at >= 0:
                return 0
            self.rescale(problem, partial.weight)
        self.spread(self.loop, problem, size, partial)
        if sure and self.count and partial.weight != self.total and partial.bad_at < 0:
            self.varies = True
            self.rescale(problem, partial.weight)
            self.spread(self.loop, problem, size, partial)
        return 0

    cdef int spread(self, intptr_t loop, char* problem, Py_ssize_t size, Result* total) except -1:
        """Run a loop over all blocks, as the backend does it."""
        packed = PyBytes_FromStringAndSize(problem, size)
        total.value, total.weight, total.bad_at, total.bad_in = self.backend.spread(loop, packed, self.blocks, self.work)
        return 0

    cdef void rescale(self, char* problem, double total) noexcept nogil:
        (<double*>(problem + self.scale_at))[0] = 1.0 / total if total > 0.0 else 0.0


cdef inline bint is_ordinary(double weight) noexcept nogil:
    """Whether a sum of weights is one that float64 can work with."""
    return weight == 0.0 or 1e-150 < weight < 1e150


cdef class Passes(Plan):
    """A problem in two passes: the first leaves sums in an array of a shape, of which `law` makes the value and arrays of
    slopes, and with these the loop `second` writes the gradient. Addresses of both are put at `sums_at` and `slopes_at`.
    """

    cdef object law
    cdef tuple shape
    cdef intptr_t second
    cdef int64_t sums_at, slopes_at

    def __init__(
        self, backend, problem, tuple places, tuple shapes, dtype, int slopes, int columns, law, tuple shape,
        intptr_t second,
    ):
        self.hold(backend, problem, places, shapes, dtype, slopes, columns, False)
        self.law, self.shape, self.second = law, shape, second
        self.sums_at, self.slopes_at = problem.header.place("sums"), problem.header.place("slopes")

    cdef object run(self, tuple arguments, list outputs):
        """The answer; None if the first pass has something to complain about, which the long way will find and say."""
        cdef int64_t[MOST_NUMBERS] words
        cdef char* problem = <char*>words
        cdef Result partial
        cdef Py_ssize_t size = self.fill(problem, arguments, outputs)
        cdef int k
        sums = empty(self.shape)
        (<int64_t*>(problem + self.sums_at))[0] = address(sums)
        self.spread(self.loop, problem, size, &partial)
        if partial.bad_at >= 0:
            return None
        value, slopes = self.law(sums)
        if self.graded:
            for k in range(len(<tuple>slopes)):
                (<int64_t*>(problem + self.slopes_at))[k] = address((<tuple>slopes)[k])
            self.spread(self.second, problem, size, &partial)
            if partial.bad_at >= 0:
                return None
        return self.answer(value, outputs)


cdef int add_each(list found, out) except -1:
    """Add the arrays for one thing to write, which are a tuple where there are several."""
    if type(out) is tuple:
        found.extend(<tuple>out)
    else:
        found.append(out)
    return 0


cdef bint fits(out, tuple shape, tuple arguments):
    """True for a contiguous array of a shape with the dtype of the data, that shares memory with no argument."""
    if type(out) is not ndarray:
        return False
    cdef numloss_array_head* mine = <numloss_array_head*><void*>out
    cdef numloss_array_head* other = <numloss_array_head*><void*>arguments[0]
    cdef int wanted = C_CONTIGUOUS | ALIGNED | WRITEABLE
    cdef int k
    if mine.flags & wanted != wanted or not is_native(mine) or mine.descr.type_num != other.descr.type_num:
        return False
    if not has_a_number(mine):
        return False
    if mine.nd != len(shape):
        return False
    for k in range(mine.nd):
        if mine.dimensions[k] != <intptr_t>shape[k]:
            return False
    for given in arguments:
        if touch(mine, <numloss_array_head*><void*>given):
            return False
    return True


cdef bint touch(numloss_array_head* one, numloss_array_head* other) noexcept:
    """True if the memory of two contiguous arrays may overlap; false only where it cannot."""
    return one.data < other.data + most_bytes(other) and other.data < one.data + most_bytes(one)


cdef intptr_t item_bytes(numloss_array_head* array) noexcept:
    """The bytes of a number of an array, or more."""
    cdef int type_num = array.descr.type_num
    if type_num == FLOAT16 or <void*>array.descr == <void*>BFLOAT16:
        return 2
    if type_num <= UINT16:
        return 1 if type_num <= UINT8 else 2
    if type_num <= FLOAT64:
        return 4 if type_num <= UINT32 or type_num == FLOAT32 else 8
    return LARGEST_ITEM


cdef intptr_t most_bytes(numloss_array_head* array) noexcept:
    """The bytes of a contiguous array, or more."""
    cdef intptr_t size = item_bytes(array)
    cdef int k
    for k in range(array.nd):
        size *= array.dimensions[k]
    return size


def replay(loss, int mode, tuple arguments not None, dict options not None, bint pair, int policy, chosen):
    """The answer of a call that has been made before with other memory; None if there is no plan for it."""
    cdef int64_t[MOST_WORDS] words
    cdef int n = words_of(words, loss, mode, arguments, options, pair, policy, chosen)
    if n < 0:
        return None
    cdef PyObject* found = PyDict_GetItemWithError(plans, PyBytes_FromStringAndSize(<char*>words, 8 * n))
    if found == NULL:
        return None
    plan = <Plan>found
    arguments = read_by(arguments, options)
    outputs = plan.outputs(arguments, options.get(OUT))
    return None if outputs is None else plan.run(arguments, outputs)


def keep(
    loss, int mode, tuple arguments not None, dict options not None, bint pair, int policy, chosen, Plan plan not None
):
    """Replay this plan from now on when a call like this one is made."""
    cdef int64_t[MOST_WORDS] words
    cdef int n = words_of(words, loss, mode, arguments, options, pair, policy, chosen)
    out = options.get(OUT)
    if n < 0 or out is not None and plan.outputs(read_by(arguments, options), out) is None:
        return
    texts = [chosen, *options, *options.values()]
    plan.kept = [loss, *(interned(text) for text in texts if type(text) is str)]  # their addresses are in the key
    if len(plans) >= MOST_PLANS:
        plans.clear()
    plans[PyBytes_FromStringAndSize(<char*>words, 8 * n)] = plan


def find(loss, tuple arguments not None, dict options not None, chosen):
    """The plan of the sum and weight of a loss of arrays like these, for `sweep`; None if there is none."""
    cdef int64_t[MOST_WORDS] words
    cdef int n = words_of(words, loss, 0, arguments, options, True, False, chosen)
    if n < 0:
        return None
    cdef PyObject* found = PyDict_GetItemWithError(plans, PyBytes_FromStringAndSize(<char*>words, 8 * n))
    return None if found == NULL else <object>found


include "sweeps.pxi"
include "tallies.pxi"
include "launches.pxi"
