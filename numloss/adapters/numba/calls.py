"""What a compiled call of a loss was given, told from types alone: options as expressions, and what is refused."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numba import types
from numba.core.errors import TypingError
from numba.extending import register_jitable

from ...calls import checks
from ...common.generated import defined
from ...loops.codes import CODES, DATA
from ...registry import Loss, law_arguments

EMPTY: Any = inspect.Parameter.empty
REDUCTIONS = tuple(word for word in checks.REDUCTIONS if word != "top")
# What a compiled call has no use for, with what to do instead.
REFUSED = {
    "out": "what it computes is its result: leave out away",
    "backend": "compiled code calls the kernels itself: leave backend away",
    "indices": "classes by their names are for calls from Python",
}
_numbers = itertools.count()


def refuse(loss: Loss, sentence: str) -> NoReturn:
    """Raise what Numba shows of a call that cannot be compiled."""
    raise TypingError(f"{loss.name}: {sentence}")


class Writing:
    """The text of a compiled call in the making.

    kinds: the type of each argument by name; what was left out has the type of its default. `lines` are those before
    the loss is computed, and `odd` is true there for what only a call from Python answers or refuses, in its sentences.
    `scope` is what the names of the text refer to; all names of this package begin with an underscore.
    """

    def __init__(self, loss: Loss, kinds: dict[str, types.Type], dtype: str) -> None:
        self.loss, self.kinds, self.dtype = loss, kinds, dtype
        self.real = np.dtype(dtype)
        self.read: set[str] = set()
        self.lines: list[str] = ["_odd = False"]
        self.scope: dict[str, Any] = {"__name__": __name__, "_real": getattr(np, dtype), "_float64": np.float64}
        self.scope |= {"_nan": np.nan, "_inf": np.inf}

    def write(self, *lines: str) -> None:
        """Add lines."""
        self.lines += lines

    def watch(self, condition: str) -> None:
        """Leave the call to Python where this holds."""
        self.write(f"_odd = _odd or {condition}")

    def named(self, value: Any, name: str = "") -> str:
        """A name for a value; functions of the same value share it."""
        for known, other in self.scope.items():
            if other is value:
                return known
        name = f"_{name or 'x'}{len(self.scope)}"
        self.scope[name] = value
        return name

    def refuse(self, sentence: str) -> NoReturn:
        """Raise for what cannot be compiled."""
        refuse(self.loss, sentence)

    def is_given(self, name: str) -> bool:
        """Whether an argument is there and not None."""
        kind = self.kinds.get(name)
        return kind is not None and not isinstance(kind, (types.Omitted, types.NoneType))

    def literal(self, name: str) -> Any:
        """A word or None that an option is: what is known when the call is compiled; ... for what is not."""
        kind = self.kinds[name]
        if isinstance(kind, types.Omitted):
            return kind.value
        if isinstance(kind, types.NoneType):
            return None
        return kind.literal_value if isinstance(kind, types.StringLiteral) else ...

    def literal_integer(self, name: str) -> Any:
        """An integer that is known when the call is compiled, or ... ."""
        self.read.add(name)
        kind = self.kinds[name]
        return kind.literal_value if isinstance(kind, types.IntegerLiteral) else ...

    def kind(self, name: str) -> types.Type:
        """The type of an argument, without the value that Numba knows of it."""
        self.read.add(name)
        return types.unliteral(self.kinds[name])

    def reduction(self) -> str:
        """The reduction, which must be known."""
        found = self.literal("reduction")
        if found not in REDUCTIONS:
            self.refuse("reduction must be 'mean', 'sum' or 'none', written where the loss is called")
        return str(found)

    def number(self, name: str) -> str:
        """An option as an expression of float64; what is outside of its domain is watched for."""
        self.read.add(name)
        loss, known = self.loss, self.literal(name)
        if known is EMPTY or (known is None and name not in loss.none):
            self.refuse(f"missing {name}")
        if known is not ...:
            try:
                return number_text(checks.number(loss, name, known, self.real))
            except (TypeError, ValueError) as error:
                raise TypingError(str(error)) from None
        kind = self.kind(name)
        if name in loss.words:
            self.refuse(f"{name} must be {' or '.join(map(repr, loss.words[name]))}, written where the loss is called")
        self.check_number(name, kind)
        value = f"_{name}"
        self.write(f"{value} = _float64({name})")
        domain = loss.domains.get(name)
        if domain is None:
            self.watch(f"{value} != {value}")
        else:
            low, high = domain.ends(self.dtype)
            self.watch(f"not ({number_text(low)} <= {value} <= {number_text(high)})")
            if domain.integers:
                self.watch(f"{value} != round({value})")
        return value

    def check_number(self, name: str, kind: types.Type) -> None:
        """Raise unless a type is that of a number; a truth is one only where the loss has one."""
        truth = isinstance(self.loss.defaults.get(name), bool)
        if not isinstance(kind, (types.Integer, types.Float)) and not (truth and isinstance(kind, types.Boolean)):
            self.refuse(f"{name} must be a number, got {kind}")

    def flag(self, name: str) -> str:
        """An option that is true or false, as an expression."""
        self.read.add(name)
        known = self.literal(name)
        if known is ...:
            if not isinstance(self.kind(name), types.Boolean):
                self.refuse(f"{name} must be True or False, got {self.kind(name)}")
            return name
        return str(bool(known))

    def parameters(self) -> list[str]:
        """The parameters of the law, as `Request.parameters` has them."""
        self.known: dict[str, str] = {}
        return [self.parameter(name) for name in self.loss.params]

    def parameter(self, name: str) -> str:
        """One of them: an option, what is derived of options, or what the dtype loses of another one."""
        if name not in self.known:
            self.known[name] = self._parameter(name)
        return self.known[name]

    def _parameter(self, name: str) -> str:
        if name in self.loss.defaults:
            return self.number(name)
        function = self.loss.derived.get(name)
        if function is not None:
            given = ", ".join(self.parameter(each) for each in law_arguments(function))
            self.write(f"_of_{name} = {self.named(jitable(function), 'derived')}({given})")
            return f"_of_{name}"
        whole = self.parameter(name.removesuffix("_rest"))
        return f"({whole} - _float64(_real({whole})))"

    def code(self, name: str) -> int:
        """The number by which loops know the dtype of an array of real numbers."""
        kind = self.kind(name)
        dtype = kind.dtype if isinstance(kind, types.Array) else kind
        if not isinstance(dtype, (types.Integer, types.Float, types.Boolean)):
            self.refuse(f"{name} has {dtype}; real numbers are needed")
        char = np.dtype(str(dtype)).char
        return DATA if np.dtype(char) == self.real else CODES[char]

    def asked(self) -> tuple[str, str]:
        """The arguments that Python would be called with: their names, and the text between the brackets."""
        inputs = self.loss.inputs
        options = [name for name in self.kinds if name not in inputs and self.is_given(name)]
        words = {name: repr(self.literal(name)) for name in options if self.literal(name) is not ...}
        parts = [*inputs, *(f"{name}={words.get(name, name)}" for name in options)]
        return ", ".join([*inputs, *(name for name in options if name not in words)]), ", ".join(parts)

    def called(self) -> Any:
        """The function of Python that answers what is odd."""
        return self.loss.function

    def refuse_options(self) -> None:
        """Raise for options that compiled calls do not have."""
        for name, instead in REFUSED.items():
            if name in self.kinds and self.is_given(name):
                self.refuse(f"{name} cannot be given in a compiled function; {instead}")

    def finished(self, lines: list[str]) -> Callable[..., Any]:
        """The function that Numba compiles, unless it would compute something else than was asked for."""
        for name, default in self.loss.defaults.items():
            if self.is_given(name) and name not in self.read and self.literal(name) != default:
                self.refuse(f"{name} cannot be given in a compiled function; call it from Python")
        return function_of(signature_of(self.loss), [*self.lines, *lines], self.scope)


def number_text(value: float) -> str:
    """A number in a text."""
    text = repr(float(value))
    return {"nan": "_nan", "inf": "_inf", "-inf": "-_inf"}.get(text, text)


def jitable(function: Any, made: dict[Any, Any] = {}) -> Any:  # noqa: B006 - remembered for good
    """A function of Python's numbers, compiled where it is called."""
    if function not in made:
        made[function] = register_jitable(function)
    return made[function]


def signature_of(loss: Loss) -> dict[str, Any]:
    """What a compiled call takes, each with its default; inputs have none. All of it may be given by position."""
    options = {**loss.defaults, "weight": None, "reduction": loss.reduction, "out": None, "backend": None}
    if not loss.weighted:
        del options["weight"]
    defaults = {name: None if value is EMPTY else value for name, value in options.items()}
    return dict.fromkeys(loss.inputs, EMPTY) | defaults


def function_of(signature: dict[str, Any], lines: list[str], scope: dict[str, Any]) -> Any:
    """A function of a text, whose tracebacks show its lines."""
    taken = [arg if value is EMPTY else f"{arg}={value!r}" for arg, value in signature.items()]
    text = "\n".join([f"def call({', '.join(taken)}):", *(f"    {line}" for line in lines), ""])
    filename = f"<a loss in numba, {next(_numbers)}>"
    return defined(text, "call", filename, scope)
