/* What the vocabulary of laws and the loop language need from C: bits, square roots, and the head of an array. */
#ifndef NUMLOSS_PRIMITIVES_H
#define NUMLOSS_PRIMITIVES_H

#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define NUMLOSS_INLINE static inline __attribute__((always_inline))
#else
#define NUMLOSS_INLINE static inline
#endif

NUMLOSS_INLINE uint32_t bits_f32(float x) { uint32_t u; memcpy(&u, &x, 4); return u; }
NUMLOSS_INLINE uint64_t bits_f64(double x) { uint64_t u; memcpy(&u, &x, 8); return u; }
NUMLOSS_INLINE float from_bits_f32(uint32_t u) { float x; memcpy(&x, &u, 4); return x; }
NUMLOSS_INLINE double from_bits_f64(uint64_t u) { double x; memcpy(&x, &u, 8); return x; }

NUMLOSS_INLINE float fabs_f32(float x) { return fabsf(x); }
NUMLOSS_INLINE double fabs_f64(double x) { return fabs(x); }
NUMLOSS_INLINE float sqrt_f32(float x) { return sqrtf(x); }
NUMLOSS_INLINE double sqrt_f64(double x) { return sqrt(x); }
/* one instruction where the level has it, a correctly rounded function of libm elsewhere */
NUMLOSS_INLINE float fma_f32(float a, float b, float c) { return fmaf(a, b, c); }
NUMLOSS_INLINE double fma_f64(double a, double b, double c) { return fma(a, b, c); }

NUMLOSS_INLINE float power_of_two_f32(float t) { return from_bits_f32(bits_f32(t) << 23); }
NUMLOSS_INLINE double power_of_two_f64(double t) { return from_bits_f64(bits_f64(t) << 52); }

/* The bits of sqrt(1/2) are taken off, so that the exponent field steps at sqrt(1/2) instead of at 1. */
NUMLOSS_INLINE float exponent_of_f32(float x) {
    uint32_t u = bits_f32(x) + 0x00CAFB0Du;
    return from_bits_f32((u >> 23) + 0x4B400000u) - 12583040.0f;
}
NUMLOSS_INLINE float mantissa_of_f32(float x) {
    return from_bits_f32(((bits_f32(x) + 0x00CAFB0Du) & 0x007FFFFFu) + 0x3F3504F3u);
}
NUMLOSS_INLINE double exponent_of_f64(double x) {
    uint64_t u = bits_f64(x) + 0x00195F619980C433ull;
    return from_bits_f64((u >> 52) + 0x4338000000000000ull) - 6755399441056768.0;
}
NUMLOSS_INLINE double mantissa_of_f64(double x) {
    return from_bits_f64(((bits_f64(x) + 0x00195F619980C433ull) & 0x000FFFFFFFFFFFFFull) + 0x3FE6A09E667F3BCDull);
}

/* Numbers of 16 bits by integers and one multiplication: no instruction that a CPU may lack, no function of a compiler.
   What is no number stays none, with the bits that it has. */
NUMLOSS_INLINE uint32_t moved_float16(uint16_t half) { /* the sign stays where it is */
    return (uint32_t)(int32_t)(int16_t)half << 13 & 0x8FFFE000u;
}
NUMLOSS_INLINE float of_finite_float16_f32(uint16_t half) { return from_bits_f32(moved_float16(half)) * 0x1p112f; }
NUMLOSS_INLINE float of_float16_f32(uint16_t half) {
    const uint32_t none = -(uint32_t)((moved_float16(half) & 0x7FFFFFFFu) >= 0x0F800000u) & 0x7F800000u;
    return from_bits_f32(bits_f32(of_finite_float16_f32(half)) | none);
}
NUMLOSS_INLINE uint16_t to_float16_f32(float x) {
    const uint32_t bits = bits_f32(x), whole = bits & 0x7FFFFFFFu, u = whole < 0x47800000u ? whole : 0x47800000u;
    const uint32_t own = u & 0x7F800000u, exponent = own > 0x38800000u ? own : 0x38800000u;
    const uint32_t kept = bits_f32(from_bits_f32(u) + from_bits_f32(exponent + 0x06800000u)) + (exponent >> 13);
    const uint32_t none = -(uint32_t)(whole > 0x7F800000u) & 0x0200u;
    return (uint16_t)((kept - exponent - 0x0681C400u) | none | (bits >> 16 & 0x8000u));
}
NUMLOSS_INLINE float of_bfloat16_f32(uint16_t half) { return from_bits_f32((uint32_t)half << 16); }
NUMLOSS_INLINE uint16_t to_bfloat16_f32(float x) {
    const uint32_t u = bits_f32(x), near = (u + 0x7FFFu + (u >> 16 & 1)) >> 16;
    return (uint16_t)((u & 0x7FFFFFFFu) > 0x7F800000u ? (u >> 16 & 0x8000u) | 0x7FC0u : near);
}
NUMLOSS_INLINE double of_finite_float16_f64(uint16_t half) { return (double)of_finite_float16_f32(half); }
NUMLOSS_INLINE double of_float16_f64(uint16_t half) { return (double)of_float16_f32(half); }
NUMLOSS_INLINE double of_bfloat16_f64(uint16_t half) { return (double)of_bfloat16_f32(half); }
NUMLOSS_INLINE uint16_t to_float16_f64(double x) { return to_float16_f32((float)x); }
NUMLOSS_INLINE uint16_t to_bfloat16_f64(double x) { return to_bfloat16_f32((float)x); }

#define REAL_f32 float
#define REAL_f64 double

/* The cblas function at an address: y = a b, or y += a b, in C order (101), transposed (112) where a flip is 1 */
#define NUMLOSS_GEMM(T)                                                                                          \
    typedef void (*gemm_##T)(int, int, int, int64_t, int64_t, int64_t, REAL_##T, const REAL_##T *, int64_t,      \
                             const REAL_##T *, int64_t, REAL_##T, REAL_##T *, int64_t);                          \
    NUMLOSS_INLINE int64_t call_gemm_##T(int64_t f, int64_t flip_a, int64_t flip_b, int64_t m, int64_t n,        \
                                         int64_t k, const REAL_##T *a, int64_t lda, const REAL_##T *b,           \
                                         int64_t ldb, int64_t add, REAL_##T *y, int64_t ldy) {                   \
        ((gemm_##T)(intptr_t)f)(101, 111 + (int)flip_a, 111 + (int)flip_b, m, n, k, 1, a, lda, b, ldb,           \
                                (REAL_##T)add, y, ldy);                                                          \
        return 0;                                                                                                \
    }
NUMLOSS_GEMM(f32)
NUMLOSS_GEMM(f64)

/* The fields that every NumPy array and every dtype start with; NumPy's own macros compile these offsets into
   extensions. */
typedef struct { PyObject_HEAD void *scalar; char kind, letter, byteorder, former_flags; int type_num; } numloss_descr;
typedef struct {
    PyObject_HEAD char *data;
    int nd;
    intptr_t *dimensions, *strides;
    PyObject *base;
    numloss_descr *descr;
    int flags;
} numloss_array_head;
NUMLOSS_INLINE int64_t array_data(int64_t object) { return (int64_t)(intptr_t)((numloss_array_head *)(intptr_t)object)->data; }
NUMLOSS_INLINE int64_t place_array(int64_t object, int64_t data) {
    ((numloss_array_head *)(intptr_t)object)->data = (char *)(intptr_t)data;
    return 0;
}

/* What a block needs beside its stack, and the loop of another header. */
NUMLOSS_INLINE int64_t take_memory(int64_t n) { return (int64_t)(intptr_t)malloc((size_t)n); }
NUMLOSS_INLINE int64_t give_back(int64_t at) { free((void *)(intptr_t)at); return 0; }
NUMLOSS_INLINE int64_t call_loop(int64_t f, int64_t header, int64_t partial, int64_t block) {
    return ((int64_t (*)(int64_t, int64_t, int64_t))(intptr_t)f)(header, partial, block);
}

#endif
