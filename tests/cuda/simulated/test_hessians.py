"""Second derivatives times a vector: of elements on the simulated device as on the host; of rows a refusal."""

from __future__ import annotations

import cases
import numpy as np
import pytest
from compare import assert_close
from helpers import on_device, on_host
from seeds import generator

import numloss as nl
from numloss.errors import BackendUnavailable

REFUSED = "cross_entropy: second derivatives of rows of scores are computed on the host alone"


@pytest.mark.parametrize("case", ["huber", "bce_with_logits", "l2"])
def test_products_of_elements(case: str) -> None:
    loss, shape = cases.record(case), cases.small(case)
    given, options = cases.arrays(case, shape, "float32", ends=False), cases.required(case)
    vector = generator(case, "vector").normal(size=given[0].shape).astype(np.float32)
    for reduction in ("mean", "sum", "none"):
        both = {**options, "vector": vector, "reduction": reduction}
        found = on_device(nl.hvp(loss.function), given, **both)
        assert_close(found, on_host(nl.hvp(loss.function), given, **both), ulp=4.0, scale=1e-3)


def test_those_of_rows_are_refused() -> None:
    pred, target = np.ones((3, 4), np.float32), np.zeros(3, np.int64)
    with pytest.raises(BackendUnavailable, match=REFUSED):
        on_device(nl.hvp(nl.cross_entropy), (pred, target), vector=pred)
    with pytest.raises(BackendUnavailable, match=REFUSED):
        on_device(nl.value_grad_hess(nl.cross_entropy, curvature="full"), (pred, target))
