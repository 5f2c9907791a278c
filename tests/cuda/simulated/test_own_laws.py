"""Laws of users that give their value alone have on the simulated device what they have on the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compare import assert_close
from helpers import to_device, to_host
from numba import njit
from seeds import generator

import numloss as nl
from numloss.scalar import log1p, softplus, sqrt

SCORES = generator("own laws on a device").normal(0.0, 2.0, (9, 5))
LABELS = np.arange(9) % 5


@njit
def size_of(error, eps):  # type: ignore[no-untyped-def]
    return sqrt(error * error + eps * eps)


def one_sided(pred, target, eps):  # type: ignore[no-untyped-def]
    error = pred - target
    if error > 1.0:
        return softplus(error)
    return size_of(error, eps)


def tamed(nll, p, rest, scale):  # type: ignore[no-untyped-def]
    return scale * log1p(nll / scale) + rest * p


LOSSES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "elements": (nl.elementwise(one_sided, eps=0.5), (SCORES, SCORES[::-1].copy())),
    "label": (nl.rowwise(tamed, scale=2.0), (SCORES, LABELS)),
    "margin": (nl.rowwise(lambda gap, label: softplus(gap), of="margin", name="margin"), (SCORES, LABELS)),
    "logit": (nl.rowwise(lambda x, label: 2.0 * x - label * x * x, of="logit", name="logit"), (SCORES, LABELS)),
    "class": (nl.rowwise(lambda x, t: softplus(x) - t * x, of="class", name="class"), (SCORES, abs(np.tanh(SCORES)))),
}


@pytest.mark.parametrize("name", LOSSES)
def test_results_are_those_of_the_host(name: str) -> None:
    loss, given = LOSSES[name]
    found = nl.value_grad_hess(loss)(*map(to_device, given))
    for device, host in zip(found, nl.value_grad_hess(loss)(*given), strict=True):
        assert_close(np.asarray(to_host(device)), np.asarray(host), ulp=16, scale=1.0)
