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


cdef struct Summed:
    # where the sums and weights of a plan go, and whether the weights were given
    double* sums
    bint weighted


cdef struct Sweep:
    # a problem of one block of rows, of so many plans; the results of its own blocks, of each one for each of the plans;
    # and how many blocks are done
    block_loop call
    int64_t* problem
    Result* partials
    Summed* summed
    int64_t plans, blocks, done


def sweep(list plans not None, list places not None, list arrays not None, list feeds not None, int64_t blocks):
    """Sums and weights of losses over blocks of rows one after the other: of each block, all losses, as `Plan.run`.

    `places` are, for each plan, which of the arrays its inputs are, and `feeds` what brings an array to memory, or 0.
    Returns an array of plans, sum and weight, and blocks; it ends before a block that is not there, or of which a loop
    has something to complain about, or whose sum is NaN, or with weights that are not of an ordinary size.
    """
    cdef list groups = grouped(plans, places)
    cdef bytearray stretches = bytearray(len(arrays) * sizeof(Stretch))
    cdef bytearray sweeps = bytearray(len(groups) * sizeof(Sweep))
    cdef bytearray summed = bytearray(len(plans) * sizeof(Summed))
    cdef Stretch* stretch = <Stretch*><char*>stretches
    cdef Sweep* one = <Sweep*><char*>sweeps
    cdef Summed* row = <Summed*><char*>summed
    cdef int64_t k, i, j, done, count = 0, sources = len(arrays)
    cdef int64_t* operand
    cdef Plan plan
    cdef list kept = []
    sums = empty((len(plans), 2, blocks))
    for i in range(sources):
        stretch[i].data = (<numloss_array_head*><void*>arrays[i]).data
        stretch[i].bytes = arrays[i].nbytes // blocks
        stretch[i].feed = <numloss_feed*><intptr_t>feeds[i]
    for group in groups:
        prepare(one + count, [plans[k] for k in group], kept)
        one[count].summed = row
        for j, k in enumerate(group):
            plan = plans[k]
            row.sums, row.weighted = (<double*>(<numloss_array_head*><void*>sums).data) + 2 * k * blocks, plan.weighted
            row += 1
            for i in range(plan.inputs):
                operand = <int64_t*>(<char*>one[count].problem + place_of(j, one[count].plans) + plan.places[i])
                operand[0] = <intptr_t>&stretch[places[k][i // plan.columns]].head
        count += 1
    with nogil:
        done = swept(one, count, stretch, sources, blocks)
    for k in range(len(plans)):
        plan = plans[k]
        if plan.fixed:
            sums[k, 1] = plan.total
    return sums[:, :, :done]


cdef list grouped(list plans, list places):
    """Which plans are run together: those of one loop that read the same arrays in the same way."""
    cdef dict groups = {}
    for k, plan in enumerate(plans):
        way = way_of(plan)
        groups.setdefault(k if way is None else (way, *places[k]), []).append(k)
    return [some[k : k + MOST_TOGETHER] for some in groups.values() for k in range(0, len(some), MOST_TOGETHER)]


cdef object way_of(Plan plan):
    """The loop of a plan, its blocks, and how it reads its inputs; None if it cannot run with others."""
    cdef Elementwise* header = <Elementwise*><char*>plan.problem
    cdef Operand* operand
    cdef int64_t k
    if plan.together is None:
        return None
    way = [plan.loop, header.elements, header.block, header.input_count]
    for k in range(header.input_count):
        operand = &header.inputs[k]
        if operand.array == 0 or operand.kind == TABLE:
            return None
        way += [operand.kind, operand.layout]
    return tuple(way)


cdef int prepare(Sweep* sweep, list plans, list kept) except -1:
    """The problem of some plans, in memory that is kept."""
    cdef Plan plan = plans[0]
    cdef int64_t k, count = len(plans)
    problem = bytearray(plan.problem if count == 1 else sizeof(ElementwiseSums))
    partials = bytearray(count * plan.blocks * sizeof(Result))
    kept += [problem, partials]
    sweep.problem, sweep.partials = <int64_t*><char*>problem, <Result*><char*>partials
    sweep.call, sweep.plans, sweep.blocks = plan.call, count, plan.blocks
    if count == 1:
        return 0
    sweep.call = <block_loop><intptr_t>plan.backend.loop(*plan.together)
    (<ElementwiseSums*>sweep.problem).count = count
    for k in range(count):
        plan = plans[k]
        memcpy(<char*>sweep.problem + place_of(k, count), <char*>plan.problem, len(plan.problem))
    return 0


cdef int64_t place_of(int64_t k, int64_t count) noexcept:
    """The first byte of the k-th of so many problems that are run together."""
    return 0 if count == 1 else sizeof(ElementwiseSums) - (MOST_TOGETHER - k) * sizeof(Elementwise)


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
            for i in range(sweeps[k].plans):
                if not add_up(sweeps + k, i, block, blocks):
                    return block
    return blocks


cdef bint is_ready(Stretch* stretch) noexcept nogil:
    cdef int64_t at = stretch.head.data - stretch.feed.data
    return stretch.feed.ready(stretch.feed, at, at + stretch.bytes) == 0


cdef void advance(Sweep* sweep, int64_t step, int64_t steps) noexcept nogil:
    """Run blocks of a problem up to so many of the steps."""
    while sweep.done * steps < step * sweep.blocks:
        sweep.call(sweep.problem, sweep.partials + sweep.done * sweep.plans, sweep.done)
        sweep.done += 1


cdef bint add_up(Sweep* sweep, int64_t plan, int64_t block, int64_t blocks) noexcept nogil:
    """Add up the results of the blocks of one of the plans of a problem, in order."""
    cdef double value = 0.0, weight = 0.0
    cdef int64_t k
    cdef Result* partial = sweep.partials + plan
    cdef Summed* summed = sweep.summed + plan
    for k in range(sweep.blocks):
        if partial.bad_at >= 0:
            return False
        value += partial.value
        weight += partial.weight
        partial += sweep.plans
    summed.sums[block], summed.sums[blocks + block] = value, weight
    return value == value and (not summed.weighted or is_ordinary(weight))
