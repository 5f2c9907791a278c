"""Options and set-up of the benchmarks under pytest; `make test` does not collect them."""

from __future__ import annotations

import pytest

from numloss.bench import environment


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--size small` tries every benchmark out in a few minutes; its figures mean nothing."""
    parser.addoption("--size", choices=("small", "full"), default="full", help="small: to try the benchmarks out")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What the figures of this run depend on."""
    machine, load = environment.machine(), environment.load()
    others = ", ".join(load["running"]) or "nothing else"
    return [
        f"benchmarks: {machine['cpu']}, {machine['cores']} cores, {' '.join(machine['flags'])}",
        f"benchmarks: load average {load['average'][0]}, running beside: {others}",
    ]
