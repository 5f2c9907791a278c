"""The last layer with its loss, against the products that it cannot do without, and against torch with all logits.

    python benchmarks/head.py [--rows 2048] [--features 1024] [--classes 32000] [--turns 5] [--memory] [--save]

Value and gradients for hidden and classifier, float32. The contestants take turns; medians count. The floor is the
three products of matrices alone, by NumPy's BLAS, with all logits in memory. --memory tells the most memory that a
process of each takes beyond its inputs and results. --save writes to results/.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from session import keep

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import Call, medians


def arrays(rows: int, features: int, classes: int) -> tuple[Any, Any, Any]:
    """hidden, classifier and labels."""
    random = np.random.default_rng(20260101)
    hidden = random.standard_normal((rows, features), np.float32)
    classifier = random.standard_normal((classes, features), np.float32)
    classifier *= np.float32(features**-0.5)
    return hidden, classifier, random.integers(0, classes, rows)


def fused(hidden: Any, classifier: Any, target: Any) -> Call:
    """numloss, gradients written to memory that is reused."""
    out = np.empty_like(hidden), np.empty_like(classifier)
    step = nl.value_and_grad(nl.linear_cross_entropy)
    return lambda: step(hidden, classifier, target, out=out)


def products(hidden: Any, classifier: Any, target: Any) -> Call:
    """The three products, of logits that are not looked at."""
    logits = np.empty((len(hidden), len(classifier)), np.float32)
    out = np.empty_like(hidden), np.empty_like(classifier)

    def run() -> None:
        np.matmul(hidden, classifier.T, out=logits)
        np.matmul(logits, classifier, out=out[0])
        np.matmul(logits.T, hidden, out=out[1])

    return run


def in_torch(hidden: Any, classifier: Any, target: Any) -> Call:
    """torch eager, as it is usually written."""
    import torch

    x, w, labels = (torch.from_numpy(a) for a in (hidden, classifier, target))
    x.requires_grad_()
    w.requires_grad_()

    def run() -> Any:
        x.grad = w.grad = None
        loss = torch.nn.functional.cross_entropy(x @ w.T, labels)
        loss.backward()
        return float(loss.detach()), (x.grad.numpy(), w.grad.numpy())

    return run


CONTESTANTS: dict[str, Callable[..., Call]] = {"numloss": fused, "three products": products, "torch": in_torch}


def check(calls: dict[str, Call]) -> None:
    """Raise unless torch and numloss agree to what float32 allows."""
    (value, slopes), (other, others) = calls["numloss"](), calls["torch"]()
    np.testing.assert_allclose(value, other, rtol=1e-5)
    for slope, right in zip(slopes, others, strict=True):
        assert np.abs(slope - right).max() <= 1e-3 * np.abs(right).max()


def status(key: str) -> float:
    """A line of this process's status, in MiB."""
    return int(Path("/proc/self/status").read_text().split(f"{key}:")[1].split()[0]) / 1024


def most_memory(module: str, name: str, sizes: tuple[int, ...], *choice: str) -> float:
    """MiB that one call of a contestant takes beyond its inputs and results, in a process of its own."""
    what = f"one.CONTESTANTS[{name!r}], one.arrays(*{sizes}), {choice}"
    code = f"import head, {module} as one; print(head.beyond({what}))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, check=True)
    return float(answer.stdout)


def beyond(make: Callable[..., Call], given: tuple[Any, ...], choice: tuple[str, ...]) -> float:
    """MiB of this process at its largest during a call, less what there is before it: inputs and earlier results."""
    call = make(*choice, *given)
    call()
    sum(float(array.sum()) for array in given)  # what the system has put aside comes back
    Path("/proc/self/clear_refs").write_text("5")  # the largest size begins anew
    before = status("VmRSS")
    call()
    return status("VmHWM") - before


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 2048), ("features", 1024), ("classes", 32000), ("turns", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--alone", action="store_true", help="numloss without the others, whose logits do not fit")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    sizes = options.rows, options.features, options.classes
    given = arrays(*sizes)
    calls = {name: make(*given) for name, make in CONTESTANTS.items() if name == "numloss" or not options.alone}
    if not options.alone:
        check(calls)
    took = medians(calls, options.turns)
    found: dict[str, Any] = {**environment.describe(), "sizes": sizes, "median_ms": took}
    logits = sizes[0] * sizes[2] * 4 / 2**20
    for name, each in found["median_ms"].items():
        print(f"{name:<16}{each:10.0f} ms{each / found['median_ms']['numloss']:8.2f} x numloss")
    if options.memory:
        del calls, given
        names = ["numloss"] if options.alone else ["numloss", "torch"]
        found["beyond_mib"] = {name: most_memory("head", name, sizes) for name in names}
        for name, each in found["beyond_mib"].items():
            print(f"{name:<16}{each:10.0f} MiB beyond inputs and results; all logits are {logits:.0f}")
    if options.save:
        keep(found, f"head-{'x'.join(map(str, sizes))}")


if __name__ == "__main__":
    main()
