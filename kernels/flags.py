"""How C of a unit is compiled, by the build and by `numloss build`: the same bits everywhere."""

import platform
import sys

ON_X86 = platform.machine() in ("x86_64", "AMD64") and sys.platform.startswith("linux")
# Without symbols for debuggers: they take a quarter of the time, and five sixths of the file.
LEAN = ["-g0"]
# A field of a header is written where the mode asks for it and read only there, which the compiler cannot follow.
QUIET = ["-Wno-maybe-uninitialized", "-Wno-psabi"] if ON_X86 else []
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
# What Cython writes C by. Without the text of each line as a comment, which every level would read again.
DIRECTIVES = {"language_level": 3, "cdivision": True, "boundscheck": False, "wraparound": False}
DIRECTIVES["emit_code_comments"] = False


def flags_of(level: str, laws: bool) -> list[str]:
    """Those of a unit of laws, or of the loops, for a level; "base" is the compiler's own."""
    flags = [] if level == "base" else [f"-march=x86-64-{level}", *GCC_ONLY]
    if level == "v4":
        flags.append("-mprefer-vector-width=512")
    if flags and laws:
        flags += LAWS_ONLY
    return [EFFORT.get(level, "-O3"), *STRICT, *INLINE, *flags]
