"""Another CPU: the Cython kernels compiled for aarch64, and an interpreter of it that runs them in an emulator.

All of it lies in a folder of the checkout and needs no privileges: packages of Debian or Ubuntu for aarch64 are fetched
and unpacked, not installed; the compiler is zig's, which comes as a wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "aarch64"
INTERPRETER = ("python3-minimal", "libpython3-stdlib", "libpython3-dev", "libstdc++6")
EMULATOR = ("qemu-user-static",)
EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")
# The oldest C library that the kernels may meet there.
TARGET = "aarch64-linux-gnu.2.28"
WHEELS = [f"--platform=manylinux{tag}_aarch64" for tag in ("2014", "_2_27", "_2_28")]


class Unavailable(Exception):
    """What is needed cannot be had here; the message says what."""


def run(command: Sequence[str | Path], what: str, **environment: str) -> str:
    """What a command prints; `what` it does is told if it fails."""
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **environment}, capture_output=True, text=True, timeout=900
    )
    if done.returncode:
        raise Unavailable(f"{what}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def unpacked(architecture: str, names: Sequence[str]) -> Path:
    """The folder with packages of an architecture and all that they depend on."""
    folder = FOLDER / architecture
    if not (folder / "complete").exists():
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise Unavailable(f"{tool} is not here, which fetches {names[0]} for {architecture}")
        shutil.rmtree(folder, ignore_errors=True)
        for part in ("state/lists/partial", "cache/archives/partial", "root"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()  # as if nothing were installed: all that is needed is fetched
        places = {"Dir::State": "state", "Dir::State::status": "status", "Dir::Cache": "cache"}
        own = [f"-o={name}={folder / part}" for name, part in places.items()]
        own += [f"-o=APT::Architecture={architecture}", f"-o=APT::Architectures::={architecture}"]
        apt = ["apt-get", "-qq", *own, "-o=Debug::NoLocking=1", "-o=APT::Sandbox::User=", "-o=Acquire::Languages=none"]
        run([*apt, "update"], "fetching the list of packages")
        wanted = ["--download-only", "--no-install-recommends", "--yes", "install", *names]
        run([*apt, *wanted], f"fetching {names[0]} for {architecture}")
        for package in sorted((folder / "cache" / "archives").glob("*.deb")):
            run(["dpkg-deb", "--extract", package, folder / "root"], f"unpacking {package.name}")
        if not (folder / "root" / "lib").exists():
            (folder / "root" / "lib").symlink_to("usr/lib")
        (folder / "complete").touch()
    return folder / "root"


def emulator() -> str:
    """The program that runs those of aarch64: one that is installed, or one that is fetched."""
    installed = next((found for name in EMULATORS if (found := shutil.which(name))), None)
    if installed:
        return installed
    own = run(["dpkg", "--print-architecture"], "asking for the architecture").strip()
    places = [unpacked(own, EMULATOR) / "usr" / "bin" / name for name in EMULATORS]
    return str(next(place for place in places if place.exists()))


def fetched(name: str, *arguments: str) -> Path:
    """A folder with packages of Python."""
    folder = FOLDER / name
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder]
        run([*pip, *arguments], f"fetching {name}")
        (folder / "complete").touch()
    return folder


def compiled(headers: Path, version: str) -> Path:
    """A copy of the package with kernels for aarch64, compiled from the C that the build of this checkout has left."""
    sys.path.insert(0, str(ROOT / "kernels"))
    from flags import flags_of

    tree, generated = FOLDER / "tree", ROOT / "kernels" / "generated"
    units = [path for path in sorted(generated.glob("_aot_*.c")) if path.with_suffix(".pyx").exists()]
    if not units:
        raise Unavailable("the Cython kernels of this checkout are not built")
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(ROOT / "numloss", tree / "numloss", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    ending = f"cpython-{version.replace('.', '')}-aarch64-linux-gnu.so"
    backends = tree / "numloss" / "backends"
    places = {unit: backends / f"{unit.stem.replace('_aot_', '_aot_base_')}.{ending}" for unit in units}
    places |= {ROOT / "kernels" / f"{name}.c": backends / "host" / f"_{name}.{ending}" for name in ("team", "plans")}
    zig = fetched("zig", "ziglang")
    own = FOLDER / "include"  # those of Python alone: the compiler has its own of the C library
    for name in (f"python{version}", f"aarch64-linux-gnu/python{version}"):
        shutil.copytree(headers / name, own / name, dirs_exist_ok=True)
    include = [f"-I{folder}" for folder in (own / f"python{version}", own, ROOT / "kernels", generated)]

    def compile_one(source: Path) -> None:
        # the level is part of a module's name, and so of the function that Python looks for in it
        renamed = f"-DPyInit_{source.stem}=PyInit_{places[source].name.partition('.')[0]}"
        flags = [*flags_of("base", source.stem != "_aot_loops"), "-DNDEBUG", "-shared", "-fPIC", "-w"]
        command = [sys.executable, "-m", "ziglang", "cc", "-target", TARGET, *flags, *include, renamed]
        environment = {"PYTHONPATH": str(zig), "ZIG_GLOBAL_CACHE_DIR": str(FOLDER / "zig-cache")}
        run([*command, "-o", places[source], source], f"compiling {source.name} for aarch64", **environment)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, sorted(places, key=lambda source: -source.stat().st_size)))
    from numloss.loops.fingerprint import fingerprint

    report = {"built": ["base"], "why": "", "sources": fingerprint()}
    (tree / "numloss" / "_build_report.py").write_text(f"REPORT = {report!r}\n")
    return tree


def interpreter() -> tuple[list[str], dict[str, str]]:
    """The command that runs Python of aarch64, and the environment in which it finds numloss with its kernels."""
    root = unpacked("arm64", INTERPRETER)
    program = next(path for path in sorted((root / "usr" / "bin").glob("python3.*")) if path.name.count(".") == 1)
    version = program.name.removeprefix("python")
    known = (f"--python-version={version}", "--implementation=cp", "--only-binary=:all:", "--no-deps")
    site = fetched(f"numpy-{version}", *WHEELS, *known, "numpy")
    paths = [compiled(root / "usr" / "include", version), site, ROOT / "tests"]
    return [emulator(), "-L", str(root), str(program)], {"PYTHONPATH": os.pathsep.join(map(str, paths))}
