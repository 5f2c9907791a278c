"""The machine code of the CUDA kernels: wide loads, nothing in local memory, no approximate arithmetic."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cases
import pytest
import toolchain

import numloss as nl
from numloss.calls.embedding import takes_units
from numloss.loops.codes import B2, F2, LABELS, RATIO

REASON = toolchain.missing()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)

CAPABILITIES = [(8, 0), (9, 0)]
ELEMENTWISE = [name for name in cases.NAMES if cases.LOSSES[name].family == "elementwise"]


def elementwise_kernel(name: str, dtype: str, mode: int, width: int) -> Any:
    """The kernel of a loss whose options per element are numbers, for so many neighbours at a time."""
    from numloss.backends.numba_cuda import elementwise, elementwise_kernels

    loss = cases.LOSSES[name]
    constants = [False] * len(loss.inputs) + [True] * len(loss.per_element) + [False] * loss.lookups
    shape = elementwise.shape_of(loss, mode, constants, width)
    return elementwise_kernels.elementwise_kernel(loss.whole_law, loss.constants, dtype, shape)


def assert_sound(code: toolchain.Assembled, threads: int = 256) -> None:
    """The kernel fits on a multiprocessor, and rounds every operation as the host does."""
    assert code.registers * threads <= 65536
    assert code.spilled == 0
    assert ".local" not in code.ptx
    assert code.count(r"call[.\w]*") == 0
    assert code.count(r"\w+\.approx[.\w]*") == 0
    assert code.count(r"\w+[.\w]*\.ftz[.\w]*") == 0


def assert_wide(code: toolchain.Assembled, name: str, dtype: str, mode: int) -> None:
    """Every array goes through 128-bit instructions; weights and unreduced values have theirs too."""
    loss = cases.LOSSES[name]
    vector = "v4" if dtype == "float32" else "v2"
    assert code.count(rf"ld\.global\.{vector}\.f\d+") >= len(loss.inputs) + loss.weighted
    assert code.count(rf"st\.global\.{vector}\.f\d+") >= 1 + mode * len(loss.differentiable)


@pytest.mark.parametrize("name", ["mse", "bce_with_logits"])
def test_a_kernel_of_a_loss(name: str) -> None:
    code = toolchain.assembled(elementwise_kernel(name, "float32", 1, 4), (9, 0))
    assert_sound(code)
    assert_wide(code, name, "float32", 1)
    # what the text fuses is fused, and nothing else
    assert (code.count(r"fma\.rn\.f32") > 0) == (name != "mse")


OTHERS = [pytest.param(name, marks=pytest.mark.more) for name in ELEMENTWISE if name != "mse"]


@pytest.mark.parametrize("name", ["mse", *OTHERS])
def test_a_kernel_of_sixteen_bits(name: str) -> None:
    loss = cases.LOSSES[name]
    for mode in (1, 2) if loss.curvature else (1,):
        code = toolchain.assembled(elementwise_kernel(name, "float32", mode, 8), (9, 0))
        assert_sound(code)
        # a heavy law, whose numbers leave no room for eight neighbours, takes them one by one
        eights = loss.columns == 1 and code.count(r"ld\.global\.v4\.u32") > 0
        if eights or name == "mse":
            assert code.count(r"ld\.global\.v4\.u32") >= len(loss.inputs) + loss.weighted
            assert code.count(r"st\.global\.v4\.u32") >= 1


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.more)])
def test_words_in_a_kernel_of_a_user(dtype: str) -> None:
    from numba import types

    import numloss as nl
    import numloss_in_numba

    numloss_in_numba.register()

    def kernel(x: Any, out: Any) -> None:
        out[0] = nl.scalar.fma(nl.scalar.sigmoid(x[0]), x[1], nl.scalar.log1p(x[2]))

    array = types.CPointer(getattr(types, dtype))
    code = toolchain.assembled(SimpleNamespace(text=kernel, signature=(array, array), bounds=(256, 1)), (9, 0))
    assert_sound(code)
    # what is of float32 stays so: no number of 64 bits, which are addresses alone
    assert (code.count(r"\w+(\.rn)?\.f64") > 0) == (dtype == "float64")
    assert code.count(rf"fma\.rn\.f{dtype[5:]}") > 0


def rowwise_kernel(dtype: str, **facts: Any) -> Any:
    """A kernel of cross-entropy."""
    from numloss.backends.numba_cuda import rowwise_kernels, rowwise_texts

    plan = {"scores": 0, "target": 0, "dense": False, "mode": 1, "team": 256} | facts
    return rowwise_kernels.rowwise_kernel(dtype, rowwise_texts.Plan(**plan))


def test_a_kernel_of_rows() -> None:
    assert_sound(toolchain.assembled(rowwise_kernel("float32"), (9, 0)))


@pytest.mark.parametrize("kind", [pytest.param(F2, marks=pytest.mark.more), B2])
def test_a_kernel_of_rows_of_sixteen_bits(kind: int) -> None:
    code = toolchain.assembled(rowwise_kernel("float32", stored=kind, wide=True), (9, 0))
    assert_sound(code)
    # the largest score, the sums and the gradient each take eight neighbours at a time, of either kind
    assert code.count(r"ld\.global\.v4\.u32") >= 3
    assert code.count(r"st\.global\.v4\.u32") >= 1
    # where they lie otherwise they are taken one by one, and not from a copy either
    code = toolchain.assembled(rowwise_kernel("float32", stored=kind), (9, 0))
    assert_sound(code)
    assert code.count(r"ld\.(?:global\.)?u16") >= 3
    assert code.count(r"st\.(?:global\.)?u16") >= 1


ROWS = [
    {"team": 1},
    {"team": 8, "mode": 0},
    {"team": 32, "mode": 2, "dense": True},
    {"target": 1, "dense": True, "classes": RATIO},
    {"target": 2, "dense": True, "scores": 1, "mode": 2},
    {"scores": 2, "mode": 2},
    {"teacher": True, "mode": 2, "team": 8},
    {"scores": 1, "mode": -1},
]


@pytest.mark.more
@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("facts", ROWS)
def test_every_kind_of_kernel_of_rows(facts: dict[str, Any], dtype: str, capability: tuple[int, int]) -> None:
    assert_sound(toolchain.assembled(rowwise_kernel(dtype, **facts), capability))


@pytest.mark.more
@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_rows_by_a_law(dtype: str, capability: tuple[int, int]) -> None:
    for name in cases.NAMES:
        loss = cases.LOSSES[name]
        if loss.family != "rowwise" or loss.law is None:
            continue
        law = {"law": loss.law, "params": len(loss.params), "constants": loss.constant_part}
        facts = {"target": loss.rows["target"], "dense": loss.rows["target"] != LABELS, "classes": loss.rows["classes"]}
        for mode, team in ((0, 8), (1, 32), (2, 1)):
            kernel = rowwise_kernel(dtype, **law, **facts, mode=mode, team=team)
            assert_sound(toolchain.assembled(kernel, capability))


@pytest.mark.more
@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_pairs_and_of_chosen_entries(dtype: str, capability: tuple[int, int]) -> None:
    from numloss.backends.numba_cuda.action_value_kernels import action_value_kernel
    from numloss.backends.numba_cuda.embedding_kernels import Kind, embedding_kernel

    for name in cases.NAMES:
        loss = cases.LOSSES[name]
        if loss.family == "embedding":
            known = loss.domains[loss.inputs[-1]].check(False) if len(loss.inputs) > len(loss.differentiable) else 0
            for team in (1, 32):
                kind = Kind(loss.sums, len(loss.differentiable), known, len(loss.params), 1, team, takes_units(loss))
                kernel = embedding_kernel(loss.law, dtype, kind)
                assert_sound(toolchain.assembled(kernel, capability))
        elif loss.family == "action_value":
            for mode in (0, 1, 2):
                kernel = action_value_kernel(loss.law, len(loss.params), dtype, mode)
                assert_sound(toolchain.assembled(kernel, capability))


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_named_classes(dtype: str) -> None:
    from numloss.backends.numba_cuda.topk_kernels import gather_kernel, mixed_kernel, scatter_kernel

    for kernel in (gather_kernel, scatter_kernel, mixed_kernel):
        assert_sound(toolchain.assembled(kernel(dtype), CAPABILITIES[-1]))


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_lists(dtype: str) -> None:
    from numloss.backends.numba_cuda.ranked_kernels import ranked_kernel
    from numloss.backends.numba_cuda.ranked_solvers import SOLVERS

    for loop in SOLVERS:
        assert_sound(toolchain.assembled(ranked_kernel(loop, dtype, False), CAPABILITIES[-1]))
    assert_sound(toolchain.assembled(ranked_kernel("listnet_block", dtype, True), CAPABILITIES[-1]))


@pytest.mark.more
@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("activation", [0, 1, 2])
def test_kernels_of_regions(activation: int, dtype: str, capability: tuple[int, int]) -> None:
    from numloss.backends.numba_cuda import regional_kernels

    for labelled in (False, True) if activation == 2 else (False,):
        for kernel in (regional_kernels.sums_kernel, regional_kernels.gradient_kernel):
            assert_sound(toolchain.assembled(kernel(activation, labelled, dtype), capability))
    assert_sound(toolchain.assembled(regional_kernels.totals_kernel(), capability), 32)
    assert_sound(toolchain.assembled(regional_kernels.values_kernel(dtype), capability))


@pytest.mark.more
@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_sequences(dtype: str, capability: tuple[int, int]) -> None:
    from numloss.backends.numba_cuda import sequence_kernels

    for kernel in (sequence_kernels.steps_kernel, sequence_kernels.walk_kernel):
        assert_sound(toolchain.assembled(kernel(dtype), capability))


@pytest.mark.more
@pytest.mark.parametrize("name", ["gae", "vtrace", "n_step"])
def test_kernels_of_scans(name: str) -> None:
    from numloss.backends.numba_cuda.scan_kernels import scan_kernel

    loss = getattr(nl.returns, name).__loss__
    for mode in (0, 1):
        law, reads, writes = loss.step(mode)
        kernel = scan_kernel(law, len(reads), len(writes), len(loss.params), "float32")
        assert_sound(toolchain.assembled(kernel, CAPABILITIES[-1]))


@pytest.mark.more
@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("name", [name for name in cases.NAMES if cases.record(name).family == "examplewise"])
def test_kernels_of_whole_examples(name: str, dtype: str, capability: tuple[int, int]) -> None:
    from numloss.backends.numba_cuda import examplewise_kernels

    loss = cases.record(name)
    counts = {"arrays": len(loss.rows["axes"]), "slopes": len(loss.differentiable), "sizes": 1, "params": 4}
    kernel = examplewise_kernels.examplewise_kernel(loss.rows["loop"], dtype, tuple(counts.items()))
    toolchain.assembled(kernel, capability)
    assert_sound(toolchain.assembled(examplewise_kernels.shared_kernel(dtype), capability), 32)


@pytest.mark.more
@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_sorted_errors(dtype: str, capability: tuple[int, int]) -> None:
    from numloss.backends.numba_cuda import ordered_kernels, ordered_sorting, ordered_walk

    for kernel in (ordered_sorting.count_kernel, ordered_sorting.move_kernel, ordered_walk.tally_kernel):
        code = toolchain.assembled(kernel(dtype), capability)
        assert_sound(code)
        assert ".f64" not in code.ptx
    assert_sound(toolchain.assembled(ordered_sorting.place_kernel(), capability))
    assert_sound(toolchain.assembled(ordered_walk.walk_kernel(dtype), capability))
    assert_sound(toolchain.assembled(ordered_walk.close_kernel(dtype), capability), 32)
    for activation, labelled in ((0, False), (2, True)):
        for pixelwise in (ordered_kernels.words_kernel, ordered_kernels.gradient_kernel):
            assert_sound(toolchain.assembled(pixelwise(activation, labelled, dtype), capability))


# Whether the features of both matrices lie side by side, and whether they are read by 128 bits.
PRODUCTS = [((True, True), True), ((True, False), True), ((False, False), True), ((True, False), False)]


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize(("along", "wide"), PRODUCTS)
def test_kernels_of_products(along: tuple[bool, bool], wide: bool, dtype: str) -> None:
    from numloss.backends.numba_cuda.products_kernels import added_kernel, product_kernel

    assert_sound(toolchain.assembled(added_kernel(dtype), CAPABILITIES[-1]))
    vector = "v4" if dtype == "float32" else "v2"
    code = toolchain.assembled(product_kernel(dtype, along, (wide, wide)), CAPABILITIES[-1])
    assert_sound(code)
    assert code.count(rf"ld\.global\.{vector}\.f\d+") == 4 * wide
    # the factor of the product comes as a float64, and nothing else is one
    assert dtype == "float64" or code.count(r"\w+[.\w]*\.f64") == 2


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_the_head(dtype: str) -> None:
    from numloss.backends.numba_cuda import head_kernels as kernels

    for kernel in (kernels.positions_kernel, kernels.gather_kernel, kernels.scatter_kernel, kernels.columns_kernel):
        assert_sound(toolchain.assembled(kernel(dtype), CAPABILITIES[-1]))


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_similarities(dtype: str) -> None:
    from numloss.backends.numba_cuda import similarity_kernels as kernels
    from numloss.backends.numba_cuda import similarity_rows as rows

    siglip = cases.LOSSES["siglip"]
    compiled = [kernels.hiding_kernel(dtype, labelled) for labelled in (False, True)]
    compiled += [kernels.pairs_kernel(siglip.law, len(siglip.params), dtype, 1), kernels.circle_kernel(dtype, 1)]
    compiled += [kernels.directions_kernel(dtype), rows.belonging_kernel(dtype), rows.sharing_kernel(dtype)]
    compiled += [kernels.multi_kernel(dtype, 1), kernels.adding_kernel()]
    for kernel in (*compiled, rows.closing_kernel(dtype), kernels.turning_kernel(dtype)):
        assert_sound(toolchain.assembled(kernel, CAPABILITIES[-1]))


@pytest.mark.more
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_kernels_of_clouds(dtype: str) -> None:
    from numloss.backends.numba_cuda import clouds_kernels as kernels

    compiled = [kernels.beginning_kernel(dtype), kernels.delivering_kernel(dtype), kernels.ending_kernel(dtype)]
    compiled += [kernels.advancing_kernel(), kernels.gathering_kernel(), kernels.clearing_kernel()]
    compiled += [kernels.taking_kernel()]
    for name in ("mmd", "energy_distance", "sinkhorn_divergence"):
        loss = cases.LOSSES[name]
        compiled.append(kernels.walking_kernel(loss.law, len(loss.params), dtype, 1))
    compiled.append(kernels.stepping_kernel(loss.law, len(loss.params), dtype))
    for kernel in compiled:
        assert_sound(toolchain.assembled(kernel, CAPABILITIES[-1]))


def test_an_unsound_kernel_is_seen() -> None:
    code = toolchain.Assembled("\tdiv.approx.f32 \t%f1, %f2, %f3;\n", 32, 0)
    with pytest.raises(AssertionError):
        assert_sound(code)
    with pytest.raises(AssertionError):
        assert_sound(toolchain.Assembled("", 32, 4))
    with pytest.raises(AssertionError):
        assert_wide(toolchain.Assembled("\tld.global.f32 \t%f1, [%rd1];\n", 32, 0), "mse", "float32", 1)


# Kernels of elements of several numbers take longest to compile: for one kind of device.
COMPILED = [
    (name, capability)
    for name in ELEMENTWISE
    for capability in (CAPABILITIES if cases.LOSSES[name].columns == 1 else CAPABILITIES[-1:])
]


@pytest.mark.more
@pytest.mark.parametrize(("name", "capability"), COMPILED)
@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_every_elementwise_kernel(name: str, dtype: str, capability: tuple[int, int]) -> None:
    modes = (0, 1, 2) if cases.LOSSES[name].curvature else (0, 1)
    for mode in modes if cases.LOSSES[name].columns == 1 else ():
        code = toolchain.assembled(elementwise_kernel(name, dtype, mode, 4 if dtype == "float32" else 2), capability)
        assert_sound(code)
        assert_wide(code, name, dtype, mode)
    assert_sound(toolchain.assembled(elementwise_kernel(name, dtype, modes[-1], 1), capability))


@pytest.mark.more
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_law_in_float32_computes_in_float32(name: str) -> None:
    from numba import types

    from numloss.backends.numba_cuda import jit

    loss = cases.LOSSES[name]
    arguments, params, outputs = loss.tile_shape
    arguments += params + loss.constant_part[2]
    law, reals = jit.typed(loss.whole_law, "float32"), jit.words_of("float32")["reals"]
    taken = ", ".join(f"r[{k}]" for k in range(arguments))
    scope = {"__name__": name, "law": law, "reals": reals}
    parts = [
        "result[0]",
        *(f"result[{part}]{'' if outputs == 1 else f'[{k}]'}" for part in (1, 2) for k in range(outputs)),
    ]
    stores = "".join(f"    reals(c)[{i}] = {part}\n" for i, part in enumerate(parts))
    exec(f"def alone(c, r):\n    result = law({taken})\n{stores}", scope)
    signature = (types.int64, types.UniTuple(types.float32, arguments))
    code = toolchain.assembled(jit.kernel(scope["alone"], signature, (256, 1)), (9, 0))
    assert ".f64" not in code.ptx
    assert code.count(r"st[.\w]*\.[fu]32") == len(parts)


@pytest.mark.more
@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_kernel_that_ends_every_call(capability: tuple[int, int]) -> None:
    from numloss.backends.numba_cuda.finish import finish_kernel

    assert_sound(toolchain.assembled(finish_kernel(), capability), 32)
