"""`numloss info`: what runs here, and why the rest does not."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from typing import Any

import click

from .output import as_json, check_stdout, print_json, print_table

PACKAGES = ("numpy", "numba", "llvmlite", "click", "rich", "scikit-learn", "safetensors", "threadpoolctl", "matplotlib")


def versions() -> dict[str, str]:
    """Versions of numloss, Python and the packages that it may use."""
    from importlib import metadata

    from ..version import __version__

    found = {"numloss": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def team() -> str:
    """Whose threads run the blocks of a call."""
    try:
        importlib.import_module("numloss.backends.host._team")
    except ImportError as error:
        return f"Python's threads ({error})"
    return "its own"


def cache_directory() -> str:
    """Where kernels compiled by Numba are kept, or why nowhere."""
    try:
        from ..backends.numba_cpu.folder import directory
    except ImportError as error:
        return f"none ({error})"
    folder, remark = directory()
    if folder is None:
        return f"none ({remark})" if remark else "off (NUMLOSS_CACHE=0)"
    if not os.access(folder, os.W_OK | os.X_OK):
        remark = "cannot be written to: what is missing in it is compiled by every process"
    return f"{folder} ({remark})" if remark else str(folder)


def gather() -> dict[str, Any]:
    """Everything that the command prints, as plain data."""
    from ..backends.cython_aot import build_report, runnable_levels
    from ..backends.threads import limit
    from ..dispatch import available_backends

    return {
        "versions": versions(),
        "backends": available_backends(),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "CPU level": runnable_levels()[0],
            "threads": limit(),
            "team": team(),
            "cache": cache_directory(),
            "interpreter": sys.executable,
        },
        "cython kernels": build_report(),
    }


@click.command("info")
@as_json
def command(as_json: bool) -> None:
    """Show what runs here, and why the rest does not."""
    check_stdout()
    found = gather()
    if as_json:
        print_json(found)
        return
    print_table(("backend", "here"), found["backends"].items(), "Backends, in the order in which they are tried")
    print_table(("", "this machine"), found["machine"].items(), "Machine")
    built = found["cython kernels"]
    state = f"built for {', '.join(built['built'])}" if built["built"] else f"not built: {built['why']}"
    print_table(("", "kernels compiled ahead"), [("cython", state)], "Build")
    print_table(("package", "version"), found["versions"].items(), "Versions")
