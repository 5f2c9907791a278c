"""Tables for people, as rich prints them; rich is imported once there is something to print."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

Section: TypeAlias = tuple[str, Sequence[str], Iterable[Sequence[Any]]]
"""A title, the names of columns, and rows."""


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], unwrapped: Sequence[str] = ()) -> Table:
    """A table; a column of numbers is set to the right, those in `unwrapped` keep their lines."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    listed = [list(row) for row in rows]
    made = Table(box=box.SIMPLE_HEAD)
    for k, name in enumerate(columns):
        numbers = bool(listed) and all(isinstance(row[k], int | float) for row in listed)
        made.add_column(name, justify="right" if numbers else "left", overflow="fold", no_wrap=name in unwrapped)
    for row in listed:
        made.add_row(*(Text(figure(value)) for value in row))
    return made


def page(sections: Iterable[Section]) -> Group:
    """Tables below each other. Titles stand above them, not in them, where they would be folded to their width."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = []
    for title, columns, rows in sections:
        parts += [Text(title, style="bold"), table(columns, rows)]
    return Group(*parts)


def as_text(printed: Any, width: int = 120) -> str:
    """What rich prints, without colours."""
    from rich.console import Console

    text = io.StringIO()
    Console(file=text, width=width, highlight=False, force_terminal=False).print(printed)
    return text.getvalue()


def figure(value: Any) -> str:
    """A value as it stands in a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
