// Kills the process that it is loaded into (LD_PRELOAD) at a named point, by SIGKILL: as a power switch would, with nothing
// flushed. The program is the one that people run; it knows nothing of this.
//
// ARB_CRASH_AT=POINT:N   the Nth time that the point is reached, counted from 1, once armed:
//     sign    a Polymarket order is about to be signed, in line or with what was begun ahead: not yet recorded
//     seal    an order's request is about to be made a record of TLS: in the journal, nothing of it has left
//     write   it is about to be handed to the socket
//     wrote   it was handed to the socket
//     read    the first bytes after it were read: answered, nothing done about it
//     wal     after an order was written: the ledger is about to write to its log
//     recv    anything was read from a venue
//     disk    the ledger is about to write to its log, orders or not
//     memory  not killed: this allocation and all that follow are refused, whoever asks
//     spent   the same, counted from the first order that is sealed
// ARB_CRASH_ARM=FILE     armed from the moment that this file exists; without it from the start.
#define _GNU_SOURCE
#include "CCrashPoints.h"
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int CCrashPoints_version(void) { return 1; }

enum { outstanding_max = 64 };
static _Atomic int armed;
static _Atomic int seen;
static _Atomic int orders;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *outstanding[outstanding_max];

static int is_armed(void) {
    if (atomic_load(&armed)) return 1;
    const char *file = getenv("ARB_CRASH_ARM");
    if (file && access(file, F_OK) != 0) return 0;
    atomic_store(&armed, 1);
    return 1;
}

static void reached(const char *point) {
    const char *at = getenv("ARB_CRASH_AT");
    if (!at || !is_armed()) return;
    size_t length = strlen(point);
    if (strncmp(at, point, length) != 0 || at[length] != ':') return;
    if (atomic_fetch_add(&seen, 1) + 1 == atoi(at + length + 1)) kill(getpid(), SIGKILL);
}

// Memory. The allocator asks before anything else is there: nothing here may allocate.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { memory_unread, memory_whole, memory_counted, memory_counted_from_order };
static _Atomic int memory_mode;
static _Atomic int allocations;
static _Atomic int has_sealed;
static int allocations_max;

static int memory_is_gone(void) {
    int mode = atomic_load(&memory_mode);
    if (mode == memory_unread) {
        if (!environ) return 0;
        const char *at = getenv("ARB_CRASH_AT");
        mode = memory_whole;
        if (at && strncmp(at, "memory:", 7) == 0) mode = memory_counted;
        if (at && strncmp(at, "spent:", 6) == 0) mode = memory_counted_from_order;
        if (mode != memory_whole) allocations_max = atoi(strchr(at, ':') + 1);
        atomic_store(&memory_mode, mode);
    }
    if (mode == memory_whole || !is_armed()) return 0;
    if (mode == memory_counted_from_order && !atomic_load(&has_sealed)) return 0;
    return atomic_fetch_add(&allocations, 1) + 1 >= allocations_max;
}

static void *refused(void) {
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size) { return memory_is_gone() ? refused() : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return memory_is_gone() ? refused() : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return memory_is_gone() ? refused() : __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) {
    return memory_is_gone() ? refused() : __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **place, size_t alignment, size_t size) {
    void *found = memory_is_gone() ? NULL : __libc_memalign(alignment, size);
    if (!found) return ENOMEM;
    *place = found;
    return 0;
}

static int is_order(const void *bytes, int count) {
    static const char *const heads[] = {"POST /trade-api/v2/portfolio/", "POST /order "};
    for (int index = 0; index < 2; index++) {
        size_t length = strlen(heads[index]);
        if (count > (int)length && memcmp(bytes, heads[index], length) == 0) return 1;
    }
    return 0;
}

static void note(void *stream, int is_out) {
    pthread_mutex_lock(&lock);
    for (int index = 0; index < outstanding_max; index++) {
        if (outstanding[index] == (is_out ? NULL : stream)) {
            outstanding[index] = is_out ? stream : NULL;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

static int is_outstanding(void *stream) {
    int found = 0;
    pthread_mutex_lock(&lock);
    for (int index = 0; index < outstanding_max; index++) found |= outstanding[index] == stream;
    pthread_mutex_unlock(&lock);
    return found;
}

// Connections, by socket, on which an order is a record that has not left.
enum { sockets_max = 1024 };
static void *_Atomic sealed[sockets_max];

static int socket_of(void *stream) {
    static int (*descriptor)(void *);
    if (!descriptor) descriptor = (int (*)(void *))dlsym(RTLD_NEXT, "SSL_get_fd");
    int socket = descriptor(stream);
    return socket >= 0 && socket < sockets_max ? socket : -1;
}

int SSL_write(void *stream, const void *bytes, int count) {
    static int (*real)(void *, const void *, int);
    if (!real) real = (int (*)(void *, const void *, int))dlsym(RTLD_NEXT, "SSL_write");
    int socket = is_armed() && is_order(bytes, count) ? socket_of(stream) : -1;
    if (socket >= 0) {
        atomic_store(&has_sealed, 1);
        reached("seal");
    }
    int written = real(stream, bytes, count);
    if (socket >= 0 && written > 0) atomic_store(&sealed[socket], stream);
    return written;
}

ssize_t send(int socket, const void *bytes, size_t count, int flags) {
    static ssize_t (*real)(int, const void *, size_t, int);
    if (!real) real = (ssize_t (*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
    void *stream = socket >= 0 && socket < sockets_max ? atomic_exchange(&sealed[socket], NULL) : NULL;
    if (stream) reached("write");
    ssize_t written = real(socket, bytes, count, flags);
    if (stream && written > 0) {
        atomic_fetch_add(&orders, 1);
        note(stream, 1);
        reached("wrote");
    }
    return written;
}

int SSL_read(void *stream, void *bytes, int count) {
    static int (*real)(void *, void *, int);
    if (!real) real = (int (*)(void *, void *, int))dlsym(RTLD_NEXT, "SSL_read");
    int taken = real(stream, bytes, count);
    if (taken > 0) {
        reached("recv");
        if (is_outstanding(stream)) {
            note(stream, 0);
            reached("read");
        }
    }
    return taken;
}

int secp256k1_ecdsa_sign_recoverable(
    const void *context, void *signature, const unsigned char *message, const unsigned char *key, void *nonce,
    const void *data) {
    static int (*real)(const void *, void *, const unsigned char *, const unsigned char *, void *, const void *);
    if (!real)
        real = (int (*)(const void *, void *, const unsigned char *, const unsigned char *, void *, const void *))dlsym(
            RTLD_NEXT, "secp256k1_ecdsa_sign_recoverable");
    reached("sign");
    return real(context, signature, message, key, nonce, data);
}

// The last step of a signature that was begun ahead.
int secp256k1_ecdsa_signature_normalize(const void *context, void *out, const void *in) {
    static int (*real)(const void *, void *, const void *);
    if (!real)
        real = (int (*)(const void *, void *, const void *))dlsym(RTLD_NEXT, "secp256k1_ecdsa_signature_normalize");
    reached("sign");
    return real(context, out, in);
}

static int is_log(int descriptor) {
    char name[64], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 4) return 0;
    path[length] = 0;
    return strcmp(path + length - 4, "-wal") == 0;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
    if (getenv("ARB_CRASH_AT") && is_armed() && is_log(descriptor)) {
        reached("disk");
        if (atomic_load(&orders) > 0) reached("wal");
    }
    return real(descriptor, bytes, count, offset);
}
