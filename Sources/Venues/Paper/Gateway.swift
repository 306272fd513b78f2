public import Trading

/// Takes orders of one venue and fills them from the live books, some time later: a model, and told as one everywhere.
///
/// An order meets the book as it stands `latency` after it was sent, takes what stands within its limit level by level,
/// and pays the venue's exact fees. What it took is remembered until the level goes away, for the real book does not know
/// of it: the same contracts are not bought twice. It never rests, is never refused for anything the venue alone knows,
/// and nobody reacts to it: results are better than life's.
/// - Lane: the hot lane, all of it.
/// - Bound: `pendingMax` orders under way.
public final class Gateway: OrderGateway, @unchecked Sendable {
    // Safety: everything is touched on the hot lane alone, which is also the executor of the tasks that commit.

    /// Whose orders it fills.
    public let venue: VenueID
    private let latency: Nanoseconds
    private let currency: Currency
    private let clock: any Timekeeper
    private let market: (InstrumentID) -> PaperMarket?
    private let symbol: (InstrumentID) -> String
    /// Told of fills and of what is held, as a private stream would tell.
    public weak var sink: (any OrderSink)?

    private var generation: UInt64 = 0
    private var prepared: Set<UInt64> = []
    private var pending: [Pending] = []
    private let depth: Depth
    private var held: [HeldKey: Int64] = [:]
    /// Cash of the paper account. Unit: 1e-8 of the venue's currency.
    private var cash: Int64
    private var lastExec: UInt64 = 0
    private let shards: [Int?]
    private static let pendingMax = 256

    private struct Pending {
        let order: NewOrder
        let signed: MonotonicNanos
        let sent: MonotonicNanos
        var due: MonotonicNanos
        let deadline: MonotonicNanos
        let continuation: UnsafeContinuation<LegReport, Never>
    }

    private struct HeldKey: Hashable {
        let instrument: InstrumentID
        let outcome: Outcome
    }

    /// A paper account with this much cash.
    ///
    /// - Parameters:
    ///   - shards: purses that share the cash; one without a number where a venue has one.
    ///   - depth: what was taken of the books, shared with whoever else trades on paper.
    ///   - market: nil where the book may not be used.
    public init(
        _ venue: VenueID, cash: Money, currency: Currency, shards: [Int?] = [nil], latency: Nanoseconds,
        depth: Depth = Depth(), clock: any Timekeeper, market: @escaping (InstrumentID) -> PaperMarket?,
        symbol: @escaping (InstrumentID) -> String
    ) {
        precondition(!shards.isEmpty, "an account has a purse")
        self.shards = shards
        self.venue = venue
        self.cash = cash.rawValue
        self.currency = currency
        self.latency = latency
        self.depth = depth
        self.clock = clock
        self.market = market
        self.symbol = symbol
    }

    /// What earlier runs of the same paper account did: on top of the cash that it began with. Before the first order.
    public func restore(_ instrument: InstrumentID, _ outcome: Outcome, held quantity: Quantity, cash change: Money) {
        held[HeldKey(instrument: instrument, outcome: outcome), default: 0] += quantity.rawValue
        cash += change.rawValue
        net(instrument)
    }

    // MARK: Orders

    /// Refuses what the venue's own terms refuse.
    public func prepare(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> SendSlot {
        guard let market = market(order.instrument) else {
            throw LocalRefusal(.market, "the book of \(symbol(order.instrument)) may not be used")
        }
        guard order.timeInForce.isImmediate else {
            throw LocalRefusal(.unsupported, "paper orders never rest")
        }
        guard market.terms.grid.accepts(order.price), order.orderQty.rawValue > 0 else {
            throw LocalRefusal(.amounts, "price or quantity is not admitted")
        }
        guard pending.count + prepared.count < Self.pendingMax else {
            throw LocalRefusal(.noConnection, "too many paper orders under way")
        }
        generation += 1  // bounded by orders
        prepared.insert(generation)
        return SendSlot(
            order: order, orderID: nil, bodyHash: .zero, signed: now.monotonic, place: 0,
            generation: generation)
    }

    /// Forgets a slot that was not used.
    public func giveBack(_ slot: SendSlot) { prepared.remove(slot.generation) }

    /// Waits until the order meets its book.
    public func commit(_ slot: SendSlot, deadline: MonotonicNanos) async -> LegReport {
        let now = clock.now().monotonic
        guard prepared.remove(slot.generation) != nil else {
            return LegReport(
                clOrdID: slot.order.clOrdID, orderID: nil,
                outcome: .notSent(LocalRefusal(.slotSpent, "the slot was used or given back before")),
                stamps: .init(signed: slot.signed))
        }
        return await withUnsafeContinuation { continuation in
            pending.append(
                Pending(
                    order: slot.order, signed: slot.signed, sent: now, due: min(now + latency, deadline),
                    deadline: deadline, continuation: continuation))
        }
    }

    /// Nothing rests: there is nothing to cancel.
    public func cancel(_ order: OrderRef, deadline: MonotonicNanos) async -> CancelReport { .cancelled(.zero) }

    /// Nothing rests: there is nothing to cancel.
    public func cancelAll(deadline: MonotonicNanos) async -> CancelReport { .cancelled(.zero) }

    // MARK: Time

    /// When the next order meets its book; nil while none is under way.
    public var nextDeadline: MonotonicNanos? { pending.map(\.due).min() }

    /// True while an order of that name has not met its book yet.
    public func isUnderWay(_ clOrdID: ClOrdID) -> Bool { pending.contains { $0.order.clOrdID == clOrdID } }

    /// Fills what is due, against the books as they stand. An order whose book is void waits for one that is not, until
    /// its deadline: the venue has its book all the while.
    public func turn(at now: Stamp) {
        guard let next = nextDeadline, next <= now.monotonic else { return }
        depth.prune(market)
        var due: [Pending] = []
        pending.removeAll { order in
            let isReady =
                order.due <= now.monotonic
                && (market(order.order.instrument) != nil || order.deadline <= now.monotonic)
            if isReady { due.append(order) }
            return isReady
        }
        // What is still here is looked at again soon.
        for index in pending.indices where pending[index].due <= now.monotonic {
            pending[index].due = min(now.monotonic + Self.lookAgain, pending[index].deadline)
        }
        for order in due {
            let outcome = fill(order.order, now)
            order.continuation.resume(
                returning: LegReport(
                    clOrdID: order.order.clOrdID, orderID: OrderID("paper-\(order.order.clOrdID)"), outcome: outcome,
                    stamps: .init(signed: order.signed, sent: order.sent, acked: now.monotonic),
                    transactTime: now.utc))
        }
    }

    private static let lookAgain = Nanoseconds.milliseconds(10)

    /// The account as a venue would list it.
    public func snapshot(at now: UTCNanos) -> AccountSnapshot {
        var snapshot = AccountSnapshot(venue: venue, asOf: now)
        // The purses of an exchange with several are told as equal parts of the one sum.
        snapshot.balances = shards.map { shard in
            VenueBalance(
                venue: venue, exchangeIndex: shard, cash: Money(rawValue: cash / Int64(shards.count)),
                currency: currency)
        }
        snapshot.positions = held.filter { $0.value > 0 }.map { key, quantity in
            VenuePosition(
                venue: venue, symbol: symbol(key.instrument), outcome: key.outcome,
                quantity: Quantity(rawValue: quantity))
        }
        return snapshot
    }

    // MARK: Fills

    private func fill(_ order: NewOrder, _ now: Stamp) -> LegReport.Outcome {
        guard let market = market(order.instrument) else {
            return .rejected(
                VenueRejection(.unfilled, status: 0, code: "paper", text: "its book was void until the deadline"))
        }
        let holding = Quantity(rawValue: held[HeldKey(instrument: order.instrument, outcome: order.outcome)] ?? 0)
        guard let taking = try? depth.quote(order, held: holding, market), taking.quantity > .zero else {
            return Self.killed
        }
        let isWhole = order.cashOrderQty == nil ? taking.quantity == order.orderQty : true
        if order.timeInForce == .fok, !isWhole { return Self.killed }
        depth.take(taking)
        book(order, taking, now)
        return .accepted(
            OrderSummary(
                standing: isWhole ? .filled : .cancelled, cumQty: taking.quantity, leavesQty: .zero,
                cumCash: taking.cash, fee: taking.fee))
    }

    private static let killed = LegReport.Outcome.rejected(
        VenueRejection(.unfilled, status: 0, code: "paper", text: "nothing stood within the limit"))

    /// Cash and contracts change hands; the private stream tells, final at once.
    private func book(_ order: NewOrder, _ taking: PaperTaking, _ now: Stamp) {
        let isSale = order.side == .sell
        let (amount, fee) = (taking.cash.rawValue, taking.fee.rawValue)
        cash += isSale ? amount - fee : -(amount + fee)
        let key = HeldKey(instrument: order.instrument, outcome: order.outcome)
        held[key, default: 0] += isSale ? -taking.quantity.rawValue : taking.quantity.rawValue
        net(order.instrument)
        for level in taking.levels {
            lastExec += 1  // bounded by orders
            let fill = Fill(
                execID: ExecID("paper-\(venue.name)-\(lastExec)"), lastQty: level.quantity,
                lastPx: level.price, fee: level.fee, liquidity: .taker, settlement: .confirmed)
            sink?.apply(
                ExecutionReport(
                    venue: venue, orderID: OrderID("paper-\(order.clOrdID)"), clOrdID: order.clOrdID,
                    symbol: symbol(order.instrument), event: .fill(fill), source: .stream, transactTime: now.utc))
        }
        sink?.apply(
            VenuePosition(
                venue: venue, symbol: symbol(order.instrument), outcome: order.outcome,
                quantity: Quantity(rawValue: max(0, held[key] ?? 0))))
    }

    /// Kalshi has one signed position a market: a YES and a NO are paid out at once.
    private func net(_ instrument: InstrumentID) {
        guard venue == .kalshi else { return }
        let (yes, no) = (HeldKey(instrument: instrument, outcome: .yes), HeldKey(instrument: instrument, outcome: .no))
        let both = min(held[yes] ?? 0, held[no] ?? 0)
        guard both > 0 else { return }
        held[yes, default: 0] -= both
        held[no, default: 0] -= both
        cash += both
    }
}
