"""Builds the Cython kernels: translate, compile each unit once for each x86-64 level, and write down what happened.

A missing compiler or missing headers do not stop the installation: numloss then runs on Numba alone, and
`numloss info` prints the reason from numloss/_build_report.py. A line on stderr for each module says how far the
build is; pip shows it with -v alone.
"""

import os
import platform
import sys
import time
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

ROOT = Path(__file__).resolve().parent
REPORT = ROOT / "numloss" / "_build_report.py"
ON_X86 = platform.machine() in ("x86_64", "AMD64") and sys.platform.startswith("linux")
# Who works on loops may build the level of his CPU alone: NUMLOSS_LEVELS=v4.
LEVELS = tuple(os.environ.get("NUMLOSS_LEVELS", "v2 v3 v4").split()) if ON_X86 else ("base",)
# Without symbols for debuggers: they take a quarter of the time, and five sixths of the file.
LEAN = ["-g0"]
# A field of a header is written where the mode asks for it and read only there, which the compiler cannot follow.
QUIET = ["-Wno-maybe-uninitialized", "-Wno-psabi"] if ON_X86 else []
# What the text of plans includes.
PLANNED = ["recognised.pxi", "sweeps.pxi", "tallies.pxi"]
# The same bits everywhere: no fast-math, no contraction into fused multiply-adds but those that the text has.
STRICT = [*LEAN, *QUIET, "-fwrapv", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
# Any effort gives the same bits. CPUs that need v2 are rare, and a third of the build is too much for them.
EFFORT = {"v2": "-O1"}
INLINE = ["-DCYTHON_INLINE=__inline__ __attribute__((always_inline))"]
# Where functions begin is not left to chance: rows of 10 classes took an eighth longer at some places than at others.
GCC_ONLY = ["--param", "vect-max-version-for-alias-checks=100", "-falign-functions=64"]
# Conditions that have to do with each other would be a path for each combination of them, and all paths are computed
# for every element; or they would be computed before paths meet, and of such there are no vectors.
LAWS_ONLY = ["-fno-thread-jumps", "-fno-tree-pre"]


def extensions() -> list[Extension]:
    """The kernels, a module for each unit and level; their team, plans of calls that repeat, windows of files."""
    sys.path.insert(0, str(ROOT / "kernels"))
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
    directives = {"language_level": 3, "cdivision": True, "boundscheck": False, "wraparound": False}
    # without the text of each line as a comment in C, which every level would read again
    directives["emit_code_comments"] = False
    made = cythonize([*units, *beside], compiler_directives=directives, quiet=True, nthreads=os.cpu_count() or 1)
    units, beside = made[: len(units)], made[len(units) :]
    # what takes long first, so that no core waits for it at the end
    units.sort(key=lambda unit: -(ROOT / unit.sources[0]).stat().st_size)
    return [of_level(unit, level) for level in reversed(LEVELS) for unit in units] + beside


def module(name: str, text: str, headers: list[str]) -> Extension:
    """A module of a text of its own, which needs no level."""
    depends = ["setup.py", *(f"kernels/{header}" for header in headers)]
    sources = [f"kernels/{text}.pyx"]
    return Extension(name, sources, include_dirs=["kernels"], depends=depends, extra_compile_args=STRICT)


def of_level(unit: Extension, level: str) -> Extension:
    """The module of a unit for one level, which includes the C text that all levels have and names its module."""
    flags = [] if level == "base" else [f"-march=x86-64-{level}", *GCC_ONLY]
    if level == "v4":
        flags.append("-mprefer-vector-width=512")
    package, _, name = unit.name.rpartition(".")
    if flags and name != "_aot_loops":
        flags += LAWS_ONLY
    common, renamed = Path(unit.sources[0]), name.replace("_aot_", f"_aot_{level}_")
    source, text = common.with_stem(renamed), f'#define PyInit_{name} PyInit_{renamed}\n#include "{common.name}"\n'
    if not (ROOT / source).exists() or (ROOT / source).read_text() != text:
        (ROOT / source).write_text(text)
    return Extension(
        f"{package}.{renamed}",
        [str(source)],
        include_dirs=["kernels"],
        depends=["setup.py", "kernels/primitives.h", "kernels/neighbours.h", "kernels/runs.h", str(common)],
        extra_compile_args=[EFFORT.get(level, "-O3"), *STRICT, *INLINE, *flags],
    )


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
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildKernels})
