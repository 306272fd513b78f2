import Glibc

/// Names the calling thread; synchronous, because a task may change threads where it suspends.
func currentThread() -> UInt { UInt(pthread_self()) }
