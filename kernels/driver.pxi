# How Python runs a loop: blocks over threads, partial results in order. Only this is written for Cython by hand.

from cython.parallel cimport prange
from libc.stdlib cimport free, malloc

include "runs.pxi"

ctypedef int64_t (*block_loop)(int64_t*, double*, int64_t) noexcept nogil


def run(intptr_t loop, bytes problem, int64_t blocks, int threads):
    """Run every block of a problem and return the sums of values and weights and the first complaint."""
    cdef int64_t* c = <int64_t*><char*>problem
    cdef block_loop call = <block_loop>loop
    cdef double few[32]
    cdef double* partials = few
    cdef double total, weight, bad
    cdef int64_t b
    if blocks > 8:
        partials = <double*>malloc(blocks * 4 * sizeof(double))
        if partials == NULL:
            raise MemoryError()
    with nogil:
        if threads > 1:
            for b in prange(blocks, schedule="dynamic", num_threads=threads):
                call(c, partials + 4 * b, b)
        else:
            for b in range(blocks):
                call(c, partials + 4 * b, b)
        total = combine_f64(partials, blocks, 0)
        weight = combine_f64(partials, blocks, 1)
        bad = first_bad_f64(partials, blocks)
    if partials != few:
        free(partials)
    return total, weight, bad
