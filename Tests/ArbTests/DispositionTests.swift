import Arb
import Risk
import Testing
import Trading

/// Every reason for which an edge is logged but not taken, each provoked alone and at its boundary.
@Suite("Dispositions")
struct DispositionTests {
    /// Ten contracts at 0.40 and 0.50: locked 9.00, net 1.00, 1,111 bps.
    private func edge(_ stage: Stage, age: Int64 = 0) -> Disposition? {
        stage.book(0, asks: [(40, 10)])
        stage.book(1, bids: [(50, 10)], age: age)
        return stage.sink.births.first?.disposition
    }

    private func settings(_ change: (inout EngineSettings) -> Void) -> EngineSettings {
        var settings = Stage.settings()
        change(&settings)
        return settings
    }

    @Test("an approved pair with fresh books is taken, at once")
    func taken() throws {
        let stage = try Stage()
        #expect(edge(stage) == .taken)
        #expect(stage.sink.births.first?.takenAt == stage.now)
    }

    @Test(
        "least net: met exactly is enough", arguments: [(100_000_000, true), (100_000_001, false)] as [(Int64, Bool)])
    func minEdge(wanted: Int64, passes: Bool) throws {
        let stage = try Stage(settings { $0.thresholds.edgeMin = Money(rawValue: wanted) })
        #expect(edge(stage) == (passes ? .taken : .belowMinEdge))
    }

    @Test("least basis points: met exactly is enough", arguments: [(2_500, true), (2_501, false)] as [(Int64, Bool)])
    func minBps(wanted: Int64, passes: Bool) throws {
        let stage = try Stage(settings { $0.thresholds.edgeBpsMin = wanted })
        stage.book(0, asks: [(40, 10)])
        stage.book(1, bids: [(60, 10)])  // locked 8.00, net 2.00
        #expect(stage.sink.births.first?.disposition == (passes ? .taken : .belowMinBps))
    }

    @Test(
        "least yearly return to the payout: met exactly is enough",
        arguments: [(50, true), (51, false)] as [(Int64, Bool)])
    func annualized(percent: Int64, passes: Bool) throws {
        // Locked 8.00 for half of 365 days, net 2.00: 50 % a year.
        let stage = try Stage(settings { $0.thresholds.annualizedPctMin = percent * 100_000_000 })
        for leg in [0, 1] {
            try stage.terms(leg) { $0.payout = UTCNanos(rawValue: Stage.start.utc.rawValue + 365 * Stage.day / 2) }
        }
        stage.book(0, asks: [(40, 10)])
        stage.book(1, bids: [(60, 10)])
        #expect(stage.sink.births.first?.disposition == (passes ? .taken : .belowMinAnnualized))
    }

    @Test("the latest of the venues' and the reviewer's payouts counts for the yearly return", arguments: 0..<3)
    func latestPayout(which: Int) throws {
        let late = UTCNanos(rawValue: Stage.start.utc.rawValue + 3_650 * Stage.day)
        let stage = try Stage(
            pairs: [Stage.pair(payout: which == 2 ? late : nil)],
            settings { $0.thresholds.annualizedPctMin = 500_000_000 })
        if which < 2 { try stage.terms(which) { $0.payout = late } }
        #expect(edge(stage) == .belowMinAnnualized)
    }

    @Test(
        "less time to the close than wanted, on either leg; exactly enough passes", arguments: [0, 1],
        [(300_000, true), (299_999, false)] as [(Int64, Bool)])
    func nearClose(leg: Int, close: (milliseconds: Int64, passes: Bool)) throws {
        let stage = try Stage()
        try stage.terms(leg) { $0.entriesEnd = Stage.start.utc + .milliseconds(close.milliseconds) }
        #expect(edge(stage) == (close.passes ? .taken : .nearClose))
    }

    @Test("a close that is announced while the edge lives is heeded by the next one")
    func closeMoves() throws {
        let stage = try Stage()
        stage.engine.apply(.entriesEnd(InstrumentID(0), Stage.start.utc + .seconds(10)))
        #expect(edge(stage) == .nearClose)
        stage.engine.apply(.entriesEnd(InstrumentID(0), nil))
        stage.book(1)
        #expect(edge(stage) == .nearClose)
        #expect(stage.sink.births.last?.disposition == .unknownDates)
    }

    @Test("an unknown close, an unknown payout and one that is past all block", arguments: [0, 1], [0, 1, 2])
    func unknownDates(leg: Int, what: Int) throws {
        let stage = try Stage()
        try stage.terms(leg) { terms in
            switch what {
            case 0: terms.entriesEnd = nil
            case 1: terms.payout = nil
            default: return
            }
        }
        if what == 2 {
            for leg in [0, 1] { try stage.terms(leg) { $0.payout = Stage.start.utc } }
        }
        #expect(edge(stage) == .unknownDates)
    }

    @Test(
        "a market that does not take orders", arguments: [TradingStatus.paused, .unopened, .closed], [0, 1])
    func notTrading(status: TradingStatus, leg: Int) throws {
        let stage = try Stage()
        stage.engine.apply(.status(InstrumentID(Int32(leg)), status))
        #expect(edge(stage) == .notTrading)
    }

    @Test("an opportunity that cannot be taken at its birth is taken when the reason has gone")
    func takenLater() throws {
        let stage = try Stage()
        stage.engine.apply(.status(InstrumentID(0), .paused))
        #expect(edge(stage) == .notTrading)
        stage.pass(30)
        stage.say(0, [])
        stage.engine.apply(.status(InstrumentID(0), .active))
        stage.wait(1)
        let alive = try #require(stage.engine.status().alive.first)
        #expect(alive.disposition == .taken && alive.takenAt == stage.now && stage.sink.births.count == 1)
    }

    @Test(
        "a trigger older than allowed; exactly as old passes",
        arguments: [(200, true), (201, false)] as [(Int64, Bool)])
    func staleTrigger(age: Int64, passes: Bool) throws {
        let stage = try Stage()
        stage.book(1, bids: [(30, 10)])  // shows the offset: none
        #expect(edge(stage, age: age) == nil, "nothing is decided while messages are read late")
        stage.wait(10)
        #expect(stage.sink.births.first?.disposition == (passes ? .taken : .staleBook))
    }

    @Test("an age that contradicts the clock offset, and an offset that no clock has", arguments: [true, false])
    func clocks(isOffset: Bool) throws {
        let stage = try Stage()
        if isOffset {
            stage.book(1, bids: [(30, 10)], age: 501)
            #expect(edge(stage, age: 501) == .staleBook)
        } else {
            stage.book(1, bids: [(30, 10)], age: 499)
            #expect(edge(stage, age: 499) == .taken)
        }
    }

    @Test(
        "a passive book whose connection is silent; exactly as long as allowed passes",
        arguments: [(10_000, true), (10_001, false)] as [(Int64, Bool)])
    func silentConnection(milliseconds: Int64, passes: Bool) throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 10)])
        stage.pass(milliseconds)
        stage.book(1, bids: [(50, 10)])
        #expect(stage.sink.births.first?.disposition == (passes ? .taken : .silentFeed))
    }

    @Test("answers to pings are no data")
    func pongs() throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 10)])
        stage.feeds[0].isData = false
        for _ in 0..<11 {
            stage.pass(1_000)
            stage.say(0, [])
        }
        stage.book(1, bids: [(50, 10)])
        #expect(stage.sink.births.first?.disposition == .silentFeed)
    }

    @Test(
        "a passive book that nobody has checked for a minute; a check in time renews it",
        arguments: [(60_000, false, true), (60_001, false, false), (60_001, true, true)] as [(Int64, Bool, Bool)])
    func crossCheck(milliseconds: Int64, isChecked: Bool, passes: Bool) throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 10)])
        stage.pass(milliseconds - 1_000)
        stage.say(0, isChecked ? [.crossChecked(InstrumentID(0))] : [])
        stage.pass(1_000)
        stage.book(1, bids: [(50, 10)])
        #expect(stage.sink.births.first?.disposition == (passes ? .taken : .silentFeed))
    }

    @Test("a change without the venue's stamp is judged by its connection")
    func unstamped() throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 10)])
        stage.book(1, bids: [(50, 10)], age: nil)
        #expect(stage.sink.births.first?.disposition == .taken)
        #expect(stage.sink.births.first?.bookAges == [.zero, nil])
    }

    @Test("a pair that nobody has approved is logged, not taken")
    func notApproved() throws {
        #expect(edge(try Stage(pairs: [Stage.pair(status: .proposed)])) == .notApproved)
    }

    @Test("a suspended pair is not watched")
    func suspended() throws {
        #expect(try Catalog(pairs: [Stage.pair(status: .suspended)], sets: []).count == 0)
        let kept = try Catalog(pairs: [Stage.pair(status: .suspended)], sets: [], watchesSuspended: true)
        #expect(kept.count == 2 && kept.baskets.allSatisfy { $0.status == .suspended }, "followed, and never entered")
    }

    @Test("rule text other than the approved one", arguments: [nil, "bb"] as [String?])
    func rules(shown: String?) throws {
        let stage = try Stage(pairs: [Stage.pair(rules: "aa")])
        try stage.terms(0) { $0.rulesSHA256 = shown }
        #expect(edge(stage) == .rulesChanged)
        let good = try Stage(pairs: [Stage.pair(rules: "aa")])
        try good.terms(0) { $0.rulesSHA256 = "aa" }
        #expect(edge(good) == .taken)
    }

    @Test("a placeholder outcome is never riskless")
    func placeholder() throws {
        let stage = try Stage()
        try stage.terms(1) { $0.placeholder = true }
        #expect(edge(stage) == .notRiskless)
    }

    @Test(
        "without terms, with unknown ones, and between a fee change and its reading nothing is born", arguments: 0..<3)
    func blocked(what: Int) throws {
        let stage = try Stage()
        let fault = ReferenceFault(code: "E_REF_FEE", text: "fee type unknown")
        switch what {
        case 0: stage.engine.block(InstrumentID(0), fault)
        case 1: stage.engine.apply(.feesChanged(InstrumentID(0)))
        default: stage.engine.apply(.feesChanged(InstrumentID(1)))
        }
        #expect(edge(stage) == nil && stage.engine.counters.blocked == 1)
        if what == 0 { #expect(stage.engine.status(of: InstrumentID(0)).fault == fault) }
        try stage.terms(0)
        try stage.terms(1)
        #expect(stage.sink.births.first?.disposition == .taken)
    }

    @Test("terms that become unknown end what lives, and say so")
    func blockedWhileAlive() throws {
        let stage = try Stage()
        #expect(edge(stage) == .taken)
        stage.engine.block(InstrumentID(1), ReferenceFault(code: "E_REF_MISSING", text: ""))
        stage.wait(600)
        #expect(stage.sink.endings.map(\.endReason) == [.blocked])
    }

    @Test("another fee schedule takes over at its instant, not before")
    func feeDates() throws {
        let stage = try Stage()
        try stage.terms(0) { terms in
            terms.fees = FeeTimeline(entries: [
                (UTCNanos(rawValue: .min), FloorFees(rate: 0)),
                (Stage.start.utc + .seconds(1), CeilingFees(rate: 90_000_000, grid: 1_000_000)),
            ])
        }
        #expect(edge(stage) == .taken)
        stage.pass(999)
        stage.level(1, .bid, 49, 1)
        #expect(stage.engine.status().alive.count == 1)
        stage.pass(1)
        stage.level(0, .ask, 41, 1)  // now 0.9 x 0.4 x 0.6 a contract: more than the edge
        #expect(stage.engine.status().alive.isEmpty)
    }

    @Test("limits bound the size: capital, contracts, cash at a venue")
    func limits() throws {
        for (locked, contracts) in [(450_000_000, 5), (449_999_999, 4)] as [(Int64, Int64)] {  // 5 x 0.90 = 4.50
            let capital = try Stage(settings { $0.limits.lockedMax = Money(rawValue: locked) })
            _ = edge(capital)
            #expect(capital.sink.births.first?.plan.orderQty == Stage.contracts(contracts))
        }
        let contracts = try Stage(settings { $0.limits.orderQtyMax = Stage.contracts(3) })
        _ = edge(contracts)
        #expect(contracts.sink.births.first?.plan.orderQty == Stage.contracts(3))
        let cash = try Stage(settings { $0.limits.cashPolymarket = Money(rawValue: 120_000_000) })
        _ = edge(cash)
        #expect(cash.sink.births.first?.plan.orderQty == Stage.contracts(2))
    }

    @Test("a size below a venue's minimum is no opportunity")
    func minimum() throws {
        let stage = try Stage()
        try stage.terms(1) { $0.orderQtyMin = Stage.contracts(11) }
        #expect(edge(stage) == nil)
        try stage.terms(1) { $0.notionalMin = Money(rawValue: 500_000_001) }
        #expect(stage.sink.births.isEmpty)
        try stage.terms(1) { $0.notionalMin = Money(rawValue: 500_000_000) }
        #expect(stage.sink.births.count == 1)
    }

    @Test("a budget is rounded up to its step, so that it surely buys what the other leg does")
    func budget() throws {
        let stage = try Stage()
        for leg in [0, 1] {
            try stage.terms(leg) { terms in
                terms.lot = Quantity(rawValue: 1_001_000_000)  // one size alone
                if leg == 1 { terms.budgetStep = .cent }
            }
        }
        let id = InstrumentID(0)
        stage.book(1, bids: [(67, 100)])
        stage.book(0)
        stage.say(
            0,
            [
                .level(id, .ask, Stage.cents(40), Quantity(rawValue: 1_001_000_000)),
                .updated(id, venueStamp: stage.now.utc),
            ])
        let plan = try #require(stage.sink.births.first).plan
        #expect(plan.orderQty == Quantity(rawValue: 1_001_000_000))
        #expect(plan.legs[1].cost == Stage.dollars("3.31"))  // 10.01 x 0.33 = 3.3033
        #expect(plan.legs[1].orderQty == Quantity(rawValue: 1_003_030_300))
    }

    @Test("pUSD counts against us, coming and going")
    func haircut() throws {
        let stage = try Stage(settings { $0.valuation = Valuation(haircutBps: 10) })
        try stage.terms(1) { $0.currency = .pusd }
        #expect(edge(stage) == .taken)
        // 10 x 0.999 - 4.00 - 5.00 x 1.001
        #expect(stage.sink.births.first?.plan.net == Stage.dollars("0.985"))
    }
}
