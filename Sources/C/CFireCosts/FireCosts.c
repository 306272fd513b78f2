// Counts the allocations of every fire of the program that it is loaded into (LD_PRELOAD): on one thread, from the frame
// that was read last to the moment in which the second order's bytes are given to the socket. The program is the one that people
// run; it knows nothing of this.
//
// ARB_FIRE_PORTS=P,Q   the venues' ports: what is written elsewhere (rehearsals) is no fire
// ARB_FIRE_COSTS=FILE  gets, at the end of the program, a line a fire: "fire LIBRARY TASKS OURS", and a line a place of ours:
//                      "ours COUNT SYMBOL"
//
// LIBRARY is what libssl and libcrypto ask for, TASKS what the Swift runtime asks for to make and run the child tasks.
#define _GNU_SOURCE
#include "CFireCosts.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int CFireCosts_version(void) { return 1; }

enum { depth = 8, per_fire = 128, fires_max = 512 };

typedef struct {
    uintptr_t at[depth];
} Call;

typedef struct {
    int count;
    Call calls[per_fire];
} Fire;

static Fire *fires;
static int fire_count;
static __thread Fire *now;
static __thread int orders, is_busy;
// Sockets on which an order is a record that has not left.
enum { sockets_max = 1024 };
static __thread unsigned char sealed[sockets_max];

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

// Frame pointers are kept by Swift; a library without them ends the chain, and its own call is what matters.
static __attribute__((noinline)) void note(void *caller, uintptr_t *frame) {
    if (!now || is_busy || now->count >= per_fire) return;
    Call *call = &now->calls[now->count++];
    memset(call, 0, sizeof *call);
    call->at[0] = (uintptr_t)caller;
    for (int index = 1; index < depth && frame; index++) {
        uintptr_t *next = (uintptr_t *)frame[0];
        if (next <= frame || (uintptr_t)next - (uintptr_t)frame > 1 << 20) break;
        call->at[index] = next[1];
        frame = next;
    }
}

#define NOTE() note(__builtin_return_address(0), (uintptr_t *)__builtin_frame_address(0))

void *malloc(size_t size) { NOTE(); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { NOTE(); return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { NOTE(); return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { NOTE(); return __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
    NOTE();
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}

static int is_venue(void *ssl) {
    static int (*descriptor)(void *);
    if (!descriptor) descriptor = (int (*)(void *))dlsym(RTLD_NEXT, "SSL_get_fd");
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    if (getpeername(descriptor(ssl), (struct sockaddr *)&peer, &length) != 0) return 0;
    const char *ports = getenv("ARB_FIRE_PORTS");
    for (char *end; ports && *ports; ports = *end ? end + 1 : end)
        if (strtol(ports, &end, 10) == ntohs(peer.sin_port)) return 1;
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

int SSL_read(void *ssl, void *bytes, int count) {
    static int (*real)(void *, void *, int);
    if (!real) real = (int (*)(void *, void *, int))dlsym(RTLD_NEXT, "SSL_read");
    int result = real(ssl, bytes, count);
    if (result > 0) {
        if (!now) now = __libc_calloc(1, sizeof *now);
        now->count = 0;
        orders = 0;
    }
    return result;
}

int SSL_write(void *ssl, const void *bytes, int count) {
    static int (*real)(void *, const void *, int);
    if (!real) real = (int (*)(void *, const void *, int))dlsym(RTLD_NEXT, "SSL_write");
    if (now && is_order(bytes, count) && is_venue(ssl)) {
        static int (*descriptor)(void *);
        if (!descriptor) descriptor = (int (*)(void *))dlsym(RTLD_NEXT, "SSL_get_fd");
        int socket = descriptor(ssl);
        if (socket >= 0 && socket < sockets_max) sealed[socket] = 1;
    }
    return real(ssl, bytes, count);
}

ssize_t send(int socket, const void *bytes, size_t count, int flags) {
    static ssize_t (*real)(int, const void *, size_t, int);
    if (!real) real = (ssize_t (*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
    if (now && socket >= 0 && socket < sockets_max && sealed[socket]) {
        sealed[socket] = 0;
        if (++orders == 2) {
            int index = __atomic_fetch_add(&fire_count, 1, __ATOMIC_RELAXED);
            if (index < fires_max && fires) fires[index] = *now;
        }
    }
    return real(socket, bytes, count, flags);
}

// The symbols of the program itself, of which the linker keeps only what others may call.
static const char *program;
static const Elf64_Sym *symbols;
static size_t symbol_count;
static const char *names;
static uintptr_t base;

static void read_symbols(void) {
    int file = open("/proc/self/exe", O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) return;
    program = mmap(0, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (program == MAP_FAILED) return;
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)program;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(program + header->e_shoff);
    for (int index = 0; index < header->e_shnum; index++) {
        if (sections[index].sh_type != SHT_SYMTAB) continue;
        symbols = (const Elf64_Sym *)(program + sections[index].sh_offset);
        symbol_count = sections[index].sh_size / sizeof *symbols;
        names = program + sections[sections[index].sh_link].sh_offset;
    }
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long start = 0;
    if (maps && fscanf(maps, "%lx-", &start) == 1) base = header->e_type == ET_DYN ? start : 0;
    if (maps) fclose(maps);
}

static const char *symbol(uintptr_t at) {
    const Elf64_Sym *best = 0;
    uintptr_t place = at - base;
    for (size_t index = 0; index < symbol_count; index++) {
        const Elf64_Sym *entry = &symbols[index];
        if (ELF64_ST_TYPE(entry->st_info) != STT_FUNC || entry->st_value > place) continue;
        if (entry->st_value + entry->st_size > place || (!entry->st_size && (!best || entry->st_value > best->st_value)))
            best = entry;
        if (best == entry && entry->st_size) break;
    }
    return best ? names + best->st_name : "?";
}

enum { library, tasks, ours };

static int kind(const Call *call, const char **name) {
    *name = "?";
    for (int index = 0; index < depth && call->at[index]; index++) {
        Dl_info info;
        int is_known = dladdr((void *)call->at[index], &info) && info.dli_fname;
        if (is_known && (strstr(info.dli_fname, "libssl") || strstr(info.dli_fname, "libcrypto"))) return library;
        const char *text = symbol(call->at[index]);
        static const char *const made[] = {"TaskAllocator", "swift_task_", "swift_asyncLet", "swift_continuation"};
        for (int word = 0; word < 4; word++)
            if (strstr(text, made[word])) return tasks;
        // The first name of a program's own is whose it is; the runtime's are in front of it.
        if (strcmp(*name, "?") == 0 && strncmp(text, "$s", 2) == 0 && strncmp(text, "$ss", 3) != 0 &&
            strncmp(text, "$sS", 3) != 0)
            *name = text;
    }
    return ours;
}

static void tell(void) {
    const char *path = getenv("ARB_FIRE_COSTS");
    FILE *file = path ? fopen(path, "w") : 0;
    if (!file) return;
    is_busy = 1;
    read_symbols();
    enum { places_max = 256 };
    static struct { const char *name; int count; } places[places_max];
    int count = fire_count < fires_max ? fire_count : fires_max;
    for (int index = 0; index < count; index++) {
        int sums[3] = {0, 0, 0};
        for (int place = 0; place < fires[index].count; place++) {
            const char *name;
            int which = kind(&fires[index].calls[place], &name);
            sums[which]++;
            for (int known = 0; which == ours && known < places_max; known++) {
                if (places[known].name && strcmp(places[known].name, name) != 0) continue;
                places[known].name = name;
                places[known].count++;
                break;
            }
        }
        fprintf(file, "fire %d %d %d\n", sums[library], sums[tasks], sums[ours]);
    }
    for (int known = 0; known < places_max && places[known].name; known++)
        fprintf(file, "ours %d %s\n", places[known].count, places[known].name);
    fclose(file);
}

// The program ends itself so: handlers of an ordinary end are not called.
void _exit(int status) {
    void (*real)(int) = (void (*)(int))dlsym(RTLD_NEXT, "_exit");
    tell();
    real(status);
    __builtin_unreachable();
}

__attribute__((constructor)) static void begin(void) { fires = __libc_calloc(fires_max, sizeof *fires); }
