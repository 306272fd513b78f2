import CLinux
public import Trading

/// What the kernel says of this machine.
public enum Machine {
    /// Processors that this process may run on.
    public static var processors: Int { Int(CLinux_processors()) }

    /// The most that the wall clock may be wrong; nil when nobody keeps it right.
    public static var clockError: Nanoseconds? {
        let microseconds = CLinux_clock_error()
        return microseconds < 0 ? nil : Nanoseconds(rawValue: microseconds * 1_000)
    }
}
