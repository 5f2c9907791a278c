"""What arrays over time are made of, checked: the same for every backend.

An array of which a column has one entry alone, the value behind the last step, is `beyond`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import widened, working
from . import checks as check
from .outputs import check_apart, slots

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request


class Scans:
    """One call: arrays by their names, None where there is none, and what is written, by name as well."""

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.request, self.loss = place, request, request.loss
        loss, self.back = self.loss, request.mode > 0
        self.first = place.prediction(loss, loss.inputs[0], request.arguments[0])
        self.shape, self.real = tuple(self.first.shape), working(self.first.dtype)
        self.axis = time_axis(loss, self.shape, request.option("axis"))
        self.steps = self.shape[self.axis]
        self.law, self.reads, self.writes = loss.step(request.mode)
        self.params = request.parameters(self.real)
        self.window = self.steps_of_a_window()
        self.arrays = dict(zip(loss.inputs, request.arguments, strict=True))
        self.arrays |= {name: request.option(name) for name in loss.per_element}
        self.arrays = {name: self.read(name, value) for name, value in self.arrays.items()}
        self.follow()
        if self.back:
            self.arrays |= self.cotangents(request.options["cotangent"])
        self.outputs = self.written()

    def read(self, name: str, value: Any) -> Any:
        """An array of the shape of all, or None for an option that has none."""
        loss, place = self.loss, self.place
        if value is None and name in loss.per_element:
            return None
        known = name in loss.inputs and loss.inputs.index(name) in loss.differentiable
        array = (place.prediction if known else place.real)(loss, name, value)
        if name != "next_value" or tuple(array.shape) != self.shape_beyond:
            check.same_shape(loss, name, tuple(array.shape), self.shape, loss.inputs[0])
        return array

    @property
    def shape_beyond(self) -> tuple[int, ...]:
        """The shape without time."""
        return self.shape[: self.axis] + self.shape[self.axis + 1 :]

    def follow(self) -> None:
        """What follows each step: a value of its own, or that of the step behind it and one beyond the last."""
        loss, given = self.loss, self.arrays["next_value"]
        self.beyond = None
        if given is None or tuple(given.shape) == self.shape:
            return
        if self.arrays["truncated"] is not None:
            raise ValueError(
                f"{loss.name}: next_value has shape {tuple(given.shape)}; with truncated it must be {self.shape}: a "
                "step that is truncated leads to a state that is not that of the next"
            )
        valued = "next_value" in loss.per_element or self.before is not None
        if not valued:
            check.same_shape(loss, "next_value", tuple(given.shape), self.shape, loss.inputs[0])
        self.beyond, self.arrays["next_value"] = given, None

    @property
    def before(self) -> str | None:
        """The name of the values of states, if there are any: that of the next step follows each."""
        return "value" if "value" in self.loss.inputs else None

    def steps_of_a_window(self) -> int:
        """How many steps make a result, 0 for all."""
        if "n" not in self.loss.defaults:
            return 0
        n = check.integer(self.loss, "n", self.request.option("n"))
        if n < 1:
            raise ValueError(f"{self.loss.name}: n must be at least 1, got {n}")
        return int(min(n, max(1, self.steps)))

    def cotangents(self, given: Any) -> dict[str, Any]:
        """Those of the results, by their names; None is one of zeros."""
        loss, names = self.loss, self.loss.results
        parts = given if isinstance(given, tuple) else (given,)
        if len(parts) != len(names):
            raise TypeError(f"{loss.name}: cotangent must be a tuple of {len(names)} arrays, for {', '.join(names)}")
        found: dict[str, Any] = {}
        for name, part in zip(names, parts, strict=True):
            what = f"the cotangent of {name}"
            found[name] = None if part is None else self.place.real(loss, what, part)
            if part is not None:
                check.same_shape(loss, what, tuple(found[name].shape), self.shape, loss.inputs[0])
        return found

    def written(self) -> dict[str, Any]:
        """What is written, by name: results, or gradients."""
        loss, place, out = self.loss, self.place, self.request.options.get("out")
        what = "gradient" if self.back else "values"
        given = slots(self.request, out, what) if self.back else check.several(loss, out, len(self.writes), what)
        found: dict[str, Any] = {}
        for name, array in zip(self.writes, given, strict=True):
            shape = self.shape if name != "next_value" or self.beyond is None else self.shape_beyond
            found[name] = place.output(loss, array, self.first, shape, what)
        if out is not None:
            check_apart(place, self.request, [(what, array) for array in found.values()])
        return found

    def answer(self) -> Any:
        """What the caller gets."""
        found = [self.place.shown(array) for array in self.outputs.values()]
        if self.back:
            return self.request.answer(None, found)
        return found[0] if len(found) == 1 else tuple(found)

    def complain(self, *_: int) -> NoReturn:
        """Raise for the first value outside its domain, now that a kernel found one."""
        for name in self.reads:
            array, domain = self.arrays.get(name), self.loss.domains.get(name)
            array = self.beyond if name == "next_value" and array is None else array
            if array is None or domain is None or domain.free:
                continue
            host = widened(np.asarray(self.place.on_host(array)))
            low, high = domain.ends(self.real.char)
            wide = host.astype(np.float64)
            bad = np.flatnonzero(~((wide >= low) & (wide <= high)).ravel())
            if bad.size:
                check.value_outside(self.loss, name, host, int(bad[0]), domain.text, bad.size)
        raise RuntimeError(f"{self.loss.name}: an array was changed by another thread while it was read")


def time_axis(loss: Any, shape: tuple[int, ...], value: Any) -> int:
    """The axis of time, checked."""
    axis = check.integer(loss, "axis", value)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{loss.name}: axis {axis} is outside of {loss.inputs[0]} with shape {shape}")
    return axis % len(shape)
