"""`numloss cluster`: what the ranks of a job cost each other."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..cluster import KINDS, joined
from .output import as_json, print_json, print_table
from .sentences import sentences

if TYPE_CHECKING:
    from ..train.costs import Costs


@click.group("cluster")
def command() -> None:
    """The processes that mpiexec or srun starts together."""


@command.command("bench")
@click.option("--model", type=click.Choice(["mlp", "cnn"]), default="mlp", show_default=True)
@click.option("--inputs", default="784", show_default=True, help="Features, or CHANNELSxHEIGHTxWIDTH for a cnn.")
@click.option("--hidden", default="1024,1024", show_default=True, help="Units of the hidden layers of an mlp.")
@click.option("--channels", default="16,32", show_default=True, help="Channels of the stages of a cnn.")
@click.option("--batch-size", default=512, show_default=True, help="Rows of a step, of all ranks together.")
@click.option("--steps", default=20, show_default=True, help="Steps that are timed.")
@click.option("--cluster", "kind", type=click.Choice(KINDS), default="auto", show_default=True)
@as_json
def bench(
    model: str, inputs: str, hidden: str, channels: str, batch_size: int, steps: int, kind: str, as_json: bool
) -> None:
    """Measure latency and bandwidth of sums over all ranks, and what a step spends on them.

    Start it as the training: mpiexec -n 4 numloss cluster bench.
    """
    from ..train import settings_from
    from ..train.costs import costs

    values = {"model": model, "hidden": _numbers(hidden), "channels": _numbers(channels), "batch_size": batch_size}
    settings, shape = settings_from(values), _numbers(inputs)
    if len(shape) != {"mlp": 1, "cnn": 3}[model] or min(shape) < 1:
        raise ValueError(f"inputs of a {model} are {'784' if model == 'mlp' else '3x32x32'}; got {inputs!r}")
    with joined(kind) as cluster, sentences():
        found = costs(cluster, settings, shape, steps)
    if cluster.is_root and as_json:
        print_json({**asdict(found), "latency": found.latency, "bandwidth": found.bandwidth})
    elif cluster.is_root:
        _print(found)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.replace("x", ",").split(","))
    except ValueError:
        raise ValueError(f"whole numbers are written as in 128,64 or 3x32x32; got {text!r}") from None


def _print(found: Costs) -> None:
    ranks = f"{found.ranks} rank{'s' * (found.ranks != 1)}"
    rows: list[tuple[Any, ...]] = [
        (f"{size} bytes", f"{seconds * 1e6:.4g}", f"{size / seconds / 1e9:.3g}") for size, seconds in found.sums.items()
    ]
    if found.ranks > 1:
        print_table(("a sum of", "microseconds", "GB/s"), rows, f"sums by MPI over {ranks}")
    share = 100.0 * found.exchange / found.step
    steps = (
        ("step", f"{found.step * 1e3:.4g}", ""),
        ("its sum", f"{found.exchange * 1e3:.4g}", f"{share:.1f} % of the step, {found.message} bytes"),
        ("with --overlap", f"{found.overlapped * 1e3:.4g}", f"{found.step / found.overlapped:.2f} x as fast"),
    )
    print_table(("", "milliseconds", ""), steps, f"steps of {found.batch} rows on {ranks}")
