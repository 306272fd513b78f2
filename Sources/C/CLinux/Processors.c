// Which thread runs where: a lane has a processor of its own, and every other thread of the process keeps off it, also one
// that was there before. A thread has its maker's processors, and the kernel wakes it where nothing else seems to run:
// beside a lane that spins, for milliseconds, and with the caches in its hands.
#define _GNU_SOURCE
#include "CLinux.h"
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
// Where the process might run before the first lane was pinned.
static cpu_set_t processors;
static int is_known;
// Lanes on each of them.
static int lanes[CPU_SETSIZE];

static int of_process(cpu_set_t *set) {
    if (!is_known) return sched_getaffinity(getpid(), sizeof *set, set);
    *set = processors;
    return 0;
}
// What lanes leave to all others: everything where they leave nothing.
static int left_over(cpu_set_t *set) {
    if (of_process(set) != 0) return -1;
    cpu_set_t left = *set;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (lanes[i] > 0) CPU_CLR(i, &left);
    if (CPU_COUNT(&left) > 0) *set = left;
    return 0;
}
static int is_lane(pid_t thread) {
    cpu_set_t set;
    if (sched_getaffinity(thread, sizeof set, &set) != 0 || CPU_COUNT(&set) != 1) return 0;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) return lanes[i] > 0;
    return 0;
}
// Moves every thread that is no lane to what lanes leave.
static void spread(void) {
    cpu_set_t left;
    DIR *threads = opendir("/proc/self/task");
    if (!threads) return;
    if (left_over(&left) == 0) {
        for (struct dirent *entry; (entry = readdir(threads));) {
            pid_t thread = (pid_t)atoi(entry->d_name);
            if (thread > 0 && !is_lane(thread)) sched_setaffinity(thread, sizeof left, &left);
        }
    }
    closedir(threads);
}
int CLinux_pin(int processor) {
    if (processor < 0 || processor >= CPU_SETSIZE) return EINVAL;
    pthread_mutex_lock(&guard);
    if (!is_known && of_process(&processors) == 0) is_known = 1;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    int refusal = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    if (refusal == 0) {
        lanes[processor]++;
        spread();
    }
    pthread_mutex_unlock(&guard);
    return refusal;
}
void CLinux_leave(int processor) {
    if (processor < 0 || processor >= CPU_SETSIZE) return;
    pthread_mutex_lock(&guard);
    if (!is_known && of_process(&processors) == 0) is_known = 1;
    lanes[processor]++;
    spread();
    pthread_mutex_unlock(&guard);
}
void CLinux_release(int processor) {
    if (processor < 0 || processor >= CPU_SETSIZE) return;
    pthread_mutex_lock(&guard);
    if (lanes[processor] > 0) lanes[processor]--;
    cpu_set_t left;
    if (left_over(&left) == 0) pthread_setaffinity_np(pthread_self(), sizeof left, &left);
    spread();
    pthread_mutex_unlock(&guard);
}
void CLinux_unpin(void) {
    pthread_mutex_lock(&guard);
    cpu_set_t left;
    if (is_known && left_over(&left) == 0) pthread_setaffinity_np(pthread_self(), sizeof left, &left);
    pthread_mutex_unlock(&guard);
}
int CLinux_processor_from_last(int rank) {
    cpu_set_t set;
    pthread_mutex_lock(&guard);
    int known = of_process(&set);
    pthread_mutex_unlock(&guard);
    if (known != 0) return -1;
    for (int processor = CPU_SETSIZE - 1; processor >= 0; processor--) {
        if (CPU_ISSET(processor, &set) && rank-- == 0) return processor;
    }
    return -1;
}
int CLinux_processors(void) {
    cpu_set_t set;
    pthread_mutex_lock(&guard);
    int known = of_process(&set);
    pthread_mutex_unlock(&guard);
    return known == 0 ? CPU_COUNT(&set) : 1;
}
int CLinux_thread_processors(void) {
    cpu_set_t set;
    return pthread_getaffinity_np(pthread_self(), sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}
