"""Listening to which calls are replayed, and the answers that they must give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from compare import assert_same_bits

from numloss import dispatch
from numloss.backends.host import plans

# The answers of replay in the order of the calls; None where there was no plan.
Answers = list[Any]


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """What was replayed since the last look."""
    seen: Answers = []

    def listen(*call: Any) -> Any:
        seen.append(plans.replay(*call))
        return seen[-1]

    monkeypatch.setattr(dispatch, "replay", listen)
    yield seen


def long_way(function: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """The answer without plans."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "replay", plans.no_plan)
        return function(*given, **options)


def flat(answer: Any) -> list[Any]:
    return [leaf for part in answer for leaf in flat(part)] if isinstance(answer, tuple) else [answer]


def assert_same(answer: Any, expected: Any) -> None:
    for one, other in zip(flat(answer), flat(expected), strict=True):
        assert type(one) is type(other)
        assert_same_bits(one, other)
