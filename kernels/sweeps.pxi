# Plans of sums replayed over blocks of rows one after the other, without Python between them.

cdef extern from "feed.h" nogil:
    ctypedef struct numloss_feed:
        char* data
        int (*ready)(numloss_feed* feed, int64_t start, int64_t stop) noexcept nogil


cdef struct Stretch:
    # an array with the rows of many blocks: what a loop sees of it, where the first one lies, and the bytes of each
    numloss_array_head head
    char* data
    int64_t bytes
    numloss_feed* feed


cdef struct Sweep:
    # a problem of one block of rows, the results of its own blocks, and how many of these are done
    block_loop call
    int64_t* problem
    Result* partials
    int64_t blocks, done
    double* sums


def sweep(list plans not None, list places not None, list arrays not None, list feeds not None, int64_t blocks):
    """Sums and weights of losses over blocks of rows one after the other: of each block, all losses, as `Plan.run`.

    `places` are, for each plan, which of the arrays its inputs are, and `feeds` what brings an array to memory, or 0.
    Returns an array of plans, sum and weight, and blocks; it ends before a block that is not there, or of which a loop
    has something to complain about, or whose sum is NaN.
    """
    cdef bytearray stretches = bytearray(len(arrays) * sizeof(Stretch))
    cdef bytearray sweeps = bytearray(len(plans) * sizeof(Sweep))
    cdef Stretch* stretch = <Stretch*><char*>stretches
    cdef Sweep* one = <Sweep*><char*>sweeps
    cdef int64_t k, i, done, count = len(plans), sources = len(arrays)
    cdef int64_t head
    cdef Plan plan
    cdef list kept = []
    sums = empty((count, 2, blocks))
    for i in range(sources):
        stretch[i].data = (<numloss_array_head*><void*>arrays[i]).data
        stretch[i].bytes = arrays[i].nbytes // blocks
        stretch[i].feed = <numloss_feed*><intptr_t>feeds[i]
    for k in range(count):
        plan = plans[k]
        kept.append(bytearray(plan.problem))
        kept.append(bytearray(plan.blocks * sizeof(Result)))
        one[k].call, one[k].blocks = plan.call, plan.blocks
        one[k].problem, one[k].partials = <int64_t*><char*>kept[2 * k], <Result*><char*>kept[2 * k + 1]
        one[k].sums = (<double*>(<numloss_array_head*><void*>sums).data) + 2 * k * blocks
        for i in range(plan.inputs):
            head = <intptr_t>&stretch[places[k][i // plan.columns]].head
            (<int64_t*>(<char*>one[k].problem + plan.places[i]))[0] = head
    with nogil:
        done = swept(one, count, stretch, sources, blocks)
    for k in range(count):
        plan = plans[k]
        if plan.fixed:
            sums[k, 1] = plan.total
    return sums[:, :, :done]


cdef int64_t swept(Sweep* sweeps, int64_t count, Stretch* stretches, int64_t sources, int64_t blocks) noexcept nogil:
    """How many blocks were swept."""
    cdef int64_t block, k, i, step, most = 1
    cdef Stretch* stretch
    for k in range(count):
        most = max(most, sweeps[k].blocks)
    for block in range(blocks):
        for i in range(sources):
            stretch = stretches + i
            stretch.head.data = stretch.data + block * stretch.bytes
            if stretch.feed != NULL and not is_ready(stretch):
                return block
        for k in range(count):
            sweeps[k].done = 0
        # a stretch of a block is in the cache for the losses after the first
        for step in range(1, most + 1):
            for k in range(count):
                advance(sweeps + k, step, most)
        for k in range(count):
            if not add_up(sweeps + k, block, blocks):
                return block
    return blocks


cdef bint is_ready(Stretch* stretch) noexcept nogil:
    cdef int64_t at = stretch.head.data - stretch.feed.data
    return stretch.feed.ready(stretch.feed, at, at + stretch.bytes) == 0


cdef void advance(Sweep* sweep, int64_t step, int64_t steps) noexcept nogil:
    """Run blocks of a problem up to so many of the steps."""
    while sweep.done * steps < step * sweep.blocks:
        sweep.call(sweep.problem, sweep.partials + sweep.done, sweep.done)
        sweep.done += 1


cdef bint add_up(Sweep* sweep, int64_t block, int64_t blocks) noexcept nogil:
    """Add up the results of the blocks of a problem, in order."""
    cdef double value = 0.0, weight = 0.0
    cdef int64_t k
    for k in range(sweep.blocks):
        if sweep.partials[k].bad_at >= 0:
            return False
        value += sweep.partials[k].value
        weight += sweep.partials[k].weight
    sweep.sums[block], sweep.sums[blocks + block] = value, weight
    return value == value
