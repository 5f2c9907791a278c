"""`check` finds every loss of elements and of rows right, and a wrong one wrong, where it is."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import pytest
from cases import HELD, VARIANTS, options, record
from machine import missing

import numloss as nl
from numloss.registry import LOSSES
from numloss.scalar import softplus

NAMES = sorted(name for name, loss in LOSSES.items() if loss.family in ("elementwise", "rowwise") and name not in HELD)


def given(name: str) -> dict[str, Any]:
    return {**VARIANTS.get(name, {"": {}})[""], **next(options(name))}


@pytest.mark.parametrize("name", NAMES)
def test_the_losses_are_right(name: str) -> None:
    found = nl.check(LOSSES[name].function, **given(name))
    assert found.ok, found
    assert set(found.tried) == ({"slope", "curvature"} if record(name).curvature else {"slope"})
    assert sum(found.left_out.values()) <= 0.02 * sum(found.tried.values()), found
    assert repr(found).startswith(f"check of {name}: ok\n  slope: 0 of ")


def test_a_factor_held_constant_shows() -> None:
    found = nl.check(nl.ciou)
    assert not found.ok and found.parted[0].of == "slope"


own = pytest.mark.skipif("numba" in missing(), reason="numba compiles laws of one's own")


def wrong(pred, target, scale):  # type: ignore[no-untyped-def]
    error = pred - target
    slope = scale * error if error < 2.0 else 1.001 * scale * error
    return 0.5 * scale * error * error, slope, scale


@own
def test_a_wrong_slope_is_found_where_it_is() -> None:
    loss = nl.elementwise(wrong, scale=1.5)
    found = nl.check(functools.partial(loss, scale=2.0))
    assert not found.ok and 0 < len(found.parted) < 1500
    assert all(p.by == "pred" and p.point["pred"] - p.point["target"] > 1.99 for p in found.parted)
    slopes = [p for p in found.parted if p.of == "slope"]
    assert all(p.declared == pytest.approx(1.001 * p.found) for p in slopes)
    first = slopes[0]
    assert first.found == pytest.approx(2.0 * (first.point["pred"] - first.point["target"]))
    assert f"slope by pred[{first.index[0]}], where pred = " in repr(found) and "NOT OK" in repr(found)
    at = np.array([1.0, 5.0]), np.array([0.0, 1.0])
    assert [p.index for p in nl.check(loss, *at).parted if p.of == "slope"] == [(1,)]


@own
def test_a_wrong_curvature_of_rows_is_found() -> None:
    def bent(nll, p, rest):  # type: ignore[no-untyped-def]
        return nll * nll, 2.0 * nll, 2.5 * rest

    found = nl.check(nl.rowwise(bent))
    assert {p.of for p in found.parted} == {"curvature"}
    assert nl.check(nl.rowwise(lambda nll, p, rest: nll * nll, name="squared")).ok
    assert nl.check(nl.rowwise(lambda gap, label: softplus(gap), of="margin", name="smooth")).ok


@own
def test_a_kink_is_left_out_and_nothing_to_compare_is_not_ok() -> None:
    size = nl.elementwise(lambda pred, target: abs(pred - target), name="size")
    found = nl.check(size, np.array([1.0, 0.5 + 1e-5]), np.array([0.0, 0.5]))
    assert found.left_out["slope"] == 1 and not found.parted
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not nl.check(size, np.full(3, np.nan), np.zeros(3)).ok


def test_what_cannot_be_checked() -> None:
    with pytest.raises(TypeError, match="dice is a loss neither of elements nor of rows"):
        nl.check(nl.dice)
