public import Trading

/// An intent as it was found.
public struct JournaledIntent: Sendable, Hashable {
    /// Its place in the log: what `IntentLog.checkpoint` is told when the ledger has it.
    public internal(set) var sequence: UInt64
    /// Fingerprint of the build that recorded it.
    public let build: UInt64
    /// The order.
    public let intent: OrderIntent
}

/// A recorded order that never left.
public struct WithdrawnIntent: Sendable, Hashable {
    /// Its name.
    public let clOrdID: ClOrdID
    /// True for a tombstone, which has its original's name.
    public let isTombstone: Bool

    /// The withdrawal of an intent.
    public init(clOrdID: ClOrdID, isTombstone: Bool) {
        self.clOrdID = clOrdID
        self.isTombstone = isTombstone
    }
}

/// What an intent log holds.
public struct JournalContent: Sendable {
    /// A place that cannot be trusted.
    public struct Damage: Sendable, Hashable, CustomStringConvertible {
        /// The record; nil for the header.
        public let sequence: UInt64?
        /// Where in the file, in bytes.
        public let offset: Int
        /// What is wrong.
        public let text: String
        /// One line for people.
        public var description: String {
            "\(sequence.map { "record \($0)" } ?? "the header") (byte \(offset)): \(text)"
        }
    }

    /// Recorded orders that the ledger may not have, and that were not withdrawn; oldest first. Each may have been sent.
    public internal(set) var intents: [JournaledIntent] = []
    /// Orders that were recorded and never left, as far as the ledger may not know it.
    public internal(set) var withdrawn: [WithdrawnIntent] = []
    /// What cannot be trusted: with any of it the log is refused.
    public internal(set) var damage: [Damage] = []
    /// Records of a last unit that was never completed: nothing of it was sent.
    public internal(set) var torn = 0
    /// The machine was started anew since, and the end of the log may be missing: orders sent since this instant may be
    /// in no record of ours. Nil: nothing is missing.
    public internal(set) var lostSince: UTCNanos?
    /// Counts the files of this account's log: a ledger that has seen a higher one is newer than this file (a backup).
    public internal(set) var generation: UInt64 = 0
    /// The build that made the file.
    public internal(set) var build = ""
    /// When the file was made.
    public internal(set) var created = UTCNanos(rawValue: 0)
    /// The newest record, withdrawals too; 0 when there is none.
    public internal(set) var head: UInt64 = 0
    /// Up to here the ledger has everything.
    public internal(set) var checkpoint: UInt64 = 0

    /// Nothing.
    init() {}
}
