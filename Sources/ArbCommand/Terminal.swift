import Codec
import Glibc
import Synchronization
import Threading
import Trading

/// Where words go: results to standard output, everything else to standard error. A reader that goes away ends the program
/// in peace.
struct Terminal: Sendable {
    /// True when standard output is a terminal.
    let isTerminal: Bool
    /// True when colours may be used on it.
    let hasColor: Bool
    private let isQuiet: Bool

    init(noColor: Bool, quiet: Bool) {
        isTerminal = isatty(STDOUT_FILENO) == 1
        hasColor =
            isTerminal && !noColor && getenv("NO_COLOR") == nil && getenv("TERM").map { String(cString: $0) } != "dumb"
        isQuiet = quiet
    }

    /// Results.
    func out(_ text: String) { Self.write(STDOUT_FILENO, text + "\n") }

    /// Results, exactly these bytes.
    func out(_ bytes: [UInt8]) { Self.write(STDOUT_FILENO, bytes) }

    /// Words about what happens; nothing with `--quiet`.
    func say(_ text: String) { if !isQuiet { Self.write(STDERR_FILENO, text + "\n") } }

    /// What went wrong; said even with `--quiet`.
    static func complain(_ text: String) { write(STDERR_FILENO, text + "\n") }

    /// Something on standard error that is not a line, such as a progress bar.
    static func draw(_ text: String) { write(STDERR_FILENO, text) }

    /// True for a run that has orders out: it goes on when nobody reads what it says.
    static let outlivesReaders = Atomic<Bool>(false)

    private static let outlets = Mutex<(out: Outlet, err: Outlet)?>(nil)
    private static let isHurried = Atomic<Bool>(false)

    /// From now on a reader who stops holds nobody up: for a run, whose records and orders may not wait for one.
    ///
    /// - Parameter event: what every event of the run begins with; nil: people read.
    static func detach(_ event: RunEvent?) {
        let plain: @Sendable (Int) -> [UInt8] = {
            Array("… \($0) lines were not written: their reader had stopped\n".utf8)
        }
        let words = event.map { event in
            { @Sendable (lines: Int) in event.line("lines_dropped") { $0.member("lines", lines) } }
        }
        outlets.withLock { outlets in
            guard outlets == nil else { return }
            outlets = (
                Outlet(
                    STDOUT_FILENO, words: words ?? plain,
                    isGone: { if !outlivesReaders.load(ordering: .relaxed) { _exit(0) } }),
                Outlet(STDERR_FILENO, words: plain, isGone: {})
            )
        }
    }

    /// Lines that a run's readers did not take.
    static var dropped: Int { outlets.withLock { $0.map { $0.out.dropped + $0.err.dropped } ?? 0 } }

    /// The end may not wait for a reader any more: a signal asked for it.
    static func hurry() { isHurried.store(true, ordering: .relaxed) }

    /// Before the end of the process: what waits is written. A reader who stopped gets a second where orders were out or a
    /// signal came, else as long as it likes; a signal ends that.
    static func flush() {
        guard let (out, err) = outlets.withLock({ $0 }) else { return }
        let isHurried = isHurried.load(ordering: .relaxed) || outlivesReaders.load(ordering: .relaxed)
        if !isHurried { SignalSet([SIGINT, SIGTERM]).unblock() }
        for outlet in [err, out] { outlet.finish(idle: isHurried ? .seconds(1) : nil, total: .seconds(4)) }
    }

    private static func write(_ descriptor: Int32, _ text: String) { write(descriptor, Array(text.utf8)) }

    private static func write(_ descriptor: Int32, _ bytes: [UInt8]) {
        if let outlets = outlets.withLock({ $0 }) {
            return (descriptor == STDOUT_FILENO ? outlets.out : outlets.err).offer(bytes)
        }
        guard SystemCalls.write(bytes, to: descriptor) == EPIPE, !outlivesReaders.load(ordering: .relaxed) else {
            return
        }
        _exit(0)  // the reader has seen enough
    }

    /// Text of a venue, a file or a person, harmless on a terminal.
    static func clean(_ text: String) -> String { TerminalText.neutral(text) }

    /// Text of a venue or a file, harmless on a terminal and at most `width` wide.
    static func cell(_ text: String, _ width: Int) -> String {
        let neutral = TerminalText.neutral(text)
        if neutral.count <= width { return neutral + String(repeating: " ", count: width - neutral.count) }
        return String(neutral.prefix(width - 1)) + "…"
    }

    /// As `cell`, aligned right.
    static func right(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : String(repeating: " ", count: width - text.count) + text
    }
}
