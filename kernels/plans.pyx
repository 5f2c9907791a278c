"""Plans of calls that repeat: found, checked and launched without asking Python what a call is made of.

What they are for, and when one is made, is in numloss/backends/host/plans.py.
"""

import numpy as np

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
    # type numbers of NumPy, and the bytes of its largest number: a complex long double
    INT64 = 7
    FLOAT32 = 11
    FLOAT64 = 12
    VOID = 20
    LARGEST_ITEM = 32

cdef object ndarray = np.ndarray
cdef object empty = np.empty
cdef str OUT = "out"
cdef str WEIGHT = "weight"
cdef dict plans = {}


cdef class Plan:
    """A problem without its arrays, and how its answer is read.

    `places` are the first bytes of the operands of its arrays in the problem, inputs then gradients, each as often as it
    has columns, `differentiable` the positions of the arguments that have a gradient. `fixed`: the total weight follows from the
    shape. `weighted`: the last of the inputs is the weight. `count` is the loop that finds the total which the gradient
    is divided by where it does not follow, or 0; `varies`: it was another one than usual before. At `scale_at` lies what
    the gradient is scaled by. `together` are name and dtype of the loop that finds the sums of several such problems at
    once, or None.
    """

    cdef object backend, kept, together
    cdef bytes problem
    cdef block_loop call
    cdef intptr_t loop, count
    cdef int64_t blocks, scale_at
    cdef double total, work
    cdef bint mean, pair, fixed, weighted, varies
    cdef int inputs, outputs, columns
    cdef int64_t[MOST_ARRAYS] places
    cdef int[MOST_ARRAYS] differentiable

    def __init__(
        self, backend, problem, tuple places, tuple differentiable, int columns, bint pair, bint mean, double total, bint fixed,
        intptr_t count, bint weighted, tuple together,
    ):
        self.hold(backend, problem, places, differentiable, columns)
        self.scale_at = problem.header.place("scale")
        self.pair, self.mean, self.total, self.fixed, self.count = pair, mean, total, fixed, count
        self.weighted, self.together = weighted, together

    cdef int hold(self, backend, problem, tuple places, tuple differentiable, int columns) except -1:
        """Keep a problem, and where its arrays belong."""
        self.backend, self.problem = backend, problem.packed()
        if len(places) > MOST_ARRAYS or len(self.problem) > 8 * MOST_NUMBERS:
            raise OverflowError("a problem of this size has no plan")
        self.loop, self.blocks, self.work = problem.loop, problem.blocks, problem.work
        self.call = <block_loop>self.loop
        self.outputs = len(differentiable)
        self.columns = columns
        self.inputs = len(places) - columns * self.outputs
        cdef int k
        for k in range(len(places)):
            self.places[k] = places[k]
        for k in range(self.outputs):
            self.differentiable[k] = differentiable[k]
        return 0

    cdef bint takes(self, tuple arguments, outputs):
        """True if gradients can be written to these arrays without a further look."""
        cdef int k, other
        cdef numloss_array_head* mine
        if not self.outputs:
            return False
        if type(outputs) is not tuple:
            return self.outputs == 1 and fits(outputs, self.differentiable[0], arguments)
        if len(<tuple>outputs) != self.outputs:
            return False
        for k in range(self.outputs):
            if not fits((<tuple>outputs)[k], self.differentiable[k], arguments):
                return False
            for other in range(k):
                mine = <numloss_array_head*><void*>(<tuple>outputs)[k]
                if touch(mine, <numloss_array_head*><void*>(<tuple>outputs)[other]):
                    return False
        return True

    cdef object new_outputs(self, tuple arguments):
        cdef int k
        made = []
        for k in range(self.outputs):
            made.append(empty(arguments[self.differentiable[k]].shape, arguments[0].dtype))
        return made[0] if self.outputs == 1 else tuple(made)

    cdef Py_ssize_t fill(self, char* problem, tuple arguments, outputs) except -1:
        """The problem with these arrays; its bytes."""
        cdef int k
        memcpy(problem, <char*>self.problem, len(self.problem))
        for k in range(self.inputs):
            (<int64_t*>(problem + self.places[k]))[0] = address(arguments[k // self.columns])
        for k in range(self.columns * self.outputs):
            out = (<tuple>outputs)[k // self.columns] if type(outputs) is tuple else outputs
            (<int64_t*>(problem + self.places[self.inputs + k]))[0] = address(out)
        return len(self.problem)

    cdef object run(self, tuple arguments, outputs):
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
        value = 0.0 + partial.value
        total = self.total if self.fixed else partial.weight
        if self.pair:
            value = (value, total)
        elif self.mean:
            value = value / total if total > 0.0 else 0.0
            if isinf(value):
                return None
        if not self.outputs:
            return value
        if type(outputs) is tuple and self.outputs == 1:
            outputs = (<tuple>outputs)[0]
        return value, outputs

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
        self, backend, problem, tuple places, tuple differentiable, int columns, law, tuple shape, intptr_t second
    ):
        self.hold(backend, problem, places, differentiable, columns)
        self.law, self.shape, self.second = law, shape, second
        self.sums_at, self.slopes_at = problem.header.place("sums"), problem.header.place("slopes")

    cdef object run(self, tuple arguments, outputs):
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
        if not self.outputs:
            return value
        for k in range(len(<tuple>slopes)):
            (<int64_t*>(problem + self.slopes_at))[k] = address((<tuple>slopes)[k])
        self.spread(self.second, problem, size, &partial)
        return value, (<tuple>outputs)[0] if type(outputs) is tuple else outputs


cdef bint fits(out, int differentiable, tuple arguments):
    """True for a contiguous array with the dtype of the data and the shape of an argument, that shares memory with
    none."""
    if type(out) is not ndarray:
        return False
    cdef numloss_array_head* mine = <numloss_array_head*><void*>out
    cdef numloss_array_head* other = <numloss_array_head*><void*>arguments[0]
    cdef int wanted = C_CONTIGUOUS | ALIGNED | WRITEABLE
    cdef int k
    if mine.flags & wanted != wanted or not is_native(mine) or mine.descr.type_num != other.descr.type_num:
        return False
    other = <numloss_array_head*><void*>arguments[differentiable]
    if mine.nd != other.nd:
        return False
    for k in range(mine.nd):
        if mine.dimensions[k] != other.dimensions[k]:
            return False
    for given in arguments:
        if touch(mine, <numloss_array_head*><void*>given):
            return False
    return True


cdef bint touch(numloss_array_head* one, numloss_array_head* other) noexcept:
    """True if the memory of two contiguous arrays may overlap; false only where it cannot."""
    return one.data < other.data + most_bytes(other) and other.data < one.data + most_bytes(one)


cdef intptr_t most_bytes(numloss_array_head* array) noexcept:
    """The bytes of a contiguous array, or more."""
    cdef int type_num = array.descr.type_num
    cdef intptr_t size = 4 if type_num == FLOAT32 else 8 if type_num in (FLOAT64, INT64) else LARGEST_ITEM
    cdef int k
    for k in range(array.nd):
        size *= array.dimensions[k]
    return size


cdef inline bint is_native(numloss_array_head* array) noexcept:
    return array.descr.byteorder == c"=" or array.descr.byteorder == c"|"


cdef str interned(str text):
    """Equal texts are one object once they are interned."""
    cdef PyObject* one = <PyObject*>text
    Py_INCREF(text)
    PyUnicode_InternInPlace(&one)
    found = <object>one
    Py_DECREF(found)
    return found


cdef int option_words(int64_t* words, value) except -1:
    """An option as its type and its bits, which tell 1 from True and 0.0 from -0.0; 0 where no plan can hold it."""
    cdef double number
    cdef int overflow = 0
    if value is None:
        words[0] = words[1] = 0
    elif type(value) is str:
        words[0], words[1] = 1, address(interned(value))
    elif type(value) is float:
        number = value
        words[0] = 2
        memcpy(words + 1, &number, 8)
    elif type(value) is bool:
        words[0], words[1] = 3, value is True
    elif type(value) is int:
        words[0], words[1] = 4, PyLong_AsLongLongAndOverflow(value, &overflow)
    else:
        return 0
    return overflow == 0


cdef inline int64_t address(value) noexcept:
    return <int64_t><intptr_t><void*>value


cdef int array_words(int64_t* words, int n, given) noexcept:
    """What a plan has to know of an array, after n words; returns how many there are then, or -1."""
    cdef int k
    cdef numloss_array_head* array
    if type(given) is not ndarray:
        return -1
    array = <numloss_array_head*><void*>given
    if array.flags & (C_CONTIGUOUS | ALIGNED) != (C_CONTIGUOUS | ALIGNED) or not is_native(array):
        return -1
    # bytes without a number of their own for what they stand for
    if n + array.nd + 1 > MOST_WORDS or array.descr.type_num == VOID:
        return -1
    words[n] = array.descr.type_num + (<int64_t>array.nd << 32)
    for k in range(array.nd):
        words[n + 1 + k] = array.dimensions[k]
    return n + array.nd + 1


cdef tuple read_by(tuple arguments, dict options):
    """All arrays that a call reads: its arguments and the weight."""
    weight = options.get(WEIGHT)
    return (*arguments, weight) if type(weight) is ndarray else arguments


cdef int words_of(int64_t* words, loss, int mode, tuple arguments, dict options, bint pair, chosen) except -2:
    """Everything about a call that its plan depends on; returns how many words, or -1 where no plan can serve it."""
    cdef int n = 3
    words[0] = address(loss)
    words[1] = mode + 4 * pair + 8 * len(arguments)
    words[2] = 0 if chosen is None else address(interned(chosen))
    for given in arguments:
        n = array_words(words, n, given)
        if n < 0:
            return -1
    for name, value in options.items():
        if type(name) is not str or n + 3 > MOST_WORDS:
            return -1
        if name == OUT:
            continue
        words[n] = address(interned(name))
        if name == WEIGHT and type(value) is ndarray:
            n = array_words(words, n + 1, value)
            if n < 0:
                return -1
            continue
        if not option_words(words + n + 1, value):
            return -1
        n += 3
    return n


def replay(loss, int mode, tuple arguments not None, dict options not None, bint pair, chosen):
    """The answer of a call that has been made before with other memory; None if there is no plan for it."""
    cdef int64_t[MOST_WORDS] words
    cdef int n = words_of(words, loss, mode, arguments, options, pair, chosen)
    if n < 0:
        return None
    cdef PyObject* found = PyDict_GetItemWithError(plans, PyBytes_FromStringAndSize(<char*>words, 8 * n))
    if found == NULL:
        return None
    plan = <Plan>found
    arguments = read_by(arguments, options)
    outputs = options.get(OUT)
    if outputs is None:
        if plan.outputs:
            outputs = plan.new_outputs(arguments)
    elif not plan.takes(arguments, outputs):
        return None
    return plan.run(arguments, outputs)


def keep(loss, int mode, tuple arguments not None, dict options not None, bint pair, chosen, Plan plan not None):
    """Replay this plan from now on when a call like this one is made."""
    cdef int64_t[MOST_WORDS] words
    cdef int n = words_of(words, loss, mode, arguments, options, pair, chosen)
    outputs = options.get(OUT)
    if n < 0 or not (outputs is None or plan.takes(read_by(arguments, options), outputs)):
        return
    texts = [chosen, *options, *options.values()]
    plan.kept = [loss, *(interned(text) for text in texts if type(text) is str)]  # their addresses are in the key
    if len(plans) >= MOST_PLANS:
        plans.clear()
    plans[PyBytes_FromStringAndSize(<char*>words, 8 * n)] = plan


def find(loss, tuple arguments not None, dict options not None, chosen):
    """The plan of the sum and weight of a loss of arrays like these, for `sweep`; None if there is none."""
    cdef int64_t[MOST_WORDS] words
    cdef int n = words_of(words, loss, 0, arguments, options, True, chosen)
    if n < 0:
        return None
    cdef PyObject* found = PyDict_GetItemWithError(plans, PyBytes_FromStringAndSize(<char*>words, 8 * n))
    return None if found == NULL else <object>found


include "sweeps.pxi"
include "tallies.pxi"
include "launches.pxi"
