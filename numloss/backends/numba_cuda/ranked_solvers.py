"""What each loss of lists computes of one list, by a block of threads. The scalar texts are those of the host's loops.

A solver gives the value of the list to all threads, and writes slopes and curvatures times a factor. Its arguments:
the header of the problem, where the rows of the list begin and how many they are, the factor, the thread, and shared
memory, a float64 a thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from ...loops import approx_ndcg, lambdarank, risk_sets
from ...loops.headers import Carried, RiskSums, SmoothRanks, StepSums
from ...loops.rowwise_parts import base_of
from . import jit
from .memory import memory_of
from .ranked_texts import list_texts


def power_of_label(label):  # type: ignore[no-untyped-def]
    """2^label, or that of the nearest label that there is."""
    power = 1.0
    for k in range(31):
        power = power + power if label > k else power
    return power


def listnet_text(dtype: str, together: dict[str, Any], gains: bool = False) -> Any:
    """A distribution against another: see numloss/loops/listnet.py."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    real, double = words["real"], words["double"]
    read, put_slopes = texts["read"], texts["put_slopes"]
    block_sum, block_top = together["block_sum"], together["block_top"]
    exp_below, round_shift = jit.typed(scalar.exp_below, dtype), jit.typed(scalar.round_shift, dtype)
    of_base, log1p = jit.of_loop(base_of, dtype), jit.typed(scalar.log1p, "float64")
    zero, one, lowest = number(0.0), number(1.0), number(-np.inf)

    two_to = jit.jitable(power_of_label)

    @jit.jitable
    def score_of(c, row):  # type: ignore[no-untyped-def]
        return read(c.pred, zero, row)

    @jit.jitable
    def target_of(c, row):  # type: ignore[no-untyped-def]
        if gains:
            return real(two_to(read(c.target, zero, row))) - read(c.event, real(c.number), row)
        return read(c.target, zero, row)

    def top_text(entry: Any) -> Any:
        @jit.jitable
        def top_of(c, begin, n, thread, shared):  # type: ignore[no-untyped-def]
            """The largest entry of a list, and the first row that has it; -1 if none has."""
            top = lowest
            for i in range(thread, n, threads):
                x = entry(c, begin + i)
                top = x if x > top else top
            top = real(block_top(shared, thread, double(top)))
            place = double(-n)
            for i in range(thread, n, threads):
                if entry(c, begin + i) == top:
                    place = max(place, double(-i))
            found = block_top(shared, thread, place)
            return top, -found if found > double(-n) else double(-one)

        return top_of

    top_score, top_target = top_text(score_of), top_text(target_of)

    @jit.jitable
    def power(x, top):  # type: ignore[no-untyped-def]
        base = of_base(top)
        return double(exp_below(x - base, round_shift(top - base)))

    @jit.jitable
    def power_of_target(t, top):  # type: ignore[no-untyped-def]
        if gains:
            return double(t if top > zero else one)
        return power(t, top)

    @jit.jitable
    def listnet(c, begin, n, factor, thread, shared):  # type: ignore[no-untyped-def]
        top, at = top_score(c, begin, n, thread, shared)
        aim, wanted = top_target(c, begin, n, thread, shared)
        others, targets, away = double(zero), double(zero), double(zero)
        for i in range(thread, n, threads):
            x, t = score_of(c, begin + i), target_of(c, begin + i)
            if i != at:
                others += power(x, top)
            f = power_of_target(t, aim)
            if i != wanted:
                targets += f
            if f > double(zero):
                away += f * double(top - x)
        others = block_sum(shared, thread, others)
        targets = block_sum(shared, thread, targets)
        away = block_sum(shared, thread, away)
        own, goal = power(top, top), power_of_target(aim, aim)
        scores, goals = others + own, targets + goal
        if c.mode > 0:
            for i in range(thread, n, threads):
                x, t = score_of(c, begin + i), target_of(c, begin + i)
                p = power(x, top) / scores
                slope = p - power_of_target(t, aim) / goals
                if i == at and at == wanted:
                    slope = targets / goals - others / scores
                put_slopes(c, begin + i, slope, p * (others / scores if i == at else double(one) - p), factor)
        return away / goals + log1p(others / own)

    return listnet


def xendcg_text(dtype: str, together: dict[str, Any]) -> Any:
    """The same of gains."""
    return listnet_text(dtype, together, True)


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


def best_text(dtype: str, together: dict[str, Any]) -> Any:
    """`best_of`: the discounted gain of the best order of a list; leaves discounts, and needs the arrays of scores."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    real, double = words["real"], words["double"]
    read, sort_block, block_sum = texts["read"], together["sort_block"], together["block_sum"]
    ints_of, reals_of, discount = texts["ints_of"], texts["reals_of"], jit.of_loop(lambdarank.discount, dtype)
    zero, one, most, two_to = number(0.0), number(1.0), number(31.0), jit.jitable(power_of_label)

    @jit.jitable
    def best_of(c, begin, n, ranks, thread, shared):  # type: ignore[no-untyped-def]
        order, scores, spare = ints_of(c, 0, begin), reals_of(c, 0, begin), reals_of(c, 1, begin)
        whole, rest = reals_of(c, 3, begin), reals_of(c, 4, begin)
        for i in range(thread, n, threads):
            label = read(c.target, zero, begin + i)
            scores[i] = label if label >= zero and label <= most else zero
        sort_block(scores, order, n, spare, ints_of(c, 1, begin), thread)
        best = double(zero)
        for i in range(thread, n, threads):
            exact = discount(i)
            whole[i] = real(exact)
            rest[i] = real(exact - double(whole[i]))
            if i < ranks:
                best += (double(two_to(scores[i])) - double(one)) * (double(whole[i]) + double(rest[i]))
        return block_sum(shared, thread, best)

    return best_of


def rank_text(dtype: str, together: dict[str, Any]) -> Any:
    """`rank_list`: a list in the order of its scores, with gains and discounts; gives 1 / the best gain."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    real, double, read = words["real"], words["double"], texts["read"]
    sort_block, best_of, barrier = together["sort_block"], best_text(dtype, together), together["barrier"]
    ints_of, reals_of = texts["ints_of"], texts["reals_of"]
    zero, one, two_to = number(0.0), number(1.0), jit.jitable(power_of_label)

    @jit.jitable
    def rank_list(c, begin, n, ranks, thread, shared):  # type: ignore[no-untyped-def]
        order, scores, spare = ints_of(c, 0, begin), reals_of(c, 0, begin), reals_of(c, 1, begin)
        gains = reals_of(c, 2, begin)
        # the best order first: it needs the same arrays
        best = best_of(c, begin, n, ranks, thread, shared)
        for i in range(thread, n, threads):
            scores[i] = read(c.pred, zero, begin + i)
        sort_block(scores, order, n, spare, ints_of(c, 1, begin), thread)
        for i in range(thread, n, threads):
            gains[i] = real(two_to(read(c.target, zero, begin + order[i])))
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
        whole, rest, sigma = reals_of(c, 3, begin), reals_of(c, 4, begin), real(c.number)
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


def approx_ndcg_text(dtype: str, together: dict[str, Any]) -> Any:
    """Pairs of a list: a thread adds up all pairs of its rows, for their ranks and then for their slopes."""
    words, number, threads, texts = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, list_texts(dtype)
    real, double, read, block_sum = words["real"], words["double"], texts["read"], together["block_sum"]
    put_slopes, reals_of, barrier = texts["put_slopes"], texts["reals_of"], together["barrier"]
    power, above = jit.of_loop(approx_ndcg.apart_power, dtype), jit.of_loop(approx_ndcg.above_share, dtype)
    slope_by, bend_by = jit.of_loop(approx_ndcg.rank_slope, dtype), jit.of_loop(approx_ndcg.rank_bend, dtype)
    begin_ranks = jit.of_loop(approx_ndcg.begin_ranks, dtype)
    gain_of_rank, best_of = jit.of_loop(approx_ndcg.gain_of_rank, dtype), best_text(dtype, together)
    smooth_ranks, two_to, zero, one = memory_of(SmoothRanks), jit.jitable(power_of_label), number(0.0), number(1.0)

    @jit.jitable
    def bends_of(c, scores, by_rank, bends_by_rank, i, n, inverse, lacking):  # type: ignore[no-untyped-def]
        """The slope and the curvature of a row, or half its bound, but for the temperature."""
        slope, bend, passed = double(zero), double(zero), double(zero)
        for j in range(n):
            if j != i:
                e = power(scores[i], scores[j], inverse, lacking)
                p, more = slope_by(e), by_rank[j] - by_rank[i]
                slope += double(more * p)
                passed += double(p)
                if c.bound == 1:
                    bend += double(abs(more) * p)
                else:
                    bend += double(more * bend_by(scores[i], scores[j], e, p) + bends_by_rank[j] * p * p)
        if c.bound != 1:
            bend += double(bends_by_rank[i]) * passed * passed
        return slope, bend

    @jit.jitable
    def approx(c, begin, n, factor, thread, shared):  # type: ignore[no-untyped-def]
        best = best_of(c, begin, n, n, thread, shared)
        scores, by_rank, bends_by_rank = reals_of(c, 0, begin), reals_of(c, 3, begin), reals_of(c, 4, begin)
        for i in range(thread, n, threads):
            scores[i] = read(c.pred, zero, begin + i)
        barrier()
        ranks = smooth_ranks()
        begin_ranks(c.number, ranks)
        steep, inverse, lacking = ranks.steep, real(ranks.inverse), real(ranks.lacking)
        total = double(zero)
        for i in range(thread, n, threads):
            gain = double(two_to(read(c.target, zero, begin + i))) - double(one)
            by_rank[i] = zero
            bends_by_rank[i] = zero
            if gain > double(zero):
                rank = double(one)
                for j in range(n):
                    if j != i:
                        rank += double(above(scores[i], scores[j], power(scores[i], scores[j], inverse, lacking)))
                total += gain_of_rank(rank, gain / best, ranks)
                by_rank[i] = real(ranks.slope)
                bends_by_rank[i] = real(ranks.bend)
        barrier()
        if c.mode > 0:
            for i in range(thread, n, threads):
                slope, bend = bends_of(c, scores, by_rank, bends_by_rank, i, n, inverse, lacking)
                put_slopes(c, begin + i, slope * steep, bend * steep * steep, factor)
        return block_sum(shared, thread, total)

    return approx


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


SOLVERS = {
    "approx_ndcg_block": approx_ndcg_text,
    "lambdarank_block": lambdarank_text,
    "listnet_block": listnet_text,
    "risks_block": risks_text,
    "xendcg_block": xendcg_text,
}
