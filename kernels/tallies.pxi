# Losses counted by bins, for evaluations: without a pass for each step, and while other threads run Python.

cdef object zeros = np.zeros
cdef object int64 = np.int64


def count_usual(losses not None, int64_t dropped, int64_t least, int64_t usual, int64_t shift):
    """The bins of contiguous float64, in order, and how many losses each has; None of losses that are not usual.

    The place of a loss are its bits without the last `dropped` of them, and its bin is that number plus `shift`; of 0.0
    it is 0. Usual are 0.0 and what lies less than `usual` places below the largest, all of it above the place `least`.
    """
    cdef int64_t* bits = <int64_t*>(<numloss_array_head*><void*>losses).data
    cdef int64_t k, n = len(losses), found, below
    often = zeros(usual + 1, int64)
    cdef int64_t* counts = <int64_t*>(<numloss_array_head*><void*>often).data
    with nogil:
        found = counted(bits, n, dropped, least, usual, counts, &below)
    if found < 0:
        return None
    marks, each = empty(found, int64), empty(found, int64)
    cdef int64_t* mark = <int64_t*>(<numloss_array_head*><void*>marks).data
    cdef int64_t* count = <int64_t*>(<numloss_array_head*><void*>each).data
    with nogil:
        found = 0
        for k in range(usual + 1):
            if counts[k]:
                mark[found], count[found] = k + below + shift if k else 0, counts[k]
                found += 1
    return marks, each


cdef int64_t counted(
    int64_t* bits, int64_t n, int64_t dropped, int64_t least, int64_t usual, int64_t* counts, int64_t* below
) noexcept nogil:
    """Count places above `below`; how many of them occur, or -1."""
    cdef int64_t k, place, low = 0, high = 0, found = 0
    for k in range(n):
        low, high = min(low, bits[k]), max(high, bits[k])
    below[0] = (high >> dropped) - usual
    if low < 0 or below[0] < least:
        return -1
    for k in range(n):
        place = (bits[k] >> dropped) - below[0]
        if place <= 0:
            if bits[k]:
                return -1
            place = 0
        found += counts[place] == 0
        counts[place] += 1
    return found


def add_counts(list marks not None, list counts not None):
    """Two tallies of contiguous int64, each with its marks in order, as one."""
    cdef int64_t* mark[2]
    cdef int64_t* count[2]
    cdef int64_t[2] at, size
    cdef int64_t k, n = 0
    for k in range(2):
        mark[k] = <int64_t*>(<numloss_array_head*><void*>marks[k]).data
        count[k] = <int64_t*>(<numloss_array_head*><void*>counts[k]).data
        at[k], size[k] = 0, len(marks[k])
    all_marks, all_counts = empty(size[0] + size[1], int64), empty(size[0] + size[1], int64)
    cdef int64_t* to = <int64_t*>(<numloss_array_head*><void*>all_marks).data
    cdef int64_t* sums = <int64_t*>(<numloss_array_head*><void*>all_counts).data
    cdef bint first, second
    with nogil:
        while at[0] < size[0] or at[1] < size[1]:
            first = at[1] == size[1] or (at[0] < size[0] and mark[0][at[0]] <= mark[1][at[1]])
            second = at[0] == size[0] or (at[1] < size[1] and mark[1][at[1]] <= mark[0][at[0]])
            to[n] = mark[0][at[0]] if first else mark[1][at[1]]
            sums[n] = (count[0][at[0]] if first else 0) + (count[1][at[1]] if second else 0)
            at[0] += first
            at[1] += second
            n += 1
    return all_marks[:n], all_counts[:n]
