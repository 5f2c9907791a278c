# Launches of kernels that repeat in one order: noted once, then run without Python.
# What they are for is in numloss/backends/host/launches.py.

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdlib cimport free, realloc

cdef struct Launch:
    block_loop call
    block_loop end
    int64_t* header
    int64_t blocks
    double work
    bint multiplies

cdef struct Stand:
    # where the address of an array lies, and which of the given ones stands there, so many bytes from its beginning
    int64_t* at
    int given
    int64_t offset


cdef class Launches:
    """Launches in their order; others stand in for the `given` arrays when they are run.

    Each launch has its header and the heads of its arrays in bytes of its own, so that the kernel may be used for
    something else in between.
    """

    cdef object backend
    cdef tuple given
    cdef list problems, kept
    cdef Launch* launches
    cdef Stand* stands
    cdef int count, places

    def __cinit__(self, backend, tuple given):
        need_arrays(given)
        self.backend, self.given, self.problems, self.kept = backend, given, [], []
        self.launches, self.stands = NULL, NULL
        self.count = self.places = 0

    def __dealloc__(self):
        free(self.launches)
        free(self.stands)

    def __len__(self):
        return self.count

    def add(
        self, intptr_t loop, intptr_t end, bytes header, Py_ssize_t arrays_at, tuple arrays, int64_t blocks, double work,
        bint multiplies, kept,
    ):
        """Note a launch: its loop and the one that ends it or 0, its header, where that names arrays, and those."""
        cdef Py_ssize_t size = len(header), each = sizeof(numloss_array_head)
        cdef bytes problem = PyBytes_FromStringAndSize(NULL, size + each * len(arrays))
        cdef char* memory = PyBytes_AS_STRING(problem)
        cdef char* head
        cdef int k
        memcpy(memory, <char*>header, size)
        self.launches = <Launch*>grown(self.launches, (self.count + 1) * sizeof(Launch))
        self.launches[self.count] = Launch(<block_loop>loop, <block_loop>end, <int64_t*>memory, blocks, work, multiplies)
        for k in range(len(arrays)):
            head = memory + size + k * each
            (<int64_t*>(memory + arrays_at))[k] = <int64_t><intptr_t>head
            if not self.stand(<int64_t*>&(<numloss_array_head*>head).data, <numloss_array_head*><void*>arrays[k]):
                self.kept.append(arrays[k])
        self.problems.append(problem)
        self.kept.append(kept)
        self.count += 1

    cdef int stand(self, int64_t* at, numloss_array_head* array) except -1:
        """Write where an array lies; returns 1 for a place in one of the given, which is remembered."""
        cdef numloss_array_head* other
        cdef int k
        at[0] = <int64_t><intptr_t>array.data
        for k in range(len(self.given)):
            other = <numloss_array_head*><void*>self.given[k]
            if other.data <= array.data < other.data + most_bytes(other):
                self.stands = <Stand*>grown(self.stands, (self.places + 1) * sizeof(Stand))
                self.stands[self.places] = Stand(at, k, array.data - other.data)
                self.places += 1
                return 1
        return 0

    def close(self):
        """Let go of the arrays that others will stand for."""
        self.given = ()

    def run(self, tuple given, int workers, bint alone, double pays_at):
        """Run all launches on arrays of the same sizes in place of the given ones.

        Launches of more work than `pays_at` go to as many workers as the backend finds; products of matrices only if
        BLAS is `alone` on its thread.
        """
        cdef Result partial
        cdef Launch* launch
        cdef Stand* stand
        cdef int k = 0
        need_arrays(given)
        for k in range(self.places):
            stand = self.stands + k
            stand.at[0] = <int64_t><intptr_t>(<numloss_array_head*><void*>given[stand.given]).data + stand.offset
        k = 0
        while k < self.count:
            with nogil:
                while k < self.count and not shared(self.launches + k, workers, alone, pays_at):
                    run_all(self.launches + k, &partial)
                    k += 1
            if k < self.count:
                launch = self.launches + k
                self.backend.spread(<intptr_t>launch.call, self.problems[k], launch.blocks, launch.work)
                if launch.end:
                    launch.end(launch.header, &partial, 0)
                k += 1


cdef int need_arrays(tuple given) except -1:
    for array in given:
        if not isinstance(array, ndarray):
            raise TypeError(f"launches read arrays of NumPy, got {type(array).__name__}")
    return 0


cdef bint shared(Launch* launch, int workers, bint alone, double pays_at) noexcept nogil:
    return workers > 1 and launch.blocks > 1 and launch.work > pays_at and (alone or not launch.multiplies)


cdef void run_all(Launch* launch, Result* partial) noexcept nogil:
    """All blocks of a launch, one after another; what they find is in their arrays, not in their results."""
    cdef int64_t block
    for block in range(launch.blocks):
        launch.call(launch.header, partial, block)
    if launch.end:
        launch.end(launch.header, partial, 0)


cdef void* grown(void* memory, size_t size) except NULL:
    cdef void* found = realloc(memory, size)
    if found == NULL:
        raise MemoryError()
    return found
