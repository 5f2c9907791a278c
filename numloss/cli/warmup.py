"""`numloss warmup`: compile ahead of the first use."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from .output import as_json, print_json, progress

if TYPE_CHECKING:
    from ..registry import Loss

DTYPES = ("float32", "float64")


def kernels(losses: list[Loss], dtypes: tuple[str, ...], layers: bool) -> list[tuple[str, Callable[[], Any]]]:
    """A name and a call that compiles, for everything that the numba backend may need for these losses and layers."""
    from ..dispatch import load

    backend = load("numba")
    work: list[tuple[str, Callable[[], Any]]] = [("the driver", backend.compile_driver)]
    for dtype in dtypes:
        work += [(f"{name} {dtype}", partial(backend.loop, name, dtype)) for name in backend.compiler.LOOPS]
        for loss in losses:
            # a family whose loops know their only law has no tile
            modes = range(0 if loss.law is None else 3 if loss.curvature else 2)
            work += [(f"{loss.name} {dtype}", partial(backend.tile, loss, dtype, mode)) for mode in modes]
        if layers:
            work += [(f"{name} {dtype}", partial(backend.compile_layer, dtype, name)) for name in backend.layer_names()]
    return work


@click.command("warmup")
@click.option("--loss", "names", multiple=True, help="Only this loss; by default all, and all layers.")
@click.option("--dtype", "dtypes", multiple=True, type=click.Choice(DTYPES), help="Only this dtype.")
@as_json
def command(names: tuple[str, ...], dtypes: tuple[str, ...], as_json: bool) -> None:
    """Compile ahead, so that no first call waits."""
    from ..catalogue import loss_named
    from ..registry import LOSSES
    from .info import cache_directory

    losses = [loss_named(name) for name in names] or list(LOSSES.values())
    began = time.perf_counter()
    work = kernels(losses, dtypes or DTYPES, not names)
    with progress("compiling", len(work)) as show:
        for done, (name, compile_it) in enumerate(work):
            show(done, name)
            compile_it()
    found = {"kernels": len(work), "seconds": time.perf_counter() - began, "cache": cache_directory()}
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found['kernels']} kernels ready in {found['seconds']:.1f} s; cache: {found['cache']}")
