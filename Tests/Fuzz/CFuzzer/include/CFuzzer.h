#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer as a library: runs the loop with the command line's options and does not return while it finds nothing.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));
