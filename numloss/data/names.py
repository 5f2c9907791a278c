"""Names of files, as users write them: exact ones, patterns, and members or columns behind them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable

# What separates a file from the name of what is read in it, as in predictions.npz::logits.
MEMBER = "::"


def existing(text: str) -> tuple[str, str]:
    """A path and the name of what is read in it.

    The longest path that is there, even if its name has a ``::``; else the longest pattern that something matches.
    """
    pieces = text.split(MEMBER)
    splits = [(MEMBER.join(pieces[:k]), MEMBER.join(pieces[k:])) for k in range(len(pieces), 0, -1)]
    there = [split for split in splits if os.path.lexists(split[0])] or [split for split in splits if _found(split[0])]
    return (there or splits[min(1, len(splits) - 1) :])[0]


def matches(pattern: str) -> list[str]:
    """The files of a pattern in their order, none for a name that is no pattern; an error if nothing matches it.

    Folders that are there are taken by their names, so that only the rest is a pattern.
    """
    if not glob.has_magic(pattern):
        return []
    found = _found(pattern)
    if not found:
        raise FileNotFoundError(f"no file matches {pattern}")
    return in_order(found)


def _found(pattern: str) -> list[str]:
    if not glob.has_magic(pattern):
        return []
    whole, rest = "", pattern
    while True:
        first, slash, more = rest.partition("/")
        if not slash or not os.path.isdir(f"{whole}{first}/"):
            return glob.glob(glob.escape(whole) + rest)
        whole, rest = f"{whole}{first}/", more


def in_order(names: Iterable[str]) -> list[str]:
    """Sorted as people count: part-2 before part-10."""
    return sorted(names, key=lambda name: ([_place(token) for token in re.findall(r"[0-9]+|.", name, re.DOTALL)], name))


def _place(token: str) -> tuple[int, int]:
    """A number stands where its first digit would, a sign where it always does."""
    return (ord("0"), int(token)) if token[0] in "0123456789" else (ord(token), 0)


def is_source(text: str) -> bool:
    """Whether something is there under exactly this name, a member or columns of it included, or matches it."""
    path, _ = existing(text)
    return os.path.lexists(path) or bool(_found(path))
