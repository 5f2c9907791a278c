/* Thirty-twos of neighbours: what tiles and loops do without keeping it in memory. Vectors are those of the compiler,
   which are read faster than immintrin.h. */
#ifndef NUMLOSS_NEIGHBOURS_H
#define NUMLOSS_NEIGHBOURS_H

#include "primitives.h"

#if defined(__GNUC__)
/* what gcc itself makes of a conversion are two halves, by way of memory */
#if defined(__AVX512F__) && !defined(__clang__)
#define NUMLOSS_SUMS 8
#define WIDER(x) (few_f64) __builtin_ia32_cvtps2pd512_mask(x, (few_f64){0}, -1, 4)
#elif defined(__AVX__) && !defined(__clang__)
#define NUMLOSS_SUMS 4
#define WIDER(x) (few_f64) __builtin_ia32_cvtps2pd256(x)
#else
#define NUMLOSS_SUMS 4
#define WIDER(x) __builtin_convertvector(x, few_f64)
#endif
typedef float few_f32 __attribute__((vector_size(4 * NUMLOSS_SUMS)));
typedef double few_f64 __attribute__((vector_size(8 * NUMLOSS_SUMS)));
typedef float some_f32 __attribute__((vector_size(32)));
typedef double some_f64 __attribute__((vector_size(32)));
typedef int32_t told_f32 __attribute__((vector_size(32)));
typedef int64_t told_f64 __attribute__((vector_size(32)));
#if defined(__AVX__)
#define ANY_f32(v) __builtin_ia32_movmskps256((some_f32)(v))
#define ANY_f64(v) __builtin_ia32_movmskpd256((some_f64)(v))
#else
NUMLOSS_INLINE int64_t any_bit(told_f64 v) { return (v[0] | v[1] | v[2] | v[3]) != 0; }
#define ANY_f32(v) any_bit((told_f64)(v))
#define ANY_f64(v) any_bit(v)
#endif
/* TEST is of two vectors, x and y, and of both ends; each of n thirty-twos is 8 or 4 of them, and i is every other one */
#define NUMLOSS_TEST(NAME, T, TEST)                                                                              \
    NUMLOSS_INLINE int64_t NAME##_##T(const REAL_##T *p, int64_t n, REAL_##T lowest, REAL_##T highest) {         \
        const some_##T low = (some_##T){0} + lowest, high = (some_##T){0} + highest;                             \
        const int64_t step = (int64_t)(sizeof(some_##T) / sizeof *p);                                            \
        told_##T bad = {0};                                                                                      \
        (void)low, (void)high;                                                                                   \
        for (int64_t i = 0; i < 32 * n; i += 2 * step) {                                                         \
            some_##T x, y;                                                                                       \
            memcpy(&x, p + i, sizeof x);                                                                         \
            memcpy(&y, p + i + step, sizeof y);                                                                  \
            bad |= TEST;                                                                                         \
        }                                                                                                        \
        return ANY_##T(bad);                                                                                     \
    }
#define OUTSIDE (~((x >= low) & (x <= high)) | ~((y >= low) & (y <= high)))
#define BEYOND ((x < low) | (x > high) | (y < low) | (y > high))
#if defined(__AVX__) && !defined(__clang__)
#define NO_NUMBER_f32 (told_f32) __builtin_ia32_cmpps256(x, y, 3)
#define NO_NUMBER_f64 (told_f64) __builtin_ia32_cmppd256(x, y, 3)
#else
#define NO_NUMBER_f32 ((x != x) | (y != y))
#define NO_NUMBER_f64 NO_NUMBER_f32
#endif
/* sums that have names stay in registers, those of an array in memory */
#define SUM(k) few_f64 sum##k; memcpy(&sum##k, lanes + k * NUMLOSS_SUMS, sizeof sum##k)
#define KEPT(k) memcpy(lanes + k * NUMLOSS_SUMS, &sum##k, sizeof sum##k)
#define MORE(k) memcpy(&x, p + i + k * NUMLOSS_SUMS, sizeof x), sum##k += WIDER(x)
#if NUMLOSS_SUMS == 8
#define EACH(DO) DO(0); DO(1); DO(2); DO(3)
#else
#define EACH(DO) DO(0); DO(1); DO(2); DO(3); DO(4); DO(5); DO(6); DO(7)
#endif
NUMLOSS_INLINE int64_t add32_f32(const float *p, int64_t n, double *lanes) {
    few_f32 x;
    EACH(SUM);
    for (int64_t i = 0; i < 32 * n; i += 32) { EACH(MORE); }
    EACH(KEPT);
    return 0;
}
#define MORE_f64(k) memcpy(&x, p + i + k * NUMLOSS_SUMS, sizeof x), sum##k += x
NUMLOSS_INLINE int64_t add32_f64(const double *p, int64_t n, double *lanes) {
    few_f64 x;
    EACH(SUM);
    for (int64_t i = 0; i < 32 * n; i += 32) { EACH(MORE_f64); }
    EACH(KEPT);
    return 0;
}
#else
#define NUMLOSS_TEST(NAME, T, TEST)                                                                              \
    NUMLOSS_INLINE int64_t NAME##_##T(const REAL_##T *p, int64_t n, REAL_##T low, REAL_##T high) {               \
        int bad = 0;                                                                                             \
        (void)low, (void)high;                                                                                   \
        for (int64_t i = 0; i < 32 * n; i++) {                                                                   \
            const REAL_##T x = p[i];                                                                             \
            bad |= TEST;                                                                                         \
        }                                                                                                        \
        return bad;                                                                                              \
    }
#define OUTSIDE (!(x >= low && x <= high))
#define BEYOND (x < low || x > high)
#define NO_NUMBER_f32 (x != x)
#define NO_NUMBER_f64 (x != x)
NUMLOSS_INLINE int64_t add32_f32(const float *p, int64_t n, double *lanes) {
    for (int64_t i = 0; i < 32 * n; i++) lanes[i % 32] += (double)p[i];
    return 0;
}
NUMLOSS_INLINE int64_t add32_f64(const double *p, int64_t n, double *lanes) {
    for (int64_t i = 0; i < 32 * n; i++) lanes[i % 32] += p[i];
    return 0;
}
#endif
NUMLOSS_TEST(outside32, f32, OUTSIDE)
NUMLOSS_TEST(outside32, f64, OUTSIDE)
NUMLOSS_TEST(beyond32, f32, BEYOND)
NUMLOSS_TEST(beyond32, f64, BEYOND)
NUMLOSS_TEST(none32, f32, NO_NUMBER_f32)
NUMLOSS_TEST(none32, f64, NO_NUMBER_f64)
NUMLOSS_INLINE int64_t nan32_f32(const float *p, int64_t n) { return none32_f32(p, n, 0, 0); }
NUMLOSS_INLINE int64_t nan32_f64(const double *p, int64_t n) { return none32_f64(p, n, 0, 0); }

/* A pointer whose memory no other one of a function leads to. */
#if defined(__GNUC__)
#define NUMLOSS_APART __restrict__
#else
#define NUMLOSS_APART
#endif
typedef float *NUMLOSS_APART apart_f32;
typedef double *NUMLOSS_APART apart_f64;

#endif
