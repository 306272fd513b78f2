#pragma once
// A library that is loaded before a program (LD_PRELOAD) and counts what a fire asks of the allocator: nothing of it is in
// the program. See FireCosts.c.
int CFireCosts_version(void);
