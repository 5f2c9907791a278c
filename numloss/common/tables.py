"""Tables for people, as rich prints them; rich is imported once there is something to print."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

# Columns of a page that is no terminal: no line of it is folded.
WIDE = 1 << 16
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


def as_text(printed: Any, width: int = WIDE) -> str:
    """What rich prints, without colours; lines are as long as they need to be."""
    from rich.console import Console

    text = io.StringIO()
    Console(file=text, width=width, highlight=False, force_terminal=False).print(printed)
    return text.getvalue()


def as_markdown(sections: Iterable[Section]) -> str:
    """Tables below each other, in Markdown."""
    parts: list[str] = []
    for title, columns, rows in sections:
        listed = [[figure(value).replace("|", "\\|").replace("\n", " ") for value in row] for row in rows]
        lines = [list(columns), ["---"] * len(columns), *listed]
        parts += [f"**{title}**", "", *(f"| {' | '.join(line)} |" for line in lines), ""]
    return "\n".join(parts)


def as_csv(columns: Mapping[str, Sequence[Any]]) -> str:
    """Columns as comma-separated values; numbers with all their digits, nothing for None and NaN."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if value is None or value != value else value for value in row])
    return text.getvalue()


def figure(value: Any) -> str:
    """A value as it stands in a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
