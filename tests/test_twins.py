"""The losses of PyTorch, optax, Keras and scikit-learn, and what of ours is the same: tests/twins is the table."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from cases import record, required
from compare import assert_close
from twins import DRAWS, FIXTURE, TWINS, Twin, answer, given, installed

import numloss as nl

KEPT = {each["twin"]: each for each in json.loads(FIXTURE.read_text())["answers"]}


def assert_same(twin: Twin, draw: int, value: float, slopes: Any) -> None:
    """Our sum and gradients are those of the other library, but for the rounding of seven terms."""
    inputs, options = given(twin, draw)
    options.pop("classes", None)
    function = nl.value_and_grad(record(twin.case).function)
    found, gradients = function(*inputs, **{**required(twin.case), **options}, reduction="sum")
    if not isinstance(gradients, tuple):
        gradients = (gradients,)
    assert_close(np.dtype(twin.sums_in).type(found), value, ulp=64, scale=1.0)
    for slope, expected in zip(gradients, slopes, strict=True):
        assert_close(slope, np.asarray(expected), ulp=64, scale=np.abs(expected).max())


def test_every_answer_is_kept() -> None:
    assert [str(twin) for twin in TWINS] == list(KEPT)


@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_ours_is_theirs(twin: Twin) -> None:
    assert_same(twin, 0, KEPT[str(twin)]["value"], KEPT[str(twin)]["slopes"])


@pytest.mark.more
@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_ours_is_theirs_for_other_options(twin: Twin) -> None:
    if installed(twin.library) is None:
        pytest.skip(f"{twin.library} is not installed")
    for draw in range(1, DRAWS):
        assert_same(twin, draw, *answer(twin, draw))
