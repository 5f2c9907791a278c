"""Builds the Cython kernels: translate, compile once for each x86-64 level, and write down what happened.

A missing compiler or missing headers do not stop the installation: numloss then runs on Numba alone, and
`numloss info` prints the reason from numloss/_build_report.py.
"""

import os
import platform
import sys
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
GENERATED = ROOT / "kernels" / "generated"
REPORT = ROOT / "numloss" / "_build_report.py"
ON_X86 = platform.machine() in ("x86_64", "AMD64") and sys.platform.startswith("linux")
LEVELS = ("v2", "v3", "v4") if ON_X86 else ("base",)
# Without symbols for debuggers: they take a quarter of the time, and five sixths of the file.
LEAN = ["-g0"]
# The same bits everywhere: no fast-math, no contraction into fused multiply-adds.
STRICT = ["-O3", *LEAN, "-fwrapv", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
INLINE = ["-DCYTHON_INLINE=__inline__ __attribute__((always_inline))"]
GCC_ONLY = ["--param", "vect-max-version-for-alias-checks=100"]
MODULE = 'include "../driver.pxi"\ninclude "kernels.pxi"\n'


def extensions() -> list[Extension]:
    """The kernels, one module a level, all from the same text; and the plans of calls that repeat."""
    sys.path.insert(0, str(ROOT / "kernels"))
    import translate
    from Cython.Build import cythonize

    translate.write()
    modules = []
    for level in LEVELS:
        source = GENERATED / f"_aot_{level}.pyx"
        if not source.exists() or source.read_text() != MODULE:
            source.write_text(MODULE)
        flags = [] if level == "base" else [f"-march=x86-64-{level}", "-fopenmp", *GCC_ONLY]
        if level == "v4":
            flags.append("-mprefer-vector-width=512")
        modules.append(
            Extension(
                f"numloss.backends._aot_{level}",
                [str(source.relative_to(ROOT))],
                include_dirs=["kernels"],
                extra_compile_args=[*STRICT, *INLINE, *flags],
                extra_link_args=["-fopenmp"] if level != "base" else [],
                depends=["kernels/primitives.h", "kernels/driver.pxi", "kernels/generated/kernels.pxi"],
            )
        )
    plans = ["kernels/plans.pyx"]
    depends = ["kernels/primitives.h"]
    options: dict[str, Any] = {"include_dirs": ["kernels"], "depends": depends, "extra_compile_args": LEAN}
    modules.append(Extension("numloss.backends.host._plans", plans, **options))
    directives = {"language_level": 3, "cdivision": True, "boundscheck": False, "wraparound": False}
    return list(cythonize(modules, compiler_directives=directives, quiet=True))


class BuildKernels(build_ext):
    """Builds what it can, side by side on all cores, and reports."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count() or 1

    def run(self) -> None:
        built, why = [], ""
        try:
            super().run()
        except Exception as error:
            why = f"{type(error).__name__}: {error}".splitlines()[0]
        for extension in self.extensions:
            if "_aot_" in extension.name and Path(self.get_ext_fullpath(extension.name)).exists():
                built.append(extension.name.rsplit("_", 1)[1])
        self.report(built, why)

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except Exception as error:
            self.report([], f"{ext.name}: {type(error).__name__}: {error}")
            raise

    def report(self, built: list[str], why: str) -> None:
        """Write the report beside the package, and into the build if there is one."""
        from sources import fingerprint  # numloss/loops, where translate found its language

        report = {"built": built, "why": why, "sources": fingerprint()}
        text = f'"""Written by setup.py."""\n\nREPORT = {report!r}\n'
        for folder in {REPORT.parent, Path(self.build_lib) / "numloss"}:
            if folder.is_dir():
                (folder / "_build_report.py").write_text(text)
        print(f"numloss kernels: built {built or 'none'} {why}", file=sys.stderr)


if __name__ == "__main__":
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildKernels})
