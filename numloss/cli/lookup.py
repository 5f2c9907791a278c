"""From names and texts on the command line to losses and their options."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from ..catalogue import nearest
from ..common.words import value_of
from ..registry import Loss


def with_options(losses: Iterable[Loss], options: Iterable[str]) -> list[Callable[..., Any]]:
    """The functions of losses, each with those of the `name=value` options that its signature has.

    An option that none of them has raises ValueError.
    """
    listed = list(losses)
    chosen: list[dict[str, Any]] = [{} for _ in listed]
    for option in options:
        name, equals, text = option.partition("=")
        if not equals:
            raise ValueError(f"option {option!r} is not of the form name=value")
        takers = [k for k, loss in enumerate(listed) if name in loss.defaults]
        if not takers:
            known = sorted({known for loss in listed for known in loss.defaults})
            there = f"there are {', '.join(known)}" if known else "there are none"
            named = ", ".join(loss.name for loss in listed)
            raise ValueError(f"{named}: unknown option {name!r}{nearest(name, known)}; {there}")
        for k in takers:
            chosen[k][name] = value_of(text)
    return [
        functools.partial(loss.function, **given) if given else loss.function
        for loss, given in zip(listed, chosen, strict=True)
    ]
