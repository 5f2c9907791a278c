"""Advantages and returns over time: by their definitions, pulled back, in any layout, and what is refused."""

from __future__ import annotations

import doctest
import importlib
import inspect
from typing import Any

import numpy as np
import pytest
from calls import refused
from over_time import NAMES, OPTIONS, flags, function, given, inputs, naive

import numloss as nl
from numloss.registry import LOSSES

SHAPE = (7, 3)
VALUED = [name for name in NAMES if "value" in inputs(name)]


def results(name: str, *arrays: Any, **options: Any) -> list[Any]:
    """What a function gives, as a list."""
    found = function(name)(*arrays, **{**OPTIONS[name], **options})
    return list(found) if isinstance(found, tuple) else [found]


def pulled(name: str, *arrays: Any, cotangent: list[Any], **options: Any) -> list[Any]:
    """The gradients of what a function gives, as a list."""
    pull = cotangent[0] if len(cotangent) == 1 else tuple(cotangent)
    found = nl.vjp(function(name))(*arrays, **{**OPTIONS[name], **options}, cotangent=pull)
    return list(found) if isinstance(found, tuple) else [found]


def same(found: list[Any], expected: list[Any]) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_definitions(name: str, dtype: str, backend: str) -> None:
    arrays, (terminated, truncated) = given(name, SHAPE, dtype), flags(SHAPE)
    options: dict[str, Any] = {} if name != "discounted" else {"next_value": arrays[0][::-1].copy()}
    for ends in ((terminated, truncated), (terminated, 0 * truncated), (0 * terminated, truncated)):
        expected = naive(name, arrays, *ends, **OPTIONS[name], **options)
        found = results(name, *arrays, **options, terminated=ends[0], truncated=ends[1], backend=backend)
        for a, b in zip(found, expected, strict=True):
            assert a.dtype == dtype and a.shape == SHAPE
            np.testing.assert_allclose(a, b, rtol=0, atol=(2e-15 if dtype == "float64" else 1e-6) * 5)
    # flags that are not there are 0 everywhere
    same(results(name, *arrays, **options), results(name, *arrays, **options, terminated=0 * terminated))


@pytest.mark.parametrize("name", VALUED)
def test_a_value_of_the_last_step_alone(name: str, backend: str) -> None:
    """Every other step leads to the state of the next one, in any layout."""
    for shape in ((5, 3), (40, 70), (1, 2), (6,), (4, 2, 3)):
        first, value, final, *rest = given(name, shape)
        terminated, _ = flags(shape)
        following = np.concatenate([value[1:], final[:1]])
        expected = results(name, first, value, following, *rest, terminated=terminated)
        same(results(name, first, value, final[0], *rest, terminated=terminated, backend=backend), expected)
        pull = [np.roll(first, k + 1) for k in range(len(expected))]
        slopes = pulled(name, first, value, following, *rest, terminated=terminated, cotangent=pull)
        found = pulled(name, first, value, final[0], *rest, terminated=terminated, cotangent=pull, backend=backend)
        np.testing.assert_array_equal(found[0], slopes[0])
        np.testing.assert_array_equal(found[2], slopes[2][-1])
        slopes[1][1:] += slopes[2][:-1]
        np.testing.assert_allclose(found[1], slopes[1], rtol=0, atol=1e-14)
        last = [np.moveaxis(a, 0, -1) for a in (first, value)]
        turned = {"terminated": np.ascontiguousarray(np.moveaxis(terminated, 0, -1)), "axis": -1, "backend": backend}
        others = [np.ascontiguousarray(np.moveaxis(a, 0, -1)) for a in rest]
        with_time_last = results(name, np.ascontiguousarray(last[0]), last[1].copy(), final[0], *others, **turned)
        same([np.moveaxis(a, -1, 0) for a in with_time_last], expected)


@pytest.mark.parametrize("name", NAMES)
def test_cotangents_are_pulled_back_by_the_transpose(name: str, backend: str) -> None:
    """Results are linear in rewards and values: the columns of the matrix are what units make of it."""
    shape = (5, 2)
    arrays, (terminated, truncated) = given(name, shape), flags(shape)
    options = {"terminated": terminated, "truncated": truncated, "backend": backend}
    count = len(function(name).__loss__.results)
    pull = [np.random.default_rng(k).standard_normal(shape) for k in range(count)]
    found = pulled(name, *arrays, **options, cotangent=pull)
    nothing = [0.0 * array if k in function(name).__loss__.differentiable else array for k, array in enumerate(arrays)]
    for which, slope in zip(function(name).__loss__.differentiable, found, strict=True):
        assert slope.shape == shape
        for at in np.ndindex(*shape):
            moved = list(nothing)
            moved[which] = moved[which].copy()
            moved[which][at] = 1.0
            parts = zip(results(name, *moved, **options), pull, strict=True)
            assert slope[at] == pytest.approx(sum(float((a * b).sum()) for a, b in parts), abs=1e-14)
    if count > 1:  # None is a cotangent of zeros, and argnums chooses
        same(
            pulled(name, *arrays, **options, cotangent=[pull[0], None]),
            pulled(name, *arrays, **options, cotangent=[pull[0], 0 * pull[1]]),
        )
        alone = nl.vjp(function(name), argnums=1)(*arrays, **options, **OPTIONS[name], cotangent=tuple(pull))
        np.testing.assert_array_equal(alone, found[1])


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.more), "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_layouts_and_flags_change_no_bit(name: str, dtype: str, backend: str) -> None:
    shape = (20, 37)
    arrays, (terminated, truncated) = given(name, shape, dtype), flags(shape)
    ends = {"terminated": terminated, "truncated": truncated}
    expected = results(name, *arrays, **ends)
    pull = [np.roll(a, 1) for a in expected]
    slopes = pulled(name, *arrays, **ends, cotangent=pull)
    ways: list[Any] = [
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    ]
    for way in ways:
        moved = {key: way(a.astype(np.int8)) for key, a in ends.items()} | {"backend": backend}
        same(results(name, *map(way, arrays), **moved), expected)
        same(pulled(name, *map(way, arrays), **moved, cotangent=[way(a) for a in pull]), slopes)
    mixed = [way(a) for way, a in zip(2 * ways, arrays, strict=False)]
    wide = {key: a.astype(np.float64) for key, a in ends.items()}
    out = tuple(way(np.empty_like(a)) for way, a in zip(ways, expected, strict=False))
    found = results(name, *mixed, **wide, out=out if len(out) > 1 else out[0])
    same(found, expected)
    assert all(a is b for a, b in zip(found, out, strict=True))
    gone = tuple(way(np.empty_like(a)) for way, a in zip(ways, slopes, strict=False))
    same(pulled(name, *mixed, **wide, cotangent=pull, out=gone if len(gone) > 1 else gone[0]), list(gone))
    same(list(gone), slopes)


@pytest.mark.parametrize("name", NAMES)
def test_columns_do_not_see_each_other(name: str) -> None:
    """Many columns, which several blocks and threads share, and few of them, give the same bits."""
    shape = (6, 4500)
    arrays, (terminated, truncated) = given(name, shape, "float32"), flags(shape)
    whole = results(name, *arrays, terminated=terminated, truncated=truncated)
    for part in (slice(0, 1), slice(2040, 2060), slice(4090, 4500)):
        few = [a[:, part] for a in arrays]
        found = results(name, *few, terminated=terminated[:, part], truncated=truncated[:, part])
        same(found, [a[:, part] for a in whole])


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_count_is_not_seen(name: str, backend: str) -> None:
    arrays = given(name, SHAPE)
    terminated, truncated = np.zeros((2, *SHAPE))
    terminated[3, 0] = truncated[3, 1] = 1.0
    ends: dict[str, Any] = {"terminated": terminated, "truncated": truncated, "backend": backend}
    expected = results(name, *arrays, **ends)
    poisoned = [a.copy() for a in arrays]
    names = inputs(name)
    for key, array in zip(names, poisoned, strict=True):
        if key in ("value", "q", "log_prob"):
            array[4:, :2] = np.nan  # of the episodes behind
        if key == "reward":
            array[4:, :2] = np.inf
        if key == "next_value":
            array[3, 0] = np.nan
    for a, b in zip(results(name, *poisoned, **ends), expected, strict=True):
        np.testing.assert_array_equal(a[:4], b[:4])
        np.testing.assert_array_equal(a[:, 2], b[:, 2])


def test_a_far_future_counts_in_float32_and_ratios_of_any_size() -> None:
    """Of ten thousand steps rounding does not add up; ratios that overflow are clipped, those that vanish end all."""
    reward = np.random.default_rng(1).random((10000, 4)).astype(np.float32)
    wide = nl.returns.discounted(reward.astype(np.float64), discount=0.999)
    np.testing.assert_allclose(nl.returns.discounted(reward, discount=0.999), wide, rtol=2e-5)
    log_prob = np.array([[0.0, 0.0], [500.0, -500.0]], np.float32)
    ones = np.ones((2, 2), np.float32)
    targets, advantages = nl.returns.vtrace(ones, 0 * ones, ones[0], log_prob, -log_prob, discount=0.5)
    np.testing.assert_array_equal(targets, [[1.75, 1.0], [1.5, 0.0]])
    np.testing.assert_array_equal(advantages, [[1.75, 1.0], [1.5, 0.0]])


@pytest.mark.parametrize("dtype", [np.dtype(np.float16), nl.bfloat16])
def test_numbers_of_sixteen_bits(dtype: np.dtype[Any]) -> None:
    half = [stored(a, dtype) for a in given("gae", SHAPE, "float32")]
    wide = [nl.common.halves.widened(a) for a in half]
    same(results("gae", *half), results("gae", *wide))
    slopes = pulled("gae", *half, cotangent=[wide[0], half[1]])
    for a, b in zip(slopes, pulled("gae", *wide, cotangent=wide[:2]), strict=True):
        assert a.dtype == dtype
        np.testing.assert_array_equal(a, stored(b, dtype))


def stored(array: Any, dtype: np.dtype[Any]) -> Any:
    """Numbers rounded to a dtype of 16 bits."""
    if dtype == np.float16:
        return array.astype(dtype)
    bits = array.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16).view(dtype)


def test_nothing_and_one_step(backend: str) -> None:
    for name in NAMES:
        for shape in ((0, 3), (3, 0), (0,), (2, 0, 3)):
            arrays = given(name, shape)
            assert all(a.shape == shape for a in results(name, *arrays, backend=backend))
            pull = results(name, *arrays)
            assert all(a.shape == shape for a in pulled(name, *arrays, cotangent=pull, backend=backend))
    first, value, final = given("gae", (1, 2))
    same(results("gae", first, value, final[0]), results("gae", first, value, final))


@pytest.mark.parametrize("shape", [(3, 4), (3, 90)])
def test_bad_values_are_named(shape: tuple[int, int], backend: str) -> None:
    reward, value, following = given("gae", shape)
    for key, bad, said in (("terminated", 2.0, "in [0, 1]"), ("truncated", np.nan, "in [0, 1]")):
        for way in (np.array, np.asfortranarray):
            flag = np.zeros(shape)
            flag[1, 2] = flag[2, 0] = bad
            with refused(ValueError, "gae", f"{key}[1, 2] = {bad}", said, "2 of"):
                nl.returns.gae(reward, value, following, **{key: way(flag)}, backend=backend)
            with refused(ValueError, "gae", f"{key}[1, 2] = {bad}", said):
                pull = nl.vjp(nl.returns.gae)
                pull(reward, value, following, **{key: way(flag)}, cotangent=(value, None), backend=backend)
    reward[2, 1] = np.nan
    for name in ("gae", "n_step"):
        with refused(ValueError, name, "reward[2, 1] = nan", "not NaN"):
            results(name, reward, *given(name, shape)[1:], backend=backend)


def test_bad_arguments_are_named() -> None:
    reward, value, following = given("gae", (3, 4))
    returns = nl.returns
    with refused(ValueError, "gae", "next_value has shape (4,)", "truncated", "(3, 4)"):
        returns.gae(reward, value, following[0], truncated=reward)
    with refused(ValueError, "gae", "next_value has shape (3,)", "(3, 4)"):
        returns.gae(reward, value, following[:, 0])
    for name in ("lambda_returns", "n_step", "retrace"):  # no value of a state follows a step but its own
        arrays = given(name, (3, 4))
        at = inputs(name).index("next_value")
        with refused(ValueError, name, "next_value has shape (4,)"):
            results(name, *arrays[:at], arrays[at][0], *arrays[at + 1 :])
    with refused(ValueError, "gae", "terminated has shape (3,)"):
        returns.gae(reward, value, following, terminated=np.zeros(3))
    with refused(TypeError, "gae", "value has dtype int64"):
        returns.gae(reward, value.astype(int), following)
    with refused(ValueError, "gae", "axis 2"):
        returns.gae(reward, value, following, axis=2)
    with refused(ValueError, "n_step", "n must be at least 1, got 0"):
        returns.n_step(reward, following, n=0)
    with refused(TypeError, "n_step", "n must be an integer"):
        returns.n_step(reward, following)
    with refused(TypeError, "gae", "unknown option 'reduction'", "terminated"):
        returns.gae(reward, value, following, reduction="mean")
    with refused(ValueError, "gae", "out for the values overlaps reward"):
        returns.gae(reward, value, following, out=(reward, np.empty_like(reward)))
    with refused(TypeError, "gae", "cotangent must be a tuple of 2 arrays, for advantages, returns"):
        nl.vjp(returns.gae)(reward, value, following, cotangent=reward)
    with refused(ValueError, "gae", "the cotangent of returns has shape (4,)"):
        nl.vjp(returns.gae)(reward, value, following, cotangent=(None, reward[0]))


@pytest.mark.parametrize("transform", [nl.grad, nl.value_and_grad, nl.value_grad_hess, nl.hvp, nl.sum_and_weight])
def test_what_is_no_loss_is_no_loss(transform: Any) -> None:
    with refused(TypeError, "gae gives arrays, not a loss", "numloss.vjp"):
        transform(nl.returns.gae)
    with refused(TypeError, "gae gives arrays, not a loss"):
        nl.combine((1.0, nl.returns.gae))
    assert not set(NAMES) & set(LOSSES)
    with refused(AttributeError, "'gae'", "numloss.returns.gae"):
        nl.gae  # noqa: B018 - it is not there


@pytest.mark.parametrize("name", NAMES)
def test_documentation(name: str) -> None:
    doc = inspect.getdoc(function(name)) or ""
    for section in ("Parameters", "Other Parameters", "Returns", "Raises", "Examples"):
        assert f"\n{section}\n---" in doc
    loss = function(name).__loss__
    assert all(f"\n{key} : " in doc or f", {key}" in doc or f"{key}, " in doc for key in (*loss.inputs, *loss.defaults))
    assert name in nl.returns.__all__ and max(map(len, doc.splitlines())) <= 120
    module = importlib.import_module(loss.function.__module__)
    assert doctest.testmod(module).failed == 0
