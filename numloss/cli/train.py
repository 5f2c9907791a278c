"""`numloss train`: a network on a data set with any fitting loss."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..cluster import KINDS, Cluster, joined
from ..common.extras import MissingExtra, optional
from ..common.files import check_writable
from ..train import Callback, Epoch, Settings, Trainer
from .config import RESUMES, Config, resolved, setting_flags, write_config
from .ending import Ending, ending
from .output import as_json, console, print_json, print_table, progress, say
from .sentences import sentences

if TYPE_CHECKING:
    from ..train import Run

# What batch systems send before the time is over, and what a keyboard does.
ASKING = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


@click.command("train")
@click.option("--config", "path", type=click.Path(dir_okay=False), help="A TOML file; flags go over what it says.")
@click.option("--loss", multiple=True, help="A loss by name, or parts of a mixed one: 0.7*cross_entropy.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the loss.")
@click.option("--out", type=click.Path(file_okay=False), help="Folder for the files.  [default: numloss-run]")
@click.option("--onnx", type=click.Path(dir_okay=False), help="Write the network into this file, too, for onnxruntime.")
@click.option("--resume", type=click.Choice(RESUMES), help="auto goes on from the last checkpoint.  [default: never]")
@click.option("--cluster", type=click.Choice(KINDS), help="auto trains with all processes of mpiexec.  [default: auto]")
@click.option("--checkpoint-every", type=int, help="Steps between checkpoints; 0 for one an epoch.  [default: 0]")
@click.option("--log-every", type=int, help="Steps between lines about the loss; 0 for none.  [default: 0]")
@setting_flags
@as_json
def command(path: str | None, as_json: bool, **flags: Any) -> None:
    """Train a network on labelled or numeric data.

    Writes the weights of the best epoch, history, curves, checkpoints and the configuration into a folder. Under
    mpiexec or srun all processes share the steps. SIGTERM, SIGINT and SIGUSR1 end in a checkpoint; a second one ends at
    once. Nothing in the folder changes before the first step is taken.
    """
    from ..train import check_extras

    config, wrong = Config(Settings(), cluster=flags["cluster"] or "auto"), None
    try:
        config = resolved(path, flags)
        check_extras()
        _check_onnx(config)
    except (ValueError, OSError, MissingExtra) as error:
        wrong = error
    with joined(config.cluster) as cluster, sentences():
        if wrong is not None:  # here the other ranks hear of it
            raise wrong
        run, number, paths = _trained(config, cluster)
    if number and cluster.is_root:
        say(f"{run.history.stopped} after step {run.history.steps}; --resume auto goes on from there")
    if number:
        sys.exit(128 + number)
    if paths and as_json:
        print_json({**run.summary(), "files": {name: str(path) for name, path in paths.items()}})
    elif paths:
        _report(run, paths)
    if run.history.failed and not cluster.is_root:
        sys.exit(1)
    if run.history.failed:
        raise click.ClickException(run.history.stopped)


def _trained(config: Config, cluster: Cluster) -> tuple[Run, int, dict[str, Path]]:
    """The run, the signal that ended it or 0, and the files that rank 0 wrote."""
    from ..train import fit, write

    out, settings = Path(config.out), config.settings
    function = config.function()
    with ending(ASKING) as asked, progress("training", settings.epochs, cluster.is_root) as show:
        callbacks: list[Callback] = [Shown(show, config, asked, cluster.is_root)]
        if cluster.is_root:
            callbacks.append(Configured(config, out))
        run = fit(
            function, settings, callbacks, folder=out / "checkpoints", resume=config.resume == "auto",
            every=config.checkpoint_every, say=say, cluster=cluster,
        )  # fmt: skip
    number = max(cluster.gather(asked.number))
    writes = cluster.is_root and not number and run.history.steps
    paths = write(run, out) if writes else {}
    if writes and config.onnx:
        from ..adapters import onnx

        onnx.write(config.onnx, run.model)
        paths["onnx"] = Path(config.onnx)
    return run, number, paths


def _check_onnx(config: Config) -> None:
    """Raise for a file that cannot be written in the end, before anything is trained."""
    if config.onnx:
        optional("onnx", "onnx", "--onnx")
        check_writable(config.onnx)


class Configured(Callback):
    """Writes the configuration once there is a step: a run that is refused leaves that of the one before."""

    def __init__(self, config: Config, out: Path) -> None:
        self.config, self.out, self.written = config, out, False

    def stepped(self, trainer: Trainer, loss: float) -> None:
        if not self.written:
            self.out.mkdir(parents=True, exist_ok=True)
            write_config(self.out / "config.toml", self.config)
            self.written = True

    def finished(self, trainer: Trainer) -> None:
        if trainer.history.steps:
            self.stepped(trainer, 0.0)


class Shown(Callback):
    """What is seen of a run as it goes: a bar on a terminal, a line for each epoch elsewhere."""

    def __init__(self, show: Callable[[float, str], None], config: Config, ending: Ending, speaks: bool) -> None:
        self.show, self.config, self.ending, self.speaks = show, config, ending, speaks
        self.note, self.total, self.terminal = "", 0.0, console(stderr=True).is_terminal

    def stepped(self, trainer: Trainer, loss: float) -> None:
        history, every = trainer.history, self.config.log_every
        if self.ending.number:
            trainer.stop(f"ended by {signal.Signals(self.ending.number).name}")
        self.total += loss
        if self.speaks and every and history.steps % every == 0:
            say(f"step {history.steps}: loss {self.total / every:.6g}, mean of {every}")
            self.total = 0.0
        self.show(len(history.epochs) + history.at / trainer.order.rows, self.note)

    def epoch_done(self, trainer: Trainer, epoch: Epoch) -> None:
        figures = {"loss": epoch.train_loss, "validation loss": epoch.validation_loss, **epoch.metrics}
        self.note = ", ".join(f"{name} {value:.4g}" for name, value in figures.items() if value is not None)
        if self.speaks and not self.terminal:
            say(f"epoch {epoch.number + 1}/{self.config.settings.epochs}: {self.note}, {epoch.seconds:.2f} s")


def _report(run: Run, paths: dict[str, Path]) -> None:
    figures: dict[str, float] = {}
    for best in run.history.epochs[run.best_epoch :][:1]:
        figures["training loss"] = best.train_loss
        if best.validation_loss is not None:
            figures["validation loss"] = best.validation_loss
        figures.update({f"validation {name}": value for name, value in best.metrics.items()})
    figures.update({f"test {name}": value for name, value in run.test.items()})
    count = len(run.history.epochs)
    title = f"{run.loss} on {run.parts.train.name}: {count} epoch{'s' * (count != 1)}"
    which = f"epoch {run.best_epoch + 1}" if run.best_epoch >= 0 else "last epoch"
    print_table(("", which), figures.items(), title)
    if run.history.stopped:
        click.echo(run.history.stopped)
    for name, path in paths.items():  # not in a table, whose columns would break a long path
        click.echo(f"{name:<10}{path}")
