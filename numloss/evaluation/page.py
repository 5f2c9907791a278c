"""What an evaluation found as one page of HTML, with pictures in it, that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ..common.tables import Section, figure

if TYPE_CHECKING:
    from .found import Found, MetricValue

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1b1f24; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #d8dee4; text-align: left; }
th { border-bottom: 2px solid #8c959f; } th, td { white-space: nowrap; } .number { text-align: right; }
td.long { white-space: normal; min-width: 16rem; max-width: 24rem; overflow-wrap: break-word; }
.pictures { display: flex; flex-wrap: wrap; gap: 1.25rem 2.5rem; }
figure { margin: 0; max-width: 100%; } figcaption { font-size: .9rem; margin-bottom: .4rem; max-width: 22rem; }
figcaption span { white-space: nowrap; } svg { display: block; max-width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: #57606a; }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } svg text { fill: #9198a1; } }
"""
# Colours of several sets of predictions, told apart by who sees few of them, too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
SIZE, EDGE = 240, 36
# Signs of a cell that may be broken into lines.
LONG = 40


def html_table(section: Section) -> str:
    """A table with its title."""
    title, columns, rows = section
    listed = [list(row) for row in rows]
    numbers = [bool(listed) and all(isinstance(row[k], int | float) for row in listed) for k in range(len(columns))]

    def cells(tag: str, row: Sequence[Any]) -> str:
        texts = []
        for number, value in zip(numbers, row, strict=True):
            text = figure(value)
            mark = ' class="number"' if number else ' class="long"' if len(text) > LONG else ""
            texts.append(f"<{tag}{mark}>{escape(text)}</{tag}>")
        return f"<tr>{''.join(texts)}</tr>"

    body = "\n".join(cells("td", row) for row in listed)
    head = f"<thead>{cells('th', columns)}</thead>"
    return f'<h2>{escape(title)}</h2>\n<div class="wide"><table>{head}<tbody>\n{body}\n</tbody></table></div>'


def tables(sections: Iterable[Section]) -> str:
    """All tables, below each other."""
    return "\n".join(map(html_table, sections))


def report(result: Found, sections: Iterable[Section], title: str) -> str:
    """The page."""
    pictures = "\n".join(_pictures(result))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f'<div class="pictures">\n{pictures}\n</div>\n{tables(sections)}\n</body></html>\n'
    )


def _pictures(result: Found) -> Iterator[str]:
    by_name: dict[str, list[tuple[str, float, float, float]]] = {}
    for score in result.scores:
        if score.interval is not None:
            ends = score.interval.low, score.interval.high
            by_name.setdefault(score.loss, []).append((score.label, score.mean, *ends))
    for metric in result.metrics:
        if metric.interval is not None:
            ends = metric.interval.low, metric.interval.high
            by_name.setdefault(metric.metric, []).append((metric.label, metric.value, *ends))
    for name, points in by_name.items():
        yield whiskers(name, points)
    calibrated = [metric for metric in result.metrics if "reliability" in metric.tables]
    if calibrated:
        lines = [(each.label, *_line(each, "reliability", "predicted", "observed")) for each in calibrated]
        yield square("reliability", "predicted", "observed", lines, marks=True)
    ranked: dict[str, MetricValue] = {each.model: each for each in result.metrics if "curve" in each.tables}
    if ranked:
        yield square("ROC", "false positives", "true positives", [(m, *_rates(each)) for m, each in ranked.items()])


def _line(metric: MetricValue, table: str, x: str, y: str) -> tuple[list[float], list[float]]:
    columns = metric.tables[table]
    return columns[x].tolist(), columns[y].tolist()


def _rates(metric: MetricValue) -> tuple[list[float], list[float]]:
    false, true = _line(metric, "curve", "false_positives", "true_positives")
    negatives, positives = metric.figures["negatives"] or 1.0, metric.figures["positives"] or 1.0
    return [0.0, *(count / negatives for count in false)], [0.0, *(count / positives for count in true)]


def _svg(width: float, height: float, parts: Sequence[str], caption: str, colours: Sequence[str] = ()) -> str:
    names = "".join(
        f' <span style="color: {COLOURS[k % len(COLOURS)]}">■ {escape(name)}</span>'
        for k, name in enumerate(colours) if name
    )  # fmt: skip
    body = "".join(parts)
    return (
        f"<figure><figcaption><strong>{escape(caption)}</strong>{names}</figcaption>"
        f'<svg width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(caption)}">{body}</svg></figure>'
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def square(
    caption: str, x_name: str, y_name: str, lines: Sequence[tuple[str, list[float], list[float]]], marks: bool = False
) -> str:
    """Lines between 0 and 1 in both directions, and the diagonal."""
    low, high, size = EDGE, EDGE + SIZE, SIZE + 1.5 * EDGE

    def at(x: float, y: float) -> tuple[float, float]:
        return low + x * SIZE, high - y * SIZE - EDGE / 2

    (left, bottom), (right, top) = at(0.0, 0.0), at(1.0, 1.0)
    frame = f'x="{left}" y="{top}" width="{SIZE}" height="{SIZE}" fill="none" stroke="#8c959f"'
    parts = [f"<rect {frame}/>", f'<path d="M{left} {bottom}L{right} {top}" stroke="#8c959f" stroke-dasharray="4 4"/>']
    for share in (0.0, 0.5, 1.0):
        parts.append(_text(at(share, 0.0)[0], bottom + 14, f"{share:g}"))
        parts.append(_text(left - 6, at(0.0, share)[1] + 4, f"{share:g}", "end"))
    parts += [_text((left + right) / 2, bottom + 28, x_name), _text(left, top - 6, y_name, "start")]
    for k, (_, xs, ys) in enumerate(lines):
        colour = COLOURS[k % len(COLOURS)]
        points = [at(x, y) for x, y in zip(xs, ys, strict=True)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>' if points else "")
        if marks:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return _svg(size, size, parts, caption, [name for name, _, _ in lines])


def whiskers(caption: str, points: Sequence[tuple[str, float, float, float]]) -> str:
    """Values with their intervals, one below the other."""
    known = [value for _, *ends in points for value in ends if math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    span = (high - low) or abs(high) or 1.0
    width, height = 340.0, 38.0 * len(points) + 22.0

    def at(value: float) -> float:
        return 8.0 + (value - low) / span * (width - 16.0)

    parts = [_text(0.0, height - 6, f"{low:.6g}", "start"), _text(width, height - 6, f"{high:.6g}", "end")]
    for k, (name, value, first, last) in enumerate(points):
        y, colour = 38.0 * k + 24.0, COLOURS[k % len(COLOURS)]
        parts.append(_text(0.0, y - 12, name, "start"))
        if all(map(math.isfinite, (value, first, last))):
            ends = f"M{at(first):.1f} {y}H{at(last):.1f}M{at(first):.1f} {y - 5}v10M{at(last):.1f} {y - 5}v10"
            parts.append(f'<path d="{ends}" stroke="{colour}" fill="none" stroke-width="1.5"/>')
            parts.append(f'<circle cx="{at(value):.1f}" cy="{y}" r="4" fill="{colour}"/>')
    return _svg(width, height, parts, caption)
