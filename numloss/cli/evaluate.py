"""`numloss evaluate`: losses over files of any size."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common.extras import optional
from ..common.files import atomic_write, check_writable
from .output import as_json, check_stdout, console, print_json, progress

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..evaluation.result import Evaluation

FILES = (
    "Files are .npy, .npz, .safetensors, .parquet, .arrow, .feather, .csv or .tsv, with ::NAME behind the path for a "
    "member or for columns; a folder or a quoted pattern such as 'shards/*.npy' stands for its files, part-2 before "
    "part-10. Numbers of 16 bits are read, too: FILE.npy::bfloat16 where a file does not say so."
)

# What every command has that works through files: how, and what it prints.
RUNNING = (
    click.option("--memory", default="512MiB", show_default=True, help="What blocks may take in all."),
    click.option("--chunk", help="What a worker reads at a time, such as 32MiB; changes no result."),
    click.option("--threads", type=click.IntRange(1), help="Threads; by default as many as there are cores."),
    click.option("--workers", type=click.IntRange(1), help="Processes instead of threads."),
    click.option("--scheduler", metavar="ADDRESS", help="A scheduler of Dask, such as tcp://host:8786."),
    click.option(
        "--mpi/--no-mpi", default=None,
        help="Under mpiexec: rank 0 adds up what the others compute, or each process works for itself.",
    ),
    click.option("--resume", type=click.Path(), metavar="FILE", help="Keep the state there, and go on from it."),
    click.option("--backend", help="numba or cython; by default the faster one that runs here."),
)  # fmt: skip
PRINTING = (
    click.option("--report", type=click.Path(), help="Write a page of HTML with tables and pictures."),
    click.option(
        "--format", "form", default="table", type=click.Choice(["table", "csv", "json", "md"]), show_default=True,
        help="How figures are printed.",
    ),
)  # fmt: skip


def with_options(options: Sequence[Any]) -> Callable[[Any], Any]:
    """A decorator that gives a command some options, in their order."""
    return lambda command: functools.reduce(lambda found, option: option(found), reversed(options), command)


@click.command("evaluate", epilog=FILES)
@click.option(
    "--loss", "losses", multiple=True, metavar="NAME[:OPTION=VALUE]...",
    help="A loss by name; repeat for several in one pass.",
)  # fmt: skip
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME[:OPTION=VALUE]...",
    help="A metric by name, such as auc, accuracy, top_k:k=3, f1, ece or r2; repeat for several in the same pass.",
)  # fmt: skip
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the losses that have it.")
@click.option("--pred", multiple=True, metavar="[MODEL=]FILE", help="Predictions; repeat for several models.")
@click.option("--target", metavar="FILE", help="Targets.")
@click.option("--input", "others", multiple=True, metavar="NAME=[MODEL=]FILE", help="Any other input of the losses.")
@click.option("--weight", metavar="FILE", help="Weights, one for each row or each value.")
@click.option(
    "--by", multiple=True, metavar="[NAME=]FILE",
    help="A key for each row, an integer or text: losses are given for each key too. Repeat for keys of several parts.",
)  # fmt: skip
@click.option(
    "--cluster", multiple=True, metavar="[NAME=]FILE",
    help="Which rows belong together, as those of a document: intervals are over clusters.",
)  # fmt: skip
@click.option("--groups", metavar="FILE", help="Where groups of rows begin and end, for losses of groups.")
@click.option("--quantile", "quantiles", multiple=True, type=float, help="A quantile of the loss of a row, in [0, 1].")
@click.option("--worst", default=0, help="How many of the worst rows to list.")
@click.option("--interval", type=float, metavar="LEVEL", help="Confidence intervals of the means, such as 0.95.")
@click.option(
    "--nan", default="propagate", type=click.Choice(["propagate", "omit", "raise"]), show_default=True,
    help="What rows whose loss is NaN do.",
)  # fmt: skip
@click.option(
    "--losses-to", type=click.Path(), help="Folder for .npy files of the loss of each row, or a .parquet file.",
)  # fmt: skip
@click.option("--gradients-to", type=click.Path(), help="Folder for .npy files of the gradients of the sums.")
@with_options(RUNNING)
@click.option("--show", multiple=True, metavar="NAME=FILE", help="What else to tell of the worst rows.")
@click.option("--plot", "picture", type=click.Path(), help="Draw the result into a file: .png, .svg, .pdf, ...")
@with_options(PRINTING)
@as_json
def command(
    losses: tuple[str, ...],
    options: tuple[str, ...],
    pred: tuple[str, ...],
    target: str | None,
    others: tuple[str, ...],
    weight: str | None,
    by: tuple[str, ...],
    cluster: tuple[str, ...],
    threads: int | None,
    workers: int | None,
    scheduler: str | None,
    mpi: bool | None,
    show: tuple[str, ...],
    picture: str | None,
    report: str | None,
    form: str,
    as_json: bool,
    **asked: Any,
) -> None:
    """Evaluate losses and metrics over files of any size, in one pass."""
    from .. import evaluate, num_threads
    from ..backends.threads import limit

    inputs = {"target": target, "weight": weight, **_others(others)}
    if pred:
        inputs["pred"] = by_model("--pred", pred)
    if by:
        inputs["by"] = by_model("--by", by)
    if cluster:
        inputs["cluster"] = by_model("--cluster", cluster)
    functions = _functions(losses, options)
    with (
        num_threads(threads or limit()),
        executor_of(workers, scheduler, mpi) as (leads, executor),
        progress("evaluating", 1) as moved,
    ):
        if not leads:
            return
        has_files = bool(picture or report or asked["losses_to"] or asked["gradients_to"])
        check_ends(picture, report, has_files)
        shown = _others(show)
        result = evaluate(functions, **inputs, **asked, show=shown, executor=executor, progress=speed(moved))
    try:
        print_result(result, "json" if as_json else form)
    finally:  # figures first; where they cannot be printed, at least the files are there
        if picture is not None:
            _draw(result.plot(), picture)
        if report is not None:
            result.report(report)


def print_result(result: Evaluation, form: str) -> None:
    """Print the figures."""
    from ..common.tables import as_csv, as_markdown

    if form == "json":
        print_json(result.to_dict())
    elif form == "table":
        console().print(result)
    else:
        click.echo(as_csv(result.columns()) if form == "csv" else as_markdown(result.sections()), nl=False)


def check_ends(picture: str | None, report: str | None, has_files: bool) -> None:
    """Refuse before the work what would lose its result: a library that is missing, a place that cannot be written."""
    if picture is not None:
        module = optional("matplotlib.figure", "plot", "drawing an evaluation")
        known = module.Figure().canvas.get_supported_filetypes()
        if _suffix(picture) not in known:
            raise ValueError(f"{picture}: its name ends in none of {', '.join('.' + name for name in sorted(known))}")
        check_writable(picture)
    if report is not None:
        check_writable(report)
    if not has_files:
        check_stdout()


def _functions(losses: Sequence[str], options: Sequence[str]) -> list[Callable[..., Any]]:
    """Losses with the options written behind their names, and with those given for all of them."""
    from ..catalogue import loss_named
    from .lookup import with_options

    parts = [text.split(":") for text in losses]
    named = [loss_named(name) for name, *_ in parts]
    functions = []
    for loss, shared, (_, *texts) in zip(named, with_options(named, options), parts, strict=True):
        (own,) = with_options([loss], texts)
        functions.append(functools.partial(shared, **own.keywords) if isinstance(own, functools.partial) else shared)
    return functions


def _others(texts: Sequence[str]) -> dict[str, Any]:
    """Inputs by name; one that is given several times has a file for each model."""
    named: dict[str, list[str]] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals:
            raise ValueError(f"input {text!r} is not of the form name=file")
        named.setdefault(name, []).append(path)
    return {name: by_model(f"--input {name}", paths) for name, paths in named.items()}


def by_model(option: str, texts: Sequence[str]) -> str | dict[str, str]:
    """One file, or a file for each model. A single name that is there is one, whatever signs it has."""
    from ..data.names import is_source

    if len(texts) == 1 and (not texts[0].partition("=")[0].isidentifier() or is_source(texts[0])):
        return texts[0]
    found = {}
    for text in texts:
        model, equals, path = text.partition("=")
        if not equals and len(texts) == 1:
            return text
        if not equals or model in found:
            raise ValueError(f"{option}: {text!r} is not of the form model=file, with another name for each model")
        found[model] = path
    return found


@contextlib.contextmanager
def executor_of(workers: int | None, scheduler: str | None, mpi: bool | None) -> Iterator[tuple[bool, Executor | None]]:
    """Whether this process leads, and who computes; None for threads of this process."""
    from ..cluster.start import launched, mpi_library

    if (workers is not None) + (scheduler is not None) + bool(mpi) > 1:
        raise ValueError("choose one of --workers, --scheduler and --mpi")
    if mpi is None and launched() > 1:
        raise ValueError(
            f"started as one of {launched()} processes, each of which would evaluate everything: with --mpi they share "
            "the work, with --no-mpi each works for itself"
        )
    if mpi:
        mpi_library()
        with optional("mpi4py.futures", "mpi", "--mpi").MPICommExecutor() as executor:
            yield executor is not None, executor
    elif scheduler is not None:
        with optional("distributed", "dask", "--scheduler").Client(scheduler) as client:
            yield True, client.get_executor()
    elif workers is not None:
        from concurrent.futures import ProcessPoolExecutor

        from ..evaluation.executors import end_with_parent

        # a forked process would inherit threads of kernels that no longer run
        spawned = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, spawned, end_with_parent) as executor:
            yield True, executor
    else:
        yield True, None


def speed(show: Callable[[float, str], None]) -> Callable[[int, int, int], None]:
    """A progress bar with rows and bytes a second."""
    began = time.perf_counter()

    def moved(done: int, rows: int, read: int) -> None:
        seconds = time.perf_counter() - began
        show(
            done / rows if rows else 1,
            f"{done} of {rows} rows, {done / seconds:.3g} rows/s, {read / seconds / 1e9:.3g} GB/s",
        )

    return moved


def _draw(axes: Any, path: str) -> None:
    with atomic_write(path) as file:
        axes.figure.savefig(file, format=_suffix(path), dpi=120)


def _suffix(path: str) -> str:
    """The kind of a picture, by the name of its file; of one without an ending, as of a device, the usual one."""
    return Path(path).suffix[1:].lower() or "png"
