#pragma once
// What Swift's Glibc module leaves out of Linux: epoll, eventfd, processor affinity, thread names, allocator counts,
// fallocate, a socket's peer; and the processor's CRC-32C.
// The definitions are in a file of their own because the feature macros that they need change types Glibc imports.
#include <stdint.h>

int CLinux_epoll_create(void);
int CLinux_eventfd(void);
int CLinux_epoll_add(int epoll, int descriptor, uint64_t token, int output, int modify);
int CLinux_epoll_remove(int epoll, int descriptor);
int CLinux_epoll_wait(int epoll, uint64_t *tokens, int most, int milliseconds);
// Gives the calling thread a processor of its own: all others of this process keep off it. 0 or errno.
int CLinux_pin(int processor);
// All of this process keeps off that processor, as if a lane had it, until it is released.
void CLinux_leave(int processor);
// The calling thread is no lane any more: its processor is everybody's, and it may run where the others do.
void CLinux_release(int processor);
// Lets the calling thread run where the process may and no lane is, whoever made it.
void CLinux_unpin(void);
// A processor that this process may use, counted from the last one; -1 when there are not so many.
int CLinux_processor_from_last(int rank);
void CLinux_name_thread(const char *name);
// Has the allocator give memory back: what is large is mapped by itself, what is free at the end of a heap is returned, and
// threads share two heaps, so that what one freed is there for another.
void CLinux_give_back(void);
// Keeps what this process has in memory there, and what it comes to use; nothing is loaded for it. 0, or errno: EPERM
// where a limit of this process stands against it.
int CLinux_keep_in_memory(void);
// Bytes that the allocator has handed out in all arenas: for tests that count allocations.
uint64_t CLinux_allocated_bytes(void);
// The most that the wall clock may be wrong by the kernel's account, in microseconds; -1 when nobody keeps it right.
int64_t CLinux_clock_error(void);
// Processors that this process may run on.
int CLinux_processors(void);
// Processors that the calling thread may run on.
int CLinux_thread_processors(void);
// Gives a file its blocks; 0 or errno.
int CLinux_allocate(int descriptor, int64_t bytes);
// Who is at the other end of a unix socket; 0 or errno.
int CLinux_peer(int socket, int *process, unsigned *user);
// CRC-32C (Castagnoli) by the processor's instruction where it has one, else by table; and by table always.
uint32_t CLinux_crc32c(const void *bytes, long count);
uint32_t CLinux_crc32c_table(const void *bytes, long count);
// The CRC-32C of the CRC-32Cs of both halves (the first a whole number of words): half the time of one over all.
uint32_t CLinux_crc32c_halves(const void *bytes, long count);
uint32_t CLinux_crc32c_halves_table(const void *bytes, long count);
// Waits on a semaphore (sem_t) for that long by the monotonic clock: setting the wall clock makes no wait longer. 0 when
// there was one to take, else errno: ETIMEDOUT.
int CLinux_wait(void *semaphore, int64_t nanoseconds);
// accept4 without blocking, closed in children.
int CLinux_accept(int listening);
