"""Losses of boxes at the ends of what boxes are: touching, empty, turned, with NaN; and that a box is one element."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from calls import refused
from cases import DTYPES, arrays
from compare import assert_same_bits

import numloss as nl
from numloss.registry import LOSSES

BOXES = sorted(name for name, loss in LOSSES.items() if loss.columns == 4)
TARGET = (0.0, 0.0, 2.0, 1.0)
NEEDED = {"mpdiou": {"width": 4.0, "height": 4.0}}


def computed(name: str, pred: Any, backend: str, dtype: str = "float64", target: Any = TARGET) -> Any:
    """Loss and slopes of one box, as a number and a list."""
    boxes = np.array([pred], dtype), np.array([target], dtype)
    value, slope = nl.value_and_grad(LOSSES[name].function)(*boxes, **NEEDED.get(name, {}), backend=backend)
    return value, slope[0].tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOXES)
def test_equal_boxes_are_at_rest(name: str, dtype: str, backend: str) -> None:
    value, slopes = computed(name, TARGET, backend, dtype)
    assert 0.0 <= value <= 1e-7
    assert all(abs(slope) < 1e-6 for slope in slopes)


def test_boxes_that_touch_are_apart(backend: str) -> None:
    assert computed("iou", (2.0, 0.0, 3.0, 1.0), backend) == (1.0, [0.0] * 4)
    value, slopes = computed("giou", (2.0, 0.0, 3.0, 1.0), backend)
    # nothing is uncovered; towards the target on the left, with half the slope at the level edges
    assert value == 1.0 and slopes[0] > 0.3 and slopes[2] == 0.0


@pytest.mark.parametrize("pred", [(0.5, 0.5, 0.5, 0.5), (0.5, 0.0, 0.5, 1.0), (3.0, 4.0, 3.0, 4.0)], ids=str)
@pytest.mark.parametrize("name", BOXES)
def test_boxes_of_no_area(name: str, pred: Any, backend: str) -> None:
    value, slopes = computed(name, pred, backend)
    assert 1.0 <= value <= 4.0 and np.isfinite(slopes).all()
    both, slopes = computed(name, pred, backend, target=pred)
    assert both == 1.0 and np.isfinite(slopes).all()


@pytest.mark.parametrize("pred", [(1.5, 0.2, 0.5, 0.8), (0.5, 0.8, 1.5, 0.2), (1.5, 0.8, 0.5, 0.2)], ids=str)
def test_turned_boxes_are_empty(pred: Any, backend: str) -> None:
    assert computed("iou", pred, backend) == (1.0, [0.0] * 4)
    # the smallest box around both is the target, which covers it
    assert computed("giou", pred, backend)[0] == pytest.approx(1.0, abs=1e-12)
    assert all(np.isfinite(slope) for name in BOXES for slope in computed(name, pred, backend)[1])


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("name", BOXES)
def test_nan_stays_nan(name: str, place: int, backend: str) -> None:
    pred = [0.5, 0.2, 1.5, 0.8]
    pred[place] = np.nan
    value, slopes = computed(name, pred, backend)
    assert np.isnan(value) and np.isnan(slopes).any()


@pytest.mark.parametrize("name", BOXES)
def test_a_box_is_one_element(name: str, backend: str) -> None:
    loss = partial(LOSSES[name].function, **NEEDED.get(name, {}))
    pred, target = arrays(name, (5, 7), "float32")
    values = loss(pred, target, reduction="none", backend=backend)
    assert values.shape == (5, 7)
    weight = np.linspace(0.0, 2.0, 5)
    total, count = nl.sum_and_weight(loss)(pred, target, weight=weight, backend=backend)
    assert count == pytest.approx(7.0 * weight.sum())
    assert total == pytest.approx(float((weight[:, None] * values).sum()), rel=1e-5)
    single = loss(pred[2, 3], target[2, 3], reduction="none", backend=backend)
    assert single.shape == ()
    assert_same_bits(single, values[2, 3])


def test_other_last_axes_are_refused(backend: str) -> None:
    for shape in ((4, 5), (4, 3), (7,), ()):
        with refused(ValueError, "ciou: pred has shape", str(shape), "4 entries"):
            nl.ciou(np.ones(shape), np.ones(shape), backend=backend)
    with refused(ValueError, "ciou: weight has shape (6, 4)", "(6,)"):
        nl.ciou(np.ones((6, 4)), np.ones((6, 4)), weight=np.ones((6, 4)), backend=backend)


def test_a_bad_coordinate_is_named(backend: str) -> None:
    pred, target = arrays("giou", (3, 50), "float64")
    target[2, 31, 1] = np.nan
    for order in ("C", "F"):
        with refused(ValueError, "giou: target[2, 31, 1] = nan", "not NaN"):
            nl.giou(*(np.asarray(a, order=order) for a in (pred, target)), backend=backend)
