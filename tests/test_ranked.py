"""Losses of lists: how they are cut into blocks, the digits of certain lists, what stays in its list, long lists."""

from __future__ import annotations

import importlib
import itertools
from functools import partial
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from calls import refused
from cases import DTYPES, NAMES, arrays, record
from compare import assert_close, assert_same_bits
from generators import GROUPS, LENGTHS
from words import ulps

import numloss as nl
from numloss.calls.lists import BLOCK_COST, blocks_of, pairs_of

RANKED = [name for name in NAMES if record(name).family == "ranked"]
SEVEN = GROUPS[7,]
MOST_ULPS = 8.0


def given_to(name: str, dtype: str = "float64") -> tuple[Any, ...]:
    return arrays(name, (7,), dtype)


def everything(name: str, given: Any, **options: Any) -> tuple[Any, ...]:
    return nl.value_grad_hess(record(name).function)(*given, reduction="none", **options)  # type: ignore[return-value]


@pytest.mark.parametrize("name", RANKED)
def test_each_list_by_itself(name: str, backend: str) -> None:
    given = given_to(name)
    values, slopes, bends = everything(name, given, groups=SEVEN, backend=backend)
    for k, (start, stop) in enumerate(itertools.pairwise(SEVEN)):
        alone = everything(name, [a[start:stop] for a in given], backend=backend)
        assert_same_bits(alone[0], values[k : k + 1])
        assert_same_bits(alone[1], slopes[start:stop])
        assert_same_bits(alone[2], bends[start:stop])


@pytest.mark.parametrize("dtype", ["int8", "uint16", ">i4", "uint64"])
@pytest.mark.parametrize("name", RANKED)
def test_pointers_of_any_dtype_and_layout(name: str, dtype: str, backend: str) -> None:
    given = given_to(name)
    expected = everything(name, given, groups=SEVEN, backend=backend)
    spaced = np.repeat(np.array(SEVEN, dtype), 2)[::2]
    for found, exact in zip(everything(name, given, groups=spaced, backend=backend), expected, strict=True):
        assert_same_bits(found, exact)


@pytest.mark.parametrize("name", RANKED)
def test_no_lists_and_lists_of_nothing(name: str, backend: str) -> None:
    nothing = tuple(a[:0] for a in given_to(name))
    for groups, count in ((None, 1), ([0], 0), ([0, 0, 0], 2)):
        options = {"groups": groups, "backend": backend}
        assert record(name).function(*nothing, **options) == 0.0
        values, slopes, bends = everything(name, nothing, **options)
        assert_same_bits(values, np.zeros(count))
        assert slopes.shape == bends.shape == (0,)


@pytest.mark.parametrize("name", RANKED)
def test_pointers_that_do_not_rise_from_none_to_all(name: str, backend: str) -> None:
    given, function = given_to(name), record(name).function
    for k, value, groups in (
        *((0, 1, [1, 26]), (0, -1, [-1, 26]), (1, 25, [0, 25]), (1, 27, [0, 27]), (2, 3, [0, 5, 3, 26])),
        *((0, 26, [26]), (1, 2**63 - 1, [0, 2**63 - 1, 26]), (1, 2**64 - 1, np.array([0, 2**64 - 1, 26], "uint64"))),
    ):
        with refused(ValueError, name, f"groups[{k}] = {value}; groups rise from 0 to the number of rows, 26"):
            function(*given, groups=groups, backend=backend)
    for shape in ((), (2, 2), (0,)):
        with refused(ValueError, name, "groups has shape", shape):
            function(*given, groups=np.zeros(shape, int), backend=backend)
    for wrong in ([0.0, 26.0], [False, True], "text", [None, 26]):
        with refused(TypeError, name, "groups"):
            function(*given, groups=wrong, backend=backend)


def test_values_that_are_refused(backend: str) -> None:
    pred, time, event = given_to("cox")
    relevance = np.zeros(26, np.float32)
    for bad in (-1.0, 0.5, 32.0, np.nan, np.inf):
        relevance[19] = bad
        with refused(ValueError, f"lambdarank: target[19] = {bad}", "whole number in [0, 31]"):
            nl.lambdarank(pred, relevance, groups=SEVEN, backend=backend)
    for bad in (np.nan, np.inf, -np.inf):
        time[19] = bad
        with refused(ValueError, f"listnet: target[19] = {bad}", "finite"):
            nl.listnet(pred, time, groups=SEVEN, backend=backend)
    for bad in (-0.5, 1.5, np.nan):
        gamma = np.full(26, 0.5)
        gamma[19] = bad
        with refused(ValueError, f"xendcg: gamma[19] = {bad}", "in [0, 1]"):
            nl.xendcg(pred, np.zeros(26), gamma=gamma, groups=SEVEN, backend=backend)
    with refused(ValueError, "xendcg: gamma has shape (25,); it must be a number or have that of pred, (26,)"):
        nl.xendcg(pred, np.zeros(26), gamma=np.zeros(25), groups=SEVEN, backend=backend)
    time[19] = np.nan
    for name, others in (("listmle", ()), ("cox", (event,))):
        with refused(ValueError, f"{name}: {record(name).inputs[1]}[19] = nan"):
            record(name).function(pred, time, *others, groups=SEVEN, backend=backend)
    event[3] = 2
    with refused(ValueError, "cox: event[3] = 2", "0 or 1"):
        nl.cox(pred, np.zeros(26), event, groups=SEVEN, backend=backend)
    for k in (0, -1, 2**63):
        with refused(ValueError, "lambdarank: k must be at least 1", k):
            nl.lambdarank(pred, np.zeros(26), k=k, backend=backend)
    for wrong in (True, 2.0, "2"):
        with refused(TypeError, "lambdarank: k must be an integer or None"):
            nl.lambdarank(pred, np.zeros(26), k=wrong, backend=backend)  # type: ignore[arg-type]
    with refused(ValueError, "cox: ties must be 'breslow' or 'efron', got 'exact'"):
        nl.cox(pred, np.zeros(26), np.ones(26), ties="exact", backend=backend)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RANKED)
def test_nan_stays_in_its_list(name: str, dtype: str, backend: str) -> None:
    given = given_to(name, dtype)
    expected = everything(name, given, groups=SEVEN, backend=backend)
    for row in (SEVEN[3], SEVEN[4] - 1):  # first and last of the fourth list
        pred = given[0].copy()
        pred[row] = np.nan
        found = everything(name, (pred, *given[1:]), groups=SEVEN, backend=backend)
        rows = slice(SEVEN[3], SEVEN[4])
        for place, one, other in zip((slice(3, 4), rows, rows), found, expected, strict=True):
            assert np.isnan(one[place]).all()
            one[place] = other[place] = 0.0
            assert_same_bits(one, other)


@pytest.mark.parametrize("name", RANKED)
def test_lists_without_weight_count_nothing_whatever_they_hold(name: str, backend: str) -> None:
    pred, *others = given_to(name)
    pred[SEVEN[3]] = np.nan
    weight = np.array([1.0, 2.0, 0.5, 0.0, 1.0, 0.0, 3.0])
    value, slope = nl.value_and_grad(record(name).function)(pred, *others, groups=SEVEN, weight=weight, backend=backend)
    assert np.isfinite(value) and np.isfinite(slope).all()
    for k in (3, 5):
        assert not slope[SEVEN[k] : SEVEN[k + 1]].any()


@pytest.mark.parametrize("name", RANKED)
def test_equal_keys_are_taken_as_they_come(name: str, backend: str) -> None:
    random = np.random.default_rng(11)
    lengths = (40, 3, 900, 1, 0, 17)
    groups = np.cumsum((0, *lengths))
    pred = random.integers(-2, 3, groups[-1]).astype(float)
    others = [random.integers(0, 2 if name == "event" else 5, groups[-1]) for name in record(name).inputs[1:]]
    exact = importlib.import_module(f"oracles.{name}").value(pred, *others, groups=groups)
    found = record(name).function(pred, *others, groups=groups, reduction="none", backend=backend)
    assert_close(found, exact, ulp=64, scale=1.0)


def certain(margin: float, dtype: str) -> tuple[Any, Any]:
    """Scores of 12 rows, each about the margin below the one before, and their relevance."""
    random = np.random.default_rng(int(margin))
    relevance = random.permutation(12)
    return (relevance * margin + random.normal(0.0, 1.0, 12)).astype(dtype), relevance.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("margin", [6.0, 17.0])
def test_certain_orders_keep_their_digits(margin: float, dtype: str, backend: str) -> None:
    scores, relevance = certain(margin, dtype)
    order = np.argsort(-relevance)
    with mp.workdps(200):
        s = [mp.mpf(float(x)) for x in scores[order]]
        suffix = [mp.fsum(mp.exp(x) for x in s[k:]) for k in range(12)]
        exact = mp.fsum(mp.log(suffix[k]) - s[k] for k in range(12))
        slope = [mp.fsum(mp.exp(s[k]) / suffix[i] for i in range(k + 1)) - 1 for k in range(12)]
        # the slope is a difference of what a row is blamed for and what it lacks
        size = [1 - mp.exp(s[k]) / suffix[k] for k in range(12)]
        assert 0 < exact < 0.1
        for name, given in (("listmle", (relevance,)), ("cox", (-relevance, np.ones(12)))):
            function = nl.value_and_grad(record(name).function)
            value, found = function(scores, *given, reduction="none", backend=backend)
            assert ulps(value, [exact]).max() <= MOST_ULPS
            assert ulps(found[order], slope, size).max() <= MOST_ULPS


@pytest.mark.parametrize("dtype", DTYPES)
def test_certain_distributions_keep_their_digits(dtype: str, backend: str) -> None:
    scores, _ = certain(17.0, dtype)
    target = (scores + np.linspace(0.0, 1.0, 12)).astype(dtype)
    relevance = np.where(target == target.max(), 31, 0)
    gamma = np.linspace(0.5, 1.0, 12).astype(dtype)
    with mp.workdps(200):
        s, t = ([mp.mpf(float(x)) for x in array] for array in (scores, target))
        gain = [mp.mpf(2) ** int(y) - float(less) for y, less in zip(relevance, gamma, strict=True)]
        check_distribution(nl.listnet, scores, target, s, [mp.exp(x) for x in t], backend)
        check_distribution(partial(nl.xendcg, gamma=gamma), scores, relevance, s, gain, backend)


def check_distribution(function: Any, scores: Any, target: Any, s: Any, powers: Any, backend: str) -> None:
    """Value and slopes of the cross-entropy of two distributions, one of scores, the other of powers."""
    p, q = ([x / mp.fsum(z) for x in z] for z in (list(map(mp.exp, s)), powers))
    lost = mp.log(mp.fsum(map(mp.exp, s)))
    exact = mp.fsum(b * (lost - x) for b, x in zip(q, s, strict=True))
    slope = [a - b for a, b in zip(p, q, strict=True)]
    size = [max(min(a, 1 - a), min(b, 1 - b)) for a, b in zip(p, q, strict=True)]
    value, found = nl.value_and_grad(function)(scores, target, reduction="none", backend=backend)
    assert ulps(value, [exact]).max() <= MOST_ULPS
    assert ulps(found, slope, size).max() <= MOST_ULPS


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [0.1, 6.0])
def test_gains_of_smooth_ranks_keep_their_digits(scale: float, dtype: str, backend: str) -> None:
    random = np.random.default_rng(8)
    scores, relevance = random.normal(0.0, scale, 9).astype(dtype), random.integers(0, 4, 9)
    temperature = float(np.array(0.1, dtype))
    with mp.workdps(60):
        s, gain = [mp.mpf(float(x)) / temperature for x in scores], [mp.mpf(2) ** int(y) - 1 for y in relevance]
        best = mp.fsum(g / mp.log(k + 2, 2) for k, g in enumerate(sorted(gain, reverse=True)))
        ranks = [mp.mpf("0.5") + mp.fsum(1 / (1 + mp.exp(a - b)) for b in s) for a in s]
        exact = -mp.fsum(g / mp.log(1 + r, 2) for g, r in zip(gain, ranks, strict=True)) / best
        by_rank = [g * mp.log(2) / ((1 + r) * mp.log(1 + r) ** 2 * best) for g, r in zip(gain, ranks, strict=True)]
        pairs = [[1 / (4 * mp.cosh((a - b) / 2) ** 2) / temperature for b in s] for a in s]
        slope = [mp.fsum((c - by_rank[k]) * p for c, p in zip(by_rank, pairs[k], strict=True)) for k in range(9)]
        size = [mp.fsum(abs(c - by_rank[k]) * p for c, p in zip(by_rank, pairs[k], strict=True)) for k in range(9)]
        # what ranks lose is lost of each slope by a rank, whose difference may be less
        size = [max(a, mp.fsum(c * p for c, p in zip(by_rank, pairs[k], strict=True)) / 2) for k, a in enumerate(size)]
    value, found = nl.value_and_grad(nl.approx_ndcg)(scores, relevance, reduction="none", backend=backend)
    assert ulps(value, [exact]).max() <= MOST_ULPS
    assert ulps(found, slope, size).max() <= MOST_ULPS


@pytest.mark.parametrize("name", [name for name in RANKED if name != "approx_ndcg"])
def test_the_bound_is_twice_the_curvature(name: str, backend: str) -> None:
    given = given_to(name)
    exact = everything(name, given, groups=SEVEN, backend=backend)[2]
    transform = nl.value_grad_hess(record(name).function, curvature="bound")
    bound = transform(*given, groups=SEVEN, reduction="none", backend=backend)[2]
    assert_same_bits(bound, np.maximum(2.0 * exact, record(name).least))


@pytest.mark.parametrize("name", RANKED)
def test_sums_add_up_over_lists(name: str, backend: str) -> None:
    given = given_to(name)
    whole = nl.sum_and_weight(record(name).function)(*given, groups=SEVEN, backend=backend)
    parts = []
    for groups in (SEVEN[:4], SEVEN[3:]):
        rows = slice(groups[0], groups[-1])
        ends = np.array(groups) - groups[0]
        parts.append(nl.sum_and_weight(record(name).function)(*(a[rows] for a in given), groups=ends, backend=backend))
    np.testing.assert_allclose(np.sum(parts, axis=0), whole, rtol=1e-14)
    inputs = dict(zip(record(name).inputs, given, strict=True))
    (score,) = nl.evaluate(record(name).function, groups=SEVEN, backend=backend, **inputs).scores
    assert score.mean == pytest.approx(whole[0] / whole[1], rel=1e-14)


def reference(name: str, pred: Any, *others: Any) -> float:
    """One long list, with a cumulative log-sum-exp of NumPy."""
    s = pred.astype(np.float64)
    if name == "listnet":
        q = np.exp(others[0] - np.log(np.sum(np.exp(others[0]))))
        return float(np.sum(q * (np.log(np.sum(np.exp(s))) - s)))
    order = np.argsort(-others[0] if name == "listmle" else others[0], kind="stable")
    at_risk = np.logaddexp.accumulate(s[order][::-1])[::-1]
    if name == "listmle":
        return float(np.sum(at_risk - s[order]))
    time = others[0][order]
    first = np.searchsorted(time, time, side="left")
    return float(np.sum((at_risk[first] - s[order])[others[1][order] > 0]))


@pytest.mark.parametrize("name", ["listnet", "listmle", "cox"])
def test_a_million_rows_in_one_list(name: str, backend: str) -> None:
    random = np.random.default_rng(5)
    pred, target = random.standard_normal((2, 1_000_000)).astype(np.float32)
    others = (np.rint(target * 1000.0), random.integers(0, 2, len(pred))) if name == "cox" else (target,)
    value, slope = nl.value_and_grad(record(name).function)(pred, *others, reduction="sum", backend=backend)
    exact = reference(name, pred, *(a.astype(np.float64) for a in others))
    assert abs(value - exact) <= 1e-6 * abs(exact)
    # the gradient of a loss of differences of scores
    assert abs(np.sum(slope, dtype=np.float64)) <= 1e-6 * np.sum(np.abs(slope), dtype=np.float64)


def test_the_first_ranks_of_a_long_list(backend: str) -> None:
    random = np.random.default_rng(6)
    pred, target = random.standard_normal(30_000), random.integers(0, 5, 30_000)
    value = nl.lambdarank(pred, target, k=3, backend=backend)
    order = np.argsort(-pred)
    s, gain = pred[order], 2.0 ** target[order]
    discount = 1.0 / np.log2(np.arange(2.0, 30_002.0))
    best = np.sum((np.sort(gain)[::-1] - 1.0)[:3] * discount[:3])
    exact = 0.0
    for i in range(3):
        right = np.sign(gain[i] - gain[i + 1 :])
        delta = abs(gain[i] - gain[i + 1 :]) * (discount[i] - discount[i + 1 :]) / best
        exact += np.sum(delta * np.logaddexp(0.0, -right * (s[i] - s[i + 1 :])))
    assert abs(value - exact) <= 1e-12 * exact


def test_blocks_hold_every_list_once_and_about_the_same_work() -> None:
    random = np.random.default_rng(7)
    for size in (0, 1, 5, 20_000):
        pointers = np.append(0, np.cumsum(random.integers(0, 300, size)))
        lengths = np.diff(pointers)
        for pairs in (0, pairs_of(lengths, 0), pairs_of(lengths, 7)):
            firsts = blocks_of(pointers, pairs)
            assert firsts[0] == 0 and firsts[-1] == size and (np.diff(firsts) > 0).all()
            work = 20 * lengths + 2 * pairs + 100
            blocks = np.add.reduceat(work, firsts[:-1]) if size else np.zeros(0)
            assert (blocks <= max(BLOCK_COST, work.sum() // 4096) + work.max(initial=0)).all()
    assert len(blocks_of(np.array([0, 10**9]), 0)) == 2


def test_pairs_are_counted_as_they_are_made() -> None:
    lengths = np.array(LENGTHS[7,])
    for most in (0, 1, 2, 5, 100):
        counted = [sum(1 for i in range(n) for j in range(i + 1, n) if not most or i < most) for n in lengths]
        assert pairs_of(lengths, most).tolist() == counted


@pytest.mark.parametrize("dtype", DTYPES)
def test_lists_are_what_they_are_alone(dtype: str, backend: str) -> None:
    """Short lists share a tile, long ones have several; the largest entries of a list may be many."""
    random = np.random.default_rng(7)
    lengths = np.array([*range(36), 0, 0, 600, 1, 511, 512, 513, 1, 1, 1025, 16, *[3] * 40])
    groups = np.append(0, np.cumsum(lengths))
    pred = np.rint(random.normal(0.0, 2.0, groups[-1])).astype(dtype)
    target = random.integers(0, 3, groups[-1]).astype(dtype)
    weight = np.where(np.arange(len(lengths)) % 7 == 3, 0.0, 0.5).astype(dtype)
    step = nl.value_grad_hess(nl.listnet, curvature="exact")
    values, *slopes = step(pred, target, groups=groups, weight=weight, reduction="none", backend=backend)
    for k, (first, end) in enumerate(itertools.pairwise(groups)):
        x, t = pred[first:end], target[first:end]
        value, *own = step(x, t, weight=weight[k : k + 1], reduction="none", backend=backend)
        assert_same_bits(values[k : k + 1], value)
        for all_of_them, one in zip(slopes, own, strict=True):
            assert_same_bits(all_of_them[first:end], one)
        if end > first and weight[k] > 0.0:
            p, q = (np.exp(z.astype(np.float64)) / np.exp(z.astype(np.float64)).sum() for z in (x, t))
            eps = np.finfo(dtype).eps
            np.testing.assert_allclose(value, 0.5 * -np.sum(q * np.log(p)), rtol=16 * eps, atol=4 * eps)
            for found, exact in zip(own, (0.5 * (p - q), 0.5 * p * (1.0 - p)), strict=True):
                np.testing.assert_allclose(found, exact, rtol=0.0, atol=8 * eps)
