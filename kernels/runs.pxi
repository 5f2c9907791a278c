# Names that only loops are made of.

cdef extern from "runs.h" nogil:
    void spread16_f32(float* p, float x)
    void spread16_f64(double* p, double x)
    float run_maximum_f32(const float* p, int64_t n)
    double run_maximum_f64(const double* p, int64_t n)
    float run_sum_f32(const float* p, int64_t n)
    double run_sum_f64(const double* p, int64_t n)
    double run_sum_wide_f32(const float* p, int64_t n)
    double run_sum_wide_f64(const double* p, int64_t n)
    float largest_float16_f32(const uint16_t* p, int64_t n)
    double largest_float16_f64(const uint16_t* p, int64_t n)
    int64_t infinite_float16_f32(const uint16_t* p, int64_t n)
    int64_t infinite_float16_f64(const uint16_t* p, int64_t n)
    float largest_bfloat16_f32(const uint16_t* p, int64_t n)
    double largest_bfloat16_f64(const uint16_t* p, int64_t n)
    void will_need_f32(const float* p, int64_t n)
    void will_need_f64(const double* p, int64_t n)
