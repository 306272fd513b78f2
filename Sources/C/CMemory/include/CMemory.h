#pragma once
// Big tables that are walked at random: memory in huge pages, and cache lines asked for before they are needed.
#include <stdint.h>

// Memory from a multiple of 64 bytes on, or of a huge page when it is as large; nil when there is none. Ended by free().
void *CMemory_allocate(uint64_t bytes);
// Wishes huge pages for the whole ones between two addresses. A wish: nothing depends on it.
void CMemory_wish_huge(const void *start, uint64_t bytes);
// Asks for the cache lines of some bytes; reads nothing, so that no address is wrong.
static inline void CMemory_prefetch(const void *start, uint64_t bytes) {
    uint64_t line = (uint64_t)start & ~(uint64_t)63, end = (uint64_t)start + bytes;
    for (; line < end; line += 64) __builtin_prefetch((const void *)line, 1, 3);
}
