import Codec
public import Signing
import Synchronization
public import Trading
public import Transport

/// Sends orders to Polymarket.
///
/// `prepare` does on the hot lane all that can fail: terms, modes, amounts, a place, tokens, a connection, the signature,
/// the bytes; the order's hash, by which the venue knows it, is in the slot before anything is sent. `commit` takes the
/// bytes and writes them. A FOK or FAK order is never sent twice.
/// - Lane: `prepare`, `giveBack` and what tells of markets on the hot lane; the rest on the executor given.
/// - Bound: `slotsMax` requests prepared or under way, `draftsMax` orders signed ahead.
public actor Gateway: OrderGateway {
    /// Polymarket.
    public nonisolated let venue = VenueID.polymarket
    nonisolated let settings: GatewaySettings
    nonisolated let sender: any RequestSender
    nonisolated let budget: any WriteBudget
    nonisolated let channel: any AccountChannel
    nonisolated let clock: any Timekeeper
    nonisolated let desk: Mutex<OrderDesk>
    /// Signs ahead, beside those who prepare.
    nonisolated let forge: Mutex<OrderSigner>
    nonisolated let nonces: NoncePool?
    /// When the oldest nonce that is ready was made.
    nonisolated let noncesSince = Mutex(MonotonicNanos(rawValue: 0))
    nonisolated let receipts: (any ReceiptKeeper)?
    private nonisolated let executor: any SerialExecutor
    let policy = OutcomePolicy()
    var heartbeats = Heartbeats()

    /// A gateway that knows no market yet.
    ///
    /// - Parameters:
    ///   - channel: for the market's info after `order_version_mismatch`.
    ///   - receipts: gets what the venue answers; nil: nobody does.
    /// - Throws: `SigningFault`: `E_AUTH_FUNDER`, `E_AUTH_CREDENTIALS`.
    public init(
        account: TradingAccount, sender: any RequestSender, budget: any WriteBudget, channel: any AccountChannel,
        clock: any Timekeeper, settings: GatewaySettings, executor: any SerialExecutor,
        receipts: (any ReceiptKeeper)? = nil
    ) throws(SigningFault) {
        self.receipts = receipts
        self.settings = settings
        self.sender = sender
        self.budget = budget
        self.channel = channel
        self.clock = clock
        self.executor = executor
        nonces = settings.noncesAhead > 0 ? NoncePool(account.key, count: settings.noncesAhead) : nil
        desk = Mutex(try OrderDesk(account, settings, nonces: nonces))
        forge = Mutex(try OrderSigner(key: account.key, wallet: account.wallet))
    }

    /// The gateway's lane.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    // MARK: Markets

    /// The terms of a market, now or anew; orders signed ahead for it are void.
    ///
    /// - Throws: `LocalRefusal` (`E_EXEC_MARKET`, `E_EXEC_SIGNING`); the market then takes no orders.
    public nonisolated func apply(
        _ terms: InstrumentTerms, of instrument: InstrumentID, _ contract: Contract
    ) throws(LocalRefusal) {
        try desk.withLock { (desk) throws(LocalRefusal) in try desk.apply(terms, of: instrument, contract) }
    }

    /// The terms of a market are not known any more: it takes no orders until they are.
    public nonisolated func block(_ instrument: InstrumentID) { desk.withLock { $0.forget(instrument) } }

    /// The operator says that keys, region or ban are mended: orders are tried again.
    public nonisolated func resetAccount() { desk.withLock { $0.modes.resetAccount() } }

    /// What is known of an order that was prepared in this run; nil for any other. For those who read the venue's lists.
    public nonisolated func known(_ id: OrderID) -> KnownOrder? { desk.withLock { $0.known[id] } }

    /// Begins signatures for the orders to come, and erases those that are old. Off the lanes.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`) when there is no randomness; orders are then signed in line.
    public nonisolated func tend(at now: MonotonicNanos) throws(SigningFault) {
        guard let nonces else { return }
        noncesSince.withLock { since in
            guard nonces.readyCount == 0 || now - since > settings.nonceAgeMax else { return }
            nonces.void()
            since = now
        }
        try nonces.refill()
    }

    // MARK: Prepare

    /// Everything that can fail locally.
    public nonisolated func prepare(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> SendSlot {
        try desk.withLock { (desk) throws(LocalRefusal) in
            let prepared = try desk.prepare([order], isBatch: false, at: now, sender, budget)
            return SendSlot(
                order: order, orderID: prepared.orders[0].orderID, bodyHash: prepared.bodyHash,
                signed: prepared.orders[0].signed, place: prepared.place, generation: prepared.generation)
        }
    }

    /// Undoes `prepare`; a slot that was used before is left alone.
    public nonisolated func giveBack(_ slot: SendSlot) {
        let now = clock.now().monotonic
        _ = desk.withLock { $0.giveBack(slot.place, slot.generation, at: now, sender, budget) }
    }

    /// Undoes `prepare`, after the bytes went the way of a request to nobody.
    public nonisolated func rehearse(_ slot: SendSlot) {
        let now = clock.now().monotonic
        desk.withLock { desk in
            desk.rehearse(slot.place, slot.generation, sender)
            _ = desk.giveBack(slot.place, slot.generation, at: now, sender, budget)
        }
    }

    /// As `prepare`, for up to fifteen orders in one request; they are answered one by one.
    public nonisolated func prepareBatch(_ orders: [NewOrder], at now: Stamp) throws(LocalRefusal) -> BatchSlot {
        try desk.withLock { (desk) throws(LocalRefusal) in
            let prepared = try desk.prepare(orders, isBatch: true, at: now, sender, budget)
            return BatchSlot(
                orders: orders, orderIDs: prepared.orders.map(\.orderID), bodyHash: prepared.bodyHash,
                place: prepared.place, generation: prepared.generation)
        }
    }

    /// Undoes `prepareBatch`.
    public nonisolated func giveBack(_ slot: BatchSlot) {
        let now = clock.now().monotonic
        _ = desk.withLock { $0.giveBack(slot.place, slot.generation, at: now, sender, budget) }
    }

    // MARK: Commit

    /// Makes the prepared request a record on its connection; a slot that was used before is left alone.
    public nonisolated func seal(_ slot: SendSlot) {
        desk.withLock { $0.seal(slot.place, slot.generation, sender) }
    }

    /// Hands the sealed request over, on the sender's lane; `commit` tells what comes of it.
    public nonisolated func depart(_ slot: SendSlot, deadline: MonotonicNanos) {
        desk.withLock { $0.depart(slot.place, slot.generation, deadline, sender) }
    }

    /// Writes the prepared bytes and waits for the answer until `deadline`.
    public func commit(_ slot: SendSlot, deadline: MonotonicNanos) async -> LegReport {
        guard let dispatch = desk.withLock({ $0.departure(slot.place, slot.generation) }) else {
            return Self.spent(slot.order, slot.orderID, slot.signed)
        }
        return await send(dispatch, isBatch: false, deadline: deadline)[0].report(dispatch.orders[0])
    }

    /// As `commit`, for a batch: one report an order, in its order.
    public func commit(_ slot: BatchSlot, deadline: MonotonicNanos) async -> [LegReport] {
        guard let dispatch = desk.withLock({ $0.dispatch(slot.place, slot.generation) }) else {
            let now = clock.now().monotonic
            return zip(slot.orders, slot.orderIDs).map { Self.spent($0, $1, now) }
        }
        let verdicts = await send(dispatch, isBatch: true, deadline: deadline)
        return zip(verdicts, dispatch.orders).map { $0.report($1) }
    }

    /// One exchange; when it is over its place is free and what the answer taught is known.
    func send(_ dispatch: Dispatch, isBatch: Bool, deadline: MonotonicNanos) async -> [Verdict] {
        let outcome = await sender.exchange(dispatch.ticket, dispatch.bytes, deadline: deadline)
        let verdicts = policy.verdicts(outcome, of: dispatch.orders, isBatch: isBatch)
        let now = clock.now().monotonic
        if case .rejected(let rejection) = verdicts[0].outcome, rejection.kind == .throttled {
            budget.refused(retryAfter: rejection.retryAfter, at: now)
        }
        // What surely did not leave has used no tokens of the venue's.
        if case .notSent = verdicts[0].outcome { budget.giveBackOrders(dispatch.orders.count, at: now) }
        desk.withLock { $0.landed(dispatch, verdicts, at: now) }
        for order in dispatch.orders { keep(outcome, .create, order.order.clOrdID, order.orderID) }
        return verdicts
    }

    /// The venue's own words, for arguing with it later.
    nonisolated func keep(
        _ outcome: WireOutcome, _ kind: ReceiptMark.Kind, _ clOrdID: ClOrdID?, _ orderID: OrderID?
    ) {
        guard let receipts, case .answered(let answer) = outcome else { return }
        receipts.keep(
            ReceiptMark(
                venue: venue, kind: kind, clOrdID: clOrdID, orderID: orderID, status: answer.status,
                at: clock.now().utc), answer.body.span.bytes)
    }

    private static func spent(_ order: NewOrder, _ id: OrderID?, _ signed: MonotonicNanos) -> LegReport {
        LegReport(
            clOrdID: order.clOrdID, orderID: id,
            outcome: .notSent(LocalRefusal(.slotSpent, "the slot was used or given back before")),
            stamps: .init(signed: signed))
    }
}
