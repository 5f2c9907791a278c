"""Laws of users as an extension module, by the translator that the losses of numloss are built with.

Cython and setuptools are imported when something is compiled, and nowhere else.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, cast

import numloss

from ..backends.cython_aot import runnable_levels
from ..backends.retype import LawError
from ..common.extras import MissingExtra
from ..common.files import atomic_write
from ..declare.built import described
from ..declare.texts import Texts
from ..registry import Loss
from ..version import __version__

PACKAGE = Path(numloss.__file__).resolve().parent
END = """

def _made():
    from numloss.declare.built import losses_of
    return losses_of(__name__, VERSION, LEVEL, TEXT, LOSSES, ADDRESSES)


globals().update(_made())
"""


def build(
    file: Path, folder: Path, name: str | None = None, level: str | None = None, text_only: bool = False
) -> tuple[Path, list[str]]:
    """Compile the losses of a file; the path of the module, or of its Cython text, and their names."""
    name = name or f"{file.stem}_built"
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name of a module; give one by --name")
    losses = losses_in(file)
    text = module_text(losses, level or runnable_levels()[0])
    folder.mkdir(parents=True, exist_ok=True)
    if text_only:
        path = folder / f"{name}.pyx"
        put(path, text.encode())
        return path, list(losses)
    return compiled(name, text, folder, level or runnable_levels()[0]), list(losses)


def put(path: Path, content: bytes) -> None:
    """Write a file."""
    with atomic_write(path) as file:
        file.write(content)


def module_of(file: Path) -> ModuleType:
    """What a file of Python makes, which finds its neighbours as a script would."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    sys.path.insert(0, str(file.resolve().parent))
    try:
        sys.modules[file.stem] = module
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


def losses_in(file: Path) -> dict[str, Loss]:
    """The losses of laws that a file makes, by their names."""
    found: dict[str, Loss] = {}
    for value in vars(module_of(file)).values():
        loss = getattr(value, "__loss__", None)
        if isinstance(loss, Loss) and loss.task == "yours" and not loss.addresses:
            if not loss.name.isidentifier():
                raise ValueError(f"{file}: {loss.name!r} is no name that a module can have; give the loss a name=")
            if found.setdefault(loss.name, loss) is not loss:
                raise ValueError(f"{file}: two losses are called {loss.name}; give one of them another name=")
    if not found:
        raise ValueError(f"{file}: no losses; the file has to call numloss.elementwise or numloss.rowwise")
    return found


def of_kernels(name: str) -> ModuleType:
    """A module of kernels/, which lies beside the package or in it."""
    places = (PACKAGE.parent / "kernels", PACKAGE / "kernels")
    place = next((place for place in places if (place / "translate.py").exists()), None)
    if place is None:
        raise MissingExtra("this installation of numloss has no translator; install it again from its source")
    before = list(sys.path)
    sys.path.insert(0, str(place))
    try:
        return importlib.import_module(name)
    finally:
        sys.path[:] = before


def module_text(losses: dict[str, Loss], level: str) -> str:
    """The Cython text of a module of these losses."""
    texts = Texts(lambda why: LawError(f"law {why}"))
    laws = {name: texts.add(cast(FunctionType, loss.law)) for name, loss in losses.items()}
    found = of_kernels("translate")
    library = found.Library()
    library.read(PACKAGE / "scalar.py", "law")
    library.read(PACKAGE / "declare" / "slopes.py", "law")
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "laws.py"
        put(written, texts.text().encode())
        library.read(written, "law")
        shapes = dict.fromkeys(
            ((laws[name], *loss.tile_shape), ("", (), 0), loss.tile[-2], ()) for name, loss in losses.items()
        )
        try:
            units = found.tiles(library, list(shapes))
        except SyntaxError as error:
            raise LawError(str(error).replace(str(written), "the text of the laws")) from None
    tables: dict[str, Any] = {"VERSION": __version__, "LEVEL": level, "TEXT": texts.text()}
    tables["LOSSES"] = [described(loss, laws[name]) for name, loss in losses.items()]
    known = "".join(f"{name} = {value!r}\n" for name, value in tables.items())
    return f'include "primitives.pxi"\nfrom math import inf, nan\n\n{units}\n{known}{END}'


def compiled(name: str, text: str, folder: Path, level: str) -> Path:
    """The extension module of a Cython text."""
    try:
        from Cython.Build import cythonize
        from setuptools import Distribution, Extension
        from setuptools.errors import BaseError, CompileError, LinkError
    except ImportError as error:
        needed = "pip install cython setuptools"
        raise MissingExtra(f"numloss build needs Cython and setuptools ({error}): {needed}") from None
    flags = of_kernels("flags")
    place = Path(flags.__file__ or "").parent
    with tempfile.TemporaryDirectory() as made:
        source = Path(made) / f"{name}.pyx"
        put(source, text.encode())
        unit = Extension(name, [str(source)], include_dirs=[str(place)])
        unit.extra_compile_args = flags.flags_of(level, True)
        options = {"compiler_directives": flags.DIRECTIVES, "include_path": [str(place)], "quiet": True}
        units = cythonize([unit], **options)  # type: ignore[no-untyped-call]
        command = Distribution({"name": name, "ext_modules": units}).get_command_obj("build_ext")
        command.build_temp, command.build_lib = made, made
        command.ensure_finalized()
        try:
            command.run()
        except (BaseError, CompileError, LinkError) as error:
            raise MissingExtra(f"no module was compiled: {error}; install a C compiler and Python's headers") from None
        target = folder / Path(command.get_ext_fullpath(name)).name
        put(target, Path(command.get_ext_fullpath(name)).read_bytes())  # whole: a process may have the old one in use
    return target
