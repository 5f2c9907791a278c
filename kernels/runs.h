/* Runs of neighbours, for loops alone: immintrin.h takes longer to read than a small unit of laws to compile. */
#ifndef NUMLOSS_RUNS_H
#define NUMLOSS_RUNS_H

#include "primitives.h"

/* Runs of neighbours in sixteen lanes, in as many registers ("wide") as a level needs. OP is add or max; max(b, a) is
   b where that is larger and a elsewhere. Lanes k and k + 8 meet first, then k and k + 4, k + 2, k + 1. */
#if defined(__SSE2__) && defined(__GNUC__)
#include <immintrin.h>
#if defined(__AVX512F__) && defined(__AVX512DQ__)
typedef __m512 wide_f32;
typedef __m512d wide_f64;
#define WIDE_f32(OP, b, a) _mm512_##OP##_ps(b, a)
#define WIDE_f64(OP, b, a) _mm512_##OP##_pd(b, a)
#define HALF_f32(OP, v) _mm256_##OP##_ps(_mm512_extractf32x8_ps(v, 1), _mm512_castps512_ps256(v))
#define HALF_f64(OP, v) _mm256_##OP##_pd(_mm512_extractf64x4_pd(v, 1), _mm512_castpd512_pd256(v))
#define LOAD_f32(p) _mm512_loadu_ps(p)
#define LOAD_f64(p) _mm512_loadu_pd(p)
#define WIDEN(p) _mm512_cvtps_pd(_mm256_loadu_ps(p))
NUMLOSS_INLINE wide_f32 first_f32(const float *p, int n, float rest) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(rest), (1u << n) - 1u, p);
}
NUMLOSS_INLINE wide_f64 first_f64(const double *p, int n, double rest) {
    return _mm512_mask_loadu_pd(_mm512_set1_pd(rest), (1u << n) - 1u, p);
}
#elif defined(__AVX__)
typedef __m256 wide_f32;
typedef __m256d wide_f64;
#define WIDE_f32(OP, b, a) _mm256_##OP##_ps(b, a)
#define WIDE_f64(OP, b, a) _mm256_##OP##_pd(b, a)
#define HALF_f32(OP, v) (v)
#define HALF_f64(OP, v) (v)
#define LOAD_f32(p) _mm256_loadu_ps(p)
#define LOAD_f64(p) _mm256_loadu_pd(p)
#define WIDEN(p) _mm256_cvtps_pd(_mm_loadu_ps(p))
static const int64_t numloss_mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
NUMLOSS_INLINE wide_f32 first_f32(const float *p, int n, float rest) {
    __m256i mask = _mm256_loadu_si256((const __m256i *)((const int32_t *)numloss_mask + 16 - n));
    return _mm256_blendv_ps(_mm256_set1_ps(rest), _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
}
NUMLOSS_INLINE wide_f64 first_f64(const double *p, int n, double rest) {
    __m256i mask = _mm256_loadu_si256((const __m256i *)(numloss_mask + 8 - n));
    return _mm256_blendv_pd(_mm256_set1_pd(rest), _mm256_maskload_pd(p, mask), _mm256_castsi256_pd(mask));
}
#else
typedef __m128 wide_f32;
typedef __m128d wide_f64;
#define WIDE_f32(OP, b, a) _mm_##OP##_ps(b, a)
#define WIDE_f64(OP, b, a) _mm_##OP##_pd(b, a)
#define HALF_f32(OP, v) (v)
#define HALF_f64(OP, v) (v)
#define LOAD_f32(p) _mm_loadu_ps(p)
#define LOAD_f64(p) _mm_loadu_pd(p)
#define WIDEN(p) _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)(p))))
NUMLOSS_INLINE wide_f32 first_f32(const float *p, int n, float rest) {
    float few[4] = {rest, rest, rest, rest};
    for (int k = 0; k < n; k++) few[k] = p[k];
    return _mm_loadu_ps(few);
}
NUMLOSS_INLINE wide_f64 first_f64(const double *p, int n, double rest) {
    double few[2] = {rest, rest};
    for (int k = 0; k < n; k++) few[k] = p[k];
    return _mm_loadu_pd(few);
}
#endif
#if defined(__AVX__)
#define QUARTER_f32(OP, v) _mm_##OP##_ps(_mm256_extractf128_ps(v, 1), _mm256_castps256_ps128(v))
#define QUARTER_f64(OP, v) _mm_##OP##_pd(_mm256_extractf128_pd(v, 1), _mm256_castpd256_pd128(v))
#else
#define QUARTER_f32(OP, v) (v)
#define QUARTER_f64(OP, v) (v)
#endif
#define LAST_f32(OP)                                                                                             \
    NUMLOSS_INLINE float last_##OP##_f32(wide_f32 v) {                                                           \
        __m128 q = QUARTER_f32(OP, HALF_f32(OP, v));                                                             \
        q = _mm_##OP##_ps(_mm_movehl_ps(q, q), q);                                                               \
        return _mm_cvtss_f32(_mm_##OP##_ss(_mm_shuffle_ps(q, q, 1), q));                                         \
    }
#define LAST_f64(OP)                                                                                             \
    NUMLOSS_INLINE double last_##OP##_f64(wide_f64 v) {                                                          \
        __m128d q = QUARTER_f64(OP, HALF_f64(OP, v));                                                            \
        return _mm_cvtsd_f64(_mm_##OP##_sd(_mm_unpackhi_pd(q, q), q));                                           \
    }
#else
typedef float wide_f32;
typedef double wide_f64;
#define WIDE_f32(OP, b, a) one_##OP(b, a)
#define WIDE_f64(OP, b, a) one_##OP(b, a)
#define LOAD_f32(p) (*(p))
#define LOAD_f64(p) (*(p))
#define WIDEN(p) ((double)*(p))
#define one_add(b, a) ((b) + (a))
#define one_max(b, a) ((b) > (a) ? (b) : (a))
NUMLOSS_INLINE wide_f32 first_f32(const float *p, int n, float rest) { return n > 0 ? *p : rest; }
NUMLOSS_INLINE wide_f64 first_f64(const double *p, int n, double rest) { return n > 0 ? *p : rest; }
#define LAST_f32(OP) NUMLOSS_INLINE float last_##OP##_f32(float v) { return v; }
#define LAST_f64(OP) NUMLOSS_INLINE double last_##OP##_f64(double v) { return v; }
#endif
#define LANES(T) (int)(sizeof(wide_##T) / sizeof(REAL_##T))
#define PIECES(T) (16 / LANES(T))

#define NUMLOSS_FOLD(OP, T)                                                                                      \
    LAST_##T(OP)                                                                                                 \
    NUMLOSS_INLINE void merge_##OP##_##T(wide_##T *a, const wide_##T *b) {                                       \
        for (int k = 0; k < PIECES(T); k++) a[k] = WIDE_##T(OP, b[k], a[k]);                                     \
    }                                                                                                            \
    NUMLOSS_INLINE REAL_##T fold_##OP##_##T(wide_##T *a) {                                                       \
        if (PIECES(T) == 16)                                                                                     \
            for (int k = 0; k < 8; k++) a[k] = WIDE_##T(OP, a[(k + 8) % PIECES(T)], a[k]);                       \
        if (PIECES(T) >= 8)                                                                                      \
            for (int k = 0; k < 4; k++) a[k] = WIDE_##T(OP, a[(k + 4) % PIECES(T)], a[k]);                       \
        if (PIECES(T) >= 4)                                                                                      \
            for (int k = 0; k < 2; k++) a[k] = WIDE_##T(OP, a[(k + 2) % PIECES(T)], a[k]);                       \
        if (PIECES(T) >= 2) a[0] = WIDE_##T(OP, a[1 % PIECES(T)], a[0]);                                         \
        return last_##OP##_##T(a[0]);                                                                            \
    }
#define NUMLOSS_RUNS(T)                                                                                          \
    NUMLOSS_FOLD(add, T)                                                                                         \
    NUMLOSS_FOLD(max, T)                                                                                         \
    /* not memcpy, which goes by way of the stack in pieces, and the wide load behind it waits for them */       \
    NUMLOSS_INLINE void load16_##T(wide_##T *a, const REAL_##T *p) {                                             \
        for (int k = 0; k < PIECES(T); k++) a[k] = LOAD_##T(p + k * LANES(T));                                   \
    }                                                                                                            \
    NUMLOSS_INLINE void spread16_##T(REAL_##T *p, REAL_##T x) {                                                  \
        for (int k = 0; k < 16; k++) p[k] = x;                                                                   \
    }                                                                                                            \
    /* what is left of a run goes to the first lanes, with `rest` beside it */                                   \
    NUMLOSS_INLINE void last16_##T(wide_##T *a, const REAL_##T *p, int64_t n, REAL_##T rest) {                   \
        for (int k = 0; k < PIECES(T); k++) {                                                                    \
            int64_t left = n - k * LANES(T);                                                                     \
            a[k] = first_##T(p + k * LANES(T), left < 0 ? 0 : left < LANES(T) ? (int)left : LANES(T), rest);     \
        }                                                                                                        \
    }                                                                                                            \
    /* where there are sixteen the last window overlaps the one before, which a maximum does not mind */         \
    NUMLOSS_INLINE REAL_##T run_maximum_##T(const REAL_##T *p, int64_t n) {                                      \
        wide_##T a[PIECES(T)], b[PIECES(T)];                                                                     \
        REAL_##T low[16];                                                                                        \
        spread16_##T(low, (REAL_##T)-INFINITY);                                                                  \
        load16_##T(a, low);                                                                                      \
        for (int64_t j = 0; j + 16 <= n; j += 16) {                                                              \
            load16_##T(b, p + j);                                                                                \
            merge_max_##T(a, b);                                                                                 \
        }                                                                                                        \
        if (n < 16)                                                                                              \
            last16_##T(b, p, n, (REAL_##T)-INFINITY);                                                            \
        else                                                                                                     \
            load16_##T(b, p + n - 16);                                                                           \
        merge_max_##T(a, b);                                                                                     \
        return fold_max_##T(a);                                                                                  \
    }                                                                                                            \
    NUMLOSS_INLINE REAL_##T run_sum_##T(const REAL_##T *p, int64_t n) {                                          \
        wide_##T a[PIECES(T)], b[PIECES(T)];                                                                     \
        int64_t j = 16;                                                                                          \
        if (n < 16) {                                                                                            \
            last16_##T(a, p, n, 0);                                                                              \
            return fold_add_##T(a);                                                                              \
        }                                                                                                        \
        load16_##T(a, p);                                                                                        \
        for (; j + 16 <= n; j += 16) {                                                                           \
            load16_##T(b, p + j);                                                                                \
            merge_add_##T(a, b);                                                                                 \
        }                                                                                                        \
        last16_##T(b, p + j, n - j, 0);                                                                          \
        merge_add_##T(a, b);                                                                                     \
        return fold_add_##T(a);                                                                                  \
    }
/* The largest of n numbers of 16 bits: as integers they are in order once those with a sign have their other bits turned */
NUMLOSS_INLINE uint16_t largest16(const uint16_t *p, int64_t n) {
    int16_t top = INT16_MIN;
    for (int64_t j = 0; j < n; j++) {
        const int16_t u = (int16_t)p[j], key = (int16_t)(u ^ (u >> 15 & 0x7FFF));
        top = key > top ? key : top;
    }
    return (uint16_t)(top ^ (top >> 15 & 0x7FFF));
}
NUMLOSS_INLINE float largest_float16_f32(const uint16_t *p, int64_t n) { return of_float16_f32(largest16(p, n)); }
NUMLOSS_INLINE double largest_float16_f64(const uint16_t *p, int64_t n) { return of_float16_f64(largest16(p, n)); }
NUMLOSS_INLINE float largest_bfloat16_f32(const uint16_t *p, int64_t n) { return of_bfloat16_f32(largest16(p, n)); }
NUMLOSS_INLINE double largest_bfloat16_f64(const uint16_t *p, int64_t n) { return of_bfloat16_f64(largest16(p, n)); }
/* Whether one of n numbers of float16 is infinite or none. */
NUMLOSS_INLINE int64_t infinite16(const uint16_t *p, int64_t n) {
    int16_t most = 0;
    for (int64_t j = 0; j < n; j++) {
        const int16_t size = (int16_t)(p[j] & 0x7FFF);
        most = size > most ? size : most;
    }
    return most >= 0x7C00;
}
NUMLOSS_INLINE int64_t infinite_float16_f32(const uint16_t *p, int64_t n) { return infinite16(p, n); }
NUMLOSS_INLINE int64_t infinite_float16_f64(const uint16_t *p, int64_t n) { return infinite16(p, n); }
/* lines of 64 bytes on their way to the second cache; never a fault */
#if defined(__GNUC__)
#define NUMLOSS_FETCH(p) __builtin_prefetch(p, 0, 2)
#else
#define NUMLOSS_FETCH(p) ((void)(p))
#endif
NUMLOSS_INLINE void will_need_f32(const float *p, int64_t n) {
    for (int64_t j = 0; j < n; j += 16) NUMLOSS_FETCH(p + j);
}
NUMLOSS_INLINE void will_need_f64(const double *p, int64_t n) {
    for (int64_t j = 0; j < n; j += 8) NUMLOSS_FETCH(p + j);
}
NUMLOSS_RUNS(f32)
NUMLOSS_RUNS(f64)
/* sixteen floats as doubles */
NUMLOSS_INLINE void widen16(wide_f64 *a, const float *p) {
    for (int k = 0; k < PIECES(f64); k++) a[k] = WIDEN(p + k * LANES(f64));
}
/* fewer than sixteen floats as doubles, zeros beside */
NUMLOSS_INLINE void widen_last(wide_f64 *a, const float *p, int64_t n) {
    wide_f32 few[PIECES(f32)];
    last16_f32(few, p, n, 0);
    widen16(a, (const float *)few);
}
NUMLOSS_INLINE double run_sum_wide_f32(const float *p, int64_t n) {
    wide_f64 a[PIECES(f64)], b[PIECES(f64)];
    int64_t j = 16;
    if (n < 16) {
        widen_last(a, p, n);
        return fold_add_f64(a);
    }
    widen16(a, p);
    for (; j + 16 <= n; j += 16) {
        widen16(b, p + j);
        merge_add_f64(a, b);
    }
    widen_last(b, p + j, n - j);
    merge_add_f64(a, b);
    return fold_add_f64(a);
}
NUMLOSS_INLINE double run_sum_wide_f64(const double *p, int64_t n) { return run_sum_f64(p, n); }

#endif
