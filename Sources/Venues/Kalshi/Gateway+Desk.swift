import Signing
import Trading
import Transport

/// What `prepare` works on: markets, places for requests, the bytes themselves. Owned by the gateway's lock.
struct OrderDesk {
    /// A market that takes orders, with all of their bytes that do not change.
    struct Market {
        var template: Wire.OrderTemplate
        var grid: TickGrid
        var lot: Quantity
        var orderQtyMin: Quantity
        var status: TradingStatus
        let ticker: String
    }

    enum Phase { case free, prepared, sent }

    /// A place for one request, used again and again: its buffers stay.
    struct Place {
        var phase = Phase.free
        var generation: UInt64 = 0
        var use: Use?
        var request: [UInt8] = []
        var bodyHash = Digest256.zero
        /// What is sealed, or left before anybody waited for its answer.
        var departing: Dispatch?
    }

    /// What a prepared request holds.
    struct Use {
        let ticket: ConnectionTicket
        /// Nil for requests that were signed in line outside the pool.
        let header: Header?
        let bucket: Int
        let cost: Int
        let orders: Orders
        let signed: MonotonicNanos

        /// Prepared for practice.
        var isRehearsal: Bool {
            guard case .one(let order) = orders else { return false }
            return order.clOrdID.isRehearsal
        }
    }

    /// One order without an array, or those of a batch.
    enum Orders {
        case one(NewOrder)
        case batch([NewOrder])
    }

    /// A request on its way out.
    struct Dispatch {
        let place: Int
        let use: Use
        let bytes: [UInt8]
    }

    /// What a request needs from outside the desk.
    struct Tools {
        let writer: Wire.RequestWriter
        let headers: HeaderPool
        let sender: any RequestSender
        let budget: any WriteBudget
        let clock: any Timekeeper
        let settings: GatewaySettings
    }

    /// Ids sent lately, by the last bits of their sequence: an id is used once.
    static let recentIDs = 8_192

    private(set) var markets: [Market?] = []
    private(set) var places: [Place]
    private var groups: [Int: OrderGroupID] = [:]
    private var used: [ClOrdID?]
    private var body: [UInt8] = []
    private let digest = Digest(.sha256)
    private var lastStamp: Int64 = 0
    private let subaccount: Int

    init(_ settings: GatewaySettings) {
        places = (0..<settings.slotsMax).map { _ in
            var place = Place()
            place.request.reserveCapacity(2_048)
            return place
        }
        used = Array(repeating: nil, count: Self.recentIDs)
        body.reserveCapacity(1_024)
        subaccount = settings.subaccount
    }

    // MARK: Markets

    mutating func apply(
        _ terms: InstrumentTerms, of instrument: InstrumentID, ticker: String
    ) throws(LocalRefusal) {
        forget(instrument)
        guard let shard = terms.exchangeIndex else { throw LocalRefusal(.market, "\(ticker): its shard is not known") }
        guard let template = template(ticker, shard) else {
            throw LocalRefusal(.market, "a ticker that cannot stand in a request")
        }
        while markets.count <= Int(instrument.index) { markets.append(nil) }
        markets[Int(instrument.index)] = Market(
            template: template, grid: terms.grid, lot: terms.lot, orderQtyMin: terms.orderQtyMin,
            status: terms.status, ticker: ticker)
    }

    mutating func forget(_ instrument: InstrumentID) {
        if market(instrument) != nil { markets[Int(instrument.index)] = nil }
    }

    func market(_ instrument: InstrumentID) -> Market? {
        let index = Int(instrument.index)
        return markets.indices.contains(index) ? markets[index] : nil
    }

    mutating func apply(_ event: MarketEvent) {
        switch event {
        case .status(let instrument, let status):
            if market(instrument) != nil { markets[Int(instrument.index)]?.status = status }
        case .grid(let instrument, let grid):
            if market(instrument) != nil { markets[Int(instrument.index)]?.grid = grid }
        case .entriesEnd, .feesChanged, .trade: break
        }
    }

    /// New orders of a shard join a group from here on; nil: none.
    mutating func join(_ group: OrderGroupID?, shard: Int) {
        groups[shard] = group
        for index in markets.indices {
            guard let market = markets[index], market.template.exchangeIndex == shard else { continue }
            if let template = template(market.ticker, shard) { markets[index]?.template = template }
        }
    }

    private func template(_ ticker: String, _ shard: Int) -> Wire.OrderTemplate? {
        Wire.OrderTemplate(
            ticker: ticker, exchangeIndex: shard, subaccount: subaccount, group: groups[shard]?.text)
    }

    // MARK: Admission

    /// What the venue would refuse, and what would be wrong if it did not.
    func admit(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> (Wire.YesLeg, Wire.OrderTemplate) {
        let index = Int(order.instrument.index)
        guard markets.indices.contains(index), let market = markets[index] else {
            throw LocalRefusal(.market, "the market's terms are not known")
        }
        guard market.status == .active else { throw LocalRefusal(.market, "the market takes no orders now") }
        try admitKind(order, at: now)
        guard order.price.isBinary, let leg = Wire.YesLeg(order.outcome, order.side, order.price),
            leg.price.hasFourDecimals, market.grid.accepts(leg.price)
        else { throw LocalRefusal(.amounts, "a price off the market's grid") }
        let count = order.orderQty
        guard count.rawValue > 0, count.hasTwoDecimals, count.rawValue % market.lot.rawValue == 0,
            count >= market.orderQtyMin
        else { throw LocalRefusal(.amounts, "a number of contracts that the market does not take") }
        return (leg, market.template)
    }

    private func admitKind(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) {
        guard order.cashOrderQty == nil else { throw LocalRefusal(.unsupported, "orders here are by size") }
        if order.isPostOnly, order.timeInForce.isImmediate {
            throw LocalRefusal(.unsupported, "an order that must not take and cannot rest")
        }
        if order.isReduceOnly, order.timeInForce != .ioc {
            throw LocalRefusal(.unsupported, "reduce-only orders are IOC")
        }
        // One signed position a market: a sale of what is not held opens the opposite.
        if order.side == .sell, !order.isReduceOnly {
            throw LocalRefusal(.unsupported, "a sale that is not reduce-only")
        }
        if case .gtd(let expiry) = order.timeInForce, expiry.wholeSeconds <= now.utc.wholeSeconds {
            throw LocalRefusal(.amounts, "an order that has ended already")
        }
        // A tombstone has the id of the order that it proves dead.
        if order.purpose != .tombstone, used[slot(order.clOrdID)] == order.clOrdID || isPrepared(order.clOrdID) {
            throw LocalRefusal(.unsupported, "an id that was used before")
        }
    }

    private func slot(_ id: ClOrdID) -> Int { Int(truncatingIfNeeded: id.low % UInt64(Self.recentIDs)) }

    private func isPrepared(_ id: ClOrdID) -> Bool {
        // By index: a place is dear to copy.
        for place in places.indices where places[place].phase != .free {
            switch places[place].use?.orders {
            case .one(let order): if order.clOrdID == id { return true }
            case .batch(let orders): if orders.contains(where: { $0.clOrdID == id }) { return true }
            case nil: break
            }
        }
        return false
    }

    // MARK: Prepare

    /// Tokens, connection, header, bytes; a failure gives back what was taken before it, in reverse.
    mutating func prepare(_ order: NewOrder, at now: Stamp, _ tools: Tools) throws(LocalRefusal) -> SendSlot {
        let (leg, template) = try admit(order, at: now)
        let bucket = template.exchangeIndex
        let place = try freePlace()
        let purpose: SendPurpose = order.purpose == .entry ? .entry : .close
        let ticket = try reserve(tools.settings.costOrder, bucket, purpose, now, tools)
        let header: Header
        do throws(SigningFault) { header = try tools.headers.take(at: now.utc) } catch {
            release(ticket, tools.settings.costOrder, bucket, now.monotonic, tools)
            throw LocalRefusal(.signing, error.text)
        }
        body.removeAll(keepingCapacity: true)
        template.append(order, leg, to: &body)
        places[place].request.removeAll(keepingCapacity: true)
        tools.writer.appendCreate(header, body: body, to: &places[place].request)
        let signed = header.place == nil ? tools.clock.now().monotonic : now.monotonic
        hold(
            place,
            Use(
                ticket: ticket, header: header, bucket: bucket, cost: tools.settings.costOrder, orders: .one(order),
                signed: signed))
        return SendSlot(
            order: order, orderID: nil, bodyHash: places[place].bodyHash, signed: signed, place: place,
            generation: places[place].generation)
    }

    mutating func prepare(_ orders: [NewOrder], at now: Stamp, _ tools: Tools) throws(LocalRefusal) -> BatchSlot {
        guard (1...tools.settings.batchMax).contains(orders.count) else {
            throw LocalRefusal(.unsupported, "a batch of \(orders.count) orders")
        }
        var rows: [(NewOrder, Wire.YesLeg, Wire.OrderTemplate)] = []
        for order in orders {
            guard !rows.contains(where: { $0.0.clOrdID == order.clOrdID }) else {
                throw LocalRefusal(.unsupported, "an id that is twice in one batch")
            }
            let (leg, template) = try admit(order, at: now)
            rows.append((order, leg, template))
        }
        let place = try freePlace()
        let cost = tools.settings.costOrder * orders.count
        let purpose: SendPurpose = orders.contains { $0.purpose == .entry } ? .entry : .close
        // Batches are billed to the bucket of shard 0, wherever their orders go.
        let ticket = try reserve(cost, 0, purpose, now, tools)
        body = Wire.batch(rows)
        do throws(SigningFault) {
            places[place].request = try tools.writer.request(
                .post, Wire.RequestWriter.orders + "/batched", body: body, milliseconds: stamp(now.utc))
        } catch {
            release(ticket, cost, 0, now.monotonic, tools)
            throw LocalRefusal(.signing, error.text)
        }
        let signed = tools.clock.now().monotonic
        hold(
            place, Use(ticket: ticket, header: nil, bucket: 0, cost: cost, orders: .batch(orders), signed: signed))
        return BatchSlot(
            orders: orders, bodyHash: places[place].bodyHash, signed: signed, place: place,
            generation: places[place].generation)
    }

    private func freePlace() throws(LocalRefusal) -> Int {
        guard let place = places.indices.first(where: { places[$0].phase == .free }) else {
            throw LocalRefusal(.noConnection, "as many requests as there may be are prepared or under way")
        }
        return place
    }

    private func reserve(
        _ cost: Int, _ bucket: Int, _ purpose: SendPurpose, _ now: Stamp, _ tools: Tools
    ) throws(LocalRefusal) -> ConnectionTicket {
        guard tools.budget.take(cost, from: bucket, purpose, at: now.monotonic) else {
            throw LocalRefusal(.noTokens, "too few write tokens of the market's shard")
        }
        guard let ticket = tools.sender.reserve(purpose) else {
            tools.budget.giveBack(cost, to: bucket, at: now.monotonic)
            throw LocalRefusal(.noConnection, tools.sender.shortage)
        }
        return ticket
    }

    private func release(
        _ ticket: ConnectionTicket, _ cost: Int, _ bucket: Int, _ now: MonotonicNanos, _ tools: Tools
    ) {
        tools.sender.release(ticket)
        tools.budget.giveBack(cost, to: bucket, at: now)
    }

    private mutating func hold(_ place: Int, _ use: Use) {
        digest.update(body)
        places[place].bodyHash = Digest256 { digest.finish(into: $0) }
        places[place].generation += 1
        places[place].phase = .prepared
        places[place].use = use
    }

    /// A millisecond for a signature that is made now; no two are the same.
    mutating func stamp(_ now: UTCNanos) -> Int64 {
        lastStamp = max(now.rawValue / 1_000_000, lastStamp + 1)
        return lastStamp
    }

    // MARK: After prepare

    /// Undoes a prepared request; anything else is left alone.
    mutating func giveBack(_ place: Int, _ generation: UInt64, at now: MonotonicNanos, _ tools: Tools) {
        guard let use = prepared(place, generation) else { return }
        if let header = use.header { tools.headers.putBack(header) }
        release(use.ticket, use.cost, use.bucket, now, tools)
        free(place)
    }

    /// Lets a prepared request go its way to nobody.
    func rehearse(_ place: Int, _ generation: UInt64, _ tools: Tools) {
        guard prepared(place, generation) != nil else { return }
        tools.sender.rehearse(places[place].request)
    }

    /// Takes a prepared request out to be sent; nil when the slot is spent, or was prepared for practice.
    mutating func dispatch(_ place: Int, _ generation: UInt64) -> Dispatch? {
        guard let use = prepared(place, generation), !use.isRehearsal else { return nil }
        places[place].phase = .sent
        switch use.orders {
        case .one(let order): used[slot(order.clOrdID)] = order.clOrdID
        case .batch(let orders): for order in orders { used[slot(order.clOrdID)] = order.clOrdID }
        }
        var bytes: [UInt8] = []
        swap(&bytes, &places[place].request)
        return Dispatch(place: place, use: use, bytes: bytes)
    }

    /// Takes a prepared request out and seals it; `depart` sends it, and `departure` hands it to the one who waits.
    mutating func seal(_ place: Int, _ generation: UInt64, _ tools: Tools) {
        guard let dispatch = dispatch(place, generation) else { return }
        places[place].departing = dispatch
        tools.sender.seal(dispatch.use.ticket, dispatch.bytes)
    }

    /// Sends what was sealed.
    func depart(_ place: Int, _ generation: UInt64, _ deadline: MonotonicNanos, _ tools: Tools) {
        guard let dispatch = departing(place, generation) else { return }
        tools.sender.depart(dispatch.use.ticket, dispatch.bytes, deadline: deadline)
    }

    /// What left a moment ago, or leaves now; nil as `dispatch`.
    mutating func departure(_ place: Int, _ generation: UInt64) -> Dispatch? {
        guard let dispatch = departing(place, generation) else { return dispatch(place, generation) }
        places[place].departing = nil
        return dispatch
    }

    private func departing(_ place: Int, _ generation: UInt64) -> Dispatch? {
        guard places.indices.contains(place), places[place].generation == generation else { return nil }
        return places[place].departing
    }

    /// The exchange is over: the place and its buffer are free, and what surely did not leave is given back.
    mutating func landed(_ dispatch: Dispatch, hasLeft: Bool, at now: MonotonicNanos, _ tools: Tools) {
        if let header = dispatch.use.header {
            if hasLeft { tools.headers.spend(header) } else { tools.headers.putBack(header) }
        }
        if !hasLeft { tools.budget.giveBack(dispatch.use.cost, to: dispatch.use.bucket, at: now) }
        places[dispatch.place].request = dispatch.bytes
        free(dispatch.place)
    }

    /// Voids everything prepared: each slot is spent, what it held is given back, its bytes are erased.
    mutating func void(at now: MonotonicNanos, _ tools: Tools) {
        for index in places.indices where places[index].phase == .prepared {
            guard let use = places[index].use else { continue }
            release(use.ticket, use.cost, use.bucket, now, tools)
            for at in places[index].request.indices { places[index].request[at] = 0 }
            free(index)
        }
    }

    private func prepared(_ place: Int, _ generation: UInt64) -> Use? {
        guard places.indices.contains(place), places[place].phase == .prepared,
            places[place].generation == generation
        else { return nil }
        return places[place].use
    }

    private mutating func free(_ place: Int) {
        places[place].phase = .free
        places[place].use = nil
    }
}
