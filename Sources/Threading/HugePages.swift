import CLinux

/// Puts what the hot lane runs and uses on pages of 2 MiB, so that few of them cover it all.
///
/// A fire runs once through much code and data that nothing touched for seconds, and on pages of 4 KiB it waits for the way
/// to each of them anew. Where the kernel has no such pages, or forbids to change code, everything stays as it was.
public enum HugePages {
    /// Moves the program's own code; the pages are never writable while they may run. A debugger then finds no file behind it.
    ///
    /// - Returns: bytes moved; zero where it was not to be had.
    public static func holdCode() -> Int { max(0, Int(CLinux_huge_text())) }

    /// Lets the heap of the calling thread, the program's first, grow by `bytes` of them. Once.
    ///
    /// - Returns: bytes that may become such pages.
    public static func holdHeap(_ bytes: Int) -> Int { max(0, Int(CLinux_huge_heap(Int64(bytes)))) }
}
