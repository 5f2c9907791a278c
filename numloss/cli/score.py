"""`numloss score`: language models from saved logits or hidden states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from .evaluate import FILES as ANY
from .evaluate import PRINTING, RUNNING, by_model, check_ends, executor_of, print_result, speed, with_options
from .output import as_json, progress

FILES = (
    f"{ANY} FILE.kld is what llama.cpp saves with --kl-divergence-base, with FILE.kld::labels and FILE.kld::documents."
)


@click.command("score", epilog=FILES)
@click.option("--logits", multiple=True, metavar="[MODEL=]FILE", help="Logits, a row a token; repeat for more models.")
@click.option("--labels", metavar="FILE", help="The token that each row predicts; with --shift the tokens themselves.")
@click.option("--reference", metavar="FILE|MODEL", help="Logits that others are compared with, or one of the models.")
@click.option("--hidden", multiple=True, metavar="[MODEL=]FILE", help="In the place of logits: hidden states.")
@click.option("--head", multiple=True, metavar="[MODEL=]FILE", help="Weights of the last layer, a row a class.")
@click.option("--bias", multiple=True, metavar="[MODEL=]FILE", help="Its bias, if it has one.")
@click.option("--shift", is_flag=True, help="The label of a row is the token of the next one of the same document.")
@click.option(
    "--documents", metavar="FILE", help="The document of each token, an integer or text: intervals are over documents.",
)  # fmt: skip
@click.option("--bytes", "counts", metavar="FILE", help="How many bytes each token stands for: gives bits per byte.")
@click.option("--ignore-index", default=-100, show_default=True, help="The label of rows without one.")
@click.option("--top-k", default=1, show_default=True, help="How many of the largest classes of each token are kept.")
@click.option("--figure", "figures", multiple=True, help="A figure to give beside nll; by default all of them.")
@click.option("--by", multiple=True, metavar="[NAME=]FILE", help="A key for each row: figures for each key, too.")
@click.option("--quantile", "quantiles", multiple=True, type=float, help="A quantile over tokens, in [0, 1].")
@click.option("--worst", default=0, help="How many of the worst tokens to list.")
@click.option("--interval", type=float, default=0.95, show_default=True, help="Level of intervals; 0 for none.")
@click.option(
    "--nan", default="propagate", type=click.Choice(["propagate", "omit", "raise"]), show_default=True,
    help="What tokens whose row has NaN do.",
)  # fmt: skip
@click.option(
    "--tokens-to", type=click.Path(),
    help="Folder for a .npy file of each model, a record a token; or a .parquet or .jsonl file of all of them.",
)  # fmt: skip
@click.option("--documents-to", type=click.Path(), help="A .jsonl file with a line for each document.")
@with_options(RUNNING)
@with_options(PRINTING)
@as_json
def command(
    logits: tuple[str, ...],
    hidden: tuple[str, ...],
    head: tuple[str, ...],
    bias: tuple[str, ...],
    counts: str | None,
    by: tuple[str, ...],
    figures: tuple[str, ...],
    quantiles: tuple[float, ...],
    interval: float,
    threads: int | None,
    workers: int | None,
    scheduler: str | None,
    mpi: bool | None,
    report: str | None,
    form: str,
    as_json: bool,
    **asked: Any,
) -> None:
    """Score language models by logits or hidden states: perplexity, bits, ranks, and how they differ."""
    from .. import num_threads, score
    from ..backends.threads import limit

    models: dict[str, Any] = {
        name: _models(name, texts)
        for name, texts in (("logits", logits), ("hidden", hidden), ("head", head), ("bias", bias), ("by", by))
    }
    with (
        num_threads(threads or limit()),
        executor_of(workers, scheduler, mpi) as (leads, executor),
        progress("scoring", 1) as moved,
    ):
        if not leads:
            return
        check_ends(None, report, bool(report or asked["tokens_to"] or asked["documents_to"]))
        given: dict[str, Any] = {"bytes": counts, "quantiles": quantiles or None, "interval": interval or None}
        given["figures"] = figures or None
        result = score(**models, **asked, **given, executor=executor, progress=speed(moved))
    try:
        print_result(result, "json" if as_json else form)
    finally:  # figures first; where they cannot be printed, at least the page is there
        if report is not None:
            result.report(report, "Scores")


def _models(name: str, texts: Sequence[str]) -> str | dict[str, str] | None:
    """One file, or a file for each model."""
    return by_model(f"--{name}", texts) if texts else None
