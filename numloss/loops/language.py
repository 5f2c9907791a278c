"""The words of the loop language. They have no meaning as plain Python: compilers replace them by name."""

from typing import Any, NoReturn, TypeAlias

Real: TypeAlias = Any
Reals: TypeAlias = Any
Double: TypeAlias = Any
Doubles: TypeAlias = Any
Int: TypeAlias = Any
Ints: TypeAlias = Any

# How the names of loops end that are called by their address: over a block of a problem, over some whole examples.
ENTRIES = ("_block", "_examples")
POINTERS = {
    "reals": "real",
    "doubles": "float64",
    "ints": "int64",
    "float32s": "float32",
    "float64s": "float64",
    "int8s": "int8",
    "uint8s": "uint8",
    "int16s": "int16",
    "uint16s": "uint16",
    "int32s": "int32",
    "uint32s": "uint32",
    "int64s": "int64",
    "uint64s": "uint64",
}
WORDS = ("real", "double", "integer", "offset", "address", "array_data", "stack_reals", "stack_doubles", "stack_ints")
RUN_WORDS = {"spread16": "int", "run_maximum": "real", "run_sum": "real", "run_sum_wide": "double", "will_need": "int"}
RUN_WORDS |= dict.fromkeys(("add32", "outside32", "beyond32", "nan32", "infinite_float16"), "int")
RUN_WORDS |= dict.fromkeys(("largest_float16", "largest_bfloat16"), "real")
# Numbers of 16 bits, which have no arithmetic: read from an entry of uint16s, or made for one.
HALF_WORDS = dict.fromkeys(("of_float16", "of_finite_float16", "of_bfloat16"), "real")
HALF_WORDS |= {"to_float16": "number", "to_bfloat16": "number"}
DOUBLE_WORDS = {
    f"double_{name}": name
    for name in (
        *("exp", "exp_of_difference", "difference_rest", "log", "log1p", "log1p_unit", "lgamma", "digamma"),
        *("exp_below", "exp_curve", "exp_exponent", "exp_mantissa", "expm1", "ratio_of"),
    )
}
# Memory that a block takes and gives back, arrays in it, and the loop of another header over the same block.
BLOCK_WORDS = ("take_memory", "give_back", "place_array", "call_loop")
WORDS = (*WORDS, *BLOCK_WORDS, "call_tile", "call_gemm", *POINTERS, *RUN_WORDS, *HALF_WORDS, *DOUBLE_WORDS)


def noinline(text: Any) -> Any:
    """Mark a loop as a function of its own: it is compiled once, not again inside everything that calls it."""
    text.noinline = True
    return text


def apart(text: Any) -> Any:
    """Mark a function whose pointers lead to memory of their own each: what one writes, no other one reads."""
    text.apart = True
    return text


def _word(*arguments: Any) -> NoReturn:
    raise NotImplementedError("a word of the loop language is compiled, not called")


real = double = integer = offset = address = array_data = call_tile = call_gemm = _word
stack_reals = stack_doubles = stack_ints = _word
spread16 = run_maximum = run_sum = run_sum_wide = will_need = _word
add32 = outside32 = beyond32 = nan32 = _word
take_memory = give_back = place_array = call_loop = _word
infinite_float16 = of_finite_float16 = _word
largest_float16 = largest_bfloat16 = of_float16 = of_bfloat16 = to_float16 = to_bfloat16 = _word
double_exp = double_exp_curve = double_exp_of_difference = double_difference_rest = double_log = double_log1p = _word
double_log1p_unit = double_expm1 = _word
double_exp_below = double_exp_exponent = double_exp_mantissa = double_ratio_of = _word
double_lgamma = double_digamma = _word
reals = doubles = ints = float32s = float64s = int8s = uint8s = _word
int16s = uint16s = int32s = uint32s = int64s = uint64s = _word
