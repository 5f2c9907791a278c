"""What each loss of lists computes of one list, by a block of threads. The scalar texts are those of the host's loops.

A solver gives the value of the list to all threads, and writes slopes and curvatures times a factor. Its arguments:
the header of the problem, where the rows of the list begin and how many they are, the factor, the thread, and shared
memory, a float64 a thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from ...loops import lambdarank, risk_sets
from ...loops.headers import Carried, RiskSums, StepSums
from ...loops.rowwise_parts import base_of
from . import jit
from .memory import memory_of
from .ranked_texts import list_texts


def listnet_text(dtype: str, together: dict[str, Any]) -> Any:
    """A distribution against another: see numloss/loops/listnet.py."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    real, double = words["real"], words["double"]
    read, put_slopes = texts["read"], texts["put_slopes"]
    block_sum, block_top = together["block_sum"], together["block_top"]
    exp_below, round_shift = jit.typed(scalar.exp_below, dtype), jit.typed(scalar.round_shift, dtype)
    of_base, log1p = jit.of_loop(base_of, dtype), jit.typed(scalar.log1p, "float64")
    zero, one, lowest = number(0.0), number(1.0), number(-np.inf)

    @jit.jitable
    def top_of(o, begin, n, thread, shared):  # type: ignore[no-untyped-def]
        """The largest entry of a list, and the first row that has it; -1 if none has."""
        top = lowest
        for i in range(thread, n, threads):
            x = read(o, zero, begin + i)
            top = x if x > top else top
        top = real(block_top(shared, thread, double(top)))
        place = double(-n)
        for i in range(thread, n, threads):
            if read(o, zero, begin + i) == top:
                place = max(place, double(-i))
        found = block_top(shared, thread, place)
        return top, -found if found > double(-n) else double(-one)

    @jit.jitable
    def power(x, top):  # type: ignore[no-untyped-def]
        base = of_base(top)
        return double(exp_below(x - base, round_shift(top - base)))

    @jit.jitable
    def listnet(c, begin, n, factor, thread, shared):  # type: ignore[no-untyped-def]
        top, at = top_of(c.pred, begin, n, thread, shared)
        aim, wanted = top_of(c.target, begin, n, thread, shared)
        others, targets, away = double(zero), double(zero), double(zero)
        for i in range(thread, n, threads):
            x, t = read(c.pred, zero, begin + i), read(c.target, zero, begin + i)
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
        if c.mode > 0:
            for i in range(thread, n, threads):
                x, t = read(c.pred, zero, begin + i), read(c.target, zero, begin + i)
                p = power(x, top) / scores
                slope = p - power(t, aim) / goals
                if i == at and at == wanted:
                    slope = targets / goals - others / scores
                put_slopes(c, begin + i, slope, p * (others / scores if i == at else double(one) - p), factor)
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
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    real, double, integer = words["real"], words["double"], words["integer"]
    read, sort_block, block_sum = texts["read"], together["sort_block"], together["block_sum"]
    ints_of, reals_of = texts["ints_of"], texts["reals_of"]
    barrier, discount = together["barrier"], jit.of_loop(lambdarank.discount, dtype)
    zero, one, two, most = number(0.0), number(1.0), number(2.0), number(31.0)

    @jit.jitable
    def rank_list(c, begin, n, ranks, thread, shared):  # type: ignore[no-untyped-def]
        order, scores, spare = ints_of(c, 0, begin), reals_of(c, 0, begin), reals_of(c, 1, begin)
        gains, whole, rest = (reals_of(c, 2, begin), reals_of(c, 3, begin), reals_of(c, 4, begin))
        # the best order first: it needs the same arrays
        for i in range(thread, n, threads):
            label = read(c.target, zero, begin + i)
            scores[i] = label if label >= zero and label <= most else zero
        sort_block(scores, order, n, spare, ints_of(c, 1, begin), thread)
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
            scores[i] = read(c.pred, zero, begin + i)
        sort_block(scores, order, n, spare, ints_of(c, 1, begin), thread)
        for i in range(thread, n, threads):
            gain = one
            for _ in range(integer(max(zero, min(most, read(c.target, zero, begin + order[i]))))):
                gain = gain * two
            gains[i] = gain
        barrier()
        return real(double(one) / best) if best > double(zero) else zero

    return rank_list


def lambdarank_text(dtype: str, together: dict[str, Any]) -> Any:
    """Pairs of a list: a thread adds up all pairs of its ranks."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    real, double, block_sum = words["real"], words["double"], together["block_sum"]
    put_slopes, ints_of, reals_of = texts["put_slopes"], texts["ints_of"], texts["reals_of"]
    add_pair, rank_list = pair_texts(dtype), rank_text(dtype, together)
    zero = number(0.0)

    @jit.jitable
    def lambdarank(c, begin, n, factor, thread, shared):  # type: ignore[no-untyped-def]
        ranks = n if c.ranks == 0 or c.ranks > n else c.ranks
        share = rank_list(c, begin, n, ranks, thread, shared)
        order, scores, gains = ints_of(c, 0, begin), reals_of(c, 0, begin), reals_of(c, 2, begin)
        whole, rest, sigma = reals_of(c, 3, begin), reals_of(c, 4, begin), real(c.sigma)
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
            put_slopes(c, begin + order[rank], slope, bend, factor)
        return block_sum(shared, thread, total)

    return lambdarank


def risks_text(dtype: str, together: dict[str, Any]) -> Any:
    """Each row of a sorted list against all that come after it: sorted by the block, walked over by one thread."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    double, read, sort_block = words["double"], texts["read"], together["sort_block"]
    ints_of, reals_of, doubles_of = texts["ints_of"], texts["reals_of"], texts["doubles_of"]
    put_slopes, barrier = texts["put_slopes"], together["barrier"]
    walk_back, walk_on = jit.of_loop(risk_sets.walk_back, dtype), jit.of_loop(risk_sets.walk_on, dtype)
    risk_sums, carried_sums, step_sums = memory_of(RiskSums), memory_of(Carried), memory_of(StepSums)
    zero, one = number(0.0), number(1.0)

    @jit.jitable
    def risks(c, begin, n, factor, thread, shared):  # type: ignore[no-untyped-def]
        order, keys = ints_of(c, 0, begin), reals_of(c, 0, begin)
        scores, events = reals_of(c, 2, begin), reals_of(c, 3, begin)
        for i in range(thread, n, threads):
            key = read(c.target, zero, begin + i)
            keys[i] = -key if c.event.array != 0 else key
        sort_block(keys, order, n, reals_of(c, 1, begin), ints_of(c, 1, begin), thread)
        for i in range(thread, n, threads):
            scores[i] = read(c.pred, zero, begin + order[i])
            events[i] = read(c.event, zero, begin + order[i]) if c.event.array != 0 else one
        barrier()
        p, after = doubles_of(c, 0, begin), doubles_of(c, 1, begin)
        quiet, loud = doubles_of(c, 2, begin), doubles_of(c, 3, begin)
        tied = 1 if c.event.array != 0 else 0
        if thread == 0:
            sums, carried, own = risk_sums(), carried_sums(), step_sums()
            shared[0] = walk_back(keys, scores, events, n, tied, c.efron, p, after, quiet, loud, sums)
            if c.mode > 0:
                walk_on(keys, events, n, tied, c.efron, p, after, quiet, loud, carried, own)
        barrier()
        value = shared[0]
        for i in range(thread, n, threads):
            put_slopes(c, begin + order[i], p[i], after[i], factor)
        barrier()
        return value + double(zero)

    return risks


SOLVERS = {"listnet_block": listnet_text, "lambdarank_block": lambdarank_text, "risks_block": risks_text}
