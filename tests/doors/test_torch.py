"""Losses as functions and modules of PyTorch: values, gradients, conventions, tracing, and what is refused."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import cases
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import numloss as nl  # noqa: E402
from numloss.adapters import torch as nt  # noqa: E402
from numloss.adapters.torch import memory, operators  # noqa: E402

F, OURS = torch.nn.functional, nt.functional


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def tensors(case: str, shape: tuple[int, ...], dtype: str = "float32") -> list[Any]:
    """The inputs of a loss; those that it differentiates ask for a gradient."""
    found = [torch.from_numpy(a) for a in cases.arrays(case, shape, dtype, ends=False)]
    for k in cases.record(case).differentiable:
        found[k].requires_grad_()
    return found


@pytest.mark.parametrize("case", cases.CASES)
def test_every_loss_has_the_value_and_gradients_of_numloss(case: str) -> None:
    loss, shape, options = cases.record(case), cases.small(case), cases.required(case)
    function = getattr(nt, loss.name)
    for reduction in ("mean", "sum", "none"):
        given = tensors(case, shape)
        value = function(*given, **options, reduction=reduction)
        arrays = [t.detach().numpy() for t in given]
        expected = loss.function(*arrays, **options, reduction=reduction)
        assert value.dtype == torch.float32 and value.requires_grad
        np.testing.assert_array_equal(value.detach().numpy(), np.asarray(expected, np.float32))
        cotangent = torch.randn(value.shape)
        value.backward(cotangent)
        pulled = nl.vjp(loss.function)(
            *arrays, **options, reduction=reduction, cotangent=cotangent.numpy() if cotangent.ndim else float(cotangent)
        )
        for k, slope in zip(loss.differentiable, pulled if isinstance(pulled, tuple) else (pulled,), strict=True):
            np.testing.assert_allclose(given[k].grad.numpy(), slope, rtol=1e-5, atol=1e-6 * np.abs(slope).max())


@pytest.mark.parametrize("case", ["huber", "cross_entropy", "gaussian_nll", "contrastive", "listnet", "dice", "ctc"])
def test_gradcheck(case: str) -> None:
    loss, options = cases.record(case), cases.required(case)
    given = tensors(case, cases.small(case), "float64")
    for reduction in ("mean", "none"):
        function = functools.partial(getattr(nt, loss.name), **options, reduction=reduction)
        assert torch.autograd.gradcheck(lambda *some, f=function: f(*some), given, atol=1e-4)


KNOWN = [case for case in cases.CASES if cases.record(case).hessian and case not in cases.HELD]


@pytest.mark.parametrize("case", KNOWN)
def test_gradgradcheck(case: str) -> None:
    loss, options = cases.record(case), cases.required(case)
    x, *rest = tensors(case, cases.small(case), "float64")
    weight = torch.linspace(0.0, 2.0, len(x), dtype=torch.float64)
    for reduction, more in (("mean", {}), ("none", {}), ("none", {"weight": weight} if loss.weighted else {})):
        function = functools.partial(getattr(nt, loss.name), **options, **more, reduction=reduction)
        assert torch.autograd.gradgradcheck(lambda x, f=function, rest=rest: f(x, *rest), [x], atol=1e-4)


def test_newton_steps_by_products() -> None:
    """What an optimiser does with second derivatives: a gradient times a vector, differentiated."""
    x, v = torch.randn(5, 3, dtype=torch.float64, requires_grad=True), torch.randn(5, 3)
    y = torch.tensor([0, 1, 2, 1, 0])
    (slope,) = torch.autograd.grad(nt.cross_entropy(x, y), x, create_graph=True)
    (found,) = torch.autograd.grad((slope * v).sum(), x)
    expected = nl.hvp(nl.cross_entropy)(x.detach().numpy(), y.numpy(), vector=v.numpy())
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14, atol=1e-17)
    both = nt.wrap(nl.combine((0.5, nl.mse), (2.0, nl.pseudo_huber)))
    a, b = torch.randn(4, dtype=torch.float64, requires_grad=True), torch.zeros(4, dtype=torch.float64)
    for reduction in ("mean", "none"):
        assert torch.autograd.gradgradcheck(lambda a, r=reduction: both(a, b, reduction=r), [a])


def test_batches_of_batches() -> None:
    x, y = torch.randn(4, 6, 3), torch.randint(0, 3, (4, 6))
    one_by_one = functools.partial(nt.cross_entropy, reduction="none")
    found = torch.vmap(one_by_one)(x, y)
    torch.testing.assert_close(found, torch.stack([one_by_one(*both) for both in zip(x, y, strict=True)]))
    swapped = torch.vmap(one_by_one, in_dims=(2, None), out_dims=1)(x.permute(1, 2, 0), y[0])
    torch.testing.assert_close(swapped, torch.stack([one_by_one(each, y[0]) for each in x], dim=1))
    numbers = torch.vmap(lambda a, b: nt.mse(a, b, reduction="none"))(x[:, 0, 0], x[:, 1, 0])
    torch.testing.assert_close(numbers, (x[:, 0, 0] - x[:, 1, 0]) ** 2)
    given = x[0].clone().requires_grad_()
    value = one_by_one(given, y[0])
    rows = torch.vmap(lambda c: torch.autograd.grad(value, given, c, retain_graph=True)[0])(torch.eye(6))
    (whole,) = torch.autograd.grad(nt.cross_entropy(given, y[0], reduction="sum"), given)
    torch.testing.assert_close(rows, torch.eye(6)[:, :, None] * whole)
    for wrong, said in (
        (lambda a, b: nt.cross_entropy(a, b), "vmap of cross_entropy needs reduction='none'"),
        (lambda a, b: nt.cross_entropy(a, b, weight=torch.ones(6), reduction="none"), "takes no weight"),
        (lambda a, b: nt.cross_entropy(a, b[:3], axis=0, reduction="none"), "needs samples on the first axis"),
    ):
        with pytest.raises(NotImplementedError, match=said):
            torch.vmap(wrong)(x, y)


@pytest.mark.parametrize("given", ['{}', '{"reduction": "none"}', '{"reduction": "none", "weight": {"array": 0}}'])
def test_the_operators_pass_the_checks_of_pytorch(given: str) -> None:
    x, y, w = torch.randn(9, 4, requires_grad=True), torch.randint(0, 4, (9,)), torch.rand(9)
    arrays = [w] if "array" in given else []
    torch.library.opcheck(operators.evaluate, ("cross_entropy", [x, y], given, arrays, [0]))
    if "none" in given:
        pulled = ("cross_entropy", [x.detach(), y], given, arrays, [0], torch.randn(9))
        torch.library.opcheck(operators.pull_back, pulled)


def test_the_operator_is_there_for_who_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch.utils._python_dispatch import TorchDispatchMode

    seen = []

    class Recorder(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(str(function))
            return function(*args, **(kwargs or {}))

    x, y = torch.randn(9, 4, requires_grad=True), torch.randint(0, 4, (9,))
    with Recorder():
        expected = nt.cross_entropy(x, y)
    assert any("numloss.evaluate" in name for name in seen)
    monkeypatch.setattr(operators, "evaluate", None)
    assert nt.cross_entropy(x, y) == expected  # nobody does: lists of tensors take an operator 0.1 ms


@pytest.mark.parametrize("case", cases.CASES)
def test_shapes_are_known_before_values(case: str) -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    loss, shape, options = cases.record(case), cases.small(case), cases.required(case)
    with FakeTensorMode() as mode:
        given = [mode.from_tensor(t) for t in tensors(case, shape)]
        assert tuple(getattr(nt, loss.name)(*given, **options, reduction="none").shape) == shape
        assert getattr(nt, loss.name)(*given, **options, reduction="sum").shape == ()


def test_compiled_without_a_break() -> None:
    def step(x: Any, y: Any) -> Any:
        return 2.0 * nt.cross_entropy(3.0 * x, y, label_smoothing=0.1) + nt.cross_entropy(x, y, reduction="none").sum()

    x, y = torch.randn(33, 7), torch.randint(0, 7, (33,))
    found = []
    for function in (step, torch.compile(step, fullgraph=True, backend="aot_eager")):
        given = x.clone().requires_grad_()
        value = function(given, y)
        value.backward()
        found.append((value.detach(), given.grad))
    torch.testing.assert_close(found[0], found[1])


def test_weights_and_tables_are_tensors_or_arrays() -> None:
    x, y = torch.randn(6, 3, requires_grad=True), torch.tensor([0, 1, 2, 0, -100, 1])
    w, table = torch.tensor([1.0, 0.0, 2.0, 1.0, 1.0, 3.0]), np.array([0.5, 1.0, 2.0], np.float32)
    value = nt.cross_entropy(x, y, weight=w, class_weight=table, reduction="none")
    expected = nl.cross_entropy(x.detach().numpy(), y.numpy(), weight=w.numpy(), class_weight=table, reduction="none")
    np.testing.assert_array_equal(value.detach().numpy(), expected)
    cotangent = torch.tensor([1.0, np.inf, -1.0, 2.0, np.nan, 0.5])
    value.backward(cotangent)
    assert torch.isfinite(x.grad).all() and not x.grad[1].any() and not x.grad[4].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sixteen_bits(dtype: Any) -> None:
    x, y = torch.randn(50, 40).to(dtype).requires_grad_(), torch.randint(0, 40, (50,))
    value = nt.cross_entropy(x, y)
    assert value.dtype == torch.float32
    value.backward()
    assert x.grad.dtype == dtype
    wide = x.detach().float().requires_grad_()
    exact = F.cross_entropy(wide, y)
    exact.backward()
    torch.testing.assert_close(value, exact, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(x.grad, wide.grad.to(dtype), rtol=1e-2, atol=1e-7)


@pytest.mark.parametrize("kind", [torch.int64, torch.int32])
def test_a_teacher_may_name_classes_by_a_tensor(kind: torch.dtype) -> None:
    x, (logs, indices) = torch.randn(6, 9, requires_grad=True), torch.randn(6, 9).log_softmax(1).topk(3)
    indices = indices.to(kind)
    cotangent = torch.tensor([1.0, -2.0, 0.0, 3.0, 0.5, 1.0])
    for reduction, pulled in (("none", cotangent), ("mean", torch.tensor(2.0))):
        x.grad = None
        value = nt.kl_logits(x, logs, indices=indices, rest="tail", temperature=2.0, reduction=reduction)
        value.backward(pulled)
        options = {"indices": indices.numpy(), "temperature": 2.0, "reduction": reduction}
        given = x.detach().numpy(), logs.numpy()
        np.testing.assert_array_equal(value.detach().numpy(), np.asarray(nl.kl_logits(*given, **options), np.float32))
        slopes = nl.vjp(nl.kl_logits)(*given, **options, cotangent=pulled.numpy() if pulled.ndim else float(pulled))
        np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-5, atol=1e-7)


def test_the_mean_of_the_largest_losses_is_that_of_the_library() -> None:
    x, labels = torch.randn(40, 5, requires_grad=True), torch.arange(40) % 5
    values_of = functools.partial(torch.nn.functional.cross_entropy, reduction="none")
    wanted = values_of(x, labels).topk(10).values.mean()
    (slope,) = torch.autograd.grad(wanted, x)
    found = nt.cross_entropy(x, labels, reduction="top", top=0.25)
    (2.0 * found).backward()
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(x.grad, 2.0 * slope)
    again = nt.cross_entropy(x, labels, reduction="top", top=10)
    (first,) = torch.autograd.grad(again, x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x)
    (slopes,) = torch.autograd.grad(values_of(x, labels).topk(10).values.mean(), x, create_graph=True)
    torch.testing.assert_close(second, torch.autograd.grad(slopes.square().sum(), x)[0])


def test_other_layouts_and_frozen_tensors() -> None:
    x, y = torch.randn(7, 12, requires_grad=True), torch.randn(12, 7).T
    nt.mse(x.T.T, y).backward()
    expected = 2.0 * (x.detach() - y) / x.numel()
    torch.testing.assert_close(x.grad, expected)
    assert not nt.mse(x.detach(), y).requires_grad
    with torch.no_grad():
        assert not nt.mse(x, y).requires_grad


def test_combinations_partials_and_laws_of_ones_own() -> None:
    both = nt.wrap(nl.combine((0.5, nl.mse), (2.0, functools.partial(nl.huber, delta=0.5))))
    x, y = torch.randn(9, requires_grad=True), torch.randn(9)
    both(x, y).backward()
    expected = torch.autograd.grad(0.5 * F.mse_loss(x, y) + 2.0 * F.huber_loss(x, y, delta=0.5), x)[0]
    torch.testing.assert_close(x.grad, expected)
    with pytest.raises(TypeError, match="a partial may fix options, not tensors"):
        nt.wrap(functools.partial(nl.mse, np.ones(3)))


def test_memory_of_gradients_is_used_again_and_never_shared() -> None:
    nt.clear_memory()
    x, y = torch.randn(1024, 512, requires_grad=True), torch.randn(1024, 512)
    first = torch.autograd.grad(nt.mse(x, y), x)[0]
    place, kept = first.data_ptr(), first.clone()
    places = {place}
    second = torch.autograd.grad(2.0 * nt.mse(x, y), x)[0]
    assert second.data_ptr() != place  # the first is still there
    torch.testing.assert_close(first, kept)
    row = first[3]
    del first
    third = torch.autograd.grad(nt.mse(x, y), x)[0]
    assert third.data_ptr() != place  # a view of it is
    torch.testing.assert_close(row, kept[3])
    places |= {second.data_ptr(), third.data_ptr()}
    del row, second, third
    assert torch.autograd.grad(nt.mse(x, y), x)[0].data_ptr() in places


def test_a_graph_that_is_kept_gives_the_same_gradient_again() -> None:
    x, y = torch.randn(8, requires_grad=True), torch.randn(8)
    value = nt.huber(x, y)
    first = torch.autograd.grad(value, x, retain_graph=True)[0].clone()
    torch.testing.assert_close(torch.autograd.grad(3.0 * value, x, retain_graph=True)[0], 3.0 * first)
    torch.testing.assert_close(torch.autograd.grad(value, x)[0], first)


def test_what_is_refused() -> None:
    x, y = torch.randn(4, requires_grad=True), torch.randn(4)
    with pytest.raises(TypeError, match="mse: target requires a gradient, and the loss has none by it; detach it"):
        nt.mse(x, y.clone().requires_grad_())
    with pytest.raises(TypeError, match="mse: target must be a tensor, got ndarray"):
        nt.mse(x, y.numpy())
    with pytest.raises(TypeError, match="mse: takes pred, target; 1 tensors given"):
        nt.mse(x)
    with pytest.raises(TypeError, match="out has no meaning here"):
        nt.mse(x, y, out=y)
    with pytest.raises(IndexError, match=r"target\[1\] = 9 is outside \[0, 4\)"):
        nt.cross_entropy(torch.randn(3, 4), torch.tensor([0, 9, 1]))
    with pytest.raises(RuntimeError, match="gaussian_nll has no second derivative by autograd, as not all"):
        torch.autograd.grad(nt.gaussian_nll(x, y, torch.ones(4)), x, create_graph=True)
    with pytest.raises(AttributeError, match=r"softmax_cross_entropy.*; here it is called cross_entropy"):
        nt.softmax_cross_entropy  # noqa: B018
    with pytest.raises(TypeError, match=r"numloss\.adapters\.torch"):
        nl.mse(x, y)


def answers(function: Any, given: list[Any], wanted: tuple[int, ...]) -> list[Any]:
    """A value, and the gradients of its product with a fixed cotangent."""
    some = [t.detach().clone().requires_grad_(k in wanted) for k, t in enumerate(given)]
    value = function(*some)
    generator = torch.Generator().manual_seed(3)
    value.backward(torch.randn(value.shape, generator=generator, dtype=value.dtype))
    return [value.detach(), *(some[k].grad for k in wanted)]


def labels(count: int, classes: int) -> Any:
    return torch.randint(0, classes, (count,))


def signs(*shape: int) -> Any:
    return torch.where(torch.rand(shape) < 0.5, -1.0, 1.0)


X, Y, P = torch.randn(6, 5), torch.randn(6, 5), torch.rand(6, 5)
W = torch.rand(5)
LISTED = torch.tensor(
    [[3, 0, -1, 1, 2], [1, -1, 0, 0, 0], [-1, 2, 2, 2, 2], [0, 1, 2, 3, 4], [4, 2, 0, -1, 0], [2, 1, -1, 0, 3]]
)
IGNORED = torch.tensor([0, 1, -100, 3, -100, 2])
LOGS = torch.randn(12, 3, 5).log_softmax(2)
STEPS = (LOGS, torch.randint(1, 5, (3, 4)), torch.tensor([12, 10, 11]), torch.tensor([4, 2, 3]))
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = [
    ("mse_loss", (X, Y), {}, (0, 1)),
    ("mse_loss", (X, Y), {"weight": P}, (0,)),
    ("l1_loss", (X, Y), {}, (0, 1)),
    ("smooth_l1_loss", (X, Y), {"beta": 0.7}, (0, 1)),
    ("smooth_l1_loss", (X, Y), {"beta": 0.0}, (0,)),
    ("huber_loss", (X, Y), {"delta": 0.6}, (0, 1)),
    ("huber_loss", (X, Y), {"delta": 0.6, "weight": P}, (0,)),
    ("cross_entropy", (X, labels(6, 5)), {}, (0,)),
    ("cross_entropy", (X, IGNORED), {"weight": W, "label_smoothing": 0.2}, (0,)),
    ("cross_entropy", (X, IGNORED * 0 - 100), {}, (0,)),
    ("cross_entropy", (X, Y.softmax(1)), {"weight": W}, (0,)),
    ("cross_entropy", (X, Y.softmax(1)), {"label_smoothing": 0.1}, (0,)),
    ("cross_entropy", (X[0], torch.tensor(3)), {}, (0,)),
    ("cross_entropy", (torch.randn(2, 5, 3, 4), torch.randint(0, 5, (2, 3, 4))), {}, (0,)),
    ("nll_loss", (X.log_softmax(1), IGNORED), {"weight": W}, (0,)),
    ("nll_loss", (X.log_softmax(1), IGNORED * 0 - 100), {}, (0,)),
    ("binary_cross_entropy", (P, (Y > 0).float()), {"weight": torch.rand(6, 1)}, (0,)),
    ("binary_cross_entropy_with_logits", (X, P), {"pos_weight": W + 0.5, "weight": W}, (0,)),
    ("binary_cross_entropy_with_logits", (X, P), {}, (0,)),
    ("soft_margin_loss", (X, signs(6, 5)), {}, (0,)),
    ("hinge_embedding_loss", (P, signs(6, 5)), {"margin": 0.8}, (0,)),
    ("margin_ranking_loss", (X[:, 0], Y[:, 0], signs(6)), {"margin": 0.3}, (0, 1)),
    ("poisson_nll_loss", (X, torch.poisson(4.0 * P)), {"full": True}, (0,)),
    ("poisson_nll_loss", (P + 0.1, torch.poisson(4.0 * P)), {"log_input": False}, (0,)),
    ("gaussian_nll_loss", (X, Y, P + 0.1), {"full": True}, (0, 2)),
    ("gaussian_nll_loss", (X, Y, P[:, :1] + 0.1), {}, (0, 2)),
    ("gaussian_nll_loss", (X, Y, P[:, 0] + 0.1), {}, (0, 2)),
    ("kl_div", (X.log_softmax(1), Y.softmax(1)), {}, (0,)),
    ("kl_div", (X.log_softmax(1), Y.log_softmax(1)), {"log_target": True}, (0,)),
    ("multi_margin_loss", (X, labels(6, 5)), {"p": 2, "margin": 0.7, "weight": W}, (0,)),
    ("multi_margin_loss", (X, labels(6, 5)), {}, (0,)),
    ("multilabel_margin_loss", (X, LISTED), {}, (0,)),
    ("multilabel_soft_margin_loss", (X, (Y > 0).float()), {"weight": W}, (0,)),
    ("cosine_embedding_loss", (X, Y, signs(6)), {"margin": 0.2}, (0, 1)),
    ("triplet_margin_loss", (X, Y, P), {"margin": 0.9}, (0, 1, 2)),
    ("triplet_margin_loss", (X, Y, P), {"p": 1.0, "eps": 0.0, "swap": True}, (0, 1, 2)),
    ("triplet_margin_loss", (X[0], Y[0], P[0]), {}, (0,)),
    ("ctc_loss", STEPS, {}, (0,)),
    ("ctc_loss", (LOGS[:, 0], STEPS[1][0], torch.tensor(12), torch.tensor(4)), {}, (0,)),
]


@pytest.mark.filterwarnings("ignore:reduction.*divides the total loss:UserWarning")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "given", "options", "wanted"), CALLS, ids=[f"{c[0]}{k}" for k, c in enumerate(CALLS)])
def test_functions_follow_pytorch(name: str, given: Any, options: Any, wanted: Any, reduction: str) -> None:
    found, expected = (
        answers(functools.partial(getattr(library, name), **options, reduction=reduction), list(given), wanted)
        for library in (OURS, F)
    )
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=2e-5, atol=2e-6, equal_nan=True)


@pytest.mark.filterwarnings("ignore:size_average and reduce args:UserWarning")
def test_older_reductions_and_batchmean() -> None:
    for average, reduce in itertools.product((True, False), repeat=2):
        torch.testing.assert_close(OURS.mse_loss(X, Y, average, reduce), OURS.mse_loss(
            X, Y, reduction="none" if not reduce else "mean" if average else "sum"))  # fmt: skip
    torch.testing.assert_close(
        OURS.kl_div(X.log_softmax(1), Y.softmax(1), reduction="batchmean"),
        F.kl_div(X.log_softmax(1), Y.softmax(1), reduction="batchmean"),
    )
    with pytest.raises(ValueError, match="median is not a valid value for reduction"):
        OURS.mse_loss(X, Y, reduction="median")
    with pytest.warns(UserWarning, match="target size"):
        torch.testing.assert_close(OURS.mse_loss(X, Y[:1]), (X - Y[:1]).square().mean())


MODULES: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "MSELoss": ({}, (X, Y)), "L1Loss": ({"reduction": "sum"}, (X, Y)), "SmoothL1Loss": ({"beta": 0.3}, (X, Y)),
    "HuberLoss": ({"delta": 0.3}, (X, Y)), "NLLLoss": ({"weight": W, "ignore_index": 2}, (X, labels(6, 5))),
    "CrossEntropyLoss": ({"weight": W, "ignore_index": 1, "label_smoothing": 0.1}, (X, labels(6, 5))),
    "BCELoss": ({"weight": W}, (P, P)), "BCEWithLogitsLoss": ({"pos_weight": W}, (X, P)),
    "KLDivLoss": ({"reduction": "batchmean", "log_target": True}, (X.log_softmax(1), Y.log_softmax(1))),
    "PoissonNLLLoss": ({"full": True}, (X, torch.poisson(4.0 * P))), "GaussianNLLLoss": ({}, (X, Y, P)),
    "SoftMarginLoss": ({}, (X, signs(6, 5))), "HingeEmbeddingLoss": ({"margin": 0.4}, (P, signs(6, 5))),
    "MarginRankingLoss": ({"margin": 0.4}, (X, Y, signs(6, 5))),
    "MultiMarginLoss": ({"p": 2, "margin": 0.4}, (X, labels(6, 5))), "MultiLabelMarginLoss": ({}, (X, LISTED)),
    "MultiLabelSoftMarginLoss": ({"weight": W}, (X, (Y > 0).float())),
    "CosineEmbeddingLoss": ({"margin": 0.4}, (X, Y, signs(6))), "CTCLoss": ({"zero_infinity": True}, STEPS),
    "TripletMarginLoss": ({"margin": 0.4, "swap": True}, (X, Y, P)),
}  # fmt: skip


@pytest.mark.parametrize("name", nt.nn.__all__)
def test_modules_follow_pytorch(name: str) -> None:
    options, given = MODULES[name]
    ours, theirs = getattr(nt.nn, name)(**options), getattr(torch.nn, name)(**options)
    assert isinstance(ours, type(theirs)) and ours.state_dict().keys() == theirs.state_dict().keys()
    assert repr(ours) == repr(theirs)
    torch.testing.assert_close(ours(*given), theirs(*given), rtol=2e-5, atol=2e-6)


def test_a_network_learns() -> None:
    x, y = torch.randn(256, 8), torch.randint(0, 3, (256,))
    network = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3))
    optimiser, losses = torch.optim.Adam(network.parameters(), lr=0.02), []
    for _ in range(60):
        optimiser.zero_grad()
        value = nt.nn.CrossEntropyLoss()(network(x), y)
        value.backward()
        optimiser.step()
        losses.append(float(value.detach()))
    assert losses[-1] < 0.5 * losses[0]
    assert memory.take(8).nbytes == 8
