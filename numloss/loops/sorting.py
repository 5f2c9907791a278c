"""Sorting a list: largest first, what is equal in the order in which it came. NaN is not sorted."""

from __future__ import annotations

from .language import Int, Ints, Reals, integer, noinline, offset


@noinline
def sort_run(keys: Reals, order: Ints, n: Int) -> Int:
    """Sort a few keys and their places by insertion."""
    for i in range(1, n):
        key = keys[i]
        place = order[i]
        j = i
        while j > 0 and keys[j - 1] < key:
            keys[j] = keys[j - 1]
            order[j] = order[j - 1]
            j = j - 1
        keys[j] = key
        order[j] = place
    return 0


@noinline
def merge_runs(keys: Reals, order: Ints, middle: Int, n: Int, out_keys: Reals, out_order: Ints) -> Int:
    """Merge the sorted keys before and from the middle."""
    i = 0
    j = middle
    k = 0
    while i < middle and j < n:
        # no branch: which of two is larger is a guess that fails every other time
        later = integer(keys[j] > keys[i])
        place = i + later * (j - i)
        out_keys[k] = keys[place]
        out_order[k] = order[place]
        i = i + 1 - later
        j = j + later
        k = k + 1
    for left in range(i, middle):
        out_keys[k] = keys[left]
        out_order[k] = order[left]
        k = k + 1
    for right in range(j, n):
        out_keys[k] = keys[right]
        out_order[k] = order[right]
        k = k + 1
    return 0


@noinline
def merge_all(keys: Reals, order: Ints, n: Int, run: Int, out_keys: Reals, out_order: Ints) -> Int:
    """Merge neighbours among sorted runs."""
    first = 0
    while first < n:
        size = n - first if n - first < 2 * run else 2 * run
        middle = size if size < run else run
        merge_runs(
            offset(keys, first), offset(order, first), middle, size, offset(out_keys, first), offset(out_order, first)
        )
        first = first + size
    return 0


@noinline
def sort_descending(keys: Reals, order: Ints, n: Int, spare_keys: Reals, spare_order: Ints) -> Int:
    """Sort n keys, the largest first; order becomes the places that they came from."""
    for i in range(n):
        order[i] = i
    first = 0
    while first < n:
        sort_run(offset(keys, first), offset(order, first), n - first if n - first < 8 else 8)
        first = first + 8
    run = 8
    while run < n:
        merge_all(keys, order, n, run, spare_keys, spare_order)
        if 2 * run < n:
            merge_all(spare_keys, spare_order, n, 2 * run, keys, order)
        else:
            for i in range(n):
                keys[i] = spare_keys[i]
                order[i] = spare_order[i]
        run = 4 * run
    return 0
