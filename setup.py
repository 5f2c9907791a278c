"""Builds the Cython kernels: translate, compile each unit once for each x86-64 level, and write down what happened.

A missing compiler or missing headers do not stop the installation: numloss then runs on Numba alone, and
`numloss info` prints the reason from numloss/_build_report.py. A line on stderr for each module says how far the
build is; pip shows it with -v alone.
"""

import json
import os
import sys
import time
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.modified import newer_group

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "kernels"))
from flags import DIRECTIVES, ON_X86, STRICT, flags_of  # noqa: E402

REPORT = ROOT / "numloss" / "_build_report.py"
# Who works on loops may build the level of his CPU alone: NUMLOSS_LEVELS=v4.
LEVELS = tuple(os.environ.get("NUMLOSS_LEVELS", "v2 v3 v4").split()) if ON_X86 else ("base",)
# What the text of plans includes.
PLANNED = ["recognised.pxi", "sweeps.pxi", "tallies.pxi"]


def extensions() -> list[Extension]:
    """The kernels, a module for each unit and level; their team, plans of calls that repeat, windows of files."""
    import translate
    from Cython.Build import cythonize

    tell("Cython writes C")
    units = [Extension(f"numloss.backends.{path.stem}", [str(path.relative_to(ROOT))]) for path in translate.write()]
    beside = [
        module("numloss.backends.host._team", "team", ["primitives.h", "team.h"]),
        module("numloss.backends.host._plans", "plans", [*PLANNED, "primitives.h", "feed.h"]),
    ]
    if sys.platform.startswith("linux"):
        beside.append(module("numloss.data._windows", "windows", ["windows.h", "feed.h"]))
    made = cythonize([*units, *beside], compiler_directives=DIRECTIVES, quiet=True, nthreads=os.cpu_count() or 1)
    units, beside = made[: len(units)], made[len(units) :]
    # what takes long first, so that no core waits for it at the end
    units.sort(key=lambda unit: -(ROOT / unit.sources[0]).stat().st_size)
    return [of_level(unit, level) for level in reversed(LEVELS) for unit in units] + beside


def module(name: str, text: str, headers: list[str]) -> Extension:
    """A module of a text of its own, which needs no level."""
    depends = ["setup.py", "kernels/flags.py", *(f"kernels/{header}" for header in headers)]
    sources = [f"kernels/{text}.pyx"]
    return Extension(name, sources, include_dirs=["kernels"], depends=depends, extra_compile_args=STRICT)


def of_level(unit: Extension, level: str) -> Extension:
    """The module of a unit for one level, which includes the C text that all levels have and names its module."""
    package, _, name = unit.name.rpartition(".")
    common, renamed = Path(unit.sources[0]), name.replace("_aot_", f"_aot_{level}_")
    source, text = common.with_stem(renamed), f'#define PyInit_{name} PyInit_{renamed}\n#include "{common.name}"\n'
    if not (ROOT / source).exists() or (ROOT / source).read_text() != text:
        (ROOT / source).write_text(text)
    headers = [f"kernels/{header}.h" for header in ("primitives", "neighbours", "runs")]
    return Extension(
        f"{package}.{renamed}",
        [str(source)],
        include_dirs=["kernels"],
        depends=["setup.py", "kernels/flags.py", *headers, str(common)],
        extra_compile_args=flags_of(level, name != "_aot_loops"),
    )


class WithTranslator(build_py):
    """Puts the translator into the package: `numloss build` compiles laws of users with it."""

    def run(self) -> None:
        super().run()
        for path in (ROOT / "kernels").iterdir():
            if path.suffix in (".py", ".h") or path.name == "primitives.pxi":
                target = Path(self.build_lib) / "numloss" / "kernels" / path.name
                self.mkpath(str(target.parent))
                self.copy_file(str(path), str(target))


class WithMaterials(bdist_wheel):
    """Puts a list of what the kernels were made with into the wheel, where PEP 770 has it, as CycloneDX."""

    def egg2dist(self, egginfo_path: str, distinfo_path: str) -> None:
        super().egg2dist(egginfo_path, distinfo_path)
        folder = Path(distinfo_path) / "sboms"
        folder.mkdir()
        text = json.dumps(materials(self.distribution.get_name(), self.distribution.get_version()), indent=2)
        (folder / "numloss.cdx.json").write_text(text + "\n")


def materials(name: str, version: str) -> dict[str, object]:
    """What is in the wheel: this package, of which Cython's own C is a part; nothing else is copied into it."""
    import Cython

    cython = {"type": "library", "name": "cython", "version": Cython.__version__, "scope": "required"}
    cython |= {"purl": f"pkg:pypi/cython@{Cython.__version__}", "licenses": [{"license": {"id": "Apache-2.0"}}]}
    own = {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
    own |= {"licenses": [{"license": {"id": "BSD-3-Clause"}}], "bom-ref": name}
    known = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    return {**known, "metadata": {"component": own}, "components": [cython]}


class BuildKernels(build_ext):
    """Builds what it can, side by side on all cores, and reports."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count() or 1

    def run(self) -> None:
        self.why, everything = "", self.extensions
        paths = {extension.name: self.get_ext_fullpath(extension.name) for extension in everything}

        def stale(ext: Extension) -> bool:
            return bool(newer_group([*ext.sources, *ext.depends], paths[ext.name], "newer"))

        # The command itself would compile again what is up to date beside the package, but not in its own folder.
        self.extensions = [extension for extension in everything if self.force or stale(extension)]
        self.waiting = list(self.extensions)
        try:
            super().run()
        except Exception as error:
            self.why = self.why or f"{type(error).__name__}: {error}".splitlines()[0]
        self.extensions = everything
        old = [extension.name for extension in everything if stale(extension)]
        self.report([level for level in LEVELS if not any(f"._aot_{level}_" in name for name in old)])

    def build_extension(self, ext: Extension) -> None:
        start = time.monotonic()
        try:
            super().build_extension(ext)
        except Exception as error:
            self.why = self.why or f"{ext.name}: {type(error).__name__}: {error}".splitlines()[0]
            raise
        self.waiting.remove(ext)
        done, count = len(self.extensions) - len(self.waiting), len(self.extensions)
        name = ext.name.rpartition("._")[2].removeprefix("aot_").replace("_", " ")
        tell(f"{done} of {count}, {name} ({time.monotonic() - start:.1f} s)")

    def report(self, built: list[str]) -> None:
        """Write the report beside the package, and into the build if there is one."""
        from fingerprint import fingerprint  # numloss/loops, where translate found its language

        report = {"built": built, "why": self.why, "sources": fingerprint()}
        text = f'"""Written by setup.py."""\n\nREPORT = {report!r}\n'
        for folder in {REPORT.parent, Path(self.build_lib) / "numloss"}:
            if folder.is_dir():
                (folder / "_build_report.py").write_text(text)
        tell(f"built {built or 'none'} {self.why}")


def tell(text: str) -> None:
    print(f"numloss kernels: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    commands = {"build_ext": BuildKernels, "build_py": WithTranslator, "bdist_wheel": WithMaterials}
    setup(ext_modules=extensions(), cmdclass=commands)
