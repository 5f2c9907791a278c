"""Lines over sizes and threads, with logarithmic axes: what an element takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..common.extras import optional
from .contest import FRESH
from .run import REFERENCES, Found, Question

COLUMNS = 2
Line = dict[int, float]


def figure(found: Sequence[Found]) -> Any:
    """A figure with axes for each loss, dtype and mode; over threads there are more where there are several counts."""
    Figure = optional("matplotlib.figure", "plot", "--plot").Figure
    measured = [each for each in found if each.visits]
    if not measured:
        raise ValueError("nothing was measured, so there is nothing to plot")
    panels = panels_of(measured)
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    made = Figure(figsize=(6.4 * columns, 4.2 * rows + 0.4), layout="constrained")
    names = list(dict.fromkeys(name for _, _, lines in panels for name in lines))
    for k, (title, axis, lines) in enumerate(panels):
        axes = made.add_subplot(rows, columns, k + 1)
        for name, line in lines.items():
            style = {"color": "0.5", "linestyle": "--"} if name == REFERENCES[0] else {}
            style = style or {"color": f"C{names.index(name)}", "marker": "o"}
            axes.plot(list(line), list(line.values()), label=name, **style)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        if axis == "threads":
            counts = sorted({count for line in lines.values() for count in line})
            axes.set_xticks(counts, [str(count) for count in counts])
            axes.xaxis.minorticks_off()
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel(axis)
        axes.set_ylabel("ns per element (lower is better)")
        axes.grid(True, which="both", alpha=0.3)
    handles: dict[str, Any] = {}
    for axes in made.axes:
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    made.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=min(len(handles), 3 * columns))
    return made


def panels_of(found: Sequence[Found]) -> list[tuple[str, str, dict[str, Line]]]:
    """Of each picture its title, its axis, and nanoseconds an element of each contestant."""

    def subject(question: Question) -> str:
        case = question.case
        options = "".join(f", {name}={value}" for name, value in case.options.items())
        return f"{case.loss}{options} {case.dtype}, {question.mode}"

    panels = []
    for title in dict.fromkeys(subject(each.question) for each in found):
        mine = [each for each in found if subject(each.question) == title]
        sizes = sorted({each.question.case.size for each in mine})
        threads = sorted({each.question.threads for each in mine})
        most = max(threads)
        if len(sizes) > 1 or len(threads) == 1:
            at_most = [each for each in mine if each.question.threads == most]
            said = f"{title}, {most} thread{'s' * (most > 1)}"
            panels.append((said, "elements", lines_of(at_most, lambda question: question.case.size)))
        if len(threads) > 1:
            largest = [each for each in mine if each.question.case.size == sizes[-1]]
            said = f"{title}, {sizes[-1]} elements"
            panels.append((said, "threads", lines_of(largest, lambda question: question.threads)))
    return panels


def lines_of(found: Sequence[Found], at: Any) -> dict[str, Line]:
    """Nanoseconds an element by contestant and place on the axis, in the order of places."""
    lines: dict[str, Line] = {}
    for each in sorted(found, key=lambda one: at(one.question)):
        for name in (*each.measured, REFERENCES[0]):
            if not name.endswith(FRESH):
                lines.setdefault(name, {})[at(each.question)] = 1e9 * each.median(name) / each.question.case.size
    return lines
