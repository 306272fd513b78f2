// A fire is rare and runs through much code once: on pages of 4 KiB, most of what it waits for is the way to them. The
// program's own code, and the heap of its first thread, are put on pages of 2 MiB where the kernel has them.
#define _GNU_SOURCE
#include "CLinux.h"
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const uintptr_t huge = 2u << 20;
static uintptr_t up(uintptr_t address) { return (address + huge - 1) & ~(huge - 1); }

struct text {
    uintptr_t from, to;
};

// The program itself comes first; its code is one segment that may be read and executed, and never written.
static int find(struct dl_phdr_info *info, size_t size, void *found) {
    (void)size;
    struct text *text = found;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & (PF_R | PF_X | PF_W)) != (PF_R | PF_X)) continue;
        text->from = up(info->dlpi_addr + part->p_vaddr);
        text->to = (info->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(huge - 1);
    }
    return 1;
}

int64_t CLinux_huge_text(void) {
    struct text text = {0, 0};
    dl_iterate_phdr(find, &text);
    if (text.from >= text.to) return 0;
    size_t length = text.to - text.from;
    char *room = mmap(NULL, length + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return -1;
    char *copy = (char *)up((uintptr_t)room);
    size_t before = (size_t)(copy - room);
    if (before > 0) munmap(room, before);
    if (huge > before) munmap(copy + length, huge - before);
    // Written once, then never again: at no time may a page be written and executed. The last step puts all of it in the
    // old place at once; whoever runs there meanwhile waits in a page fault and finds the same bytes.
    if (madvise(copy, length, MADV_HUGEPAGE) == 0) {
        memcpy(copy, (void *)text.from, length);
        if (mprotect(copy, length, PROT_READ | PROT_EXEC) == 0 &&
            mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)text.from) != MAP_FAILED)
            return (int64_t)length;
    }
    munmap(copy, length);
    return -1;
}

int64_t CLinux_huge_heap(int64_t bytes) {
    mallopt(M_TOP_PAD, (int)bytes);
    // The heap grows by the pad when a block does not fit what is free at its end.
    enum { blocks = 256, size = 48 * 1024 };
    static void *held[blocks];
    char *before = sbrk(0);
    int count = 0;
    while (count < blocks && sbrk(0) == before) {
        if (!(held[count] = malloc(size))) break;
        count++;
    }
    for (int i = 0; i < count; i++) free(held[i]);
    char *end = sbrk(0);
    uintptr_t from = up((uintptr_t)before), to = (uintptr_t)end & ~(huge - 1);
    if (from >= to) return 0;
    return madvise((void *)from, to - from, MADV_HUGEPAGE) == 0 ? (int64_t)(to - from) : -1;
}
