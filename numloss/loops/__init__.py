"""The loops of each family, written once in a small language that two compilers read.

A loop walks over a block of the problem and calls a *tile*: a function compiled from one law, which maps at
most 512 elements. The text of this package is Python that Numba compiles (numloss/backends/numba_cpu) and that
kernels/translate.py turns into Cython when the package is built, so that both run the same operations in the
same order. Only what differs between the two is written twice: threads, memory, and how Python calls in.

The language, beyond arithmetic, comparisons, `if`, `while`, `for ... in range` and calls:

    annotations      Real Reals Double Doubles Int Ints: the dtype of the data, float64, int64, and pointers to them
    real(x) double(x) integer(x)               conversions
    reals(a) doubles(a) ints(a)                pointers from an address;  pointer[i] reads and writes
    int8s uint8s ... uint64s float32s float64s pointers to the other dtypes of NumPy
    of_float16(u) of_bfloat16(u)               the number whose 16 bits an entry of uint16s is
    of_finite_float16(u)  infinite_float16(p, n)   the same, sooner, of one that is finite; not 0 if one of n is not
    largest_float16(p, n) largest_bfloat16(p, n)   the largest of n of those; NaN is more than all, or less with a sign
    to_float16(x) to_bfloat16(x)               the bits of the nearest number of 16, even where two are as near
    offset(p, n)  address(p)                   a pointer n elements further; the address behind a pointer
    array_data(o)                              address of the data of the NumPy array that is the object at o
    stack_reals(n) stack_doubles(n) stack_ints(n)  memory of this call; n is a literal
    spread16(p, x)                             sixteen neighbours at once become x
    run_maximum(p, n)  run_sum(p, n)           of n neighbours, in sixteen lanes that are folded by halving;
                                               compilers keep lanes in memory where these keep them in registers
    run_sum_wide(p, n)                         run_sum in float64, whatever the data
    add32(p, n, lanes)                         n times 32 neighbours are added to as many doubles
    outside32(p, n, low, high)                 not 0 if one of n times 32 neighbours is not within both ends, or NaN
    beyond32(p, n, low, high)  nan32(p, n)     the same if one is below one end or above the other, which NaN is not; if
                                               one is NaN
    will_need(p, n)                            n neighbours will be read or written soon: a hint to the caches
    call_tile(f, pointers, params, n)          calls the tile at address f
    call_loop(f, header, partial, block)       runs a block by the loop at address f; header and partial are addresses
    take_memory(n)  give_back(a)               the address of n bytes, or 0 if there are none; the end of their use
    place_array(o, a)                          64 bytes at o are the object of an array whose data are at a
    call_gemm(f, ...)                          calls the product of matrices of BLAS at address f
    @noinline                                     a function that is compiled by itself and called
    @apart                                        a function whose pointers lead to memory of their own each
    c: Elementwise                             a header (headers/): what the host says of a problem, or what loops
                                               say to each other; a pointer to it, which is never read by position
    c.rows                                     reads a field, c.rows = 1 writes it; a header inside of another is read
    c.pred.kind                                  by its name, too
    c.params[k]  c.inputs[k].kind              the k-th of a field of many: numbers, or headers
    s = Row()                                  memory of this call for a header, with anything in it
    results: Many[Result]                      a pointer to several headers: results[b] is a pointer to one
    TABLE                                      an integer by its name: of codes.py, or one of the file itself
    double_exp double_log double_log1p         words of the vocabulary for a Double, whatever the data; also
                                               double_exp_below, double_exp_curve, double_exp_of_difference,
                                               double_difference_rest, double_exp_exponent, double_exp_mantissa,
                                               double_ratio_of, double_expm1, double_log1p_unit, double_lgamma,
                                               double_digamma

A float literal takes the dtype of the data; write double(0.0) for a sum in float64.
"""
