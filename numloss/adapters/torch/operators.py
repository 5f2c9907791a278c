"""The operators behind every loss: one for its value, with gradients if they are asked for, and one that pulls back.

A loss is named by a text, its options come as JSON, and arrays among them as tensors, so that both operators have a
schema that tracing can write down. Tensors of the CPU are seen by NumPy where they lie, those of a device by kernels.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import dispatch
from ...common.halves import BFLOAT16
from ...registry import LOSSES, Loss
from ...transforms import unwrapped
from . import memory
from .shapes import unreduced_shape

Tensors = list[Tensor]
PLAIN = (Tensor, torch.nn.Parameter)
# Who may look on beside autograd: modes, tracing, transforms; where PyTorch does not tell, somebody does.
LOOKS = [
    getattr(place, name, lambda: True)
    for place, name in (
        (torch._C, "_len_torch_dispatch_stack"), (torch._C, "_len_torch_function_stack"), (torch._C, "_is_tracing"),
        (getattr(torch._C, "_functorch", None), "peek_interpreter_stack"),
    )
]  # fmt: skip

# Losses that are not in the catalogue, by what they are called here; they live as long as the process.
_others: dict[str, Loss] = {}


def name_of(loss: Loss) -> str:
    """The text that an operator knows a loss by."""
    if LOSSES.get(loss.name) is loss:
        return loss.name
    name = f"{loss.name} at {id(loss):x}"
    _others[name] = loss
    return name


def loss_named(name: str) -> Loss:
    """The loss of a text."""
    return LOSSES[name] if name in LOSSES else _others[name]


def seen(tensor: Tensor) -> Any:
    """A tensor as losses read it: of the CPU an array of NumPy, of a device as it is."""
    tensor = tensor.detach()
    if tensor.device.type != "cpu":
        return tensor
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.uint16).numpy().view(BFLOAT16)
    return tensor.resolve_conj().resolve_neg().numpy()


@functools.lru_cache(maxsize=1024)
def options_of(given: str) -> dict[str, Any]:
    """Options of a call from JSON; they are read, not written."""
    found = json.loads(given)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def written(given: str, arrays: Sequence[Tensor]) -> dict[str, Any]:
    """The options of a call, with the arrays among them."""
    options = dict(options_of(given))
    for name, value in options.items():
        if isinstance(value, dict):
            options[name] = arrays[value["array"]]
    return options


def as_read(options: dict[str, Any]) -> dict[str, Any]:
    """Options with the arrays among them as losses read them."""
    return {name: seen(value) if isinstance(value, Tensor) else value for name, value in options.items()}


def is_one_by_one(loss: Loss, given: str) -> bool:
    """Whether a call gives the losses one by one."""
    return options_of(given).get("reduction", loss.reduction) == "none"


def value_dtype(tensor: Tensor) -> torch.dtype:
    """The dtype of values: float32 of what is stored in 16 bits."""
    return torch.float32 if tensor.dtype in (torch.float16, torch.bfloat16) else tensor.dtype


def as_tensor(value: Any, like: Tensor) -> Tensor:
    """A value of a loss as a tensor of its dtype, where the prediction is."""
    if isinstance(value, Tensor):
        return value.to(value_dtype(like))
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    return torch.tensor(value, dtype=value_dtype(like), device=like.device)


def with_gradients(loss: Loss, inputs: Sequence[Tensor], wanted: Sequence[int], run: Callable[..., Any]) -> Any:
    """What `run` gives, of inputs, `out` and argnums, and the tensors that it wrote gradients to."""
    like = [inputs[k] for k in wanted]
    gradients = [memory.empty_like(t) if t.device.type == "cpu" else torch.empty_like(t) for t in like]
    out = tuple(map(seen, gradients))
    argnums = None if tuple(wanted) == loss.differentiable else tuple(wanted)
    return run(tuple(map(seen, inputs)), out[0] if len(out) == 1 else out, argnums), gradients


def computed(
    loss: str, inputs: Sequence[Tensor], given: str, arrays: Sequence[Tensor], wanted: Sequence[int]
) -> list[Tensor]:
    """The value of a loss and, unless it is one by one, its gradients by the inputs at these positions."""
    found, options = loss_named(loss), as_read(written(given, arrays))
    if not wanted or is_one_by_one(found, given):
        return [as_tensor(dispatch.evaluate(found, 0, tuple(map(seen, inputs)), options), inputs[0])]

    def run(read: tuple[Any, ...], out: Any, argnums: Any) -> Any:
        return dispatch.evaluate(found, 1, read, {**options, "out": out}, False, argnums)

    answer, gradients = with_gradients(found, inputs, wanted, run)
    return [as_tensor(answer[0], inputs[0]), *gradients]


evaluate = torch.library.custom_op("numloss::evaluate", computed, mutates_args=())


@evaluate.register_fake
def _(loss: str, inputs: Sequence[Tensor], given: str, arrays: Sequence[Tensor], wanted: Sequence[int]) -> Tensors:
    found = loss_named(loss)
    one_by_one = is_one_by_one(found, given)
    shape = unreduced_shape(found, inputs, written(given, arrays)) if one_by_one else ()
    value = inputs[0].new_empty(shape, dtype=value_dtype(inputs[0]))
    return [value, *(torch.empty_like(inputs[k]) for k in wanted if not one_by_one)]


@torch.library.custom_op("numloss::pull_back", mutates_args=())
def pull_back(
    loss: str, inputs: Sequence[Tensor], given: str, arrays: Sequence[Tensor], wanted: Sequence[int], cotangent: Tensor
) -> Tensors:
    """Gradients by the inputs at these positions of the values times a cotangent, see `numloss.vjp`."""
    found, options = loss_named(loss), written(given, arrays)
    if is_one_by_one(found, given):
        cotangent = weighted(options.pop("weight", None), cotangent)
    # of a reduced loss it is a number
    factors = seen(cotangent) if is_one_by_one(found, given) else float(cotangent)

    def run(read: tuple[Any, ...], out: Any, argnums: Any) -> Any:
        return dispatch.pull_back(found, read, {**as_read(options), "out": out}, factors, argnums)

    return with_gradients(found, inputs, wanted, run)[1]  # type: ignore[no-any-return]


def weighted(weight: Tensor | None, cotangent: Tensor) -> Tensor:
    """A cotangent times weights; what has weight 0 counts nothing, whatever the cotangent is."""
    if weight is None:
        return cotangent
    weight = weight.reshape(weight.shape + (1,) * (cotangent.ndim - weight.ndim))
    return torch.where(weight > 0, weight * cotangent, torch.zeros_like(cotangent))


@pull_back.register_fake
def _(
    loss: str, inputs: Sequence[Tensor], given: str, arrays: Sequence[Tensor], wanted: Sequence[int], cotangent: Tensor
) -> Tensors:
    return [torch.empty_like(inputs[k]) for k in wanted]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensors) -> None:
    """What the backward pass needs: gradients of a reduced loss, or what those of a loss one by one are made of."""
    loss, tensors, given, arrays, wanted = inputs
    ctx.loss, ctx.given, ctx.wanted, ctx.counts = loss, given, wanted, (len(tensors), len(arrays))
    found = loss_named(loss)
    ctx.one_by_one = is_one_by_one(found, given)
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(*output[1:])
    # of a reduced loss what it is made of is for second derivatives alone
    read = (*tensors, *arrays) if ctx.one_by_one or found.hessian else ()
    ctx.save_for_backward(*read, *output[1:])


def _backward(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    """The gradients times that of the value."""
    count, others = ctx.counts
    found: list[Tensor | None] = [None] * count
    cotangent = grads[0]
    if cotangent is not None:
        again = torch.is_grad_enabled() and is_plain(cotangent)
        loss = loss_named(ctx.loss)
        if again and not loss.hessian:
            raise RuntimeError(
                f"numloss: {loss.name} has no second derivative by autograd, as not all of them are known; leave "
                "create_graph out"
            )
        tensors = ctx.saved_tensors
        if ctx.one_by_one or again:
            read, arrays = tensors[:count], tensors[count : count + others]
            pulled = pull_back(ctx.loss, read, ctx.given, arrays, ctx.wanted, cotangent.contiguous())
        else:
            gradients = tensors[count + others :] if loss.hessian else tensors
            pulled = [times(gradient, cotangent) for gradient in gradients]
        for k, gradient in zip(ctx.wanted, pulled, strict=True):
            found[k] = gradient
    return None, found, None, [None] * others, None


def is_plain(tensor: Tensor) -> bool:
    """Whether a tensor has numbers, as it has not while a program is traced."""
    return type(tensor) is Tensor


def times(gradient: Tensor, factor: Tensor) -> Tensor:
    """A gradient times that of a value: itself where that is 1, as it is when a loss is all there is."""
    if not is_plain(factor) or gradient.device.type != "cpu":
        return gradient * factor.to(gradient.dtype)
    number = float(factor)
    if number == 1.0:
        return gradient
    return torch.mul(gradient, number, out=memory.empty_like(gradient))


evaluate.register_autograd(_backward, setup_context=_keep)


class Eager(torch.autograd.Function):
    """The operator where nothing but autograd looks on: PyTorch takes 0.1 ms to pass lists of tensors through it."""

    @staticmethod
    def forward(ctx: Any, loss: str, given: str, wanted: list[int], count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        inputs = loss, tensors[:count], given, tensors[count:], wanted
        output = computed(*inputs)
        _keep(ctx, inputs, output)
        return tuple(output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        _, found, _, others, _ = _backward(ctx, grads)
        return None, None, None, None, *found, *others


def is_watched(tensors: Sequence[Tensor]) -> bool:
    """Whether a call is traced, transformed or dispatched to somebody else, who has to see the operator."""
    if torch.compiler.is_compiling() or any(look() for look in LOOKS):
        return True
    return any(type(tensor) not in PLAIN for tensor in tensors)


@torch.compiler.assume_constant_result  # type: ignore[misc]
def text_of(options: dict[str, Any]) -> str:
    """Options as JSON; tracing computes it once."""
    return json.dumps(options)


class Wrapped:
    """A loss of numloss as a function of tensors: what of it tracing has to look at."""

    def __init__(self, loss: Loss, fixed: dict[str, Any]) -> None:
        self.key, self.fixed = name_of(loss), fixed
        self.inputs, self.differentiable = loss.inputs, loss.differentiable

    def __call__(self, *inputs: Any, **options: Any) -> Tensor:
        options = {**self.fixed, **options}
        inputs += tuple(options.pop(name) for name in self.inputs[len(inputs) :] if name in options)
        wanted = self.look(inputs, options)
        given: dict[str, Any] = {}
        arrays: Tensors = []
        for name, value in options.items():
            if isinstance(value, np.ndarray):
                value = torch.from_numpy(value)
            if isinstance(value, Tensor):
                given[name] = {"array": len(arrays)}
                arrays.append(value)
            elif value is not None or name not in ("weight", "backend"):
                given[name] = value
        text = text_of(given)
        if is_watched((*inputs, *arrays)):
            return evaluate(self.key, list(inputs), text, arrays, wanted)[0]  # type: ignore[no-any-return]
        return Eager.apply(self.key, text, wanted, len(inputs), *inputs, *arrays)[0]  # type: ignore[no-any-return]

    def look(self, inputs: tuple[Any, ...], options: dict[str, Any]) -> list[int]:
        """The positions of what asks for a gradient; raises for what is no input, and for gradients there are not."""
        if "out" in options:
            raise TypeError(f"{self.key}: out has no meaning here; gradients belong to autograd")
        if len(inputs) != len(self.inputs):
            raise TypeError(f"{self.key}: takes {', '.join(self.inputs)}; {len(inputs)} tensors given")
        wanted = []
        for k, (name, tensor) in enumerate(zip(self.inputs, inputs, strict=True)):
            if not isinstance(tensor, Tensor):
                raise TypeError(f"{self.key}: {name} must be a tensor, got {type(tensor).__name__}")
            if tensor.requires_grad and torch.is_grad_enabled():
                if k not in self.differentiable:
                    raise TypeError(f"{self.key}: {name} requires a gradient, and the loss has none by it; detach it")
                wanted.append(k)
        return wanted


def wrapped(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """A loss of numloss, or a functools.partial of one, as a function of tensors that autograd knows.

    Examples
    --------
    >>> import torch, numloss as nl
    >>> from numloss.adapters import torch as nt
    >>> both = nt.wrap(nl.combine((0.5, nl.mse), (2.0, nl.mae)))
    >>> x = torch.tensor([3.0], requires_grad=True)
    >>> both(x, torch.tensor([1.0])).backward()
    >>> x.grad
    tensor([4.])
    """
    loss, arguments, fixed = unwrapped(function)
    if arguments:
        raise TypeError(f"{loss.name}: a partial may fix options, not tensors")
    run = Wrapped(loss, fixed)

    def of_tensors(*inputs: Any, **options: Any) -> Tensor:
        return run(*inputs, **options)

    of_tensors.__name__ = of_tensors.__qualname__ = loss.name
    of_tensors.__doc__ = loss.function.__doc__
    of_tensors.__signature__ = inspect.signature(loss.declaration)  # type: ignore[attr-defined]
    return of_tensors
