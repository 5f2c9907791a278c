"""What an installed numloss must do, without a compiler, Numba or a checkout: `python tests/installed.py`.

It is run where a wheel was installed, by `make wheel` and by those who build wheels for other platforms. Numba is made
unfindable first, so that what computes are the kernels in the wheel.
"""

from __future__ import annotations

import importlib.abc
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np


class Absent(importlib.abc.MetaPathFinder):
    """Numba is not installed, as far as this process can see."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name.partition(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def check_numbers() -> str:
    """Values, gradients and curvatures of some losses by the kernels of the wheel; which level they are of."""
    import numloss as nl
    from numloss import dispatch

    pred, target = np.float32([0.5, -1.0, 3.0]), np.float32([0.0, -1.0, 1.0])
    assert nl.mse(pred, target, reduction="none").tolist() == [0.25, 0.0, 4.0]
    value, gradient, curvature = nl.value_grad_hess(nl.huber)(pred, target, reduction="none")
    assert (
        value.tolist() == [0.125, 0.0, 1.5] and gradient.tolist() == [0.5, 0.0, 1.0] and curvature.dtype == np.float32
    )
    scores = np.random.default_rng(0).standard_normal((4096, 100))
    labels = np.arange(4096) % 100
    largest = scores.max(1, keepdims=True)
    expected = np.mean(np.log(np.exp(scores - largest).sum(1)) + largest[:, 0] - scores[np.arange(4096), labels])
    for threads in (1, 2):
        nl.set_num_threads(threads)
        assert abs(nl.cross_entropy(scores, labels) - expected) < 1e-12
    assert "numba" not in sys.modules
    return str(dispatch.load("cython").level)


def check_files() -> None:
    """The wheel has what it must have, and lies where packages are installed."""
    import numloss

    assert "site-packages" in Path(numloss.__file__).parts, f"this is a checkout: {numloss.__file__}"
    files = {str(path) for path in importlib.metadata.files("numloss") or ()}
    assert "numloss/py.typed" in files and any(path.endswith("/licenses/LICENSE") for path in files)
    (bill,) = (path for path in importlib.metadata.files("numloss") or () if path.name.endswith(".cdx.json"))
    assert json.loads(bill.read_text())["metadata"]["component"]["version"] == numloss.__version__


def check_command() -> None:
    """The command is there, and answers."""
    done = subprocess.run([sys.executable, "-m", "numloss", "losses", "huber"], capture_output=True, text=True)
    assert done.returncode == 0 and "huber" in done.stdout, done.stderr


def main() -> None:
    """All of it; what does not hold raises."""
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).resolve().parent.parent]
    sys.meta_path.insert(0, Absent())
    check_files()
    level = check_numbers()
    check_command()
    print(f"numloss {importlib.metadata.version('numloss')}: the kernels of the wheel compute, level {level}")


if __name__ == "__main__":
    main()
