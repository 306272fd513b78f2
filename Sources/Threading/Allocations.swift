import CLinux

/// What the allocator has handed out: benchmarks and tests show with it that a path allocates nothing.
public enum Allocations {
    /// Has what is large, and what is free at the end of a heap, go back to the kernel as soon as it is free.
    ///
    /// Left to itself the allocator learns from large blocks to keep larger ones: the lists of an account that are read
    /// now and then end up in the heap of every thread that read one, with what is small and stays above them. Measured: a
    /// run of a minute has 9 MB less. And left to itself it makes a heap a thread, up to eight a processor: what one thread
    /// frees in its heap no other can use, and a run under load grew by 18 MB an hour in them. Once, before threads are made.
    public static func giveBack() { CLinux_give_back() }

    /// Bytes in use by the process's heap now.
    public static var bytesInUse: UInt64 { CLinux_allocated_bytes() }
}
