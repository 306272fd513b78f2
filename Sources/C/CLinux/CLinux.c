#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <semaphore.h>
#include <sys/timex.h>
#include <time.h>

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
void CLinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
int CLinux_keep_in_memory(void) {
    struct rlimit limit;
    // With a limit the lock would hold, and a later mapping fail for it.
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (limit.rlim_cur != RLIM_INFINITY && geteuid() != 0)) return EPERM;
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 ? 0 : errno;
}
void CLinux_give_back(void) {
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    mallopt(M_ARENA_MAX, 2);
}
uint64_t CLinux_allocated_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}
int64_t CLinux_clock_error(void) {
    struct timex state = {0};
    int answer = adjtimex(&state);
    return answer < 0 || answer == TIME_ERROR ? -1 : state.maxerror;
}
int CLinux_allocate(int descriptor, int64_t bytes) { return fallocate(descriptor, 0, 0, bytes) == 0 ? 0 : errno; }
int CLinux_peer(int socket, int *process, unsigned *user) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return errno;
    *process = peer.pid;
    *user = peer.uid;
    return 0;
}

static uint32_t crc_table[8][256];
static int crc_is_hardware;
__attribute__((constructor)) static void crc_prepare(void) {
    for (unsigned i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0x82F63B78u : value >> 1;
        crc_table[0][i] = value;
    }
    for (unsigned i = 0; i < 256; i++)
        for (int k = 1; k < 8; k++) crc_table[k][i] = crc_table[k - 1][i] >> 8 ^ crc_table[0][crc_table[k - 1][i] & 255];
#if defined(__x86_64__)
    __builtin_cpu_init();
    crc_is_hardware = __builtin_cpu_supports("sse4.2") != 0;
#endif
}
uint32_t CLinux_crc32c_table(const void *bytes, long count) {
    const unsigned char *at = bytes;
    uint32_t crc = 0xFFFFFFFFu;
    for (; count >= 8; count -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        word ^= crc;
        crc = 0;
        for (int k = 0; k < 8; k++) crc ^= crc_table[7 - k][word >> (8 * k) & 255];
    }
    for (; count > 0; count--) crc = crc >> 8 ^ crc_table[0][(crc ^ *at++) & 255];
    return ~crc;
}
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_hardware(const void *bytes, long count) {
    const unsigned char *at = bytes;
    uint64_t crc = 0xFFFFFFFFu;
    for (; count >= 8; count -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    for (; count > 0; count--) crc = __builtin_ia32_crc32qi((uint32_t)crc, *at++);
    return ~(uint32_t)crc;
}
// The instruction takes three cycles and can be begun every one: two streams take half the time of one.
__attribute__((target("sse4.2"))) static uint32_t crc_halves_hardware(const void *bytes, long count) {
    const unsigned char *first = bytes, *second = first + count / 16 * 8;
    uint64_t a = 0xFFFFFFFFu, b = 0xFFFFFFFFu;
    for (long words = count / 16; words > 0; words--, first += 8, second += 8) {
        uint64_t x, y;
        memcpy(&x, first, 8);
        memcpy(&y, second, 8);
        a = __builtin_ia32_crc32di(a, x);
        b = __builtin_ia32_crc32di(b, y);
    }
    for (const unsigned char *end = (const unsigned char *)bytes + count; second < end; second++)
        b = __builtin_ia32_crc32qi((uint32_t)b, *second);
    return ~(uint32_t)__builtin_ia32_crc32di(0xFFFFFFFFu, (uint64_t)(~(uint32_t)a) | (uint64_t)(~(uint32_t)b) << 32);
}
#endif
uint32_t CLinux_crc32c(const void *bytes, long count) {
#if defined(__x86_64__)
    if (crc_is_hardware) return crc_hardware(bytes, count);
#endif
    return CLinux_crc32c_table(bytes, count);
}
uint32_t CLinux_crc32c_halves_table(const void *bytes, long count) {
    long half = count / 16 * 8;
    uint64_t both = CLinux_crc32c_table(bytes, half);
    both |= (uint64_t)CLinux_crc32c_table((const unsigned char *)bytes + half, count - half) << 32;
    return CLinux_crc32c_table(&both, 8);
}
uint32_t CLinux_crc32c_halves(const void *bytes, long count) {
#if defined(__x86_64__)
    if (crc_is_hardware) return crc_halves_hardware(bytes, count);
#endif
    return CLinux_crc32c_halves_table(bytes, count);
}
int CLinux_accept(int listening) { return accept4(listening, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int CLinux_wait(void *semaphore, int64_t nanoseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanos = until.tv_nsec + (nanoseconds > 0 ? nanoseconds % 1000000000 : 0);
    until.tv_sec += (nanoseconds > 0 ? nanoseconds / 1000000000 : 0) + nanos / 1000000000;
    until.tv_nsec = nanos % 1000000000;
    while (sem_clockwait(semaphore, CLOCK_MONOTONIC, &until) != 0)
        if (errno != EINTR) return errno;
    return 0;
}
