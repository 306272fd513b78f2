import CLinux
import Glibc
public import Trading

/// What the kernel says of this machine.
public enum Machine {
    /// Processors that this process may run on.
    public static var processors: Int { Int(CLinux_processors()) }

    /// Processors that the calling thread may run on: one, where it is pinned.
    public static var processorsOfThread: Int { Int(CLinux_thread_processors()) }

    /// A processor that this process may run on, counted from the last one; nil when there are not so many.
    public static func processor(fromLast rank: Int) -> Int? {
        let found = Int(CLinux_processor_from_last(Int32(clamping: rank)))
        return found < 0 ? nil : found
    }

    /// Keeps all threads of this process off a processor while another process has it: for measurements.
    public static func leave(_ processor: Int) { CLinux_leave(Int32(clamping: processor)) }

    /// Ends `leave`.
    public static func rejoin(_ processor: Int) { CLinux_release(Int32(clamping: processor)) }

    /// Memory of this process that is resident, as the kernel counts it; 0 where it does not say. Unit: bytes.
    public static var resident: Int {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = read(file, &text, text.count)
        let words = text.prefix(max(0, count)).split(separator: UInt8(ascii: " "))
        guard words.count > 1, let pages = Int(String(decoding: words[1], as: UTF8.self)) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Has the kernel keep what this process uses in memory, code above all: what is used seldom would be taken away, and a
    /// fire that needs it would wait for the disk.
    ///
    /// - Returns: false where a limit (`ulimit -l`) stands against it; then nothing changed.
    @discardableResult
    public static func keepInMemory() -> Bool { CLinux_keep_in_memory() == 0 }

    /// The most that the wall clock may be wrong; nil when nobody keeps it right.
    public static var clockError: Nanoseconds? {
        let microseconds = CLinux_clock_error()
        return microseconds < 0 ? nil : Nanoseconds(rawValue: microseconds * 1_000)
    }
}
