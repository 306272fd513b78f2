#pragma once
// A library that is loaded before a program (LD_PRELOAD) and kills it at a named point of the way of an order: nothing of
// it is in the program. See CrashPoints.c.
int CCrashPoints_version(void);
