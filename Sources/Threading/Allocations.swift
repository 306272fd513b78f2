import CLinux

/// What the allocator has handed out: benchmarks and tests show with it that a path allocates nothing.
public enum Allocations {
    /// Bytes in use by the process's heap now.
    public static var bytesInUse: UInt64 { CLinux_allocated_bytes() }
}
