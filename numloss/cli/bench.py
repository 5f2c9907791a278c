"""`numloss bench`: the benchmarks of a source checkout."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import click

from .output import as_json, check_stdout, print_json

CHECKOUT = Path(__file__).resolve().parents[2]


def figures(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Name, group and times in seconds of each benchmark in a report of pytest-benchmark."""
    times = ("min", "median", "rounds")
    return [
        {"name": entry["name"], "group": entry["group"], **{name: entry["stats"][name] for name in times}}
        for entry in report["benchmarks"]
    ]


@click.command("bench", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@as_json
def command(arguments: tuple[str, ...], as_json: bool) -> None:
    """Run the benchmarks of a source checkout.

    ARGUMENTS go to pytest, as in `numloss bench -k huber`.
    """
    import subprocess
    import tempfile

    if not (CHECKOUT / "benchmarks").is_dir() or not (CHECKOUT / "pyproject.toml").is_file():
        raise click.ClickException(
            "the benchmarks are part of the source, not of the installed package; "
            "run this command from a checkout that was installed with pip install -e '.[bench]'"
        )
    if importlib.util.find_spec("pytest_benchmark") is None:
        raise click.ClickException("the benchmarks need pytest-benchmark: pip install 'numloss[bench]'")
    if as_json:
        check_stdout()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        line = [sys.executable, "-m", "pytest", "benchmarks", "--benchmark-only", f"--benchmark-json={report}"]
        # with --json, standard output belongs to the figures, and what pytest prints goes to standard error (2)
        finished = subprocess.run([*line, *arguments], cwd=CHECKOUT, stdout=2 if as_json else None)
        if as_json and report.is_file() and report.stat().st_size:
            print_json(figures(json.loads(report.read_text())))
    if finished.returncode:
        raise SystemExit(finished.returncode)
