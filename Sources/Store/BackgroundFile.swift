import Glibc
import Synchronization
internal import Threading

/// A file that is appended to by a thread of its own, so that the caller never waits for the disk.
///
/// - Bound: `backlogMax` bytes may wait; `append` then refuses and the caller says so in its own words.
/// - Lane: `append` and `finish` from one thread.
public final class BackgroundFile: @unchecked Sendable {
    // Safety: `state` is guarded by its mutex; the descriptor is used by the writer thread until `finish` joined it.
    private let descriptor: Int32
    private let backlogMax: Int
    private let state = Mutex<State>(State())
    private let wakeup = Semaphore()
    private var worker: Worker?

    private struct State {
        var blocks: [[UInt8]] = []
        var waiting = 0
        var ended = false
        var failure: Int32 = 0
    }

    /// The system refused; `number` is errno.
    public struct Fault: Error, Hashable, Sendable {
        /// errno of the refusal.
        public let number: Int32
        /// The system's words.
        public var text: String { String(cString: strerror(number)) }
    }

    /// Creates `path`, which must not exist, readable by its owner only.
    ///
    /// - Throws: `Fault`.
    public init(creating path: String, backlogMax: Int = 64 << 20) throws(Fault) {
        let opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw Fault(number: errno) }
        descriptor = opened
        self.backlogMax = backlogMax
        // Strong: an owner that is dropped before its end, as on a failing start, must outlive its thread.
        worker = Worker(name: "file") { [self] in writeAll() }
    }

    /// Hands a block over.
    ///
    /// - Returns: false when too much waits or the disk has refused; the block was not taken.
    public func append(_ block: [UInt8]) -> Bool {
        let taken = state.withLock { state -> Bool in
            guard state.failure == 0, state.waiting + block.count <= backlogMax else { return false }
            state.blocks.append(block)
            state.waiting += block.count
            return true
        }
        if taken { wakeup.signal() }
        return taken
    }

    /// Waits until everything is written, then closes the file. Call once, last.
    ///
    /// - Throws: `Fault` when the disk refused a block: that block and all later ones are missing.
    public func finish() throws(Fault) {
        state.withLock { $0.ended = true }
        wakeup.signal()
        worker?.join()
        worker = nil
        let failure = state.withLock { $0.failure }
        let synced = fsync(descriptor) == 0 ? 0 : errno
        close(descriptor)
        if failure != 0 { throw Fault(number: failure) }
        if synced != 0 { throw Fault(number: synced) }
    }

    private func writeAll() {
        while true {
            let (blocks, ended) = state.withLock { state -> ([[UInt8]], Bool) in
                let taken = state.blocks
                state.blocks = []
                return (taken, state.ended)
            }
            for block in blocks {
                let failure = SystemCalls.write(block, to: descriptor)
                state.withLock { state in
                    state.waiting -= block.count
                    if failure != 0, state.failure == 0 { state.failure = failure }
                }
            }
            if blocks.isEmpty {
                if ended { return }
                wakeup.wait()
            }
        }
    }
}
