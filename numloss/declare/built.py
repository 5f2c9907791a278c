"""Losses of your own that `numloss build` compiled: what a built module makes of its tables when it is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from math import inf, nan
from typing import Any

from .. import scalar
from ..domains import Domain
from ..registry import Loss
from ..version import __version__
from . import slopes
from .families import record
from .from_law import declared

# What a loss of a user says of itself, beside its names and its law.
SAID = ("params", "least", "task", "cost", "law_inputs", "rows", "eager")


def described(loss: Loss, law: str) -> dict[str, Any]:
    """A loss as numbers and words, of which `losses_of` makes it again; `law` is the name of its text."""
    plain = {field.name: getattr(loss, field.name) for field in fields(loss) if field.name in SAID}
    options = {name: value for name, value in loss.defaults.items() if name in loss.params}
    more = {name: value for name, value in loss.defaults.items() if name not in loss.params}
    domains = {
        name: (domain.low, domain.high, domain.integers, domain.text, domain.free)
        for name, domain in loss.domains.items()
    }
    known = {"name": loss.name, "law": law, "family": loss.family, "doc": loss.declaration.__doc__}
    return {**known, "options": options, "more": more, "domains": domains, "facts": plain}


def losses_of(
    module: str, version: str, level: str, text: str, losses: list[dict[str, Any]], addresses: dict[str, int]
) -> dict[str, Callable[..., Any]]:
    """The public functions of a built module."""
    from ..backends.cython_aot import runnable_levels

    if version != __version__:
        raise ImportError(f"{module} was built for numloss {version}, and this is {__version__}: build it again")
    if level not in runnable_levels():
        raise ImportError(f"{module} was built for x86-64-{level}, which this CPU is not: build it with --level")
    scope: dict[str, Any] = {**vars(scalar), **vars(slopes), "inf": inf, "nan": nan, "__name__": module}
    exec(compile(text, f"<laws of {module}>", "exec"), scope)
    found = {}
    for known in losses:
        law = scope[known["law"]]
        law.__doc__ = known["doc"]
        inputs = ("pred", "target")
        declaration = declared(law, known["name"], inputs, known["facts"]["params"], known["options"], known["more"])
        domains = {name: Domain(*ends) for name, ends in known["domains"].items()}
        function = record(known["family"], law, declaration, domains, dict(known["facts"]))
        tiles = {key.partition("/")[2]: at for key, at in addresses.items() if key.partition("/")[0] == known["law"]}
        function.__loss__.addresses = tiles  # type: ignore[attr-defined]
        found[known["name"]] = function
    return found
