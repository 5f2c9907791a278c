"""Checks every CUDA kernel against the host at real sizes on this machine's GPU, then times it against a copy.

Run it in a source checkout with an NVIDIA GPU and `pip install -e '.[cuda13]'` (or cuda12):

    python benchmarks/gpu.py [--elements 16777216] [--repeat 20] [--json gpu.json]

For every elementwise loss, and for cross-entropy, nll and kl_div over several shapes, in float32 and float64:

1. the value must be within 4 ulp of the host's and the gradient within 4 ulp of its largest entry, and a second run
   must give the same bits; the table says in how many entries the gradient has the bits of the host;
2. the median time of the value and of value and gradient, as GB/s of the unavoidable traffic (each input read once,
   each gradient written once), and as a fraction of the speed of a copy of the same size on the same device.

The losses that multiply matrices, `linear_cross_entropy` and `info_nce`, must be within 64 roundings of the largest
entry, with the same bits again; the table has the operations of their three products a second, and those of such a
product by the arrays' library, which for PyTorch are those of float32 and not of TF32.

Nothing is asserted about speed. The exit status is 1 if any result is wrong. Arrays are PyTorch's or CuPy's if one of
them is installed with CUDA, whose allocators are fast, and else Numba's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import cuda

import numloss as nl
from numloss.backends.numba_cuda.checks import deferred_checks

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import cases

ROW_SHAPES = ((1 << 20, 10), (1 << 14, 1000), (1 << 9, 32768))
# Rows, features, and classes or rows again.
PRODUCTS = (("linear_cross_entropy", (2048, 1024, 32000)), ("info_nce", (8192, 512, 8192)))
COLUMNS = "{:<24} {:<9} {:<16} {:>7} {:>9} {:>9} {:>8} {:>9} {:>8}"


class Device:
    """Moves arrays, copies them, and knows the library that they belong to."""

    def __init__(self) -> None:
        self.library, self.module = "numba", cuda
        for name in ("torch", "cupy"):
            try:
                module = __import__(name)
                usable = module.cuda.is_available()
            except ImportError:
                continue
            if usable:
                self.library, self.module = name, module
                break

    def to_device(self, array: np.ndarray[Any, Any]) -> Any:
        """A copy of a host array."""
        if self.library == "torch":
            return self.module.from_numpy(array).cuda()
        return self.module.asarray(array) if self.library == "cupy" else cuda.to_device(array)

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy of a device array."""
        if self.library == "torch":
            return np.asarray(array.cpu().numpy())
        return np.asarray(self.module.asnumpy(array) if self.library == "cupy" else array.copy_to_host())

    def copy(self, source: Any, destination: Any) -> None:
        """Copy on the device."""
        if self.library == "torch":
            destination.copy_(source)
        elif self.library == "cupy":
            self.module.copyto(destination, source)
        else:
            destination.copy_to_device(source)


def milliseconds(work: Callable[[], Any], repeat: int) -> float:
    """Median time of some work on the default stream."""
    times = []
    for _ in range(3):
        work()
    for _ in range(repeat):
        start, stop = cuda.event(), cuda.event()
        start.record()
        work()
        stop.record()
        stop.synchronize()
        times.append(start.elapsed_time(stop))
    return statistics.median(times)


def copy_speed(device: Device, size: int, repeat: int) -> float:
    """GB/s, read and written together, of a copy of so many bytes."""
    source, destination = (device.to_device(np.zeros(max(size // 4, 1), np.float32)) for _ in range(2))
    return 2.0 * size / milliseconds(lambda: device.copy(source, destination), repeat) * 1e-6


def units(actual: Any, expected: Any) -> float:
    """Largest difference, in roundings of the largest entry."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if not np.array_equal(np.isfinite(actual), np.isfinite(expected)):
        return float("inf")
    finite = np.isfinite(expected)
    difference = np.abs(actual[finite].astype(np.float64) - expected[finite])
    largest = np.abs(expected[finite]).max(initial=0.0)
    return float(difference.max(initial=0.0) / (np.finfo(expected.dtype).eps * max(largest, 1e-300)))


def problems(elements: int) -> list[tuple[str, tuple[int, ...], int]]:
    """Case, shape of the unreduced loss, and number of classes (0: none)."""
    found = []
    for case in cases.CASES:
        family = cases.record(case).family
        if family == "elementwise":
            found.append((case, (elements,), 0))
        elif family == "rowwise" and ":" not in case:
            found += [(case, (rows,), classes) for rows, classes in ROW_SHAPES]
    return found


def arguments(case: str, shape: tuple[int, ...], classes: int, dtype: str) -> tuple[np.ndarray[Any, Any], ...]:
    """Random inputs on the host."""
    if not classes:
        return cases.arrays(case, shape, dtype, ends=False)
    random = np.random.default_rng(0)
    scores = random.normal(0.0, 3.0, (*shape, classes)).astype(dtype)
    if case == "kl_div":
        logs = [x - np.log(np.exp(x).sum(axis=1, keepdims=True)) for x in (scores, scores[::-1])]
        return logs[0], np.exp(logs[1])
    return scores, random.integers(0, classes, shape)


def measure(device: Device, case: str, shape: tuple[int, ...], classes: int, dtype: str, repeat: int) -> dict[str, Any]:
    """One row of the table."""
    function = cases.record(case).function
    both, options = nl.value_and_grad(function), cases.required(case)
    host = arguments(case, shape, classes, dtype)
    expected, expected_slope = both(*host, **options)
    moved = [device.to_device(a) for a in host]
    value, slope = both(*moved, **options)
    again, slope_again = both(*moved, **options)
    slopes, slopes_again, hosts = (s if isinstance(s, tuple) else (s,) for s in (slope, slope_again, expected_slope))
    value_units = units(np.float64(device.to_host(value)).astype(dtype), np.float64(expected).astype(dtype))
    slope_units = max(units(device.to_host(a), b) for a, b in zip(slopes, hosts, strict=True))
    same_bits = np.mean([np.mean(device.to_host(a) == b) for a, b in zip(slopes, hosts, strict=True)])
    repeated = device.to_host(value) == device.to_host(again) and all(
        device.to_host(a).tobytes() == device.to_host(b).tobytes() for a, b in zip(slopes, slopes_again, strict=True)
    )
    read, written = sum(a.nbytes for a in host), sum(b.nbytes for b in hosts)
    # reading the note of bad values after each call would time the transfer of eight bytes
    with deferred_checks():
        forward = milliseconds(lambda: function(*moved, **options), repeat)
    with deferred_checks():
        backward = milliseconds(lambda: both(*moved, out=slope, **options), repeat)
    copied = copy_speed(device, (read + written) // 2, repeat)
    name = f"{shape[0]} x {classes}" if classes else str(shape[0])
    return {
        "case": case,
        "dtype": dtype,
        "shape": name,
        "right": bool(value_units <= 4 and slope_units <= 4 and repeated),
        "value_ulp": value_units,
        "gradient_ulp": slope_units,
        "same_bits": float(same_bits),
        "value_gb_s": read / forward * 1e-6,
        "both_gb_s": (read + written) / backward * 1e-6,
        "copy_gb_s": copied,
    }


def library_speed(device: Device, arrays: list[Any], repeat: int) -> float:
    """TFLOP/s of ``a @ b.T`` by the arrays' library; 0 if it has no product."""
    a, b = arrays[:2]
    if device.library == "numba":
        return 0.0
    work = 2.0 * a.shape[0] * a.shape[1] * b.shape[0]
    return work / milliseconds(lambda: a @ b.T, repeat) * 1e-9


def measure_products(device: Device, case: str, shape: tuple[int, int, int], dtype: str, repeat: int) -> dict[str, Any]:
    """One row of the table of losses that multiply matrices."""
    both, random = nl.value_and_grad(cases.record(case).function), np.random.default_rng(0)
    rows, features, columns = shape
    host = [random.normal(0.0, features**-0.25, (count, features)).astype(dtype) for count in (rows, columns)]
    if case == "linear_cross_entropy":
        host.append(random.integers(0, columns, rows))
    moved = [device.to_device(a) for a in host]
    expected, found, again = flat(both(*host)), *(list(map(device.to_host, flat(both(*moved)))) for _ in range(2))
    worst = max(units(np.asarray(a, dtype), np.asarray(b, dtype)) for a, b in zip(found, expected, strict=True))
    repeated = all(a.tobytes() == b.tobytes() for a, b in zip(found, again, strict=True))
    with deferred_checks():
        time = milliseconds(lambda: both(*moved), repeat)
    return {
        "case": case,
        "dtype": dtype,
        "shape": " x ".join(map(str, shape)),
        "right": bool(worst <= 64 and repeated),
        "ulp": worst,
        "milliseconds": time,
        "tflop_s": 6.0 * rows * features * columns / time * 1e-9,
        "library_tflop_s": library_speed(device, moved, repeat),
    }


def flat(result: tuple[Any, tuple[Any, ...]]) -> list[Any]:
    """A value and its gradients."""
    return [result[0], *result[1]]


def all_products(device: Device, repeat: int) -> list[dict[str, Any]]:
    """The table of losses that multiply matrices."""
    columns = "{:<24} {:<9} {:<20} {:>7} {:>9} {:>9} {:>9} {:>9}"
    print(columns.format("loss", "dtype", "shape", "right", "ulp", "ms", "TFLOP/s", "library"))
    results = []
    for case, shape in PRODUCTS:
        for dtype in cases.DTYPES:
            row = measure_products(device, case, shape, dtype, repeat)
            results.append(row)
            numbers = (f"{row[name]:.2f}" for name in ("ulp", "milliseconds", "tflop_s", "library_tflop_s"))
            print(columns.format(case, dtype, row["shape"], "yes" if row["right"] else "NO", *numbers))
    return results


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elements", type=int, default=1 << 24, help="elements of an elementwise loss")
    parser.add_argument("--repeat", type=int, default=20, help="timed calls, of which the median counts")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    given = parser.parse_args()
    state = nl.available_backends()["cuda"]
    if state != "available":
        print(state, file=sys.stderr)
        return 2
    device, results = Device(), []
    print(f"{cuda.get_current_device().name!r}, arrays of {device.library}")
    print(COLUMNS.format("loss", "dtype", "shape", "right", "ulp", "same bits", "value", "both", "of copy"))
    for case, shape, classes in problems(given.elements):
        for dtype in cases.DTYPES:
            row = measure(device, case, shape, classes, dtype, given.repeat)
            results.append(row)
            speeds = (
                f"{row['value_gb_s']:.0f}",
                f"{row['both_gb_s']:.0f}",
                f"{row['both_gb_s'] / row['copy_gb_s']:.2f}",
            )
            ulp = f"{max(row['value_ulp'], row['gradient_ulp']):.2f}"
            right = "yes" if row["right"] else "NO"
            print(COLUMNS.format(case, dtype, row["shape"], right, ulp, f"{row['same_bits']:.4f}", *speeds))
    results += all_products(device, given.repeat)
    if given.json:
        given.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0 if all(row["right"] for row in results) else 1


if __name__ == "__main__":
    sys.exit(main())
