"""`numloss bench`: how fast losses are here, beside a copy of the same bytes and beside other libraries."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..common.files import atomic_write, finite, write_json
from .output import as_json, check_stdout, print_json, print_table, progress, say

if TYPE_CHECKING:
    from ..bench.gate import Change
    from ..bench.run import Found, Question
    from ..registry import Loss

DTYPES = ("float32", "float64", "float16", "bfloat16")
MODES = ("value", "grad", "value_and_grad", "value_grad_hess")
# What is measured unless something is named.
USUAL = ("mse", "huber", "bce_with_logits", "focal", "cross_entropy", "dice")
SIZES = "2^14,2^20"
HEAD = ("loss", "backend", "ns/element", "GB/s", "x floor", "% of peak", "fastest peer, x our time")
EPILOG = (
    "The floor is a copy that moves each input and each gradient once; the peak is the speed of a copy of 256 MiB, "
    "which may be exceeded in caches. Times are medians. A peer takes so many times as long as numloss, turn by turn; "
    "95 % limits of the median are in brackets."
)


@click.command("bench", epilog=EPILOG)
@click.argument("losses", nargs=-1, metavar="[LOSS]...")
@click.option(
    "--law", "laws", multiple=True, metavar="FILE:NAME", help="A law of yours, or a loss made of one; may be repeated."
)
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the losses that have it.")
@click.option(
    "--n", "sizes", multiple=True, metavar="N",
    help=f"Elements, as 4096, 2^20 or 1e6, or a shape as 4096x1000; commas between several. [default: {SIZES}]",
)  # fmt: skip
@click.option("--backend", "backends", multiple=True, help="numba or cython; by default all that run here.")
@click.option("--threads", "threads", multiple=True, metavar="COUNT", help="As 1,2,4; by default all cores.")
@click.option("--dtype", "dtypes", multiple=True, metavar="NAME", help=f"{', '.join(DTYPES)}. [default: float32]")
@click.option("--mode", "modes", multiple=True, metavar="NAME", help=f"{', '.join(MODES)}. [default: value_and_grad]")
@click.option(
    "--peer", "peers", multiple=True, metavar="NAME",
    help="numpy, torch eager, torch.compile, jax.jit, scikit-learn, or none; by default all that are installed.",
)  # fmt: skip
@click.option("--seconds", default=240.0, show_default=True, help="For everything but what was begun already.")
@click.option(
    "--visits", type=click.IntRange(1), default=10, show_default=True,
    help="How often each question is set up anew; --compare needs three at least.",
)  # fmt: skip
@click.option("--save", metavar="NAME", help="Keep what was found in .benchmarks/, as pytest-benchmark does.")
@click.option("--compare", metavar="NAME", help="Compare with what was kept: its name, its number, or a file.")
@click.option(
    "--fail-slower", metavar="SHARE", help="With --compare: end in status 1 if something takes longer by more, as 10%."
)
@click.option("--json-to", type=click.Path(), metavar="FILE", help="Write what was found as pytest-benchmark does.")
@click.option("--plot", "picture", type=click.Path(), help="Draw lines over N and threads into a file: .png, .svg, ...")
@as_json
def command(
    losses: tuple[str, ...],
    laws: tuple[str, ...],
    options: tuple[str, ...],
    sizes: tuple[str, ...],
    backends: tuple[str, ...],
    threads: tuple[str, ...],
    dtypes: tuple[str, ...],
    modes: tuple[str, ...],
    peers: tuple[str, ...],
    seconds: float,
    visits: int,
    save: str | None,
    compare: str | None,
    fail_slower: str | None,
    json_to: str | None,
    picture: str | None,
    as_json: bool,
) -> None:
    """Measure how fast losses are, by name or from laws of yours.

    Every contestant first shows that its answer is right; then all take turns, a copy of the same bytes among them.
    """
    from ..backends.threads import cores
    from ..bench import saved
    from ..bench.gate import LEAST_VISITS
    from ..bench.run import bandwidth, measure

    if not (save or json_to or picture):
        check_stdout()
    limit = None if fail_slower is None else share(fail_slower)
    if limit is not None and compare is None:
        raise ValueError("--fail-slower needs --compare: something to be slower than")
    before = None if compare is None else saved.logs_of(saved.kept(compare))
    if picture is not None:
        from ..common.extras import optional

        optional("matplotlib.figure", "plot", "--plot")
    counts = [whole(text) for text in split(threads)] or [cores()]
    asked = questions(
        records(losses, laws, options),
        split(sizes or (SIZES,)),
        one_of("dtype", split(dtypes) or ["float32"], DTYPES),
        one_of("mode", split(modes) or ["value_and_grad"], MODES),
        counts,
    )
    able, rivals = able_backends(split(backends)), chosen_peers(split(peers))
    if before is not None:
        check_known(before, [f"{each.name}, {backend}" for each in asked for backend in able], visits)
    with progress("measuring", 1) as moved:
        peak = {count: bandwidth(count) for count in dict.fromkeys(counts)}
        least = min(visits, LEAST_VISITS) if save or before is not None else 1
        found = measure(asked, able, rivals, seconds, visits, moved, least)
        changes = {} if before is None else changes_of(found, before)
        suspects = suspected(found, changes, limit)
        if suspects and before is not None:
            # what the first look takes for slower is looked at again, by itself
            doubtful = [each.question for each in suspects]
            again = measure(doubtful, able, [], max(30.0, seconds / 4), visits, moved, least)
            changes |= doubted(changes, changes_of(again, before, len(changes)))
    content = finite(saved.report(found))
    if save is not None:
        say(f"kept in {saved.store(save, content)}")
    try:
        if as_json:
            print_json(figures(found, peak, changes))
        else:
            show(found, peak, changes)
    finally:  # figures first; where they cannot be printed, at least the files are there
        if json_to is not None:
            write_json(json_to, content)
        if picture is not None:
            draw(found, picture)
    failed = [name for name, change in changes.items() if limit is not None and gate(change, limit)]
    for name in failed:
        change = changes[name]
        say(f"slower: {name}: {in_limits(change.ratio, change.low, change.high)} times the time of {compare}")
    unknown = [] if before is None else sorted(compared(found, before) - changes.keys())
    for name in unknown:
        say(f"not compared, as it was visited less than {LEAST_VISITS} times now or before: {name}")
    if failed or (limit is not None and unknown) or any(each.wrong for each in found):
        raise SystemExit(1)


# what is asked -----------------------------------------------------------------------------------------------------


def split(texts: Iterable[str]) -> list[str]:
    """Words between commas, of an option that may be repeated."""
    return [word.strip() for text in texts for word in text.split(",") if word.strip()]


def whole(text: str) -> int:
    """A positive whole number: 4096, 2^20 or 1e6."""
    base, power, exponent = text.partition("^")
    try:
        number = float(int(base) ** int(exponent)) if power else float(text)
        if number < 1 or number != int(number):
            raise ValueError
        return int(number)
    except (ValueError, OverflowError):
        raise ValueError(f"a positive whole number is written as 4096, 2^20 or 1e6; got {text!r}") from None


def share(text: str) -> float:
    """A share of a time: 10% or 0.1."""
    try:
        number = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        number = math.nan
    if not 0.0 <= number < math.inf:
        raise ValueError(f"--fail-slower takes a share of the time as 10% or 0.1; got {text!r}")
    return number


def one_of(what: str, names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The names, if all are known."""
    for name in names:
        if name not in known:
            raise ValueError(f"unknown {what} {name!r}; there are {', '.join(known)}")
    return list(names)


def records(
    losses: Sequence[str], laws: Sequence[str], options: Sequence[str]
) -> list[tuple[Loss, bool, dict[str, Any]]]:
    """Losses by name and of laws of a user, with whether they are one's own and their options."""
    from ..catalogue import loss_named
    from .lookup import with_options

    named = losses or (() if laws else USUAL)
    found = [(loss_named(name), False) for name in named] + [(loss_of_law(text), True) for text in laws]
    functions = with_options([loss for loss, _ in found], options)
    given = [each.keywords if isinstance(each, functools.partial) else {} for each in functions]
    return [(loss, own, dict(more)) for (loss, own), more in zip(found, given, strict=True)]


def loss_of_law(text: str) -> Loss:
    """The loss that a file has by a name, or that is made of a law there, whose parameters have defaults."""
    from ..declare.from_law import elementwise
    from ..registry import Loss
    from .building import module_of

    file, _, name = text.rpartition(":")
    if not file or not name:
        raise ValueError(f"--law takes FILE:NAME, as mylaw.py:huber; got {text!r}")
    if not Path(file).is_file():
        raise ValueError(f"--law: there is no file {file}")
    value = getattr(module_of(Path(file)), name, None)
    if value is None:
        raise ValueError(f"--law: {file} has no {name}")
    loss = getattr(value, "__loss__", None)
    if loss is None:
        defaults = {
            key: each.default
            for key, each in inspect.signature(value).parameters.items()
            if each.default is not inspect.Parameter.empty
        }
        loss = elementwise(value, **defaults).__loss__  # type: ignore[attr-defined]
    assert isinstance(loss, Loss)
    return loss


def questions(
    losses: Iterable[tuple[Loss, bool, dict[str, Any]]],
    sizes: Sequence[str],
    dtypes: Sequence[str],
    modes: Sequence[str],
    threads: Sequence[int],
) -> list[Question]:
    """Everything that is asked, sizes of a loss beside each other."""
    from dataclasses import replace

    from ..bench.cases import shaped
    from ..bench.run import Question

    def asked() -> Iterator[Question]:
        for (loss, own, given), dtype, mode, count, size in itertools.product(losses, dtypes, modes, threads, sizes):
            if mode == "value_grad_hess" and not loss.curvature:
                continue
            dimensions = tuple(whole(text) for text in size.split("x"))
            case = shaped(loss.name, math.prod(dimensions), loss if own else None)
            if len(dimensions) > 1:
                case = replace(case, shape=dimensions)
            yield Question(replace(case, dtype=dtype, options={**case.options, **given}), mode, count)

    found = list(dict.fromkeys(asked()))
    if not found:
        raise ValueError("there is nothing to measure: none of these losses has a curvature")
    return found


def able_backends(names: Sequence[str]) -> tuple[str, ...]:
    """The backends for host arrays that were named, or all that run here."""
    from ..bench.contest import BACKENDS
    from ..dispatch import available_backends, load

    for name in one_of("backend", names, BACKENDS):
        load(name)
    there = available_backends()
    return tuple(names) or tuple(name for name in BACKENDS if there[name] == "available")


def chosen_peers(names: Sequence[str]) -> list[str]:
    """The peers that were named, or all whose library is installed."""
    from ..bench.peers import LIBRARIES, NAMES

    if names:
        return [name for name in one_of("peer", names, (*NAMES, "none")) if name != "none"]
    return [name for name in NAMES if importlib.util.find_spec(LIBRARIES[name]) is not None]


# what was found ----------------------------------------------------------------------------------------------------


def check_known(before: dict[str, Any], names: Sequence[str], visits: int) -> None:
    """Raise where nothing can be compared, and tell what cannot."""
    from ..bench.gate import LEAST_VISITS

    if visits < LEAST_VISITS:
        raise ValueError(f"--compare needs {LEAST_VISITS} visits at least, got --visits {visits}")
    new = [name for name in names if f"numloss bench::{name}" not in before]
    if len(new) == len(names):
        raise ValueError(f"nothing of this run is in what it is compared with, such as {names[0]}")
    for name in new:
        say(f"not compared, as it is new: {name}")


def compared(found: Iterable[Found], before: dict[str, Any]) -> set[str]:
    """Names of what was asked now and is in a report."""
    names = {f"{each.question.name}, {backend}" for each in found for backend in each.backends}
    return {name for name in names if f"numloss bench::{name}" in before}


def changes_of(found: Iterable[Found], before: dict[str, Any], comparisons: int | None = None) -> dict[str, Change]:
    """What changed since a report, by the full name of what was measured."""
    from ..bench.gate import changed

    pairs = {
        f"{each.question.name}, {backend}": each.logs(backend)
        for each in found
        if each.visits
        for backend in each.backends
    }
    known = {name: logs for name, logs in pairs.items() if f"numloss bench::{name}" in before}
    count = comparisons or len(known)
    told = {name: changed(before[f"numloss bench::{name}"], logs, count) for name, logs in known.items()}
    return {name: change for name, change in told.items() if change is not None}


def gate(change: Change, limit: float) -> bool:
    """Whether a change is a slowdown beyond the limit."""
    from ..bench.gate import slower

    return slower(change, limit)


def suspected(found: Iterable[Found], changes: dict[str, Change], limit: float | None) -> list[Found]:
    """What a first look takes for slower."""
    if limit is None:
        return []
    names = {name for name, change in changes.items() if gate(change, limit)}
    return [each for each in found if any(f"{each.question.name}, {backend}" in names for backend in each.backends)]


def doubted(first: dict[str, Change], second: dict[str, Change]) -> dict[str, Change]:
    """Of two looks at a change the one that speaks less for a slowdown."""
    both = [(name, (first[name], again)) for name, again in second.items() if name in first]
    return {name: min(pair, key=lambda each: each.least) for name, pair in both}


def in_limits(middle: float, low: float, high: float) -> str:
    """A ratio, and what it lies between."""
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def figures(found: Iterable[Found], peak: dict[int, float], changes: dict[str, Change]) -> list[dict[str, Any]]:
    """What was found, as it stands in the table and a little more, one entry for each backend."""
    listed = []
    for each in found:
        question, case = each.question, each.question.case
        said = {"name": question.name, "loss": case.loss, "elements": case.size, "shape": list(case.shape)}
        said |= {"dtype": case.dtype, "mode": question.mode, "threads": question.threads}
        if not each.visits:
            listed.append({**said, "problem": each.problem})
            continue
        for backend in each.backends:
            seconds = each.median(backend)
            change = changes.get(f"{question.name}, {backend}")
            listed.append(
                {
                    **said,
                    "backend": backend,
                    "seconds": seconds,
                    "ns_per_element": 1e9 * seconds / case.size,
                    "gb_per_second": each.moved / seconds / 1e9,
                    "times_floor": seconds / each.floor,
                    "share_of_peak": each.moved / seconds / peak[question.threads],
                    "fastest_peer": each.fastest_peer(),
                    "peers": {peer: each.over(backend, peer) for peer in each.peers},
                    "not_available": each.missing,
                    "change": None if change is None else vars(change),
                    "problem": each.problem,
                }
            )
    return listed


def show(found: Sequence[Found], peak: dict[int, float], changes: dict[str, Change]) -> None:
    """Tables, one for each mode and number of threads, and below them what is not in them."""
    from ..bench.run import threads_in_words

    names = {each.question.name: each.question.case.name for each in found}
    tables: dict[str, list[list[str]]] = {}
    for each in figures(found, peak, changes):
        if "backend" not in each:
            continue
        row = [
            names[each["name"]],
            each["backend"],
            f"{each['ns_per_element']:.3g}",
            f"{each['gb_per_second']:.3g}",
            f"{each['times_floor']:.2f}",
            f"{100.0 * each['share_of_peak']:.0f}",
        ]
        peer = each["fastest_peer"]
        row.append(f"{peer} {in_limits(*each['peers'][peer])}" if peer else "-")
        if changes:
            change = changes.get(f"{each['name']}, {each['backend']}")
            row.append("-" if change is None else in_limits(change.ratio, change.low, change.high))
        tables.setdefault(f"{each['mode']}, {threads_in_words(each['threads'])}", []).append(row)
    head = (*HEAD, *(("x the time before",) if changes else ()))
    for title, rows in tables.items():
        print_table(head, rows, title, unwrapped=HEAD[:-1])
    notes = [f"{each.question.name}: not measured: {each.problem}" for each in found if each.problem]
    notes += sorted({reason for each in found for reason in each.missing.values()})
    for note in notes:
        click.echo(note)


def draw(found: Sequence[Found], path: str) -> None:
    """The plot into a file."""
    from ..bench.plot import figure

    with atomic_write(path) as file:
        figure(found).savefig(file, format=Path(path).suffix[1:].lower() or "png", dpi=120)
