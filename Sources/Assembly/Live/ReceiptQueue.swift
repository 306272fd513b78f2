internal import Store
internal import Synchronization
public import Trading

/// Where venues' words wait until the back office writes them.
///
/// - Lane: `keep` from any, `drain` from the back office's thread.
/// - Bound: 1,024 receipts and 1 MiB, twice; of each at most 4 KiB. What exceeds that is dropped and counted. `keep` writes
///   into memory that is there from the start: it allocates nothing, and wakes nobody.
public final class ReceiptQueue: ReceiptKeeper {
    /// One receipt, and where its words are.
    private struct Entry {
        let mark: ReceiptMark
        let start: Int
        let count: Int
        let whole: Int
    }

    private final class Page: @unchecked Sendable {
        // Safety: touched under the queue's lock, or by the one thread that took the page out. Its memory is freed with it,
        // and every access is within `bytesMax`.
        let words = UnsafeMutableRawBufferPointer.allocate(byteCount: ReceiptQueue.bytesMax, alignment: 64)
        var entries: [Entry] = []
        var used = 0

        init() {
            entries.reserveCapacity(ReceiptQueue.countMax)
            words.initializeMemory(as: UInt8.self, repeating: 0)
        }

        deinit { words.deallocate() }

        func add(_ mark: ReceiptMark, _ text: RawSpan) -> Bool {
            let count = min(text.byteCount, ReceiptQueue.bodyMax)
            guard entries.count < ReceiptQueue.countMax, used + count <= ReceiptQueue.bytesMax else { return false }
            text.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: words[used..<(used + count)])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            }
            entries.append(Entry(mark: mark, start: used, count: count, whole: text.byteCount))
            used += count
            return true
        }
    }

    private struct State {
        var filling = Page()
        /// Nil while it is being written.
        var spare: Page? = Page()
        var dropped = 0
    }

    static let countMax = 1_024
    static let bytesMax = 1 << 20
    /// Of one receipt.
    static let bodyMax = 4_096
    private let state = Mutex<State>(State())

    /// An empty queue.
    public init() {}

    /// Receipts that did not fit.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// True when some are to be written.
    var isWaiting: Bool { state.withLock { !$0.filling.entries.isEmpty } }

    /// Puts the words aside; what is longer than 4 KiB is cut.
    public func keep(_ mark: ReceiptMark, _ words: RawSpan) {
        state.withLock { state in
            if !state.filling.add(mark, words) { state.dropped += 1 }
        }
    }

    /// Gives everything away that waits, oldest first; what comes meanwhile waits for the next time. From one thread alone.
    ///
    /// - Throws: what `body` throws; the rest of what waited is lost then.
    func drain<Fault: Error>(_ body: (ReceiptMark, UnsafeRawBufferPointer, _ whole: Int) throws(Fault) -> Void)
        throws(Fault)
    {
        let taken = state.withLock { state -> Page? in
            guard !state.filling.entries.isEmpty, let spare = state.spare else { return nil }
            let page = state.filling
            (state.filling, state.spare) = (spare, nil)
            return page
        }
        guard let page = taken else { return }
        defer {
            page.entries.removeAll(keepingCapacity: true)
            page.used = 0
            state.withLock { $0.spare = page }
        }
        for entry in page.entries {
            try body(
                entry.mark, UnsafeRawBufferPointer(rebasing: page.words[entry.start..<(entry.start + entry.count)]),
                entry.whole)
        }
    }
}
