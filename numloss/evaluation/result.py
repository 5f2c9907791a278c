"""What an evaluation found: as objects, as plain data, as tables, as a picture, as a page."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.files import atomic_write, finite, write_json
from ..common.tables import Section, as_text, page
from .found import Distribution, Found, GroupMeans, GroupValues, MetricValue, Score, names_of

if TYPE_CHECKING:
    from rich.console import Group

# Figures that stand for all of them in a line.
SHOWN_VALUES = 6


@dataclass(frozen=True, repr=False)
class Evaluation(Found):
    """The scores of all losses on all sets of predictions, and what it took to read their inputs once."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data. NaN and infinity, which JSON does not have, are None."""
        rates = {name: getattr(self, name) for name in ("rows_per_second", "gigabytes_per_second")}
        return {**plain(self), **rates}  # type: ignore[dict-item]

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Everything as JSON; written to a file too if a path is given."""
        content = self.to_dict()
        if path is not None:
            write_json(path, content)
        return json.dumps(content, indent=2, allow_nan=False)

    def __getitem__(self, key: str | tuple[str, str]) -> Score | MetricValue:
        """What was found of a loss or a metric: by name, or label, after the name of the predictions if need be.

        ``result["mse"]``, ``result["a", "mse"]``, ``result["huber(delta=0.5)"]``.
        """
        model, name = key if isinstance(key, tuple) else (None, key)
        every: list[Score | MetricValue] = [*self.scores, *self.metrics]
        found = [each for each in every if model in (None, each.model) and name in names_of(each)]
        if len(found) != 1:
            there = ", ".join(repr(each.label) for each in every)
            raise KeyError(f"{'several are' if found else 'nothing is'} called {key!r}; there are {there}")
        return found[0]

    def to_frame(self) -> Any:
        """Everything as rows of one table: a DataFrame where pandas is installed, otherwise a dict of columns.

        A row for each loss, metric and difference, and for each key that there are figures of.
        """
        found = self.columns()
        try:
            pandas = importlib.import_module("pandas")
        except ImportError:
            return found
        return pandas.DataFrame(found)

    def columns(self) -> dict[str, list[Any]]:
        """Everything as rows of one table, by column; what a row has not is NaN, and its group None."""
        from .showing import columns

        return columns(self)

    def plot(self, ax: Any = None) -> Any:
        """Draw the means with their intervals, or histograms of the losses of rows if quantiles were asked for.

        Returns the axes of matplotlib; without `ax` a figure of its own is made, and nothing is shown.
        """
        from .showing import plot

        return plot(self, ax)

    def report(self, path: str | os.PathLike[str], title: str = "Evaluation") -> None:
        """Write one page of HTML that needs nothing else: tables, intervals, curves, and the worst rows."""
        from .page import report

        with atomic_write(path) as file:
            file.write(report(self, self.sections(), title).encode(errors="backslashreplace"))

    def sections(self) -> Iterator[Section]:
        """The tables that are printed: titles, names of columns, and rows."""
        from .showing import sections

        return sections(self)

    def __repr__(self) -> str:
        values = [f"{each.label} {each.mean:.6g}" for each in self.scores]
        values += [f"{each.label} {each.value:.6g}" for each in self.metrics]
        more = ", ..." if len(values) > SHOWN_VALUES else ""
        return f"<Evaluation of {self.rows} rows: {', '.join(values[:SHOWN_VALUES])}{more}>"

    def _repr_html_(self) -> str:
        from .page import tables

        return tables(self.sections())

    def __rich__(self) -> Group:
        return page(self.sections())

    def __str__(self) -> str:
        return as_text(page(self.sections()))


def plain(value: Any) -> Any:
    """Objects of this module as dictionaries, all else in types of JSON."""
    if isinstance(value, Distribution):
        return {"least": plain(value.least), "most": plain(value.most), "rows": int(value.counts.sum())}
    if isinstance(value, GroupValues):
        columns = {"keys": value.keys, "values": value.values, "rows": value.rows}
        columns |= {} if value.errors is None else {"errors": value.errors, "intervals": value.intervals}
        return {name: plain(of.tolist()) for name, of in columns.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, GroupMeans):
        columns = {"keys": value.keys, "means": value.means, "sums": value.sums, "weights": value.weights}
        if value.errors is not None:
            columns |= {"errors": value.errors, "intervals": value.intervals}
        return {name: plain(of.tolist()) for name, of in {**columns, "rows": value.rows}.items()}
    if hasattr(value, "__dataclass_fields__"):
        fields = {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        if isinstance(value, MetricValue):
            fields["exact"] = value.exact
        return {**fields, "mean": plain(value.mean)} if isinstance(value, Score) else fields
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return finite(value)
