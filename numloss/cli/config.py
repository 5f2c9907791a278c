"""The configuration of a training run: defaults, a TOML file over them, flags over both."""

from __future__ import annotations

import codecs
import json
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..catalogue import loss_named
from ..cluster import KINDS
from ..common.files import atomic_write
from ..common.words import value_of
from ..train import Settings, settings_from
from ..train.settings import CHOICES, meant
from ..transforms.combine_losses import combine
from .lookup import with_options

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
RESUMES = ("auto", "never")
HELP = {
    "data": "digits, idx:FOLDER, cifar10:FOLDER, npz:FILE or npy:FOLDER; of a pattern each process has its own files.",
    "model": "The network.",
    "hidden": "Units of the hidden layers of an mlp.",
    "channels": "Channels of the stages of a cnn.",
    "dropout": "Share of entries that dropout sets to 0.",
    "l1": "Factor of the sum of absolute weights.",
    "l2": "Factor of the sum of squared weights.",
    "optimiser": "How weights move.",
    "momentum": "Of sgd and rmsprop.",
    "nesterov": "Look ahead, with sgd.",
    "weight_decay": "As the optimiser defines it.",
    "rate": "Learning rate.",
    "schedule": "How the learning rate changes from step to step.",
    "warmup": "Steps in which the learning rate rises to its value.",
    "decay": "Factor of the schedules exponential and stepwise.",
    "decay_every": "Steps after which it applies.",
    "clip": "The most that the norm of a gradient may be; 0 for any.",
    "epochs": "Passes over the training part.",
    "steps": "End after so many steps; 0 for no limit.",
    "batch_size": "Rows of a step.",
    "validation_fraction": "Share held out to find the best epoch; 0 for none.",
    "test_fraction": "Share held out for the figures at the end, where the data has no test part of its own.",
    "standardise": "Scale features to mean 0 and deviation 1 by the training part.",
    "shift": "Augmentation: move images by up to so many pixels.",
    "flip": "Augmentation: mirror half of the images.",
    "monitor": "The figure that chooses the best epoch.",
    "patience": "End after so many epochs without a better one; 0 for never.",
    "reduce": "How gradients of several processes add up: ordered gives the same bits for any number of them.",
    "shards": "Parts into which ordered cuts a batch; at least as many as processes.",
    "sync_batchnorm": "Normalise over the whole batch, not over the part of a process.",
    "overlap": "Add gradients up over processes while others are computed.",
    "seed": "Of the split, the first weights, the order of rows, dropout and augmentation.",
}
WORDS = {"None": "the optimiser's", "True": "yes", "False": "no"}
SHORT = {"rate": ("--lr",), "optimiser": ("--optimizer",), "standardise": ("--standardize/--no-standardize",)}


@dataclass(frozen=True)
class Config:
    """Everything that a run of the command depends on."""

    settings: Settings
    loss: tuple[str, ...] = ("cross_entropy",)
    options: tuple[str, ...] = ()
    out: str = "numloss-run"
    onnx: str = ""
    resume: str = "never"
    log_every: int = 0
    checkpoint_every: int = 0
    cluster: str = "auto"

    def function(self) -> Callable[..., Any]:
        """The loss, or the combination of losses, with its options."""
        named = [_weighted(text) for text in self.loss]
        functions = with_options([loss_named(name) for _, name in named], self.options)
        if len(functions) == 1 and named[0][0] == 1.0:
            return functions[0]
        return combine(*zip((factor for factor, _ in named), functions, strict=True))


OWN = {field.name: field for field in fields(Config) if field.name != "settings"}


def _weighted(text: str) -> tuple[float, str]:
    """`0.3*focal` is a factor and a name; the factor of a name alone is 1."""
    factor, star, name = text.rpartition("*")
    try:
        return (float(factor) if star else 1.0), name.strip()
    except ValueError:
        raise ValueError(f"a part of a loss is written as in 0.3*focal; got {text!r}") from None


def setting_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """A flag for each setting; one that is not given is None, so that the file's value stands."""
    for field in reversed(fields(Settings)):
        default, flag = field.default, f"--{field.name.replace('_', '-')}"
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else WORDS.get(str(default), default)
        given: dict[str, Any] = {"help": f"{HELP[field.name]}  [default: {shown}]", "default": None}
        names = [flag, *SHORT.get(field.name, ())]
        if isinstance(default, bool):
            names = [f"{flag}/--no-{field.name.replace('_', '-')}", *SHORT.get(field.name, ())]
        elif field.name in CHOICES:
            given["type"] = click.Choice(list(CHOICES[field.name]))
        elif default is None:
            given["type"] = float
        elif not isinstance(default, tuple):
            given["type"] = type(default)
        else:
            given["metavar"] = "N,N,..."
        command = click.option(*names, field.name, **given)(command)
    return command


def resolved(path: str | None, flags: dict[str, Any]) -> Config:
    """The configuration of a file, or the defaults, with the flags that were given over it."""
    values = _from_file(path) if path else {}
    values.update({name: value for name, value in flags.items() if value not in (None, ())})
    for name in ("hidden", "channels"):
        if isinstance(values.get(name), str):
            values[name] = _widths(name, values[name])
    own = {name: values.pop(name) for name in OWN if name in values}
    config = replace(Config(settings_from(values)), **own)
    if config.resume not in RESUMES:
        raise ValueError(f"unknown resume {config.resume!r}; there are {', '.join(RESUMES)}")
    if config.cluster not in KINDS:
        raise ValueError(f"unknown cluster {config.cluster!r}; there are {', '.join(KINDS)}")
    for name in ("log_every", "checkpoint_every"):
        if getattr(config, name) < 0:
            raise ValueError(f"{name} must be at least 0, got {getattr(config, name)}")
    return config


def _from_file(path: str) -> dict[str, Any]:
    content = Path(path).read_bytes()
    try:  # a path in it may have bytes that are no text
        values = tomllib.loads(content.decode("utf-8-sig", "surrogateescape"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        cure = "; it is UTF-16, save it as UTF-8" if content[:2] in UTF_16 else ""
        raise ValueError(f"{path}: not a TOML file: {error}{cure}") from error
    for name in values:
        known = {*HELP, *OWN}
        if name not in known:
            raise ValueError(f"{path}: unknown setting {name!r}{meant(name, known)}")
    if isinstance(values.get("loss"), str):
        values["loss"] = [values["loss"]]
    options = values.pop("options", {})
    if not isinstance(options, dict):
        raise ValueError(f"{path}: options are a table, as in [options] gamma = 1.5")
    values["options"] = tuple(f"{name}={_text(value)}" for name, value in options.items())
    for name in ("loss", "out", "onnx", "resume", "log_every", "checkpoint_every", "cluster"):
        kind: type = list if name == "loss" else type(OWN[name].default)
        if name in values and type(values[name]) is not kind:
            raise ValueError(f"{path}: {name} must be a value of type {kind.__name__}, got {values[name]!r}")
    if "loss" in values:
        values["loss"] = tuple(map(str, values["loss"]))
    return values


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _widths(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(width) for width in text.split(",") if width.strip())
    except ValueError:
        what = {"hidden": "hidden layers", "channels": "channels of a cnn"}[name]
        raise ValueError(f"{what} are written as in 128,64; got {text!r}") from None


def write_config(path: Path, config: Config) -> None:
    """The resolved configuration as TOML, which --config reads again to the same run."""
    values = {name: getattr(config, name) for name in OWN if name != "options"} | asdict(config.settings)
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]
    if config.options:
        lines += ["", "[options]"]
        named = (option.partition("=") for option in config.options)
        lines += [f"{name} = {_toml(value_of(text))}" for name, _, text in named]
    with atomic_write(path) as file:
        file.write("\n".join([*lines, ""]).encode("utf-8", "surrogateescape"))


def _toml(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if value is None:
        return '"none"'
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
