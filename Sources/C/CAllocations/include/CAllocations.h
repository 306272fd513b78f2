#pragma once
#include <stdint.h>

/// Heap allocations that the calling thread has asked for since it began (malloc, calloc, realloc, aligned).
uint64_t CAllocations_count(void);
