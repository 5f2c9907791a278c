"""Compiled kernels of layers and optimisers: equal to NumPy up to rounding, and the same bits for any threads."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

import numpy as np
import pytest
from compare import assert_close, assert_same_bits, canonical_bytes
from process import python

import numloss as nl
from numloss.backends import threads
from numloss.backends.cython_aot import runnable_levels
from numloss.backends.numba_cpu import layer_kernels
from numloss.backends.numba_cpu.layer_kernels import PLANS
from numloss.cli import warmup
from numloss.nn import cnn, in_numpy
from numloss.nn.kernels import kernels
from numloss.train import OPTIMISERS

DTYPES = [np.dtype(np.float32), np.dtype(np.float64)]
# Shapes of rows and features around the 512 entries that a tile holds, and around a block of 16384.
ROWS = [(1, 1), (5, 3), (37, 10), (1030, 16), (41, 511), (40, 512), (33, 513), (3, 20000), (20000, 1)]
POOLS = [(7, 6, 3, 2, 2, 3, 3), (8, 8, 16, 2, 2, 4, 4), (7, 9, 5, 3, 2, 3, 4), (5, 5, 1, 2, 3, 2, 2)]
CONVOLUTIONS = [
    (7, 6, 3, 3, 1, 7, 6, 1), (7, 6, 1, 3, 1, 7, 6, 1), (9, 8, 1, 3, 2, 5, 4, 1), (5, 5, 1, 2, 2, 5, 5, 3),
    (6, 5, 2, 1, 3, 2, 2, 0), (4, 4, 1, 1, 3, 3, 3, 2), (5, 6, 4, 5, 2, 3, 3, 2), (3, 3, 1, 5, 1, 5, 5, 3),
    (2, 1, 2, 1, 4, 2, 2, 3), (4, 3, 2, 1, 2, 5, 5, 3), (4, 3, 1, 1, 2, 5, 5, 3),
]  # fmt: skip
IMAGES = 3
NUMBERS = {
    "layer_norm": (1e-5,), "normalise_slope": (0.01,), "sgd": (0.1, 0.9, 1.0, 0.2),
    "adam": (0.1, 0.9, 0.999, 0.5, 1e-8, 0.2, 0.9), "rmsprop": (0.1, 0.99, 1e-8, 0.5, 0.2),
    "statistics": (1e-5, 0.1, 1.5),
}  # fmt: skip
PRODUCTS = ("product", "product_slope", "product_weight_slope")
# Of the arrays of a kernel: R has the shape of the rows, F one entry a feature, N one a row.
SHAPES = {
    "copy": "RR", "add": "RRR", "multiply": "RRR", "affine": "RRFF", "scale_rows": "RF",
    "column_sums": "RF", "relu": "R", "relu_slope": "RR", "sigmoid": "R", "sigmoid_slope": "RR",
    "tanh": "R", "tanh_slope": "RR", "softmax": "R", "softmax_slope": "RR",
    "log_softmax": "R", "log_softmax_slope": "RR", "gelu": "RR", "gelu_slope": "RR",
    "moments": "RFF", "statistics": "FFFFF", "normalise": "RFFFFR", "normalise_sums": "RRFFFF",
    "normalise_slope": "RRFFFFF",
    "layer_norm": "RFFRNR", "layer_norm_slope": "RFRN", "product_sums": "RRFF", "square_sum": "R", "sgd": "RRR",
    "adam": "RRRR", "rmsprop": "RRRR",
}  # fmt: skip


def numbers(shape: tuple[int, ...], dtype: np.dtype[Any], seed: int) -> Any:
    """Numbers between 1/4 and 2, with signs where the seed is even: averages of squares are never negative."""
    random = np.random.default_rng(seed)
    values = random.uniform(0.25, 2.0, shape)
    return (values * random.choice([-1, 1], shape) if seed % 2 == 0 else values).astype(dtype)


def arrays_of(name: str, shape: tuple[int, int], dtype: np.dtype[Any]) -> list[Any]:
    kinds = {"R": shape, "F": shape[1:], "N": shape[:1]}
    return [numbers(kinds[kind], dtype, 2 * k if k < 2 else 2 * k + 1) for k, kind in enumerate(SHAPES[name])]


def both(name: str, integers: tuple[int, ...], arrays: list[Any], rest: tuple[float, ...] = ()) -> list[Any]:
    """The arrays and the answer of a kernel, as Numba and as NumPy leave them, and the sizes of what was added up."""
    answers = []
    for make in (kernels(arrays[0].dtype), lambda name, *i: lambda *v: getattr(in_numpy, name)(*i, *v)):
        copies = [array.copy() for array in arrays]
        total = make(name, *integers)(*copies, *rest)
        answers.append([*copies, *([np.asarray(total)] if name == "square_sum" else [])])
    return answers


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", SHAPES)
def test_kernels_of_rows_equal_numpy(name: str, dtype: np.dtype[Any]) -> None:
    for shape in ROWS:
        found, expected = both(name, (), arrays_of(name, shape, dtype), NUMBERS.get(name, ()))
        for a, b in zip(found, expected, strict=True):
            # a sum of n numbers up to 4 rounds by as much as the square root of n; NumPy adds up less exactly
            scale = 8.0 * np.sqrt(max(shape)) if name.endswith(("sums", "sum")) else 8.0
            assert_close(a, b, ulp=8 * np.sqrt(max(shape)), scale=scale)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("geometry", CONVOLUTIONS, ids=str)
def test_convolutions_equal_numpy(geometry: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    height, width, channels, size, _, down, across, _ = geometry
    entries, outputs, most = size * size * channels, 3, 2
    x, slope = (numbers((11, *shape), dtype, 0) for shape in ((height, width, channels), (down, across, outputs)))
    matrix, bias = numbers((outputs, entries), dtype, 2), numbers((outputs,), dtype, 4)
    # memory for groups of two images each, as eleven make six; what lies behind it is nobody's
    laid = np.full(7 * most * down * across * entries, 7, dtype)
    room = np.full((7, outputs, entries), np.nan, dtype)
    weight = np.empty((outputs, channels, size, size), dtype)
    for biased in (1.0, 0.0):
        arrays = [x, matrix, bias, np.empty_like(slope), laid]
        found, expected = both("convolve", (*geometry, entries, outputs), arrays, (int(most), biased))
        assert_close(found[3], expected[3], ulp=64, scale=8.0 * np.sqrt(entries))
        assert (found[4].reshape(7, -1)[6] == 7).all()
    for wanted in (1.0, 0.0):
        arrays = [x, slope, matrix, np.full_like(x, 9), laid, room, room, weight]
        found, expected = both("convolve_slope", (*geometry, entries, outputs), arrays, (int(most), wanted))
        for k in (3, 7):
            assert_close(found[k], expected[k], ulp=256, scale=8.0 * np.sqrt(11 * down * across))
        assert wanted or (found[3] == 9).all()
        assert (found[4].reshape(7, -1)[6] == 7).all()
    found, expected = both("filters", geometry, [np.empty_like(matrix), weight])
    assert_same_bits(found[0], expected[0])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_rearranged_images_equal_numpy(dtype: np.dtype[Any]) -> None:
    x, flat, means = (numbers((IMAGES, *shape), dtype, 0) for shape in ((4, 5, 3), (60,), (3,)))
    for name, arrays in (
        ("channels_first", [x, flat]), ("channels_last", [flat, x]), ("channel_means", [x, means]),
        ("channel_means_slope", [means, x]),
    ):  # fmt: skip
        found, expected = both(name, (4, 5, 3, 1, 1, 4, 5), arrays)
        for a, b in zip(found, expected, strict=True):
            assert_same_bits(a, b)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("geometry", POOLS, ids=str)
def test_pools_equal_numpy(geometry: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    height, width, channels, size, _, down, across = geometry
    x, y = (numbers((IMAGES, *shape, channels), dtype, 0) for shape in ((height, width), (down, across)))
    x[0, 1, 1] = x[0, 0, 0]
    x[1, :3, :3] = np.nan
    where = np.random.default_rng(3).integers(0, size * size, y.shape).astype(dtype)
    found, expected = both("max_pool", geometry, [x, y, where])
    for a, b in zip(found, expected, strict=True):
        assert_same_bits(a, b)
    for name, arrays in (
        ("max_pool_slope", [y, where, x]), ("avg_pool", [np.nan_to_num(x), y]), ("avg_pool_slope", [y, x]),
    ):  # fmt: skip
        found, expected = both(name, geometry, arrays)
        for a, b in zip(found, expected, strict=True):
            assert_close(a, b, ulp=8, scale=8.0)


def matrices_of(name: str, sizes: tuple[int, int, int], dtype: np.dtype[Any]) -> list[Any]:
    """What goes into a product, and memory filled with NaN for what comes out."""
    rows, inputs, outputs = sizes
    x, w, y, bias = ((rows, inputs), (inputs, outputs), (rows, outputs), (outputs,))
    given = {"product": (x, w, bias), "product_slope": (y, w), "product_weight_slope": (x, y)}[name]
    found = {"product": (y,), "product_slope": (x,), "product_weight_slope": (w, bias)}[name]
    known = [numbers(shape, dtype, 2 * k) for k, shape in enumerate(given)]
    return known + [np.full(shape, np.nan, dtype) for shape in found]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", PRODUCTS)
def test_products_equal_numpy_and_do_not_depend_on_threads(
    name: str, dtype: np.dtype[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from threadpoolctl import threadpool_limits

    monkeypatch.setattr(layer_kernels, "MULTIPLICATIONS", 1000)
    monkeypatch.setattr(threads, "PARALLEL_PAYS_AT", 0.0)
    with threadpool_limits(limits=1, user_api="blas"):
        for sizes in [(1, 1, 1), (7, 3, 5), (64, 100, 37), (33, 16, 600), (3, 1000, 1)]:
            arrays = matrices_of(name, sizes, dtype)
            found, expected = both(name, sizes[1:], arrays)
            for a, b in zip(found, expected, strict=True):
                assert_close(a, b, ulp=8 * np.sqrt(max(sizes)), scale=8.0 * np.sqrt(max(sizes)))
            for count in (1, 2, 3):
                again = [array.copy() for array in arrays]
                with nl.num_threads(count):
                    kernels(dtype)(name, *sizes[1:])(*again)
                for a, b in zip(again, found, strict=True):
                    assert_same_bits(a, b)


def test_without_rows_a_product_has_no_slope() -> None:
    w_slope, bias_slope, x, slope = (np.ones(shape, np.float32) for shape in ((3, 2), 2, (0, 3), (0, 2)))
    kernels(DTYPES[0])("product_weight_slope", 3, 2)(x, slope, w_slope, bias_slope)
    assert not w_slope.any() and not bias_slope.any()


@pytest.mark.parametrize("count", [1, 2])
def test_products_share_no_work_with_a_blas_that_does(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_limits

    kernel: Any = kernels(DTYPES[0])("product_slope", 784, 128)
    slope, w, x_slope = matrices_of("product_slope", (64, 784, 128), DTYPES[0])
    shared = []
    monkeypatch.setattr(kernel.backend, "run_at", lambda *run: shared.append(run) or (0.0,))
    with nl.num_threads(2), threadpool_limits(limits=count, user_api="blas"):
        kernel(slope, w, x_slope)
    assert [threads for *_, threads in shared] == [2 if count == 1 else 1]


def test_where_numpy_hides_its_blas_it_multiplies_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_kernels, "gemm", lambda dtype: 0)
    kernel: Any = kernels(DTYPES[0])("product", 3, 2)
    assert kernel.func is in_numpy.product
    assert isinstance(kernels(DTYPES[0])("relu"), layer_kernels.LayerKernel)


def test_rows_of_a_table_are_added_in_order() -> None:
    labels = np.random.default_rng(0).integers(0, 7, (50, 2))
    slope = numbers((50, 2, 3), DTYPES[0], 0)
    tables = [np.zeros((7, 3), np.float32) for _ in range(2)]
    kernels(DTYPES[0])("scatter_rows")(slope, labels, tables[0])
    in_numpy.scatter_rows(slope, labels, tables[1])
    assert_same_bits(*tables)


def test_rows_of_a_table_are_taken() -> None:
    table, places = numbers((50, 700), DTYPES[0], 0), np.random.default_rng(0).integers(0, 50, 64)
    with nl.num_threads(2):
        (batch, *_), (expected, *_) = both("take_rows", (), [np.empty((64, 700), np.float32), places, table])
    assert_same_bits(batch, expected)
    assert_same_bits(batch, table[places])
    labels, taken = np.random.default_rng(1).integers(-(2**62), 2**62, 50), np.empty((64, 1), np.int64)
    for take in (kernels(DTYPES[0])("take_labels"), in_numpy.take_labels):
        take(taken, places, labels[:, None])
        assert (taken[:, 0] == labels[places]).all()


def test_every_kernel_can_be_compiled_ahead() -> None:
    work = dict(warmup.kernels([], ("float32",), True))
    assert all(f"{name} float32" in work for name in PLANS)
    for name in ("column_sums", "max_pool", "product"):  # of each kind of integers one
        work[f"{name} float32"]()


def test_every_kernel_is_held_to_numpy() -> None:
    images = {"filters", "convolve", "convolve_slope", "scatter_rows", "take_rows", "take_labels"}
    pools = {"max_pool", "max_pool_slope", "avg_pool", "avg_pool_slope"}
    moved = {"channels_first", "channels_last", "channel_means", "channel_means_slope"}
    assert set(PLANS) == set(SHAPES) | images | pools | moved | set(PRODUCTS)
    assert all(hasattr(in_numpy, name) for name in PLANS)


def trained(count: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Weights and statistics of a network that trained with so many threads, all work shared where it can be."""
    monkeypatch.setattr(threads, "PARALLEL_PAYS_AT", 0.0)
    with nl.num_threads(count):
        network = cnn((1, 12, 12), (16, 8), 10, rows=40, dropout=0.25, seed=2)
        optimiser = OPTIMISERS["adam"](network.parameters.values.size)
        x, labels = numbers((40, 1, 12, 12), DTYPES[0], 0), np.arange(40) % 10
        for step in range(4):
            _, slope = nl.value_and_grad(nl.cross_entropy)(network.forward(x, step), labels)
            network.backward(slope)
            optimiser.step(network.parameters.values, network.parameters.gradients, 0.01)
    return network.parameters.values, np.concatenate(list(network.state.values()))


def hashes() -> dict[str, str]:
    """A hash of what each kernel leaves, for both dtypes."""
    found = {}
    for dtype in DTYPES:
        for name in SHAPES:
            copies = [array.copy() for shape in ROWS for array in arrays_of(name, shape, dtype)]
            each = len(SHAPES[name])
            totals = [
                kernels(dtype)(name)(*copies[at : at + each], *NUMBERS.get(name, ()))
                for at in range(0, len(copies), each)
            ]
            left = b"".join(canonical_bytes(array) for array in copies) + repr(totals).encode() * (name == "square_sum")
            found[f"{name} {dtype}"] = hashlib.sha256(left).hexdigest()
    return found


@pytest.mark.more
@pytest.mark.parametrize("cpu", ["x86-64-v2", "x86-64-v3", "x86-64-v4"])
def test_kernels_have_the_same_bits_at_any_level(cpu: str) -> None:
    if cpu.removeprefix("x86-64-") not in runnable_levels():
        pytest.skip(f"this CPU does not run {cpu}")
    code = """
        import json, numba, test_nn_kernels
        print(json.dumps([numba.config.CPU_NAME, test_nn_kernels.hashes()]))
    """
    ran, found = json.loads(python(code, timeout=900.0, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="").stdout)
    assert ran == cpu
    assert found == hashes()


def test_weights_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        first = trained(1, monkeypatch)
        for count in (2, 3):
            for a, b in zip(first, trained(count, monkeypatch), strict=True):
                assert_same_bits(a, b)


def test_a_network_without_numba_computes_in_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise nl.BackendUnavailable(f"no {name}")

    x = numbers((9, 1, 12, 12), DTYPES[0], 0)
    compiled = cnn((1, 12, 12), (4,), 10, rows=9, seed=1)
    monkeypatch.setattr("numloss.nn.kernels.load", absent)
    plain = cnn((1, 12, 12), (4,), 10, rows=9, seed=1)
    assert type(compiled.layers[2]._forward) is not type(plain.layers[2]._forward)
    for step in (0, None):
        assert_close(plain.forward(x, step), compiled.forward(x, step).copy(), ulp=16, scale=8.0)


def test_shared_work_waits_for_nobody_who_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SHARING_PAYS_AT", 0.0)
    done: list[tuple[int, int]] = []
    held = threading.Event()
    with nl.num_threads(2):
        threads.share_out(lambda part, worker: None, 2, 1.0)
        busy = threads._workers(1).submit(held.wait)
        threads.share_out(lambda part, worker: done.append((part, worker)), 5, 1.0)
    assert done == [(part, 0) for part in range(5)] and not busy.done()
    held.set()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shared_work_is_done_once_and_its_errors_arrive(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SHARING_PAYS_AT", 0.0)
    done: list[tuple[int, int]] = []
    with nl.num_threads(count):
        threads.share_out(lambda part, worker: done.append((part, worker)), 7, 1.0)
        with threads.team():  # somebody else is using the threads
            threads.share_out(lambda part, worker: done.append((part + 7, worker)), 7, 1.0)
        for bad in (0, 6):
            with pytest.raises(ZeroDivisionError):
                threads.share_out(lambda part, worker, bad=bad: 1 // (part - bad), 7, 1.0)
    assert sorted(part for part, _ in done) == list(range(14))
    assert {worker for part, worker in done if part < 7} <= set(range(count))
    assert {worker for part, worker in done if part >= 7} == {0}
    with threads.team() as alone:
        assert alone


def test_overflow_in_shared_work_is_as_quiet_as_the_caller_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SHARING_PAYS_AT", 0.0)
    large, found = np.full(4, 3e38, np.float32), np.empty((8, 4), np.float32)
    with nl.num_threads(2), np.errstate(over="ignore"):
        threads.share_out(lambda part, worker: np.add(large, large, out=found[part]), 8, 1.0)
    assert np.isinf(found).all()
