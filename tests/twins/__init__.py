"""Functions of other libraries that are losses of numloss, and every convention that keeps them from being equal.

    python tests/twins     writes tests/fixtures/from_twins.json, with the libraries that are installed

Each gives the sum of its losses in float64. What differs is data: a factor, an option that has another name or sense,
or a sentence where the two part for good. A module of this folder has those of a library, `TWINS`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import pkgutil
from pathlib import Path
from typing import Any

import numpy as np
from cases import arrays, record
from seeds import generator

from twins.twin import ROWS, Answer, Options, Twin

FIXTURE = Path(__file__).parent.parent / "fixtures" / "from_twins.json"
DRAWS = 4
TWINS: list[Twin] = [
    twin
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name.startswith("of_"))
    for twin in importlib.import_module(f"twins.{module}").TWINS
]
MODULES = {
    "torch": "torch",
    "optax": "optax.losses",
    "keras": "keras",
    "sklearn": "sklearn._loss",
    "jax": "jax",
}
PACKAGES = {"sklearn": "scikit-learn"}


def given(twin: Twin, draw: int) -> tuple[tuple[np.ndarray[Any, Any], ...], Options]:
    """The inputs of a twin, all labels counting, and options."""
    inputs = arrays(twin.case, ROWS, "float64", ends=False, seed=draw)
    if record(twin.case).family == "rowwise":
        inputs = tuple(np.where(a < 0, 0, a) if a.dtype.kind == "i" else a for a in inputs)
    return twin.inputs(*inputs), twin.options(generator("options", str(twin), draw))


def answer(twin: Twin, draw: int) -> Answer:
    """What the library says: the sum, and the gradients of what our loss differentiates."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    module = importlib.import_module(MODULES[twin.library])
    (inputs, options), differentiable = given(twin, draw), record(twin.case).differentiable
    if twin.library == "sklearn":
        value, slopes = twin.call(module, *inputs, **options)
    elif twin.library == "torch":
        tensors = [module.tensor(a, requires_grad=k in differentiable) for k, a in enumerate(inputs)]
        total = twin.call(module, *tensors, **options)
        total.backward()
        value, slopes = float(total.detach()), tuple(tensors[k].grad.numpy() for k in differentiable)
    else:
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        module.config.set_floatx("float64") if twin.library == "keras" else None
        function = jax.value_and_grad(lambda *a: twin.call(module, *a, **options), argnums=differentiable)
        value, slopes = function(*map(jax.numpy.asarray, inputs))
    return twin.times * float(value), tuple(twin.times * np.asarray(slope) for slope in slopes)


def installed(library: str) -> str | None:
    """The version of a library, None if it is not here."""
    try:
        return importlib.metadata.version(PACKAGES.get(library, library))
    except importlib.metadata.PackageNotFoundError:
        return None
