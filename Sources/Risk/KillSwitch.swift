/// Who has stopped what. Pure state: the latch on disk and the signal that sets it are another's.
///
/// An operator's halt stops everything but cancels and the operator's own close; an alert's and the breaker's stop entries
/// alone (I7).
public struct KillSwitch: Hashable, Sendable {
    /// Who stopped.
    public enum Cause: String, Sendable, Hashable, CaseIterable {
        /// A person, by `halt` or a signal.
        case `operator`
        /// A critical alert that nobody acknowledged in time.
        case alert
        /// The breaker, as a whole.
        case breaker
    }

    /// What wants to leave.
    public enum Act: String, Sendable, Hashable, CaseIterable {
        /// Opens exposure.
        case entry
        /// The machine's own unwinding: auto-close and sweep.
        case autoClose = "auto_close"
        /// An operator's `close-exposure`.
        case operatorClose = "operator_close"
        /// Takes an order off a book.
        case cancel
        /// Proves an order dead.
        case tombstone
    }

    /// Why `resume` was refused.
    public enum ResumeRefusal: Error, Hashable, Sendable {
        /// Orders are unknown, and the operator did not accept the exposure with a reason.
        case unknownLegs(Int)

        /// Stable; listed in `Docs/ERRORS.md`.
        public var code: String { "E_EXEC_RESUME_REFUSED" }
    }

    private var reasons: [String?] = [nil, nil, nil]
    /// One bit a cause that stands: what the hot lane reads.
    private var mask: UInt8 = 0

    /// Nothing is stopped.
    public init() {}

    /// Stops, or adds a cause to what is stopped. The first reason of a cause is kept.
    ///
    /// - Returns: false when that cause stood already.
    @discardableResult
    public mutating func halt(_ cause: Cause, reason: String) -> Bool {
        guard reasons[cause.index] == nil else { return false }
        reasons[cause.index] = reason
        mask |= cause.bit
        return true
    }

    /// Ends one cause by itself: an alert that was acknowledged.
    public mutating func lift(_ cause: Cause) {
        reasons[cause.index] = nil
        mask &= ~cause.bit
    }

    /// Ends every cause by the operator's word.
    ///
    /// - Throws: `ResumeRefusal` while orders are unknown and `acceptExposure` carries no reason; nothing changes then.
    public mutating func resume(unknownLegs: Int, acceptExposure reason: String?) throws(ResumeRefusal) {
        if unknownLegs > 0, reason?.isEmpty ?? true { throw .unknownLegs(unknownLegs) }
        self = KillSwitch()
    }

    /// True when anything is stopped.
    public var isHalted: Bool { mask != 0 }

    /// Why, of one cause; nil when it does not stand.
    public func reason(_ cause: Cause) -> String? { reasons[cause.index] }

    /// The causes that stand, the gravest first.
    public var causes: [Cause] { Cause.allCases.filter { reasons[$0.index] != nil } }

    /// Whether something may leave now.
    public func allows(_ act: Act) -> Bool {
        switch act {
        case .entry: !isHalted
        case .autoClose, .tombstone: mask & Cause.operator.bit == 0
        case .operatorClose, .cancel: true
        }
    }
}

extension KillSwitch.Cause {
    fileprivate var bit: UInt8 { 1 << UInt8(index) }

    fileprivate var index: Int {
        switch self {
        case .operator: 0
        case .alert: 1
        case .breaker: 2
        }
    }
}
