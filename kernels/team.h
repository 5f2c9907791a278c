/* A team of threads that runs the blocks of a problem: the caller, and helpers that wait for the next problem.

   The caller opens a gate and takes blocks; helpers that come while it is open take others. When none is left the
   caller closes the gate and waits for those alone that came, so a helper that gets no core costs nothing. Each begins
   with a stretch of its own, which lies in its cache if the call before had the same arrays, and goes on with what is
   left of the others'. One caller at a time: that is the host's business.

   Where other processes want the cores, too: helpers wait awake for a moment alone, then asleep; a helper that finds
   itself on the caller's core moves on; and to one that has lost its core within a block the caller gives its own. */
#ifndef NUMLOSS_TEAM_H
#define NUMLOSS_TEAM_H

#include <stdint.h>

typedef int64_t (*team_block)(int64_t *problem, void *partial, int64_t block);

#if defined(__GNUC__) && !defined(_WIN32)
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum {
    TEAM_MOST = 256,        /* threads, the caller among them */
    TEAM_AWAKE = 50000,     /* nanoseconds that helpers wait awake: the team of another library may want the core next */
    TEAM_LOOK = 20000,      /* nanoseconds after which the caller looks what a helper does that it waits for */
    TEAM_LOOKS = 50,        /* looks before it sleeps */
    TEAM_GAP = 100000,      /* nanoseconds: who was away for so long while awake has lost its core */
    TEAM_PAUSES = 32,       /* looks at a number between two at the clock */
    TEAM_CALLED = 2,        /* sleepers that each of the team wakes when it begins */
    TEAM_STACK = 8 << 20,
    TEAM_LIMIT_AT = 16
};
/* The gate: how many came, how many may, and whether it is open. */
#define TEAM_CAME 0xFFFFu
#define TEAM_OPEN (1u << 31)
#define TEAM_LINE __attribute__((aligned(64)))
#define team_load(at) __atomic_load_n(at, __ATOMIC_SEQ_CST)
#define team_store(at, n) __atomic_store_n(at, n, __ATOMIC_SEQ_CST)
#define team_add(at, n) __atomic_fetch_add(at, n, __ATOMIC_SEQ_CST)

typedef struct { int64_t next TEAM_LINE; int64_t end; } team_stretch;
#if defined(__linux__) && !defined(TEAM_PLAIN)
#include <sched.h>
/* Where a thread may be, and whether it is kept off the core of who called it. */
typedef struct { cpu_set_t may; int kept_off; } team_place;
#else
typedef struct { int kept_off; } team_place;
#endif
/* A helper: whether it is at work or asleep, and what others need to know of it then. */
typedef struct { int works TEAM_LINE; int asleep; int thread; clockid_t clock; int64_t used; team_place place; } team_member;

static struct {
    team_block call;
    int64_t *problem, step;
    char *partials;
    int helpers, core;          /* `core` is the caller's */
    uint32_t gate TEAM_LINE;
    uint32_t ticket TEAM_LINE;  /* of the problem; helpers wait for another one */
    uint32_t sleepers;
    uint32_t left TEAM_LINE;    /* how many helpers came and have ended their work */
    uint32_t caller_sleeps;
    team_stretch stretches[TEAM_MOST];
    team_member members[TEAM_MOST];
} team;

static int64_t team_time(clockid_t clock) {
    struct timespec t = {0, 0};
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void team_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#endif
}

#if defined(__linux__) && !defined(TEAM_PLAIN)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sleep while a number is what it was; wake some of those who do. */
static void team_sleep(uint32_t *at, uint32_t was) { syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, was, NULL, NULL, 0); }
static void team_wake(uint32_t *at, int count) { syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }
static void team_renew(void) {}

/* Note where a helper may be, for who will wake it. */
static void team_note_place(int number) {
    team_place *place = &team.members[number].place;
    if (!team_load(&place->kept_off)) sched_getaffinity(0, sizeof place->may, &place->may);
}

/* The same of one of the helpers: those whose numbers are 32 apart have the same bit, and wake together. */
static void team_sleep_as(int number, uint32_t *at, uint32_t was) {
    syscall(SYS_futex, at, FUTEX_WAIT_BITSET_PRIVATE, was, NULL, NULL, 1u << number % 32);
}

/* A core without work may look taken to the system of a virtual machine, which then wakes a thread on the core of who
   calls it, where it waits for the end of the call. So a sleeper is kept off that core until it is awake. */
static void team_wake_one(int number, uint32_t *at) {
    team_member *helper = &team.members[number];
    cpu_set_t then = helper->place.may;
    int core = sched_getcpu();
    if (core >= 0 && core < CPU_SETSIZE && CPU_ISSET(core, &then) && CPU_COUNT(&then) > 1) {
        CPU_CLR(core, &then);
        team_store(&helper->place.kept_off, 1);
        sched_setaffinity(helper->thread, sizeof then, &then);
    }
    syscall(SYS_futex, at, FUTEX_WAKE_BITSET_PRIVATE, TEAM_MOST, NULL, NULL, 1u << number % 32);
}

/* A helper that is awake may be where it could be before. */
static void team_awake(int number) {
    team_place *place = &team.members[number].place;
    if (__atomic_exchange_n(&place->kept_off, 0, __ATOMIC_SEQ_CST)) sched_setaffinity(0, sizeof place->may, &place->may);
}

static void team_enter(team_member *self) {
    self->thread = (int)syscall(SYS_gettid);
    pthread_getcpuclockid(pthread_self(), &self->clock);
}

static int team_core(void) { return sched_getcpu(); }

/* Put a thread on a core, or (off) on any other one; then it may be where it could be before. */
static int team_move(int thread, int core, int off) {
    cpu_set_t may, then;
    if (core < 0 || core >= CPU_SETSIZE || sched_getaffinity(thread, sizeof may, &may) || !CPU_ISSET(core, &may)) return 0;
    if (off) {
        then = may;
        CPU_CLR(core, &then);
    } else {
        CPU_ZERO(&then);
        CPU_SET(core, &then);
    }
    if (!CPU_COUNT(&then) || sched_setaffinity(thread, sizeof then, &then)) return 0;
    sched_setaffinity(thread, sizeof may, &may);
    return 1;
}

/* Give this core to the first helper whose clock has stood still since the last look; 0 if all are running. */
static int team_lend(void) {
    for (int k = 1; k <= team.helpers; k++) {
        team_member *helper = &team.members[k];
        if (!team_load(&helper->works)) continue;
        int64_t used = team_time(helper->clock), before = helper->used;
        helper->used = used;
        if (used == before && team_load(&helper->works) && team_move(helper->thread, team_core(), 0)) return 1;
    }
    return 0;
}
#else
static pthread_mutex_t team_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t team_changed = PTHREAD_COND_INITIALIZER;

static void team_sleep(uint32_t *at, uint32_t was) {
    pthread_mutex_lock(&team_mutex);
    while (team_load(at) == was) pthread_cond_wait(&team_changed, &team_mutex);
    pthread_mutex_unlock(&team_mutex);
}

static void team_wake(uint32_t *at, int count) {
    (void)at, (void)count;
    pthread_mutex_lock(&team_mutex);
    pthread_cond_broadcast(&team_changed);
    pthread_mutex_unlock(&team_mutex);
}

static void team_note_place(int number) { (void)number; }
static void team_sleep_as(int number, uint32_t *at, uint32_t was) { (void)number, team_sleep(at, was); }
static void team_wake_one(int number, uint32_t *at) { (void)number, team_wake(at, 1); }
static void team_awake(int number) { (void)number; }

static void team_renew(void) {
    pthread_mutex_init(&team_mutex, NULL);
    pthread_cond_init(&team_changed, NULL);
}

static void team_enter(team_member *self) { (void)self; }
static int team_core(void) { return -1; }
static int team_move(int thread, int core, int off) { return (void)thread, (void)core, (void)off, 0; }
static int team_lend(void) { return 0; }
#endif

/* Wait awake, at most so long, until a number is (or is not) another; 1 if that has come. */
static int team_watch(uint32_t *at, uint32_t number, int equal, int64_t most) {
    int64_t start = team_time(CLOCK_MONOTONIC), last = start;
    for (;;) {
        for (int k = 0; k < TEAM_PAUSES; k++) {
            if ((team_load(at) == number) == equal) return 1;
            team_pause();
        }
        int64_t now = team_time(CLOCK_MONOTONIC);
        if (now - start > most || now - last > TEAM_GAP) return 0;
        last = now;
    }
}

/* Take blocks until none is left, those of stretch `first` before the others. */
static void team_work(int first, int limit) {
    for (int k = 0; k < limit; k++) {
        team_stretch *from = &team.stretches[(first + k) % limit];
        while (__atomic_load_n(&from->next, __ATOMIC_RELAXED) < from->end) {
            int64_t block = __atomic_fetch_add(&from->next, 1, __ATOMIC_RELAXED);
            if (block < from->end) team.call(team.problem, team.partials + block * team.step, block);
        }
    }
}

/* Wake some of those who sleep, each of which is woken by one other. */
static void team_call(uint32_t wanted) {
    if (!wanted || !team_load(&team.sleepers)) return;
    uint32_t called = 0;
    for (int k = 1; k <= team.helpers && called < wanted && called < TEAM_CALLED; k++) {
        int asleep = 1;
        if (!__atomic_compare_exchange_n(&team.members[k].asleep, &asleep, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) continue;
        team_wake_one(k, &team.ticket);
        called++;
    }
}

/* Go through the gate and help, if it is open and not all that may have come. */
static void team_help(int number) {
    uint32_t gate = team_load(&team.gate), limit;
    do {
        limit = (gate & ~TEAM_OPEN) >> TEAM_LIMIT_AT;
        if (!(gate & TEAM_OPEN) || (gate & TEAM_CAME) >= limit) return;
    } while (!__atomic_compare_exchange_n(&team.gate, &gate, gate + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    team_store(&team.members[number].works, 1);
    team_call(limit - (gate & TEAM_CAME) - 1);
    team_work(number % (int)limit, (int)limit);
    team_store(&team.members[number].works, 0);
    team_add(&team.left, 1);
    if (team_load(&team.caller_sleeps)) team_wake(&team.left, 1);
}

/* The life of a helper, which is told its number and the last ticket before it began. */
static void *team_helper(void *told) {
    int number = (int)((uintptr_t)told >> 32);
    uint32_t seen = (uint32_t)(uintptr_t)told;
    team_enter(&team.members[number]);
    for (;;) {
        if (!team_watch(&team.ticket, seen, 0, TEAM_AWAKE)) {
            team_note_place(number);
            team_add(&team.sleepers, 1);
            team_store(&team.members[number].asleep, 1);
            while (team_load(&team.ticket) == seen) team_sleep_as(number, &team.ticket, seen);
            team_store(&team.members[number].asleep, 0);
            team_add(&team.sleepers, -1);
            team_awake(number);
        }
        seen = team_load(&team.ticket);
        /* also where the gate is closed by now, or the system would wake it here again */
        if (team_core() == team_load(&team.core)) team_move(0, team_core(), 1);
        team_help(number);
    }
    return NULL;
}

/* Start helpers until there are so many, or the system has no more threads. Signals are for Python's own threads, but
   those that say what a thread itself did. */
static void team_grow(int helpers) {
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    sigset_t others, before;
    pthread_attr_t attributes;
    pthread_t thread;
    sigfillset(&others);
    for (unsigned k = 0; k < sizeof own / sizeof *own; k++) sigdelset(&others, own[k]);
    pthread_sigmask(SIG_SETMASK, &others, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, TEAM_STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (team.helpers < helpers) {
        uintptr_t told = (uintptr_t)(team.helpers + 1) << 32 | team_load(&team.ticket);
        if (pthread_create(&thread, &attributes, team_helper, (void *)told)) break;
        team.helpers++;
    }
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Wait for those that came: awake while they run, for a while. */
static void team_wait(uint32_t came) {
    for (int look = 0; look < TEAM_LOOKS; look++) {
        if (team_watch(&team.left, came, 1, TEAM_LOOK)) return;
        if (team_lend()) break;
    }
    team_store(&team.caller_sleeps, 1);
    for (uint32_t left; (left = team_load(&team.left)) != came;) team_sleep(&team.left, left);
    team_store(&team.caller_sleeps, 0);
}

/* Run all blocks on so many threads at most; `step` bytes are from one partial result to the next. */
static void team_run(team_block call, int64_t *problem, void *partials, int64_t step, int64_t blocks, int threads) {
    int limit = threads < TEAM_MOST ? threads : TEAM_MOST;
    if (limit > blocks) limit = (int)blocks;
    if (limit > team.helpers + 1) team_grow(limit - 1);
    if (limit > team.helpers + 1) limit = team.helpers + 1;
    if (limit <= 1) {
        for (int64_t block = 0; block < blocks; block++) call(problem, (char *)partials + block * step, block);
        return;
    }
    team.call = call, team.problem = problem, team.partials = (char *)partials, team.step = step;
    for (int k = 0; k < limit; k++) {
        team.stretches[k].next = blocks * k / limit;
        team.stretches[k].end = blocks * (k + 1) / limit;
    }
    team_store(&team.core, team_core());
    team_store(&team.left, 0);
    team_store(&team.gate, TEAM_OPEN | (uint32_t)limit << TEAM_LIMIT_AT | 1);
    team_add(&team.ticket, 1);
    team_call((uint32_t)limit - 1);
    team_work(0, limit);
    team_wait((__atomic_fetch_and(&team.gate, ~TEAM_OPEN, __ATOMIC_SEQ_CST) & TEAM_CAME) - 1);
}

/* Of the threads of its parent a child has the one that forked. */
static void team_in_child(void) {
    memset(&team, 0, sizeof team);
    team_renew();
}

static int team_start(void) { return pthread_atfork(NULL, NULL, team_in_child); }
#else
static void team_run(team_block call, int64_t *problem, void *partials, int64_t step, int64_t blocks, int threads) {
    (void)threads;
    for (int64_t block = 0; block < blocks; block++) call(problem, (char *)partials + block * step, block);
}

static int team_start(void) { return 0; }
#endif
#endif
