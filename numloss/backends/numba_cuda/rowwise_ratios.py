"""Rows of two distributions, as numloss/loops/rowwise_ratios.py measures them, by all threads of a team."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import int64

from ... import scalar
from ...loops import divergence, rowwise_distances, rowwise_ratios
from ...loops.codes import DISTRIBUTION, LOG_PROBABILITIES, SCORES
from ...loops.headers import Ratios
from . import jit
from .rowwise_texts import Plan, loop_texts, row_texts, score_texts

LOOPS = (
    *(rowwise_distances.apart_from, rowwise_distances.pivot_distance, rowwise_distances.pivot_rest),
    *(rowwise_distances.middle_distance, rowwise_distances.middle_rest, rowwise_distances.offset_of),
    rowwise_distances.start_near,
    *(rowwise_distances.over, rowwise_distances.soft_power, rowwise_ratios.lift_of, rowwise_ratios.mean_apart),
    *(rowwise_ratios.near_curve, rowwise_ratios.more_of, rowwise_ratios.within, rowwise_ratios.nearest_power),
    *(rowwise_ratios.sums_to_one, rowwise_ratios.far_rise),
    *(divergence.excess_of, divergence.forward_term, divergence.nearest),
)

STARTS = ("form", "pivot", "inverse", "base", "shift", "x", "y", "low")
SCALES = ("raw", "lift", "share", "mass", "extra", "z_share")


def entry_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """The terms of a class: of what a row is compared with, its distance, and the row's own."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), loops_of(dtype)
    real, double, apart_from = words["real"], words["double"], texts["apart_from"]
    score_of, entry = score_texts(plan, dtype)["score_of"], row_texts(plan, dtype)["entry"]
    exp_below, zero, unit = jit.typed(scalar.exp_below, dtype), number(0.0), np.float64(1.0)
    probabilities = not plan.teacher and plan.target == DISTRIBUTION
    pivot_distance, middle_distance = texts["pivot_distance"], texts["middle_distance"]
    pivot_rest, middle_rest = texts["pivot_rest"], texts["middle_rest"]
    start_near = texts["start_near"]
    over, soft_power, log_sum = texts["over"], texts["soft_power"], log_text(dtype)

    @jit.jitable
    def logarithm(y):  # type: ignore[no-untyped-def]
        """What a row is compared with as a logarithm, and what that leaves."""
        return log_sum(y) if probabilities else (y, zero)

    @jit.jitable
    def parts_of(s, here, more):  # type: ignore[no-untyped-def]
        """A distance in three numbers of the data's dtype."""
        at = start_near(s, here)
        lost = (here - double(at)) + more
        return at, real(lost), real(lost - double(real(lost)))

    @jit.jitable
    def rest_of(s):  # type: ignore[no-untyped-def]
        return real(s.inverse - double(real(s.inverse)))

    @jit.jitable
    def term_beside(given, s):  # type: ignore[no-untyped-def]
        if probabilities:
            return given
        if s.inverse == unit:
            return exp_below(given - real(s.base), real(s.shift))
        return soft_power(given, real(s.base), real(s.inverse), rest_of(s))

    @jit.jitable
    def pair_of(c, x, beside, j, s):  # type: ignore[no-untyped-def]
        """The term of class j of what a row is compared with, and the distance there."""
        given, inverse = entry(beside, j), real(s.inverse)
        y, low = logarithm(given)
        at, rest, least = parts_of(s, pivot_distance(s), pivot_rest(s))
        v = over(apart_from(score_of(c, x, j, j), y, low, at, rest, least), inverse, rest_of(s))
        return term_beside(given, s), v

    @jit.jitable
    def ratio_of(c, x, beside, j, s):  # type: ignore[no-untyped-def]
        """The term of class j of what a row is compared with, and the logarithm of the ratio there."""
        given = entry(beside, j)
        y, low = logarithm(given)
        at, rest, least = parts_of(s, middle_distance(s), middle_rest(s))
        apart = apart_from(score_of(c, x, j, j), y, low, at, rest, least)
        return term_beside(given, s), over(apart, real(s.inverse), rest_of(s))

    @jit.jitable
    def term_of(c, x, j, s):  # type: ignore[no-untyped-def]
        """The term of class j of the row, where ratios are far."""
        z = score_of(c, x, j, j)
        if s.inverse == unit:
            return exp_below(z - real(s.z_base), real(s.z_shift))
        return soft_power(z, real(s.z_base), real(s.inverse), rest_of(s))

    return {"logarithm": logarithm, "pair_of": pair_of, "ratio_of": ratio_of, "term_of": term_of}


def log_text(dtype: str) -> Any:
    """The logarithm of a probability as a sum of two numbers."""
    words, zero, lowest = jit.words_of(dtype), getattr(np, dtype)(0.0), getattr(np, dtype)(-np.inf)
    real, double, log = words["real"], words["double"], jit.typed(scalar.log, "float64")
    log_parts, log_pair = jit.typed(scalar.log_parts, "float64"), jit.typed(scalar.log_pair, "float64")
    fma, most, middle = words["fma"], np.float64(0.693359375), np.float64(-0.00021219253540039062)
    least = np.float64(-1.904654299957768e-9)

    @jit.jitable
    def log_sum(y):  # type: ignore[no-untyped-def]
        wide = log(double(y))
        return real(wide), (real(wide - double(real(wide))) if y > zero else zero)

    @jit.jitable
    def wide_sum(y):  # type: ignore[no-untyped-def]
        k, f = log_parts(y)
        high, less = log_pair(f)
        first = k * most
        both = first + high
        whole = both + k * middle
        less = (((first - both) + high) + ((both - whole) + k * middle)) + fma(k, least, less)
        nearest = whole + less
        return (nearest if y > zero else lowest), (less - (nearest - whole) if y > zero else zero)

    return log_sum if dtype == "float32" else wide_sum


def loops_of(dtype: str) -> dict[str, Any]:
    """What the host's loops know of ratios, by name."""
    return loop_texts(dtype) | {text.__name__: jit.of_loop(text, dtype) for text in LOOPS}


def ratio_texts(plan: Plan, dtype: str, teams: dict[str, Any]) -> dict[str, Any]:
    """`measure_ratios` and `columns_of`, as numloss/loops/rowwise_ratios.py has them of a row and of a class."""
    words, number, texts, entries = jit.words_of(dtype), getattr(np, dtype), loops_of(dtype), entry_texts(plan, dtype)
    real, double, score_of = words["real"], words["double"], score_texts(plan, dtype)["score_of"]
    entry, pair_of, term_of = row_texts(plan, dtype)["entry"], entries["pair_of"], entries["term_of"]
    expm1_curve, lift_of = jit.typed(scalar.expm1_curve, dtype), texts["lift_of"]
    team_sum, team_peak, any_team = teams["team_sum"], teams["team_peak"], teams["any_team"]
    start_of, tops_of = start_text(plan, dtype), softened_text(dtype)
    taken_off, lifted = changed("z_base", "z_shift", "z_share"), changed("lift")
    uncentred, far_rise = changed("centre"), texts["far_rise"]
    centred, risen = changed("total", "centre"), changed("far", "curve", "rise", "lift")
    log1p = jit.typed(scalar.log1p, "float64")
    lowest, six, infinity = number(-np.inf), number(6.0), number(np.inf)
    zero, nothing, unit, team = number(0.0), np.float64(0.0), np.float64(1.0), plan.team

    @jit.jitable
    def peak_beside(c, beside, lane):  # type: ignore[no-untyped-def]
        best, place = lowest, int64(c.classes)
        for j in range(lane, c.classes, team):
            y = entry(beside, j)
            if y > best:
                best, place = y, int64(j)
        return best, place

    @jit.jitable
    def peak_of_row(c, x, lane):  # type: ignore[no-untyped-def]
        best, place = lowest, int64(c.classes)
        for j in range(lane, c.classes, team):
            z = score_of(c, x, j, j)
            if z > best:
                best, place = z, int64(j)
        return best, place

    @jit.jitable
    def far_of(c, x, beside, s, far, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        """What `far_ratios` finds; every thread of the block takes part."""
        best, place = peak_of_row(c, x, who % team)
        place = team_peak(peaks, places, who, best, place)
        top = lowest if place == c.classes else score_of(c, x, place, place)
        base, shift = tops_of(top, real(s.inverse))
        s = taken_off(s, double(base), double(shift), nothing)
        terms, beyond, rise = nothing, nothing, nothing
        for j in range(who % team, c.classes, team):
            e, v = pair_of(c, x, beside, j, s)
            term = double(term_of(c, x, j, s))
            terms += term
            rise += double(e * far_rise(v))
            if v > six:
                beyond += term
        terms, beyond = team_sum(shared, who, terms), team_sum(shared, who, beyond)
        rise = team_sum(shared, who, rise) / s.total
        s = taken_off(s, s.z_base, s.z_shift, unit / terms)
        counted = uncentred(s, nothing)
        return lifted(counted, lift_of(counted, beyond, rise)) if far else s

    @jit.jitable
    def measure_ratios(c, x, beside, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        lane = who % team
        best, place = peak_beside(c, beside, lane)
        place = team_peak(peaks, places, who, best, place)
        s = start_of(c, x, beside, place)
        total, mean = nothing, nothing
        for j in range(lane, c.classes, team):
            e, v = pair_of(c, x, beside, j, s)
            total += double(e)
            if abs(v) != infinity:
                mean += double(e * v)
        total, mean = team_sum(shared, who, total), team_sum(shared, who, mean)
        mean = mean / total if total != nothing else nothing
        s = centred(s, total, double(real(mean)))
        curve, many = nothing, nothing
        for j in range(lane, c.classes, team):
            e, v = pair_of(c, x, beside, j, s)
            u = v - real(s.centre)
            if u > six or (e > zero and v == lowest):
                many += unit
            elif e != zero:
                curve += double(e * expm1_curve(u)[1])
        curve = team_sum(shared, who, curve) / total
        far = team_sum(shared, who, many) > nothing
        lower = (mean - s.centre) + curve
        s = risen(s, int64(far), curve, lower, log1p(lower))
        return far_of(c, x, beside, s, far, who, shared, peaks, places) if any_team(far) else s

    return {"measure_ratios": measure_ratios, "left_of": left_text(plan, dtype, teams)}


@functools.cache
def changed(*names: str) -> Any:
    """A function that gives a Ratios with other values of these fields."""
    fields = ", ".join(name if name in names else f"s.{name}" for name in Ratios.fields())
    text = f"def changed(s, {', '.join(names)}):\n    return known({fields})\n"
    return jit.generated(text, "changed", {"__name__": " and ".join(names), "known": jit.named(Ratios)})


@functools.cache
def begun(*names: str) -> Any:
    """A function that gives a Ratios with these fields, and zeros in all others."""
    zeros = {"Int": "none", "Double": "nothing"}
    fields = ", ".join(name if name in names else zeros[kind] for name, (kind, _, _) in Ratios.fields().items())
    scope = {"__name__": " and ".join(names), "known": jit.named(Ratios), "none": np.int64(0), "nothing": np.float64(0)}
    return jit.generated(f"def begun({', '.join(names)}):\n    return known({fields})\n", "begun", scope)


def softened_text(dtype: str) -> Any:
    """What is taken off logits before the temperature divides them, and after."""
    base_of, round_shift = loop_texts(dtype)["base_of"], jit.typed(scalar.round_shift, dtype)
    one = getattr(np, dtype)(1.0)

    @jit.jitable
    def tops_of(top, inverse):  # type: ignore[no-untyped-def]
        base = base_of(top) if inverse == one else top
        return base, round_shift((top - base) * inverse)

    return tops_of


def start_text(plan: Plan, dtype: str) -> Any:
    """`open_ratios`, from the class with the largest probability of what a row is compared with."""
    words, number, start = jit.words_of(dtype), getattr(np, dtype), begun(*STARTS)
    logarithm, entry = entry_texts(plan, dtype)["logarithm"], row_texts(plan, dtype)["entry"]
    real, double = words["real"], words["double"]
    score_of, tops_of = score_texts(plan, dtype)["score_of"], softened_text(dtype)
    zero, lowest, nothing, unit = number(0.0), number(-np.inf), np.float64(0.0), np.float64(1.0)
    form = np.int64(SCORES if plan.teacher else plan.target)

    @jit.jitable
    def start_of(c, x, beside, place):  # type: ignore[no-untyped-def]
        inverse = unit / c.temperature
        top = lowest
        if place == c.classes:
            place = place - place
        else:
            top = entry(beside, place)
        base, shift = zero, zero
        if form != DISTRIBUTION:
            base, shift = tops_of(top, real(inverse))
        y, low = logarithm(top)
        z = score_of(c, x, place, place)
        at = (double(z), double(y), double(low))
        apart = z - y
        if apart - apart != zero:
            at = (nothing, nothing, nothing)
        return start(form, place, inverse, double(base), double(shift), at[0], at[1], at[2])

    return start_of


def settled_text(plan: Plan, dtype: str) -> Any:
    """`settle_ratios`, which see."""
    texts = loops_of(dtype)
    offset_of, mean_apart, sums_to_one = texts["offset_of"], texts["mean_apart"], texts["sums_to_one"]
    exp, log, scaled = jit.typed(scalar.exp, "float64"), jit.typed(scalar.log, "float64"), changed(*SCALES)
    nothing, unit, form = np.float64(0.0), np.float64(1.0), SCORES if plan.teacher else plan.target
    logarithms = plan.scores == LOG_PROBABILITIES

    @jit.jitable
    def settled(c, s, hats):  # type: ignore[no-untyped-def]
        log_mass = log(s.total) + offset_of(s)
        mass = s.total if form == DISTRIBUTION else exp(log_mass)
        whole = 1 if form == SCORES else sums_to_one(c, mass)
        raw = 0
        if logarithms and not hats:
            raw = 1
        elif logarithms:
            raw = 1 - whole * sums_to_one(c, exp((log_mass + mean_apart(s)) + s.lift))
        share = unit / s.total if s.total != nothing else nothing
        lift, z_share, extra = s.lift, s.z_share, nothing
        if raw == 1:
            lift, z_share = -mean_apart(s), exp(s.z_shift + s.z_base)
        elif whole == 0 and not hats:
            lift += log_mass
        if raw == 1 or (whole == 0 and not hats):
            share = exp(offset_of(s))
        if whole == 1 or raw == 1:
            mass = unit
        elif mass != nothing:
            extra = mass * log_mass
        return scaled(s, np.int64(raw), lift, share, mass, extra, z_share)

    return settled


def columns_text(plan: Plan, dtype: str) -> Any:
    """`ratio_columns` of one class."""
    words, texts, entries = jit.words_of(dtype), loops_of(dtype), entry_texts(plan, dtype)
    real, ratio_of, term_of = words["real"], entries["ratio_of"], entries["term_of"]
    near_curve, more_of, within = texts["near_curve"], texts["more_of"], texts["within"]
    exp, nearest_power = jit.typed(scalar.exp, dtype), texts["nearest_power"]

    @jit.jitable
    def columns_of(c, x, beside, j, s):  # type: ignore[no-untyped-def]
        e, r = ratio_of(c, x, beside, j, s)
        p, power = e * real(s.share), exp(within(r))
        curve, q = near_curve(within(r), power), p * power
        if s.far == 1 and r > real(nearest_power(s)):
            q = term_of(c, x, j, s) * real(s.z_share)
        return r, more_of(within(r), power, curve), curve, p, q

    return columns_of


def left_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """`measure_left` of numloss/loops/ratio_laws.py."""
    double, columns_of = jit.words_of(dtype)["double"], columns_text(plan, dtype)
    team_sum, team_peak, nothing, team = teams["team_sum"], teams["team_peak"], np.float64(0.0), plan.team
    left_over, none = changed("pivot", "left"), getattr(np, dtype)(0.0)

    @jit.jitable
    def left_of(c, x, beside, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        best, place, left = none, int64(c.classes), nothing
        for j in range(who % team, c.classes, team):
            q = columns_of(c, x, beside, j, s)[4]
            left += double(best if q > best else q)
            if q > best:
                best, place = q, int64(j)
        pivot = team_peak(peaks, places, who, best, place)
        return left_over(s, pivot, team_sum(shared, who, left if pivot == place else left + double(best)))

    return left_of
