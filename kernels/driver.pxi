# How Python runs a loop: blocks over threads, partial results in order. Only this is written for Cython by hand.

from cython.parallel cimport prange
from libc.stdlib cimport free, malloc

include "runs.pxi"

ctypedef int64_t (*block_loop)(int64_t*, Result*, int64_t) noexcept nogil


def run(intptr_t loop, bytes problem, int64_t blocks, int threads):
    """Run every block of a problem; the fields of their Result: sums of values and weights, the first bad value."""
    cdef int64_t* c = <int64_t*><char*>problem
    cdef block_loop call = <block_loop>loop
    cdef Result few[8]
    cdef Result* partials = few
    cdef Result total
    cdef int64_t b
    if blocks > 8:
        partials = <Result*>malloc(blocks * sizeof(Result))
        if partials == NULL:
            raise MemoryError()
    with nogil:
        if threads > 1:
            for b in prange(blocks, schedule="dynamic", num_threads=threads):
                call(c, partials + b, b)
        else:
            for b in range(blocks):
                call(c, partials + b, b)
        combine_f64(partials, blocks, &total)
    if partials != few:
        free(partials)
    return total.value, total.weight, total.bad_at, total.bad_in
