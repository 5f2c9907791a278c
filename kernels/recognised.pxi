# What a call is recognised by: its loss, its options, and dtype and shape of each of its arrays, as words.

cdef inline bint has_a_number(numloss_array_head* array) noexcept:
    """Whether the number of the dtype says what the bytes stand for: of those that may stand for anything bfloat16 alone
    is read."""
    return array.descr.type_num != VOID or <void*>array.descr == <void*>BFLOAT16


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
    if n + array.nd + 1 > MOST_WORDS or not has_a_number(array):
        return -1
    words[n] = array.descr.type_num + (<int64_t>array.nd << 32)
    for k in range(array.nd):
        words[n + 1 + k] = array.dimensions[k]
    return n + array.nd + 1


cdef int number_words(int64_t* words, int n, numbers) except -2:
    """The numbers themselves of a small array, after n words; returns how many there are then, or -1."""
    cdef int first = array_words(words, n, numbers)
    cdef Py_ssize_t size = numbers.nbytes
    n = first + (size + 7) // 8
    if first < 0 or n > MOST_WORDS:
        return -1
    if n > first:
        words[n - 1] = 0
        memcpy(words + first, (<numloss_array_head*><void*>numbers).data, size)
    return n


cdef tuple read_by(tuple arguments, dict options):
    """All arrays that a call reads: its arguments, the weight, and other options."""
    cdef list found = None
    for name, value in options.items():
        if type(value) is ndarray and name != OUT:
            if found is None:
                found = list(arguments)
            found.insert(len(arguments) if name == WEIGHT else len(found), value)
    return arguments if found is None else tuple(found)


cdef int words_of(int64_t* words, loss, int mode, tuple arguments, dict options, bint pair, int policy, chosen) except -2:
    """Everything about a call that its plan depends on; returns how many words, or -1 where no plan can serve it."""
    cdef int n = 3
    words[0] = address(loss)
    words[1] = mode + 4 * pair + 8 * policy + 32 * len(arguments)
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
        if type(value) is ndarray:
            n = array_words(words, n + 1, value) if name == WEIGHT else number_words(words, n + 1, value)
            if n < 0:
                return -1
            continue
        if not option_words(words + n + 1, value):
            return -1
        n += 3
    return n
