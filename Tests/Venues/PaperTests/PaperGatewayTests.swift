import Paper
import Testing
import Trading

@Suite("Paper orders")
struct PaperGatewayTests {
    /// One market in cents, an account with 100, and a lane that the test steps.
    private final class Desk: OrderSink, Timekeeper, @unchecked Sendable {
        // Safety: used by one test on one thread.
        let table = BookTable(units: [.cent])
        let lane = Steps()
        var stamp = Stamp(monotonic: MonotonicNanos(rawValue: 1_000), utc: UTCNanos(rawValue: 1_000))
        var terms: InstrumentTerms
        var fills: [Fill] = []
        var positions: [VenuePosition] = []
        var reports: [LegReport] = []
        var isUsable = true
        private(set) var gateway: Gateway!
        private var number: UInt64 = 0

        init() throws {
            terms = InstrumentTerms(
                title: "", status: .active, grid: try TickGrid(step: .cent), lot: Quantity(rawValue: 100_000_000),
                orderQtyMin: Quantity(rawValue: 100_000_000), fillStep: Quantity(rawValue: 100), currency: .usd,
                fees: FeeTimeline(CentFees()), entriesEnd: nil, payout: nil, readAt: UTCNanos(rawValue: 0))
            gateway = Gateway(
                .kalshi, cash: Money(rawValue: 10_000_000_000), currency: .usd, latency: .milliseconds(150),
                clock: self,
                market: { [unowned self] instrument in
                    isUsable ? PaperMarket(book: table[instrument], terms: terms, fees: CentFees()) : nil
                }, symbol: { _ in "K" })
            gateway.sink = self
        }

        func now() -> Stamp { stamp }
        func apply(_ report: ExecutionReport) { if case .fill(let fill) = report.event { fills.append(fill) } }
        func apply(_ position: VenuePosition) { positions.append(position) }
        func gap(_ venue: VenueID, since: UTCNanos) {}
        func note(_ notice: FeedNotice) {}

        func ask(_ price: Int64, _ size: Int64) throws {
            try table[InstrumentID(0)].asks.set(Self.cents(price), Self.contracts(size))
        }
        func bid(_ price: Int64, _ size: Int64) throws {
            try table[InstrumentID(0)].bids.set(Self.cents(price), Self.contracts(size))
        }

        func send(
            _ outcome: Outcome, _ side: Side, _ size: Int64, at price: Int64, fok: Bool = false,
            budget: Int64? = nil
        ) throws {
            number += 1
            let order = NewOrder(
                clOrdID: ClOrdID(prefix: 1, run: 1, sequence: number), instrument: InstrumentID(0), outcome: outcome,
                side: side, orderQty: Self.contracts(size), price: Self.cents(price),
                cashOrderQty: budget.map { Money(rawValue: $0 * 1_000_000) }, timeInForce: fok ? .fok : .ioc)
            let slot = try gateway.prepare(order, at: stamp)
            Task(executorPreference: lane) { [self] in
                let report = await gateway.commit(slot, deadline: stamp.monotonic + .seconds(2))
                reports.append(report)
            }
            lane.drain()
        }

        func pass(_ milliseconds: Int64) {
            stamp = Stamp(
                monotonic: stamp.monotonic + .milliseconds(milliseconds), utc: stamp.utc + .milliseconds(milliseconds))
            gateway.turn(at: stamp)
            lane.drain()
        }

        func summary() -> OrderSummary? {
            if case .accepted(let summary)? = reports.last?.outcome { return summary }
            return nil
        }

        static func cents(_ count: Int64) -> Price { Price(rawValue: count * 1_000_000) ?? .zero }
        static func contracts(_ count: Int64) -> Quantity { Quantity(rawValue: count * 100_000_000) }
    }

    @Test("an order meets the book as it stands later, within its limit, with fees")
    func later() throws {
        let desk = try Desk()
        try desk.ask(40, 5)
        try desk.ask(41, 5)
        try desk.send(.yes, .buy, 10, at: 41)
        desk.pass(149)
        #expect(desk.reports.isEmpty)
        try desk.ask(40, 0)
        try desk.ask(42, 50)
        desk.pass(1)
        let summary = try #require(desk.summary())
        #expect(summary.standing == .cancelled && summary.cumQty == Desk.contracts(5))
        #expect(summary.cumCash == Money(rawValue: 205_000_000) && summary.fee == Money(rawValue: 5_000_000))
        #expect(desk.fills.map(\.lastPx) == [Desk.cents(41)] && desk.positions.last?.quantity == Desk.contracts(5))
        let cash = desk.gateway.snapshot(at: desk.stamp.utc).balances[0].cash
        #expect(cash == Money(rawValue: 10_000_000_000 - 210_000_000))
    }

    @Test("what was taken is not taken again while the real book still shows it")
    func consumed() throws {
        let desk = try Desk()
        try desk.ask(40, 10)
        try desk.send(.yes, .buy, 6, at: 40)
        desk.pass(150)
        try desk.send(.yes, .buy, 10, at: 40)
        desk.pass(150)
        #expect(desk.summary()?.cumQty == Desk.contracts(4))
        try desk.send(.yes, .buy, 1, at: 40)
        desk.pass(150)
        #expect(desk.summary() == nil || desk.reports.last?.outcome == .rejected(killed))
        try desk.ask(40, 0)
        try desk.send(.yes, .buy, 3, at: 40)
        desk.pass(150)
        try desk.ask(40, 8)
        try desk.send(.yes, .buy, 3, at: 40)
        desk.pass(150)
        #expect(desk.summary()?.cumQty == Desk.contracts(3), "a level that went away is a new one when it comes back")
    }

    private let killed = VenueRejection(
        .unfilled, status: 0, code: "paper", text: "nothing stood within the limit")

    @Test("fill or kill fills whole or dies; NO takes the bids; a sale sells no more than is held")
    func kinds() throws {
        let desk = try Desk()
        try desk.ask(40, 5)
        try desk.bid(35, 7)
        try desk.send(.yes, .buy, 6, at: 40, fok: true)
        desk.pass(150)
        #expect(desk.reports.last?.outcome == .rejected(killed))
        try desk.send(.no, .buy, 7, at: 65)
        desk.pass(150)
        #expect(desk.summary()?.cumCash == Money(rawValue: 455_000_000))
        try desk.send(.no, .sell, 9, at: 50)
        desk.pass(150)
        #expect(desk.summary()?.cumQty == Desk.contracts(5), "asks of YES are bids for NO: 5 at 0.60")
    }

    @Test("a budget buys what it affords, level by level")
    func budget() throws {
        let desk = try Desk()
        desk.terms.budgetStep = .cent
        try desk.ask(40, 5)
        try desk.ask(50, 100)
        try desk.send(.yes, .buy, 7, at: 50, budget: 300)
        desk.pass(150)
        #expect(desk.summary()?.cumQty == Desk.contracts(7) && desk.summary()?.cumCash == Money(rawValue: 300_000_000))
    }

    @Test("an order whose book is void for a moment meets the next one that is not")
    func voidForAMoment() throws {
        let desk = try Desk()
        try desk.ask(40, 5)
        try desk.send(.yes, .buy, 5, at: 40)
        desk.isUsable = false
        desk.pass(150)
        #expect(desk.reports.isEmpty)
        desk.isUsable = true
        desk.pass(10)
        #expect(desk.summary()?.cumQty == Desk.contracts(5))
    }

    @Test("an account goes on with what it held; Kalshi nets a YES and a NO into a dollar; purses share the cash")
    func restores() throws {
        let desk = try Desk()
        desk.gateway.restore(
            InstrumentID(0), .yes, held: Desk.contracts(8), cash: Money(rawValue: -400_000_000))
        #expect(desk.gateway.snapshot(at: desk.stamp.utc).balances.map(\.cash) == [Money(rawValue: 9_600_000_000)])
        try desk.bid(60, 10)
        try desk.send(.no, .buy, 5, at: 40)
        desk.pass(150)
        let after = desk.gateway.snapshot(at: desk.stamp.utc)
        #expect(after.positions.map(\.quantity) == [Desk.contracts(3)] && after.positions.first?.outcome == .yes)
        let fee = try #require(desk.summary()?.fee)
        // Five NO for 2.00 and the fee, and five dollars for five whole ones.
        #expect(after.balances[0].cash == Money(rawValue: 9_600_000_000 - 200_000_000 - fee.rawValue + 500_000_000))
    }

    @Test("a slot is used once, and a book that may not be used refuses")
    func refusals() throws {
        let desk = try Desk()
        desk.isUsable = false
        #expect(throws: LocalRefusal.self) { try desk.send(.yes, .buy, 1, at: 40) }
        desk.isUsable = true
        #expect(throws: LocalRefusal.self) { try desk.send(.yes, .buy, 1, at: 0) }
        try desk.ask(40, 5)
        try desk.send(.yes, .buy, 1, at: 40)
        desk.isUsable = false
        desk.pass(150)
        // The venue has its book while ours is void: the order waits for one, and dies at its deadline.
        #expect(desk.reports.isEmpty && desk.gateway.nextDeadline == desk.stamp.monotonic + .milliseconds(10))
        desk.pass(1_850)
        guard case .rejected(let rejection)? = desk.reports.last?.outcome else { throw Unexpected() }
        #expect(rejection.kind == .unfilled && rejection.text.contains("void"))
    }

    private struct Unexpected: Error {}
}

/// One cent a contract.
private struct CentFees: FeeSchedule {
    func buyFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState) throws(FeeFault)
        -> Money
    { Money(rawValue: quantity.rawValue / 100) }
    func sellFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState) throws(FeeFault)
        -> Money
    { Money(rawValue: quantity.rawValue / 100) }
    var shortfallMax: Money { .zero }
    func marginalBuyFee(_ price: Price, _ liquidity: Liquidity) -> Money { .cent }
}

/// Runs jobs when the test says so.
private final class Steps: TaskExecutor, @unchecked Sendable {
    // Safety: used by one test on one thread.
    private var jobs: [UnownedJob] = []
    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }
    func drain() {
        while !jobs.isEmpty { jobs.removeFirst().runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
