/* Files that are read where they lie: mapped, of which a window is in memory at a time.

   Pages are brought to memory by MADV_POPULATE_READ, which tells of a file that has shrunk without a signal. Between
   that and the last look at a page there is a gap: a file that shrinks in it raises SIGBUS. The guard maps zeros over
   what is gone, marks the window and lets the reader go on; who reads asks afterwards whether all was there. */
#ifndef NUMLOSS_WINDOWS_H
#define NUMLOSS_WINDOWS_H

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "feed.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

enum { MOST_WINDOWS = 512 };
/* Large pages are mapped and dropped whole. */
static const int64_t HUGE_PAGE = 2 << 20;
/* Nanoseconds a byte that only a disk takes; the window after one of that kind is asked for at once. */
static const double FROM_DISK = 0.5;

typedef struct {
    numloss_feed feed;
    /* the mapping, how far from its start the data lie, and how long the file must be */
    char *map;
    int64_t length, begin, end;
    /* what is in memory, counted from the start of the mapping; how much of it may be, and where it need not go on */
    int64_t from, to, size, limit;
    int handle, slot;
} numloss_window;

/* The mappings that are guarded. Static: the guard may look at one that another thread is closing. */
static struct { uintptr_t start, length; int lost; } guarded[MOST_WINDOWS];
static int guards;
static struct sigaction before;

/* The slot of the mapping with an address, or -1. What is read twice was not changed between. */
static int slot_of(uintptr_t at) {
    for (int k = 0; k < MOST_WINDOWS; k++) {
        uintptr_t start = __atomic_load_n(&guarded[k].start, __ATOMIC_ACQUIRE);
        uintptr_t length = __atomic_load_n(&guarded[k].length, __ATOMIC_ACQUIRE);
        if (start == __atomic_load_n(&guarded[k].start, __ATOMIC_ACQUIRE) && start && at >= start && at - start < length)
            return k;
    }
    return -1;
}

static void pass_on(int number, siginfo_t *info, void *context) {
    if (before.sa_flags & SA_SIGINFO) before.sa_sigaction(number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(number);
    else if (before.sa_handler == SIG_DFL || info->si_code > 0) {
        /* the default ends the process: at the instruction that comes again, or by the signal sent again */
        signal(number, SIG_DFL);
        if (info->si_code <= 0) raise(number);
    }
}

static void guard(int number, siginfo_t *info, void *context) {
    int kept = errno, slot = info->si_code > 0 ? slot_of((uintptr_t)info->si_addr) : -1;
    if (slot >= 0) {
        uintptr_t page = (uintptr_t)info->si_addr & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
        size_t rest = guarded[slot].start + guarded[slot].length - page;
        __atomic_store_n(&guarded[slot].lost, 1, __ATOMIC_RELEASE);
        if (mmap((void *)page, rest, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) slot = -1;
    }
    if (slot < 0) pass_on(number, info, context);
    errno = kept;
}

/* Called by one thread at a time. Not 0 where somebody else has taken the signal since. */
static int guard_on(void) {
    struct sigaction ours, now;
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = guard;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    if (!guards) {
        if (sigaction(SIGBUS, &ours, &before)) return -1;
        if (before.sa_sigaction == guard) {  /* given back by who had taken it while it was on */
            memset(&before, 0, sizeof before);
            before.sa_handler = SIG_DFL;
        }
    } else if (sigaction(SIGBUS, NULL, &now) || now.sa_sigaction != guard) return -1;
    guards++;
    return 0;
}

static void guard_off(void) {
    struct sigaction now;
    if (!--guards && !sigaction(SIGBUS, NULL, &now) && now.sa_sigaction == guard) sigaction(SIGBUS, &before, NULL);
}

/* File systems of this machine, whose files change by its kernel alone. */
static int is_local(int handle) {
    static const uint32_t LOCAL[] = {
        0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x2FC12FC1, 0xCA451A4E, 0x01021994, 0x794C7630,
    };  /* ext, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, overlay */
    struct statfs found;
    if (fstatfs(handle, &found)) return 0;
    for (size_t k = 0; k < sizeof LOCAL / sizeof *LOCAL; k++)
        if ((uint32_t)found.f_type == LOCAL[k]) return 1;
    return 0;
}

/* Whether the kernel brings pages to memory when asked to: Linux 5.14. */
static int can_populate(void) {
    static int found = -1;
    if (found < 0) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        void *map = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        found = map != MAP_FAILED && !madvise(map, page, MADV_POPULATE_READ);
        if (map != MAP_FAILED) munmap(map, page);
    }
    return found;
}

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* Bring the window that begins at one offset, and has the other, to memory, and let go of what lies before it. */
static int window_ready(numloss_feed *feed, int64_t from, int64_t to) {
    numloss_window *w = (numloss_window *)feed;
    from += w->begin;
    to += w->begin;
    if (from >= w->from && to <= w->to) return 0;
    int64_t page = sysconf(_SC_PAGESIZE), grain = w->size >= 2 * HUGE_PAGE ? HUGE_PAGE : page;
    int64_t low = from / grain * grain, high = low + w->size > to ? low + w->size : to;
    int64_t limit = w->begin + (w->limit > to - w->begin ? w->limit : to - w->begin);
    high = high < limit ? (high + grain - 1) / grain * grain : (limit + page - 1) / page * page;
    if (high > w->length) high = w->length;
    /* the kernel maps neighbours of a page, too */
    int64_t near = w->from > HUGE_PAGE ? w->from - HUGE_PAGE : 0, far = w->to;
    if (low >= w->from && low <= w->to) far = low;
    else {
        far = w->length - far > HUGE_PAGE ? far + HUGE_PAGE : w->length;
        w->to = low;
    }
    if (far > w->from) madvise(w->map + near, (size_t)(far - near), MADV_DONTNEED);
    w->from = low;
    if (high <= w->to) return 0;
    double began = nanoseconds();
    int64_t bytes = high - w->to;
    if (madvise(w->map + w->to, (size_t)bytes, MADV_POPULATE_READ)) return -1;
    w->to = high;
    if (nanoseconds() - began > FROM_DISK * (double)bytes && high < limit) {
        int64_t next = limit - high < w->size ? limit - high : w->size;
        madvise(w->map + high, (size_t)next, MADV_WILLNEED);
    }
    return 0;
}

/* Map `bytes` of a file from byte `at` on. Not 0 where it must be read instead. */
static int window_open(numloss_window *w, int handle, int64_t at, int64_t bytes) {
    int64_t page = sysconf(_SC_PAGESIZE), first = at / HUGE_PAGE * HUGE_PAGE;
    memset(w, 0, sizeof *w);
    w->slot = -1;
    if (bytes <= 0 || !is_local(handle) || !can_populate() || guard_on()) return -1;
    w->length = (at + bytes - first + page - 1) / page * page;
    w->begin = at - first;
    w->end = at + bytes;
    w->from = w->to = w->begin / page * page;
    w->handle = handle;
    for (int k = 0; k < MOST_WINDOWS && w->slot < 0; k++)
        if (!guarded[k].start && !guarded[k].length) w->slot = k;
    void *map = w->slot < 0 ? MAP_FAILED : mmap(NULL, (size_t)w->length, PROT_READ, MAP_SHARED, handle, first);
    if (map == MAP_FAILED) {
        guard_off();
        return -1;
    }
    w->map = map;
    w->feed.data = w->map + w->begin;
    w->feed.ready = window_ready;
    guarded[w->slot].lost = 0;
    __atomic_store_n(&guarded[w->slot].length, (uintptr_t)w->length, __ATOMIC_RELEASE);
    __atomic_store_n(&guarded[w->slot].start, (uintptr_t)map, __ATOMIC_RELEASE);
    return 0;
}

/* Whether nothing was missing so far. Zeros behind the end of a file, on its last page, raise no signal. */
static int window_whole(numloss_window *w) {
    struct stat now;
    int lost = __atomic_load_n(&guarded[w->slot].lost, __ATOMIC_ACQUIRE);
    return !lost && !fstat(w->handle, &now) && now.st_size >= w->end;
}

static void window_close(numloss_window *w) {
    if (!w->map) return;
    __atomic_store_n(&guarded[w->slot].start, 0, __ATOMIC_RELEASE);
    munmap(w->map, (size_t)w->length);
    __atomic_store_n(&guarded[w->slot].length, 0, __ATOMIC_RELEASE);
    guard_off();
    w->map = NULL;
}

#endif
