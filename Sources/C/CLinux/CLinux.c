#define _GNU_SOURCE
#include "CLinux.h"
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timex.h>

int CLinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
int CLinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
int CLinux_epoll_add(int epoll, int descriptor, uint64_t token, int output, int modify) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | (output ? EPOLLOUT : 0), .data = {.u64 = token}};
    return epoll_ctl(epoll, modify ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
}
int CLinux_epoll_remove(int epoll, int descriptor) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
}
int CLinux_epoll_wait(int epoll, uint64_t *tokens, int most, int milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, most < 256 ? most : 256, milliseconds);
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u64;
    return count;
}
int CLinux_pin(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}
void CLinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
uint64_t CLinux_allocated_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}
int64_t CLinux_clock_error(void) {
    struct timex state = {0};
    int answer = adjtimex(&state);
    return answer < 0 || answer == TIME_ERROR ? -1 : state.maxerror;
}
int CLinux_processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}
