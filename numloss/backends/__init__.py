"""How losses are computed: on host arrays with Numba or Cython, on device arrays with CUDA."""
