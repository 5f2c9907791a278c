"""The driver: how Python runs a loop, block by block on a team of threads, and adds up what the blocks leave, in order."""

from libc.stdint cimport int64_t, intptr_t
from libc.stdlib cimport free, malloc

include "primitives.pxi"
include "generated/headers.pxi"
include "generated/combine.pxi"

cdef extern from "team.h" nogil:
    ctypedef int64_t (*team_block)(int64_t*, void*, int64_t) noexcept nogil
    void team_run(team_block call, int64_t* problem, void* partials, int64_t step, int64_t blocks, int threads)
    int team_start()

if team_start():
    raise MemoryError("no room to say what a forked child does first")


def run(intptr_t loop, bytes problem, int64_t blocks, int threads):
    """Run every block of a problem; the fields of their Result: sums of values and weights, the first bad value."""
    return run_at(loop, <intptr_t><char*>problem, blocks, threads)


cpdef tuple run_at(intptr_t loop, intptr_t problem, int64_t blocks, int threads):
    """The same of a problem that lies at an address."""
    cdef Result few[8]
    cdef Result* partials = few
    cdef Result total
    if blocks > 8:
        partials = <Result*>malloc(blocks * sizeof(Result))
        if partials == NULL:
            raise MemoryError()
    with nogil:
        team_run(<team_block>loop, <int64_t*>problem, partials, sizeof(Result), blocks, threads)
        combine_f64(partials, blocks, &total)
    if partials != few:
        free(partials)
    return total.value, total.weight, total.bad_at, total.bad_in
