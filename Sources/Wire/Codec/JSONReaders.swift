internal import Synchronization

/// Readers for whoever reads at any time on any thread: each is lent to one borrower, and its buffers, which have grown to
/// the documents of a venue, are used again.
///
/// - Bound: `idleMax` wait; those beyond are given up after their use.
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
        defer { idle.withLock { if $0.count < Self.idleMax { $0.append(lent) } } }
        return try withExtendedLifetime(lent) { () throws(Failure) -> Result in try body(lent.reader) }
    }
}
