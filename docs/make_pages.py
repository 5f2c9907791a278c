"""Writes the pages of the losses, one for each task, from what the library knows about itself.

    python docs/make_pages.py            writes docs/losses/*.md and docs/losses/plots/*.png
    python docs/make_pages.py --text     leaves the plots alone

Formulas and parameters are those of the docstrings, facts those of the registry, and the names in other libraries
those that tests/twins holds against ours.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGES = HERE / "losses"
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE)]

from twins import TWINS, Twin  # noqa: E402

from numloss.catalogue import list_losses  # noqa: E402
from numloss.cli.losses import signature  # noqa: E402
from numloss.registry import LOSSES, Loss  # noqa: E402

NAMES = {"torch": "PyTorch", "optax": "optax", "keras": "Keras", "sklearn": "scikit-learn", "jax": "JAX"}
HEADING = re.compile(r"\n([A-Z][A-Za-z ]+)\n-+\n")
LISTED = {entry["name"]: entry for entry in list_losses()}
CALLING = """\
Every loss takes predictions first, targets second, everything else by keyword:
`loss(pred, target, *, <its options>, weight=None, reduction="mean", out=None, backend=None)`. Predictions are float32
or float64, and the arithmetic is in their dtype; targets and weights may have any real dtype, labels any integer one;
what is stored in float16 or bfloat16 is computed with in float32, and its gradient is rounded to the nearest;
C order, Fortran order and strides work without a copy. `reduction="mean"` is Σ w·l / Σ w over what counts;
`reduction="top"` is the mean of the largest losses alone, `top` of them, a number or a share.

[Which one?](../which_loss.md) `numloss losses` lists them on a terminal, `numloss losses --search imbalance` finds
some, and `numloss losses BCEWithLogitsLoss` shows the page of one by any library's name for it."""
SHOWN = ("Parameters", "Returns", "Notes", "References", "Examples")


def tasks() -> list[str]:
    """The tasks, in order."""
    return sorted({loss.task for loss in LOSSES.values()})


def sections(loss: Loss) -> dict[str, str]:
    """The sections of a docstring by their headings; what comes first has none."""
    text = "\n" + (inspect.getdoc(loss.declaration) or "") + "\n"
    first, *rest = HEADING.split(text)
    return {"": first.strip(), **{name: body.strip("\n") for name, body in zip(rest[::2], rest[1::2], strict=True)}}


def in_words(text: str) -> str:
    """Prose of the docstrings as Markdown has it: inline code, stars outside of it, no markers of footnotes."""
    text = re.sub(r"(^|(?<= ))\.\. \[\d+\] ", "", text.replace("``", "`"), flags=re.M)
    return re.sub(r"`[^`]*`|\*", lambda found: r"\*" if found[0] == "*" else found[0], text)


def parameter_list(text: str) -> str:
    """Parameters as a list; what they are begins a line of its own."""
    lines, given = [], text.splitlines()
    for line, following in zip(given, [*given[1:], ""], strict=True):
        indented = line.startswith(" ")
        if not indented and line.strip():
            name, _, kind = line.partition(" : ")
            ends = "\\" if following.startswith(" ") else ""
            lines.append(f"- `{name}`: {in_words(kind)}{ends}" if kind else in_words(line))
        else:
            lines.append(f"  {in_words(line.strip())}")
    return "\n".join(lines)


def facts(loss: Loss) -> str:
    """What the registry says, in one line."""
    said = ["Convex" if loss.convex else "Not convex", "offers curvature" if loss.curvature else "no curvature"]
    said += ["all second derivatives by `hvp`"] if loss.hessian else []
    said.append("does not add up over batches" if loss.adds_up == "no" else f"adds up over {loss.adds_up}")
    if loss.kinks:
        said.append(f"kinks: {loss.kinks}")
    if loss.aliases:
        said.append("also known as " + ", ".join(f"`{alias}`" for alias in loss.aliases))
    for name, options in loss.presets.items():
        given = ", ".join(f"{option}={value!r}" for option, value in options.items())
        said.append(f"`nl.{name}` is it with `{given}`")
    return "; ".join(said) + "."


def entry(loss: Loss) -> str:
    """All about one loss."""
    found = sections(loss)
    parts = [f"## {loss.name}", f"```python\nnl.{signature(LISTED[loss.name])}\n```", in_words(found[""]), facts(loss)]
    for name in SHOWN:
        if name not in found:
            continue
        if name == "Examples":
            parts.append("```pycon\n" + found[name].strip() + "\n```")
        elif name == "Parameters":
            parts.append(parameter_list(found[name]))
        elif name == "Notes":
            parts.append(in_words(found[name]))
        elif name == "References":
            parts.append("Source: " + in_words(" ".join(found[name].split())))
    return "\n\n".join(part for part in parts if part)


def coming_from(names: set[str]) -> str:
    """The names in other libraries, with what is not the same."""
    twins = [twin for twin in TWINS if twin.case.partition(":")[0] in names]
    if not twins:
        return ""
    lines = ["## Coming from", "| library | there | here | conventions |", "|---|---|---|---|"]
    return "\n".join([lines[0], "", *lines[1:], *(twin_row(twin) for twin in twins)])


def twin_row(twin: Twin) -> str:
    """A line of the table of names."""
    name, _, variant = twin.case.partition(":")
    here = f"`{name}`" + (f" of {variant}" if variant else "")
    said = [twin.convention] if twin.convention else []
    if twin.times != 1.0:
        said.append(f"ours is {twin.times:g} times theirs")
    return f"| {NAMES[twin.library]} | `{twin.name}` | {here} | {'; '.join(dict.fromkeys(said))} |"


def page(task: str) -> str:
    """The page of a task."""
    losses = [LOSSES[name] for name in sorted(LOSSES) if LOSSES[name].task == task]
    names = ", ".join(f"[{loss.name}](#{loss.name})" for loss in losses)
    head = f"# {task.capitalize()}\n\n{names}\n\n[All tasks](README.md), and the options that every loss has."
    plot = f"![value, slope and curvature](plots/{task}.png)"
    parts = [head, plot, *(entry(loss) for loss in losses), coming_from({loss.name for loss in losses})]
    return "\n\n".join(part for part in parts if part) + "\n"


def table() -> str:
    """The names of all losses by task."""
    lines = ["| task | losses |", "|---|---|"]
    for task in tasks():
        names = [name for name in sorted(LOSSES) if LOSSES[name].task == task]
        links = ", ".join(f"[{name}]({task}.md#{name})" for name in names)
        lines.append(f"| [{task}]({task}.md) | {links} |")
    return "\n".join(lines)


def index() -> str:
    """The page that names all others."""
    shared = sections(LOSSES["mse"])["Other Parameters"]
    return f"# Losses\n\n{CALLING}\n\n{table()}\n\n## Options of every loss\n\n{parameter_list(shared)}\n"


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    return {"README.md": index(), **{f"{task}.md": page(task) for task in tasks()}}


def main(arguments: list[Any]) -> None:
    for name, text in pages().items():
        (PAGES / name).write_text(text)
    if "--text" not in arguments:
        import plots

        for task in tasks():
            plots.draw(task, PAGES / "plots" / f"{task}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
