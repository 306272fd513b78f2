import Codec
public import Signing
import Synchronization
public import Trading
public import Transport

/// A batch that is prepared: one request, one answer an order. Used once, by `commit` or by `giveBack`.
public struct BatchSlot: Hashable, Sendable {
    /// The orders, in the order of the answers.
    public let orders: [NewOrder]
    /// SHA-256 of the body that will be sent.
    public let bodyHash: Digest256
    /// When it was signed.
    public let signed: MonotonicNanos
    let place: Int
    let generation: UInt64
}

/// Sends orders to Kalshi.
///
/// `prepare` does on the hot lane all that can fail: terms, amounts, write tokens of the market's shard, a connection,
/// a header signed ahead, the bytes. `commit` takes the bytes and writes them. No order is ever sent twice: what became of
/// one without an answer is for evidence to say.
/// - Lane: `prepare`, `giveBack` and what tells of markets on the hot lane; the rest on the executor given.
/// - Bound: `slotsMax` requests prepared or under way.
public actor Gateway: OrderGateway {
    /// Kalshi.
    public nonisolated let venue = VenueID.kalshi
    /// Headers signed ahead; `tend` refills them.
    public nonisolated let headers: HeaderPool
    nonisolated let tools: OrderDesk.Tools
    nonisolated let desk: Mutex<OrderDesk>
    nonisolated let receipts: (any ReceiptKeeper)?
    private nonisolated let executor: any SerialExecutor
    let reader = JSONReader()

    /// A gateway that knows no market yet.
    ///
    /// - Parameter receipts: gets what the venue answers; nil: nobody does.
    public init(
        auth: Auth, sender: any RequestSender, budget: any WriteBudget, clock: any Timekeeper,
        settings: GatewaySettings, executor: any SerialExecutor, receipts: (any ReceiptKeeper)? = nil
    ) {
        self.receipts = receipts
        let writer = Wire.RequestWriter(auth, restURL: settings.restURL)
        headers = HeaderPool(
            auth, .post, path: writer.createPath, ahead: settings.presignAhead, count: settings.presignCount)
        tools = OrderDesk.Tools(
            writer: writer, headers: headers, sender: sender, budget: budget, clock: clock, settings: settings)
        desk = Mutex(OrderDesk(settings))
        self.executor = executor
    }

    /// The gateway's lane.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    // MARK: Markets

    /// The terms of a market, now or anew.
    ///
    /// - Throws: `LocalRefusal` (`E_EXEC_MARKET`): no shard, or a ticker that no request can carry; it takes no orders.
    public nonisolated func apply(
        _ terms: InstrumentTerms, of instrument: InstrumentID, ticker: String
    ) throws(LocalRefusal) {
        try desk.withLock { (desk) throws(LocalRefusal) in try desk.apply(terms, of: instrument, ticker: ticker) }
    }

    /// A change of a market: its status and its grid matter here.
    public nonisolated func apply(_ event: MarketEvent) { desk.withLock { $0.apply(event) } }

    /// The terms of a market are not known any more: it takes no orders until they are.
    public nonisolated func block(_ instrument: InstrumentID) { desk.withLock { $0.forget(instrument) } }

    /// New orders of a shard join this order group, the venue's own kill switch; nil: none.
    public nonisolated func join(_ group: OrderGroupID?, shard: Int) { desk.withLock { $0.join(group, shard: shard) } }

    // MARK: Signing ahead

    /// Signs headers ahead. Off the lanes, several times a second.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    public nonisolated func tend(at now: UTCNanos) throws(SigningFault) { try headers.refill(at: now) }

    /// Voids every header and every prepared request: at a halt. What is under way is not touched.
    public nonisolated func void() {
        headers.void()
        let now = tools.clock.now().monotonic
        desk.withLock { $0.void(at: now, tools) }
    }

    /// A cheap signed read that shows a connection, key and clock to be good; it costs read tokens.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    public nonisolated func keepaliveRequest(at now: UTCNanos) throws(SigningFault) -> [UInt8] {
        let milliseconds = desk.withLock { $0.stamp(now) }
        return try tools.writer.request(.get, "/exchange/user_data_timestamp", milliseconds: milliseconds)
    }

    // MARK: Prepare

    /// Everything that can fail locally.
    public nonisolated func prepare(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> SendSlot {
        try desk.withLock { (desk) throws(LocalRefusal) in try desk.prepare(order, at: now, tools) }
    }

    /// Undoes `prepare`; a slot that was used before is left alone.
    public nonisolated func giveBack(_ slot: SendSlot) {
        let now = tools.clock.now().monotonic
        desk.withLock { $0.giveBack(slot.place, slot.generation, at: now, tools) }
    }

    /// Undoes `prepare`, after the bytes went the way of a request to nobody.
    public nonisolated func rehearse(_ slot: SendSlot) {
        let now = tools.clock.now().monotonic
        desk.withLock { desk in
            desk.rehearse(slot.place, slot.generation, tools)
            desk.giveBack(slot.place, slot.generation, at: now, tools)
        }
    }

    /// As `prepare`, for several orders in one request; the venue takes or refuses each of them alone.
    public nonisolated func prepareBatch(_ orders: [NewOrder], at now: Stamp) throws(LocalRefusal) -> BatchSlot {
        try desk.withLock { (desk) throws(LocalRefusal) in try desk.prepare(orders, at: now, tools) }
    }

    /// Undoes `prepareBatch`.
    public nonisolated func giveBack(_ slot: BatchSlot) {
        let now = tools.clock.now().monotonic
        desk.withLock { $0.giveBack(slot.place, slot.generation, at: now, tools) }
    }

    /// The complete request of a prepared slot, for a benchmark or a test; nil when it is spent.
    public nonisolated func request(of slot: SendSlot) -> [UInt8]? {
        desk.withLock { desk in
            let place = desk.places[slot.place]
            return place.phase == .prepared && place.generation == slot.generation ? place.request : nil
        }
    }

    // MARK: Commit

    /// Makes the prepared request a record on its connection; a slot that was used before is left alone.
    public nonisolated func seal(_ slot: SendSlot) {
        desk.withLock { $0.seal(slot.place, slot.generation, tools) }
    }

    /// Hands the sealed request over, on the sender's lane; `commit` tells what comes of it.
    public nonisolated func depart(_ slot: SendSlot, deadline: MonotonicNanos) {
        desk.withLock { $0.depart(slot.place, slot.generation, deadline, tools) }
    }

    /// Writes the prepared bytes and waits for the answer until `deadline`.
    public func commit(_ slot: SendSlot, deadline: MonotonicNanos) async -> LegReport {
        guard let dispatch = desk.withLock({ $0.departure(slot.place, slot.generation) }) else {
            return Self.spent(slot.order, slot.signed)
        }
        let outcome = await tools.sender.exchange(dispatch.use.ticket, dispatch.bytes, deadline: deadline)
        let reading = landed(dispatch, outcome)
        let verdict = OutcomePolicy.create(reading, of: slot.order)
        keep(outcome, .create, slot.order.clOrdID, verdict.orderID)
        return Self.report(verdict, slot.order, slot.signed, outcome)
    }

    /// As `commit`, for a batch: one report an order, in its order.
    public func commit(_ slot: BatchSlot, deadline: MonotonicNanos) async -> [LegReport] {
        guard let dispatch = desk.withLock({ $0.dispatch(slot.place, slot.generation) }) else {
            return slot.orders.map { Self.spent($0, slot.signed) }
        }
        let outcome = await tools.sender.exchange(dispatch.use.ticket, dispatch.bytes, deadline: deadline)
        let reading = landed(dispatch, outcome)
        return zip(OutcomePolicy.batch(reading, of: slot.orders), slot.orders).map {
            keep(outcome, .create, $1.clOrdID, $0.orderID)
            return Self.report($0, $1, slot.signed, outcome)
        }
    }

    /// The venue's own words, for arguing with it later.
    nonisolated func keep(
        _ outcome: WireOutcome, _ kind: ReceiptMark.Kind, _ clOrdID: ClOrdID?, _ orderID: OrderID?
    ) {
        guard let receipts, case .answered(let answer) = outcome else { return }
        receipts.keep(
            ReceiptMark(
                venue: venue, kind: kind, clOrdID: clOrdID, orderID: orderID, status: answer.status,
                at: tools.clock.now().utc), answer.body.span.bytes)
    }

    /// Frees what the exchange held, and learns from its answer.
    private func landed(_ dispatch: OrderDesk.Dispatch, _ outcome: WireOutcome) -> OutcomePolicy.Reading {
        let reading = OutcomePolicy.read(outcome, reader)
        let now = tools.clock.now()
        var hasLeft = true
        if case .notSent = outcome { hasLeft = false }
        desk.withLock { $0.landed(dispatch, hasLeft: hasLeft, at: now.monotonic, tools) }
        learn(reading, outcome, dispatch.use.bucket, at: now)
        return reading
    }

    /// What any answer teaches: too many requests, or a header that the venue does not take.
    func learn(_ reading: OutcomePolicy.Reading, _ outcome: WireOutcome, _ bucket: Int, at now: Stamp) {
        guard case .answered = outcome else { return }
        guard case .refused(let rejection) = reading else { return tools.budget.accepted(bucket) }
        switch rejection.kind {
        case .throttled: tools.budget.refused(bucket, retryAfter: rejection.retryAfter, at: now.monotonic)
        case .authentication:
            headers.distrust(at: now.utc)
            tools.budget.accepted(bucket)
        case .price, .size, .balance, .market, .venueMode, .unfilled, .postOnly, .duplicate, .account, .version,
            .other:
            tools.budget.accepted(bucket)
        }
    }

    private static func report(
        _ verdict: OutcomePolicy.Verdict, _ order: NewOrder, _ signed: MonotonicNanos, _ outcome: WireOutcome
    ) -> LegReport {
        var stamps = LegReport.Stamps(signed: signed)
        switch outcome {
        case .notSent: break
        case .lost(_, let sent): stamps.sent = sent
        case .answered(let answer): (stamps.sent, stamps.acked) = (answer.sent, answer.acked)
        }
        return LegReport(
            clOrdID: order.clOrdID, orderID: verdict.orderID, outcome: verdict.outcome, stamps: stamps,
            transactTime: verdict.transactTime)
    }

    private static func spent(_ order: NewOrder, _ signed: MonotonicNanos) -> LegReport {
        LegReport(
            clOrdID: order.clOrdID, orderID: nil,
            outcome: .notSent(LocalRefusal(.slotSpent, "the slot was used, given back or voided before")),
            stamps: .init(signed: signed))
    }
}
