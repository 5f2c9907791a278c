"""What each loss of lists computes of one list, by a block of threads. The scalar texts are those of the host's loops.

A solver gives the value of the list to all threads, and writes slopes and curvatures times a factor. Its arguments:
the header and the numbers of the problem, the group, where its rows begin and how many they are, the factor, the
thread, and shared memory, a float64 a thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from ...loops import lambdarank, risk_sets
from ...loops.rowwise_parts import base_of
from . import jit
from .ranked_texts import EFRON, EVENT, EVENTS, MODE, PRED, RANKS, SIGMA, TARGET, all_texts


def listnet_text(dtype: str, together: dict[str, Any]) -> Any:
    """A distribution against another: see numloss/loops/listnet.py."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, all_texts(dtype)
    real, double = words["real"], words["double"]
    entry, put_slope, put_bend = texts["entry"], texts["put_slope"], texts["put_bend"]
    block_sum, block_top = together["block_sum"], together["block_top"]
    exp_below, round_shift = jit.typed(scalar.exp_below, dtype), jit.typed(scalar.round_shift, dtype)
    of_base, log1p = jit.of_loop(base_of, dtype), jit.typed(scalar.log1p, "float64")
    zero, one, lowest = number(0.0), number(1.0), number(-np.inf)

    @jit.jitable
    def top_of(c, k, begin, n, thread, shared):  # type: ignore[no-untyped-def]
        """The largest entry of a list, and the first row that has it; -1 if none has."""
        top = lowest
        for i in range(thread, n, threads):
            x = entry(c, k, begin + i)
            top = x if x > top else top
        top = real(block_top(shared, thread, double(top)))
        place = double(-n)
        for i in range(thread, n, threads):
            if entry(c, k, begin + i) == top:
                place = max(place, double(-i))
        found = block_top(shared, thread, place)
        return top, -found if found > double(-n) else double(-one)

    @jit.jitable
    def power(x, top):  # type: ignore[no-untyped-def]
        base = of_base(top)
        return double(exp_below(x - base, round_shift(top - base)))

    @jit.jitable
    def listnet(c, r, group, begin, n, factor, thread, shared):  # type: ignore[no-untyped-def]
        top, at = top_of(c, PRED, begin, n, thread, shared)
        aim, wanted = top_of(c, TARGET, begin, n, thread, shared)
        others, targets, away = double(zero), double(zero), double(zero)
        for i in range(thread, n, threads):
            x, t = entry(c, PRED, begin + i), entry(c, TARGET, begin + i)
            if i != at:
                others += power(x, top)
            f = power(t, aim)
            if i != wanted:
                targets += f
            if f > double(zero):
                away += f * double(top - x)
        others = block_sum(shared, thread, others)
        targets = block_sum(shared, thread, targets)
        away = block_sum(shared, thread, away)
        own, goal = power(top, top), power(aim, aim)
        scores, goals = others + own, targets + goal
        if c[MODE] > 0:
            for i in range(thread, n, threads):
                x, t = entry(c, PRED, begin + i), entry(c, TARGET, begin + i)
                p = power(x, top) / scores
                slope = p - power(t, aim) / goals
                if i == at and at == wanted:
                    slope = targets / goals - others / scores
                put_slope(c, begin + i, slope, factor)
                if c[MODE] > 1:
                    put_bend(c, r, begin + i, p * (others / scores if i == at else double(one) - p), factor)
        return away / goals + log1p(others / own)

    return listnet


def pair_texts(dtype: str) -> Any:
    """`add_pair`: what a pair of ranks adds to the value, slope and curvature of one of them."""
    number, typed = getattr(np, dtype), jit.of_loop
    power, weigh = typed(lambdarank.pair_power, dtype), typed(lambdarank.pair_weight, dtype)
    value_of, slope_of = typed(lambdarank.pair_value, dtype), typed(lambdarank.pair_slope, dtype)
    bend_of, double, zero = typed(lambdarank.pair_bend, dtype), jit.words_of(dtype)["double"], number(0.0)

    @jit.jitable
    def add_pair(scores, gains, whole, rest, high, low, sigma, share):  # type: ignore[no-untyped-def]
        """Value, slope by the score of the higher rank, and curvature of a pair."""
        weight = weigh(gains[high], whole[high], rest[high], gains[low], whole[low], rest[low], share)
        if not weight > zero:
            return double(zero), double(zero), double(zero)
        better = gains[high] - gains[low]
        e = power(scores[high], scores[low], sigma)
        value = value_of(better, abs(scores[high] - scores[low]), sigma, e, weight)
        return double(value), double(slope_of(better, sigma, e, weight)), double(bend_of(sigma, e, weight))

    return add_pair


def rank_text(dtype: str, together: dict[str, Any]) -> Any:
    """`rank_list`: a list in the order of its scores, with gains and discounts; gives 1 / the best gain."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, all_texts(dtype)
    real, double, integer = words["real"], words["double"], words["integer"]
    entry, sort_block, block_sum = texts["entry"], together["sort_block"], together["block_sum"]
    places_of, numbers_of = texts["places_of"], texts["numbers_of"]
    barrier, discount = together["barrier"], jit.of_loop(lambdarank.discount, dtype)
    zero, one, two, most = number(0.0), number(1.0), number(2.0), number(31.0)

    @jit.jitable
    def rank_list(c, begin, n, ranks, thread, shared):  # type: ignore[no-untyped-def]
        order, scores, spare = places_of(c, 0, begin), numbers_of(c, 0, begin), numbers_of(c, 1, begin)
        gains, whole, rest = (numbers_of(c, 2, begin), numbers_of(c, 3, begin), numbers_of(c, 4, begin))
        # the best order first: it needs the same arrays
        for i in range(thread, n, threads):
            label = entry(c, TARGET, begin + i)
            scores[i] = label if label >= zero and label <= most else zero
        sort_block(scores, order, n, spare, places_of(c, 1, begin), thread)
        best = double(zero)
        for i in range(thread, n, threads):
            exact = discount(i)
            whole[i] = real(exact)
            rest[i] = real(exact - double(whole[i]))
            gain = double(one)
            for _ in range(integer(scores[i])):
                gain = gain + gain
            if i < ranks:
                best += (gain - double(one)) * (double(whole[i]) + double(rest[i]))
        best = block_sum(shared, thread, best)
        for i in range(thread, n, threads):
            scores[i] = entry(c, PRED, begin + i)
        sort_block(scores, order, n, spare, places_of(c, 1, begin), thread)
        for i in range(thread, n, threads):
            gain = one
            for _ in range(integer(max(zero, min(most, entry(c, TARGET, begin + order[i]))))):
                gain = gain * two
            gains[i] = gain
        barrier()
        return real(double(one) / best) if best > double(zero) else zero

    return rank_list


def lambdarank_text(dtype: str, together: dict[str, Any]) -> Any:
    """Pairs of a list: a thread adds up all pairs of its ranks."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, all_texts(dtype)
    real, double, block_sum = words["real"], words["double"], together["block_sum"]
    put_slope, put_bend, places_of = texts["put_slope"], texts["put_bend"], texts["places_of"]
    numbers_of, add_pair, rank_list = texts["numbers_of"], pair_texts(dtype), rank_text(dtype, together)
    zero = number(0.0)

    @jit.jitable
    def lambdarank(c, r, group, begin, n, factor, thread, shared):  # type: ignore[no-untyped-def]
        ranks = n if c[RANKS] == 0 or c[RANKS] > n else c[RANKS]
        share = rank_list(c, begin, n, ranks, thread, shared)
        order, scores, gains = places_of(c, 0, begin), numbers_of(c, 0, begin), numbers_of(c, 2, begin)
        whole, rest, sigma = numbers_of(c, 3, begin), numbers_of(c, 4, begin), real(r[SIGMA])
        total = double(zero)
        for rank in range(thread, n, threads):
            slope, bend = double(zero), double(zero)
            for other in range(n if rank < ranks else ranks):
                if other != rank:
                    high, low = min(rank, other), max(rank, other)
                    value, up, bent = add_pair(scores, gains, whole, rest, high, low, sigma, share)
                    bend += bent
                    if rank == high:
                        total += value
                        slope += up
                    else:
                        slope -= up
            if c[MODE] > 0:
                put_slope(c, begin + order[rank], slope, factor)
            if c[MODE] > 1:
                put_bend(c, r, begin + order[rank], bend, factor)
        return block_sum(shared, thread, total)

    return lambdarank


def risks_text(dtype: str, together: dict[str, Any]) -> Any:
    """Each row of a sorted list against all that come after it: sorted by the block, walked over by one thread."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, all_texts(dtype)
    double, entry, sort_block = words["double"], texts["entry"], together["sort_block"]
    places_of, numbers_of, doubles_of = texts["places_of"], texts["numbers_of"], texts["doubles_of"]
    put_slope, put_bend, barrier = texts["put_slope"], texts["put_bend"], together["barrier"]
    walk_back = jit.of_loop(risk_sets.walk_back, dtype)
    walk_on = jit.of_loop(risk_sets.walk_on, dtype)
    zero, one = number(0.0), number(1.0)

    @jit.jitable
    def risks(c, r, group, begin, n, factor, thread, shared):  # type: ignore[no-untyped-def]
        order, keys = places_of(c, 0, begin), numbers_of(c, 0, begin)
        scores, events = numbers_of(c, 2, begin), numbers_of(c, 3, begin)
        for i in range(thread, n, threads):
            key = entry(c, TARGET, begin + i)
            keys[i] = -key if c[EVENTS] == 1 else key
        sort_block(keys, order, n, numbers_of(c, 1, begin), places_of(c, 1, begin), thread)
        for i in range(thread, n, threads):
            scores[i] = entry(c, PRED, begin + order[i])
            events[i] = entry(c, EVENT, begin + order[i]) if c[EVENTS] == 1 else one
        barrier()
        p, after = doubles_of(c, 0, begin), doubles_of(c, 1, begin)
        quiet, loud = doubles_of(c, 2, begin), doubles_of(c, 3, begin)
        if thread == 0:
            sums, own = doubles_of(c, 4, 12 * group), doubles_of(c, 4, 12 * group + 4)
            passed = doubles_of(c, 4, 12 * group + 8)
            shared[0] = walk_back(keys, scores, events, n, c[EVENTS], c[EFRON], p, after, quiet, loud, sums)
            if c[MODE] > 0:
                walk_on(keys, events, n, c[EVENTS], c[EFRON], p, after, quiet, loud, sums, own, passed)
        barrier()
        value = shared[0]
        for i in range(thread, n, threads):
            if c[MODE] > 0:
                put_slope(c, begin + order[i], p[i], factor)
            if c[MODE] > 1:
                put_bend(c, r, begin + order[i], after[i], factor)
        barrier()
        return value + double(zero)

    return risks


SOLVERS = {"listnet_block": listnet_text, "lambdarank_block": lambdarank_text, "risks_block": risks_text}
