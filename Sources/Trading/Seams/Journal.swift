/// Why an intent could not be recorded. Nothing of it may be sent.
public struct JournalFault: Error, Hashable, Sendable {
    /// What went wrong.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The key was used before, by another order (`E_EXEC_IDEMPOTENCY_CONFLICT`).
        case conflict = "E_EXEC_IDEMPOTENCY_CONFLICT"
        /// The key was used before, by this very order: it may have been sent.
        case duplicate = "E_EXEC_DUPLICATE_ID"
        /// There is no room left.
        case full = "E_STORE_JOURNAL_FULL"
        /// The disk refused, now or before: nothing is recorded any more (`power` durability; at start in both).
        case disk = "E_STORE_JOURNAL_DISK"
        /// A text does not fit its field.
        case tooLong = "E_STORE_JOURNAL_TOO_LONG"
    }

    /// What went wrong.
    public let kind: Kind
    /// In words, for people.
    public let text: String

    /// A fault.
    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String { kind.rawValue }
}

/// Where intents are recorded before they are sent (laws 3 and 4).
///
/// - Lane: the hot lane.
public protocol Journal: AnyObject {
    /// Records one intent, or two as one unit: after a crash both are found, or neither.
    ///
    /// - Throws: `JournalFault`; then nothing was recorded and nothing may be sent.
    func append(_ first: borrowing OrderIntent, _ second: borrowing OrderIntent?) throws(JournalFault)

    /// Does what `append` does, and records nothing (`Docs/decisions/0016`).
    func rehearse(_ first: borrowing OrderIntent, _ second: borrowing OrderIntent)

    /// Records that a recorded order never left: its slot was given back. Best effort: without it the order is asked for
    /// at the next start.
    func withdraw(_ clOrdID: ClOrdID, isTombstone: Bool)
}

extension Journal {
    /// Nothing: where nothing is kept warm.
    public func rehearse(_ first: borrowing OrderIntent, _ second: borrowing OrderIntent) {}
}
