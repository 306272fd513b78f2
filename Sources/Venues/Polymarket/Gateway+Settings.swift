import Signing
public import Trading
public import Transport

/// What may be chosen about orders.
public struct GatewaySettings: Sendable {
    /// The order book's host, with its port where it is not 443: the `Host` header.
    public var host = "clob.polymarket.com"
    /// Its address for cold reads.
    public var base = "https://clob.polymarket.com"
    /// What is said of us.
    public var userAgent = "arb"
    /// Orders and batches that are prepared or under way at once; as many as there are connections.
    public var slotsMax = 16
    /// Orders in one batch.
    public var batchMax = 15
    /// Orders in one request to cancel: the venue takes a thousand, but every one costs a token of a bucket of 120.
    public var cancelsMax = 100
    /// Orders are held back for this long after a 429 that names no time.
    public var throttlePause = Nanoseconds.seconds(1)
    /// First pause after a 425; doubles.
    public var restartPauseFirst = Nanoseconds.seconds(1)
    /// Longest pause after a 425.
    public var restartPauseMax = Nanoseconds.seconds(30)
    /// Entries that take are held back for this long after a restart's pause.
    public var postOnlyAfterRestart = Nanoseconds.seconds(120)
    /// A mode without a time is taken to last this long.
    public var modePause = Nanoseconds.seconds(30)
    /// A resting order must live at least this long (the venue's own limit is a minute more, and it ends them a minute early).
    public var restMin = Nanoseconds.seconds(120)
    /// Orders signed ahead are used for this long; they carry the time of signing.
    public var draftAgeMax = Nanoseconds.seconds(8)
    /// Orders signed ahead that are kept.
    public var draftsMax = 64
    /// Signatures that are begun before their orders are known; 0: each is made whole when it is needed, with the nonce that
    /// RFC 6979 makes of the key and the order.
    public var noncesAhead = 32
    /// A nonce that is this old is erased: what is kept for long is what an image of the memory finds.
    public var nonceAgeMax = Nanoseconds.seconds(60)
    /// Orders that are remembered by their hash, newest last.
    public var knownMax = 4_096
    /// Seed of the salts; drawn anew for every run.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
}

/// The tokens of the account's own limits: orders and cancels have a bucket each.
///
/// - Source: per-signer limits announced in July 2026: 40 orders a second (burst 60), twice that for cancels.
public protocol WriteBudget: Sendable {
    /// Takes `count` orders' tokens; what is kept for closes is left to entries' refusal.
    func takeOrders(_ count: Int, _ purpose: SendPurpose, at now: MonotonicNanos) -> Bool
    /// Takes `count` cancels' tokens.
    func takeCancels(_ count: Int, at now: MonotonicNanos) -> Bool
    /// Puts the tokens of orders back that were not sent.
    func giveBackOrders(_ count: Int, at now: MonotonicNanos)
    /// Puts the tokens of cancels back that were not sent.
    func giveBackCancels(_ count: Int, at now: MonotonicNanos)
    /// The venue said 429.
    func refused(retryAfter: Nanoseconds?, at now: MonotonicNanos)
}

/// Several orders prepared for one request.
public struct BatchSlot: Hashable, Sendable {
    /// The orders, in the request's order.
    public let orders: [NewOrder]
    /// Their hashes.
    public let orderIDs: [OrderID]
    /// SHA-256 of the body.
    public let bodyHash: Digest256
    let place: Int
    let generation: UInt64
}

/// What we know of an order of ours: by it the venue's numbers are told from one another.
public struct KnownOrder: Hashable, Sendable {
    /// Our name.
    public let clOrdID: ClOrdID
    /// Bought or sold.
    public let side: Side
    /// Never rests.
    public let isImmediate: Bool
    /// Shares asked for, in 1e-8.
    let shares: Int64
    /// Money asked for or offered, in 1e-8.
    let cash: Int64

    init?(_ sent: SentOrder) {
        let isBuy = sent.order.side == .buy
        guard let shares = sent.shares.shares,
            let cash = (isBuy ? sent.amounts.maker : sent.amounts.taker).cash
        else { return nil }
        clOrdID = sent.order.clOrdID
        side = sent.order.side
        isImmediate = sent.order.timeInForce.isImmediate
        self.shares = shares.rawValue
        self.cash = cash.rawValue
    }
}

/// Orders by hash, the oldest forgotten first.
///
/// A row is written while an order leaves: into memory that was touched before, the next row after the last. Who asks is
/// not in a hurry, and asks for one of the newest.
struct KnownOrders {
    private struct Row {
        let hash: Bytes32
        let order: KnownOrder
    }

    private var rows: [Row?]
    private var next = 0

    init(countMax: Int) {
        precondition(countMax > 0, "something is remembered")
        rows = Array(repeating: nil, count: countMax)
    }

    subscript(_ id: OrderID) -> KnownOrder? {
        guard let hash = Bytes32(hex: id.text) else { return nil }
        for age in 1...rows.count {
            guard let row = rows[(next - age + rows.count) % rows.count] else { return nil }
            if row.hash == hash { return row.order }
        }
        return nil
    }

    mutating func keep(_ hash: Bytes32, _ sent: SentOrder) {
        guard let known = KnownOrder(sent) else { return }
        rows[next] = Row(hash: hash, order: known)
        next = (next + 1) % rows.count
    }
}
