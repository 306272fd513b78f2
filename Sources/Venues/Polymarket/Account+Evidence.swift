import Codec
public import Trading

/// What the venue's lists say of one order, asked by its hash.
public struct OrderFinding: Hashable, Sendable {
    /// The order as listed; nil: the venue knows none of that hash now, which proves nothing by itself.
    public let order: VenueOrder?
    /// Its fills, as taker and as maker.
    public let fills: [VenueFill]

    /// The same as events of the order's state machine, in no particular order.
    public var events: [OrderEvent] {
        // A listed order whose sum is not told in shares is done for what its fills are: they are told with it.
        let summary = order.map { [OrderEvent.summary($0.summary)] } ?? []
        return fills.map { .fill($0.fill) } + summary
    }

    /// True when neither the order nor a fill of it is there.
    public var isAbsent: Bool { order == nil && fills.isEmpty }
}

extension Account {
    /// Looks for an order of unknown outcome: the order itself, and all trades of its market since it was sent.
    ///
    /// - Throws: `AccountFault`; then nothing was learned.
    public func find(_ id: OrderID, market: String, sent: UTCNanos) async throws(AccountFault) -> OrderFinding {
        let listed = try await read(settings.base, "/data/order/\(id.text)", "", isSigned: true, isMissingOK: true) {
            (root) throws(WireFault) -> Wire.OpenOrder in
            let listed = try Wire.openOrder(root)
            guard listed.id == id.text, self.identity.owns([listed.owner], listed.makerAddress) else {
                throw WireFault(.field, "id")
            }
            return listed
        }
        // A self-match is listed in one trade as taker and as maker: both carry the order's hash.
        let fills = try await fills(since: sent, market: market).filter { $0.orderID == id }
        guard let listed else { return OrderFinding(order: nil, fills: fills) }
        do throws(WireFault) {
            let order = try venueOrder(listed, summary: Self.sumOfTrades(listed, fills))
            return OrderFinding(order: order, fills: fills)
        } catch { throw AccountFault(code: error.code, text: "/data/order: \(error.field) cannot be read") }
    }

    /// A FOK or FAK order that is done for an amount that is not told in shares: its trades say, where all are there.
    private static func sumOfTrades(_ order: Wire.OpenOrder, _ fills: [VenueFill]) -> OrderSummary? {
        let reason: String
        switch order.status {
        case .matched: reason = "the rest found nothing to match"
        case .cancelled(let words): reason = words
        case .live, .delayed, .unknown: return nil
        }
        let told = Set(fills.map { String($0.fill.execID.text.prefix { $0 != "/" }) })
        guard order.isImmediate, !order.trades.isEmpty, told.isSuperset(of: order.trades) else { return nil }
        var sum: Int64 = 0
        for fill in fills {
            let (next, over) = sum.addingReportingOverflow(fill.fill.lastQty.rawValue)
            if over { return nil }
            sum = next
        }
        return OrderSummary(standing: .cancelled, cumQty: Quantity(rawValue: sum), leavesQty: .zero, reason: reason)
    }
}

/// Whether an order of unknown outcome can still enter. Pure: readings go in with the instant at which they were asked for.
///
/// It cannot any more when its connection has ended, no read ever found it, and order and trades were both still empty at
/// or after `deadAfter` plus the market's delay since it was sent, with a balance that known fills explain. One find ends
/// the question for good, one missing condition leaves it open: not found alone proves nothing.
public struct DeadAfter: Hashable, Sendable {
    /// What the conditions come to.
    public enum Verdict: Hashable, Sendable {
        /// It is there, or has fills: it entered.
        case entered
        /// Ask again from this instant on.
        case wait(until: MonotonicNanos)
        /// These conditions are not met yet.
        case missing([Condition])
        /// It never entered and no longer can; the conditions in words.
        case cannotEnter(String)
    }

    /// What must be shown.
    public enum Condition: String, Hashable, Sendable, CaseIterable {
        /// The connection that carried it has ended.
        case connection
        /// The order was asked for late enough and was not there.
        case order
        /// The trades were asked for late enough, and none was its.
        case trades
        /// The balance was asked for late enough and is what known fills explain.
        case balance
    }

    /// When its last byte may have left.
    public let sent: MonotonicNanos
    /// From here on absence means something.
    public let ripe: MonotonicNanos
    private var found = false
    private var shown: Set<Condition> = []

    /// A question about an order that was sent at `sent`.
    ///
    /// - Parameters:
    ///   - deadAfter: longest time that a request may be on its way.
    ///   - takerDelay: how long the market holds a taker's order.
    public init(sent: MonotonicNanos, deadAfter: Nanoseconds = .seconds(60), takerDelay: Nanoseconds) {
        self.sent = sent
        ripe = sent + deadAfter + takerDelay
    }

    /// The connection that carried it has ended: nothing of it can arrive through a socket that is not there.
    public mutating func connectionEnded() { shown.insert(.connection) }

    /// The order and the trades were asked for at `asked`.
    public mutating func looked(_ finding: OrderFinding, asked: MonotonicNanos) {
        guard finding.isAbsent else {
            found = true
            return
        }
        guard asked >= ripe else { return }
        shown.formUnion([.order, .trades])
    }

    /// The balance was asked for at `asked`. One that is not explained takes an earlier one back.
    public mutating func balanceRead(isExplained: Bool, asked: MonotonicNanos) {
        guard isExplained else {
            shown.remove(.balance)
            return
        }
        if asked >= ripe { shown.insert(.balance) }
    }

    /// What is shown by now.
    public func verdict(at now: MonotonicNanos) -> Verdict {
        if found { return .entered }
        if now < ripe { return .wait(until: ripe) }
        let missing = Condition.allCases.filter { !shown.contains($0) }
        guard missing.isEmpty else { return .missing(missing) }
        let seconds = (ripe - sent).rawValue / 1_000_000_000
        return .cannotEnter(
            "not found \(seconds) s after it was sent: connection ended, no order, no trade, balance explained")
    }
}
