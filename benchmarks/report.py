"""What results files say: tables for people, the table of two kinds of CPU of the docs, and the plot of the first.

`python benchmarks/report.py results/…-avx512.json results/…-avx512-as-avx2.json --plot speed.png
--page docs/explanation/speed.md`
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numloss.common.files import atomic_write

BEGIN, END = "<!-- benchmark table -->", "<!-- end of benchmark table -->"
HEAD = ("case", "floor ms", "numba ms", "cython ms", "x floor", "% of bandwidth", "x fastest peer", "x scikit-learn")
# What the page shows of each kind of CPU.
SHOWN = ("ms", "x floor", "% of bandwidth", "x fastest peer")
BACKENDS = ("numba", "cython")
FRESH = ", fresh gradient"
LEVELS = {"avx512": "AVX-512", "avx2": "AVX2", "avx512 as avx2": "as AVX2", "sse": "SSE"}
# It computes the gradient alone, so it stands in a column of its own.
GRADIENT_ALONE = "scikit-learn"


def measured(results: dict[str, Any], section: str) -> list[dict[str, Any]]:
    """The cases of a section that were measured."""
    return [each for each in results["records"] if each["section"] == section and "floor_ms" in each]


def left_out(results: dict[str, Any], *sections: str) -> list[str]:
    """What is missing from the results, or from some of their sections, and why."""
    records = [each for each in results["records"] if not sections or each["section"] in sections]
    lines = [f"{each['case']}: {each['not_measured']}" for each in records if "not_measured" in each]
    reasons = {reason for each in records for reason in each.get("not_available", {}).values()}
    return lines + sorted(reasons)


def fastest(record: dict[str, Any]) -> tuple[str, float, str | None, float]:
    """The faster backend and its time, the fastest peer and its time (None if there is no peer)."""
    times = record["median_ms"]
    ours = min(BACKENDS, key=lambda name: times[name])
    peers = [name for name in times if name not in (*BACKENDS, GRADIENT_ALONE) and not name.endswith(FRESH)]
    peer = min(peers, key=lambda name: times[name], default=None)
    return ours, times[ours], peer, times[peer] if peer else float("nan")


def row(record: dict[str, Any]) -> tuple[str, ...]:
    """A case as it stands in the table: the faster backend is compared."""
    times, floor = record["median_ms"], record["floor_ms"]
    backend, ours, peer, _ = fastest(record)
    return (
        record["case"],
        f"{floor:.3g}",
        *(f"{times[name]:.3g}" for name in BACKENDS),
        f"{ours / floor:.2f}",
        f"{100.0 * floor / ours:.0f}",
        over(record, backend, peer) + f" {peer}" if peer else "-",
        over(record, backend, GRADIENT_ALONE) if GRADIENT_ALONE in times else "-",
    )


def over(record: dict[str, Any], backend: str, peer: str) -> str:
    """How many times as long a peer takes, and between what that lies, turn by turn."""
    middle, low, high = record["over"][backend][peer]
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def shown(record: dict[str, Any] | None) -> tuple[str, ...]:
    """A case as the page shows it for one kind of CPU."""
    if record is None:
        return ("-",) * len(SHOWN)
    cells = dict(zip(HEAD, row(record), strict=True))
    return f"{fastest(record)[1]:.3g}", *(cells[name] for name in SHOWN[1:])


def plain_table(records: list[dict[str, Any]]) -> str:
    """The table for a terminal."""
    rows = [HEAD, *(row(record) for record in records)]
    widths = [max(len(each[k]) for each in rows) for k in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)) for each in rows)


def conditions(results: dict[str, Any], threads: int) -> str:
    """Where and when the figures were taken."""
    machine, versions = results["machine"], results["versions"]
    peers = ", ".join(f"{name} {versions[name]}" for name in ("numpy", "numba", "torch", "jax", "scikit-learn"))
    return (
        f"{machine['cpu']}, {threads} of {machine['cores']} cores, {' '.join(machine['flags'])}; {peers}; "
        f"{results['date'][:10]}; load average before: {results['load_before']['average'][0]}"
    )


def markdown(runs: list[dict[str, Any]]) -> str:
    """The table between the markers of the page: what each run says of a case, side by side."""
    cases = [{record["case"]: record for record in measured(results, "scorecard")} for results in runs]
    head = ["case", *(f"{LEVELS[results['level']]}: {name}" for results in runs for name in SHOWN)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in dict.fromkeys(name for each in cases for name in each):
        cells = [name, *(cell for each in cases for cell in shown(each.get(name)))]
        lines.append("| " + " | ".join(cells) + " |")
    notes = [
        "Value and gradient of the mean, float32 unless said, into reused memory; medians of one run, contestants "
        "taking turns. The floor is a copy of as many bytes as must move, each input read once and the gradient "
        "written once; its bandwidth is 100 %. Ratios to a peer are medians over the turns, with their 95 % limits.",
    ]
    for results in runs:
        records = measured(results, "scorecard")
        said = f"{LEVELS[results['level']]}: {conditions(results, records[0]['threads'] if records else 0)}."
        gone = left_out(results, "scorecard")
        notes.append(said + (" Not measured: " + "; ".join(gone) + "." if gone else ""))
    return "\n".join(lines) + "\n\n" + "\n\n".join(notes)


def write_page(path: Path, table: str) -> None:
    """Put the table between its markers."""
    text = path.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{path} has no place for the table: a line {BEGIN} and a line {END}")
    with atomic_write(path) as file:
        file.write(pattern.sub(lambda _: f"{BEGIN}\n{table}\n{END}", text).encode())


def bars(records: list[dict[str, Any]]) -> Iterator[tuple[str, list[float]]]:
    """Multiples of the floor, one list over all cases for each contestant; nan where it did not run."""
    names = dict.fromkeys(name for record in records for name in record["median_ms"] if not name.endswith(FRESH))
    for name in names:
        yield name, [record["median_ms"].get(name, float("nan")) / record["floor_ms"] for record in records]


def plot(results: dict[str, Any], path: Path) -> None:
    """Bars of the scorecard's cases over the floor, on a logarithmic scale."""
    from matplotlib.figure import Figure

    records = measured(results, "scorecard")
    if not records:
        raise SystemExit("the results hold no case of the scorecard: nothing to plot")
    contestants = list(bars(records))
    figure = Figure(figsize=(10, 0.9 + 0.62 * len(records)), layout="constrained")
    axes = figure.add_subplot()
    height = 0.85 / len(contestants)
    for k, (name, multiples) in enumerate(contestants):
        offsets = [place + (k - (len(contestants) - 1) / 2) * height for place in range(len(records))]
        axes.barh(offsets, multiples, height, label=name)
    axes.axvline(1.0, color="black", linewidth=1.0)
    axes.set_yticks(range(len(records)), [record["case"] for record in records])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("time of value and gradient, as a multiple of a copy of the bytes that must move (lower is better)")
    figure.legend(loc="outside lower center", ncols=len(contestants))
    machine, date = results["machine"], results["date"][:10]
    axes.set_title(f"{machine['cpu']}, {records[0]['threads']} cores, {' '.join(machine['flags'])}; {date}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=120)


def main() -> None:
    """Print the tables, and write what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+", help="files that side_by_side.py wrote")
    parser.add_argument("--page", type=Path, help="write the table between the markers of this file")
    parser.add_argument("--plot", type=Path, help="write the plot to this file")
    options = parser.parse_args()
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    for results in runs:
        for section in dict.fromkeys(each["section"] for each in results["records"]):
            records = measured(results, section)
            if records:
                said = f"{section}, {LEVELS[results['level']]}: {conditions(results, records[0]['threads'])}"
                print(f"{said}\n{plain_table(records)}\n")
        print("\n".join(f"not measured: {line}" for line in left_out(results)))
    if options.page:
        write_page(options.page, markdown(runs))
    if options.plot:
        plot(runs[0], options.plot)


if __name__ == "__main__":
    main()
