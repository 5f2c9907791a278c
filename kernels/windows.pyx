"""Windows of mapped files; what makes them safe is in windows.h."""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdint cimport int64_t, intptr_t

cdef extern from "windows.h" nogil:
    ctypedef struct numloss_feed:
        char* data
    ctypedef struct numloss_window:
        numloss_feed feed
        int64_t size
    int window_open(numloss_window* window, int handle, int64_t at, int64_t bytes)
    int window_ready(numloss_feed* feed, int64_t start, int64_t stop)
    int window_whole(numloss_window* window)
    void window_close(numloss_window* window)


cdef class Window:
    """So many bytes of an open file from byte `at` on, as a buffer, of which a window is in memory.

    Raises OSError where they cannot be mapped safely. The mapping lives as long as anything refers to it; the file must
    stay open for `ready` and `whole`.
    """

    cdef numloss_window window
    cdef int64_t bytes

    def __cinit__(self, int handle, int64_t at, int64_t bytes):
        self.bytes = bytes
        if window_open(&self.window, handle, at, bytes):
            raise OSError("the file cannot be mapped safely")

    def __dealloc__(self):
        window_close(&self.window)

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.window.feed.data, self.bytes, 1, flags)

    def feed(self, int64_t size):
        """The address of a feed, see feed.h, which has about so many bytes in memory."""
        self.window.size = size
        return <intptr_t>&self.window.feed

    def ready(self, int64_t start, int64_t stop):
        """Bring the bytes between two offsets to memory; False if the file lacks some of them."""
        cdef int problem
        with nogil:
            problem = window_ready(&self.window.feed, start, stop)
        return problem == 0

    def whole(self):
        """Whether the file has had all bytes so far: to be asked after what was read has been used."""
        return window_whole(&self.window) != 0
