"""Pointers to headers, for Numba on CPU: fields by name, and the k-th of many."""

from __future__ import annotations

import hashlib
import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.extending import intrinsic, models, register_model
from numba.core.imputils import lower_builtin, lower_getattr_generic, lower_setattr_generic
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global, signature

from ...loops.headers import HEADERS, Header

FIELDS = {"Int": types.int64, "Double": types.float64}


class ViewType(types.Type):
    """A pointer to a header, which is read by field; or to several of them, which are told apart by number."""

    def __init__(self, header: type[Header], several: bool) -> None:
        self.header, self.several = header, several
        described = hashlib.sha256(header.described().encode()).hexdigest()[:8]
        super().__init__(name=f"{'Many' if several else ''}{header.__name__}{described}")

    def type_of(self, name: str) -> types.Type:
        """What reading a field gives: a number, or a pointer."""
        kind, count, _ = self.header.fields()[name]
        if kind in FIELDS:
            return types.CPointer(FIELDS[kind]) if count else FIELDS[kind]
        return VIEWS[f"Many[{kind}]" if count else kind]


VIEWS = {name: ViewType(header, False) for name, header in HEADERS.items()}
VIEWS |= {f"Many[{name}]": ViewType(header, True) for name, header in HEADERS.items()}


@register_model(ViewType)
class ViewModel(models.PrimitiveModel):
    def __init__(self, manager, kind):  # type: ignore[no-untyped-def]
        super().__init__(manager, kind, ir.IntType(64).as_pointer())


@infer_getattr
class ViewFields(AttributeTemplate):
    key = ViewType

    def generic_resolve(self, view, name):  # type: ignore[no-untyped-def]
        return None if view.several or name not in view.header.fields() else view.type_of(name)


def _place(builder: Any, view: ViewType, pointer: Any, name: str) -> Any:
    return builder.gep(pointer, [ir.IntType(64)(view.header.fields()[name].at // 8)])


@lower_getattr_generic(ViewType)
def _read_field(context, builder, view, pointer, name):  # type: ignore[no-untyped-def]
    kind, place = view.type_of(name), _place(builder, view, pointer, name)
    if isinstance(kind, types.Number):
        return builder.load(builder.bitcast(place, context.get_value_type(kind).as_pointer()))
    return builder.bitcast(place, context.get_value_type(kind))


@lower_setattr_generic(ViewType)
def _write_field(context, builder, signature, args, name):  # type: ignore[no-untyped-def]
    view, given = signature.args
    kind, place = view.type_of(name), _place(builder, view, args[0], name)
    value = context.cast(builder, args[1], given, kind)
    builder.store(value, builder.bitcast(place, context.get_value_type(kind).as_pointer()))


@infer_global(operator.getitem)
class ViewItem(AbstractTemplate):
    def generic(self, args, kws):  # type: ignore[no-untyped-def]
        if isinstance(args[0], ViewType) and args[0].several and isinstance(args[1], types.Integer):
            return signature(VIEWS[args[0].header.__name__], args[0], types.int64)
        return None


@lower_builtin(operator.getitem, ViewType, types.int64)
def _step(context, builder, signature, args):  # type: ignore[no-untyped-def]
    size = ir.IntType(64)(signature.args[0].header.size() // 8)
    return builder.gep(args[0], [builder.mul(args[1], size)])


def view_at(annotation: str) -> Any:
    """A word that takes an address for that of a header, or of many."""
    view = VIEWS[annotation]

    @intrinsic
    def at(typingctx, address):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.inttoptr(args[0], context.get_value_type(view))

        return view(types.int64), codegen

    return at


def _memory_of(view: ViewType) -> Any:
    @intrinsic
    def memory(typingctx):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            with builder.goto_entry_block():
                data = builder.alloca(ir.ArrayType(ir.IntType(64), view.header.size() // 8))
            return builder.bitcast(data, context.get_value_type(view))

        return view(), codegen

    return memory


def view_words() -> dict[str, Any]:
    """The words that are about headers: a header's name gives memory for one."""
    return {name: _memory_of(VIEWS[name]) for name in HEADERS}
