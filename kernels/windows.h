/* Files that are read where they lie: mapped, of which a window is in memory at a time.

   A file that shrinks raises SIGBUS where it is read behind its end. The guard maps zeros over what is gone, marks the
   mapping and lets the reader go on; who reads asks before and after whether all was there. Pages are brought to
   memory by a look at one byte of each few, whose neighbours the kernel maps, too. MADV_POPULATE_READ, which tells of a
   missing page without a signal, needs the guard as well, and walks over all pages once more: a sum of what it had
   brought took a quarter more on one thread, a sixth on two. */
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

enum { MOST_WINDOWS = 512 };
/* Large pages are mapped and dropped whole. */
static const int64_t HUGE_PAGE = 2 << 20;
/* Bytes around a page that the kernel maps with it: all of them, in many calls, if it maps fewer. */
static const int64_t NEIGHBOURS = 1 << 16;
/* Nanoseconds a byte that only a disk takes; the window after what has come from there is asked for at once. */
static const double FROM_DISK = 0.5;

typedef struct {
    numloss_feed feed;
    /* the mapping, how far from its start the data lie, and how long the file must be */
    char *map;
    int64_t length, begin, end;
    /* what is in memory, counted from the start of the mapping, and how much of it may be; what was asked for */
    int64_t from, to, size, asked;
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
        if (!start || start != __atomic_load_n(&guarded[k].start, __ATOMIC_ACQUIRE)) continue;
        if (at >= start && at - start < length) return k;
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
        int zeros = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
        if (mmap((void *)page, rest, PROT_READ, zeros, -1, 0) == MAP_FAILED) slot = -1;
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

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

/* Let go of what is in memory before an offset, with neighbours that the kernel has mapped. */
static void let_go(numloss_window *w, int64_t until) {
    int64_t near = w->from > HUGE_PAGE ? (w->from - HUGE_PAGE) / NEIGHBOURS * NEIGHBOURS : 0;
    if (until > near) madvise(w->map + near, (size_t)(until - near), MADV_DONTNEED);
    w->from = until;
}

/* Bring what lies between two offsets to memory, and let go of what is a window behind it. */
static int window_ready(numloss_feed *feed, int64_t from, int64_t to) {
    numloss_window *w = (numloss_window *)feed;
    from += w->begin;
    to += w->begin;
    if (from < w->from || from > w->to) {
        let_go(w, w->length - w->to > HUGE_PAGE ? (w->to + HUGE_PAGE) / NEIGHBOURS * NEIGHBOURS : w->length);
        w->from = w->to = w->asked = from;
    } else if (from - w->from >= w->size) {
        int64_t grain = w->size >= 2 * HUGE_PAGE ? HUGE_PAGE : NEIGHBOURS, until = from / grain * grain;
        if (until > w->from) let_go(w, until);
    }
    if (to <= w->to) return __atomic_load_n(&guarded[w->slot].lost, __ATOMIC_ACQUIRE);
    double began = nanoseconds();
    int64_t bytes = to - w->to;
    for (int64_t at = w->to; at < to; at = at / NEIGHBOURS * NEIGHBOURS + NEIGHBOURS)
        (void)*(volatile char *)(w->map + at);
    w->to = to;
    if (to + bytes > w->asked && nanoseconds() - began > FROM_DISK * (double)bytes && to < w->length) {
        w->asked = w->length - to < w->size ? w->length : to + w->size;
        int64_t next = to / NEIGHBOURS * NEIGHBOURS;
        madvise(w->map + next, (size_t)(w->asked - next), MADV_WILLNEED);
    }
    return __atomic_load_n(&guarded[w->slot].lost, __ATOMIC_ACQUIRE);
}

/* Map `bytes` of a file from byte `at` on. Not 0 where it must be read instead. */
static int window_open(numloss_window *w, int handle, int64_t at, int64_t bytes) {
    int64_t page = sysconf(_SC_PAGESIZE), first = at / HUGE_PAGE * HUGE_PAGE;
    memset(w, 0, sizeof *w);
    w->slot = -1;
    if (bytes <= 0 || !is_local(handle) || guard_on()) return -1;
    w->length = (at + bytes - first + page - 1) / page * page;
    w->begin = at - first;
    w->end = at + bytes;
    w->from = w->to = w->asked = w->begin;
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
