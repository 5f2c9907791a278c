"""The mean of the largest losses on the simulated device."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from compare import assert_close
from helpers import on_device, on_host

import numloss as nl


@pytest.mark.parametrize(("case", "kind"), [("huber", "none"), ("cross_entropy", "sample"), ("ppo_clip", "full")])
def test_the_mean_of_the_largest(case: str, kind: str) -> None:
    loss, shape = cases.record(case), cases.small(case)
    given, weight = cases.arrays(case, shape, "float32"), cases.weight(case, shape, "float32", kind)
    options: dict[str, Any] = {**cases.required(case), "reduction": "top", "top": 0.4, "above": 1e6}
    options |= {} if weight is None else {"weight": weight}
    run = nl.value_and_grad(loss.function)
    found, expected = on_device(run, given, **options), on_host(run, given, **options)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)
    assert_close(found[1], expected[1], ulp=8, scale=np.abs(expected[1]).max())
    assert np.count_nonzero(expected[1]) < expected[1].size
