import Codec
public import Trading

/// What a person is told who does not sit at the machine. Names and amounts only: never a key, a header or a URL.
public struct AlertMessage: Sendable, Hashable {
    /// True when money is at stake now.
    public let isCritical: Bool
    /// Stable code.
    public let code: String
    /// The pair it concerns; nil: the account.
    public let pair: String?
    /// The account, `live` or `paper`, and which venues.
    public let account: String
    /// See `account`.
    public let mode: String
    /// See `account`.
    public let venues: String
    /// What happened, and what the machine did.
    public let what: String
    /// `arb status`' first line at that time.
    public let exposure: String
    /// The next command to paste.
    public let next: String
    /// When it happened.
    public let at: UTCNanos

    /// A message; what venues said is cut and made harmless.
    public init(
        _ code: String, isCritical: Bool, pair: String?, account: String, mode: String, venues: String, what: String,
        exposure: String, next: String, at: UTCNanos
    ) {
        self.code = code
        self.isCritical = isCritical
        self.pair = pair
        self.account = account
        self.mode = mode
        self.venues = venues
        self.what = String(TerminalText.neutral(what).prefix(Self.textMax))
        self.exposure = exposure
        self.next = next
        self.at = at
    }

    private static let textMax = 1_000

    /// What is not told again within a quarter of an hour.
    public var cause: String { "\(code) \(pair ?? "")" }

    /// For people, in the order in which they ask.
    public var text: String {
        """
        \(isCritical ? "CRITICAL" : "warning") [\(account) \(mode) venues=\(venues)] \(code)\(pair.map { " \($0)" } ?? "")
        \(exposure)
        \(what)
        next: \(next)
        \(at.rfc3339.prefix(19))Z
        """
    }
}
