internal import Synchronization

/// Readers for whoever reads at any time on any thread: each is lent to one borrower, and its buffers, which have grown to
/// the documents of a venue, are used again.
///
/// The one that has read the largest document is lent first: others grow as far only when as many are lent at once.
/// - Bound: `idleMax` wait; of those beyond, the smallest is given up.
public final class JSONReaders: Sendable {
    // Safety: a reader is in the list or with one borrower, never both.
    private struct Idle: @unchecked Sendable {
        let reader: JSONReader
    }
    private static let idleMax = 4

    private let limits: JSONLimits
    private let idle = Mutex<[Idle]>([])

    /// None is made before one is needed.
    public init(limits: JSONLimits) { self.limits = limits }

    /// Lends a reader; no value of it may outlive the call.
    public func borrow<Result, Failure: Error>(_ body: (JSONReader) throws(Failure) -> Result) throws(Failure) -> Result
    {
        let lent = idle.withLock { $0.popLast() } ?? Idle(reader: JSONReader(limits: limits))
        defer { idle.withLock { Self.giveBack(lent, to: &$0) } }
        return try withExtendedLifetime(lent) { () throws(Failure) -> Result in try body(lent.reader) }
    }

    /// The smallest first.
    private static func giveBack(_ lent: Idle, to idle: inout [Idle]) {
        let place = idle.firstIndex { $0.reader.largest > lent.reader.largest } ?? idle.count
        idle.insert(lent, at: place)
        if idle.count > idleMax { idle.removeFirst() }
    }
}
