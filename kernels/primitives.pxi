# The names that translated text is made of.

from libc.math cimport INFINITY
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, intptr_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "primitives.h" nogil:
    float fabs_f32(float x)
    double fabs_f64(double x)
    float sqrt_f32(float x)
    double sqrt_f64(double x)
    float fma_f32(float a, float b, float c)
    double fma_f64(double a, double b, double c)
    float power_of_two_f32(float t)
    double power_of_two_f64(double t)
    float exponent_of_f32(float x)
    double exponent_of_f64(double x)
    float mantissa_of_f32(float x)
    double mantissa_of_f64(double x)
    float of_finite_float16_f32(uint16_t half)
    double of_finite_float16_f64(uint16_t half)
    float of_float16_f32(uint16_t half)
    double of_float16_f64(uint16_t half)
    float of_bfloat16_f32(uint16_t half)
    double of_bfloat16_f64(uint16_t half)
    uint16_t to_float16_f32(float x)
    uint16_t to_float16_f64(double x)
    uint16_t to_bfloat16_f32(float x)
    uint16_t to_bfloat16_f64(double x)
    int64_t array_data(int64_t object)
    int64_t place_array(int64_t object, int64_t data)
    int64_t take_memory(int64_t n)
    int64_t give_back(int64_t at)
    int64_t call_loop(int64_t f, int64_t header, int64_t partial, int64_t block)
    int64_t call_gemm_f32(int64_t f, int64_t flip_a, int64_t flip_b, int64_t m, int64_t n, int64_t k, const float* a,
                          int64_t lda, const float* b, int64_t ldb, int64_t add, float* y, int64_t ldy)
    int64_t call_gemm_f64(int64_t f, int64_t flip_a, int64_t flip_b, int64_t m, int64_t n, int64_t k, const double* a,
                          int64_t lda, const double* b, int64_t ldb, int64_t add, double* y, int64_t ldy)

cdef extern from "neighbours.h" nogil:
    ctypedef float* apart_f32
    ctypedef double* apart_f64
    int64_t add32_f32(const float* p, int64_t n, double* lanes)
    int64_t add32_f64(const double* p, int64_t n, double* lanes)
    int64_t outside32_f32(const float* p, int64_t n, float low, float high)
    int64_t outside32_f64(const double* p, int64_t n, double low, double high)
    int64_t beyond32_f32(const float* p, int64_t n, float low, float high)
    int64_t beyond32_f64(const double* p, int64_t n, double low, double high)
    int64_t nan32_f32(const float* p, int64_t n)
    int64_t nan32_f64(const double* p, int64_t n)

ctypedef int64_t (*tile_f32)(int64_t*, float*, int64_t) noexcept nogil
ctypedef int64_t (*tile_f64)(int64_t*, double*, int64_t) noexcept nogil
