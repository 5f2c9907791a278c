"""Fifty iterations of Sinkhorn on two clouds of points, against POT and geomloss.

    python benchmarks/transport.py [--points 4096] [--entries 3] [--turns 5] [--dtype float32] [--save]

The contestants take turns; medians count. POT gives a plan of the costs, of which its value is taken here; numloss and
geomloss give the value, and with "gradient" the gradients by both clouds.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from session import asked, keep

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import Call, medians

EPS, STEPS = 0.05, 50


def clouds(points: int, entries: int, dtype: str) -> tuple[Any, Any]:
    """Two clouds of a size of about 1."""
    random = np.random.default_rng(20260101)
    first, second = random.standard_normal((2, points, entries)) / np.sqrt(entries)
    return first.astype(dtype), (second + 0.3 / np.sqrt(entries)).astype(dtype)


def in_numloss(x: Any, y: Any, sloped: bool) -> Call:
    """The iterations of the definition: no smaller eps before, and no end before the last."""
    options: dict[str, Any] = {"eps": EPS, "iterations": STEPS, "tolerance": 0.0, "scaling": 0.0, "debias": False}
    function: Any = nl.value_and_grad(nl.sinkhorn_divergence) if sloped else nl.sinkhorn_divergence
    return lambda: function(x, y, **options)


def in_pot(x: Any, y: Any, method: str) -> Call:
    """POT, whose costs have no half and whose entropy is that of the plan."""
    import ot

    masses = np.full(len(x), 1.0 / len(x), x.dtype)

    def run() -> Any:
        costs = ot.dist(x, y) / x.dtype.type(2.0)
        plan = ot.sinkhorn(masses, masses, costs, EPS, method=method, numItermax=STEPS, stopThr=0.0, warn=False)
        entropy = np.sum(plan * (np.log(plan / masses[0] / masses[0], where=plan > 0.0, out=np.zeros_like(plan))))
        return float(np.sum(plan * costs) + EPS * entropy)

    return run


def in_geomloss(x: Any, y: Any) -> Call:
    """Value and gradients of geomloss, whose iterations are those of falling eps: about as many."""
    import torch
    from geomloss import SamplesLoss

    first, second = (torch.from_numpy(a).requires_grad_() for a in (x, y))
    scaling = 0.87  # falls to EPS in some fifty iterations
    loss = SamplesLoss("sinkhorn", p=2, blur=EPS**0.5, scaling=scaling, debias=False, backend="tensorized")

    def run() -> Any:
        first.grad = second.grad = None
        value = loss(first, second)
        value.backward()
        return float(value.detach())

    return run


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("points", 4096), ("entries", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--only", nargs="+")
    options = asked(parser, 5)
    x, y = clouds(options.points, options.entries, options.dtype)
    wide = x.astype(np.float64), y.astype(np.float64)
    calls = {
        "numloss": in_numloss(x, y, False),
        "numloss, gradient": in_numloss(x, y, True),
        "POT": in_pot(x, y, "sinkhorn"),
        "POT, float64": in_pot(*wide, "sinkhorn"),
        "POT, log": in_pot(x, y, "sinkhorn_log"),
        "geomloss, gradient": in_geomloss(x, y),
    }
    calls = {name: call for name, call in calls.items() if options.only is None or name in options.only}
    value = nl.sinkhorn_divergence(*wide, eps=EPS, iterations=STEPS, scaling=0.0, debias=False)
    for name, call in calls.items():
        found = call()
        found = found[0] if isinstance(found, tuple) else found
        assert abs(found - value) < 2e-3 * abs(value) + 1e-3, (name, found, value)
    took = medians(calls, options.turns)
    for name, each in took.items():
        print(f"{name:<20}{each:10.1f} ms{each / took['numloss']:8.2f} x numloss")
    if options.save:
        sizes = options.points, options.entries
        found = {**environment.describe(), "sizes": sizes, "dtype": options.dtype, "median_ms": took}
        keep(found, f"transport-{'x'.join(map(str, sizes))}-{options.dtype}")


if __name__ == "__main__":
    main()
