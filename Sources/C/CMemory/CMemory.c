#define _GNU_SOURCE
#include "CMemory.h"
#include <stdlib.h>
#include <sys/mman.h>

static const uint64_t huge = 2u << 20;

void *CMemory_allocate(uint64_t bytes) {
    uint64_t unit = bytes >= huge ? huge : 64;
    if (bytes > UINT64_MAX - unit) return NULL;
    uint64_t whole = (bytes + unit - 1) / unit * unit;
    void *memory = aligned_alloc(unit, whole ? whole : unit);
    if (memory && unit == huge) madvise(memory, whole, MADV_HUGEPAGE);
    return memory;
}

void CMemory_wish_huge(const void *start, uint64_t bytes) {
    uint64_t from = ((uint64_t)start + huge - 1) / huge * huge;
    uint64_t to = ((uint64_t)start + bytes) / huge * huge;
    if (from < to) madvise((void *)from, to - from, MADV_HUGEPAGE);
}
