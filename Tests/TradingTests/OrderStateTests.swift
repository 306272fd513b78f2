import Testing
import Trading

@Suite("OrderState")
struct OrderStateTests {
    typealias Story = OrderStory

    // MARK: Every order of the same evidence

    /// Whatever a set of events has led to, one more event leads to what the larger set leads to. By induction every
    /// sequence with the same events in it, of any length and with any repetition, ends in the same state.
    @Test("the state depends on what was told, not on when or how often", arguments: Story.all)
    func confluence(story: Story) throws {
        let count = story.events.count
        var states: [OrderState] = []
        for set in 0..<(1 << count) {
            var state = OrderState(story.order)
            for index in 0..<count where set >> index & 1 == 1 { state.apply(story.events[index]) }
            states.append(state)
        }
        for set in 0..<(1 << count) {
            for index in 0..<count {
                var state = states[set]
                let change = state.apply(story.events[index])
                let larger = set | 1 << index
                try #require(state == states[larger], "\(story.name): \(set) then \(index)")
                if larger == set { try #require(!change.isNews, "\(story.name): \(index) again is news") }
                try check(states[set], to: state, change, story.events[index])
            }
        }
    }

    /// Not by induction but by doing: all orders of all events, with each of them repeated at every place.
    @Test("all orders, losses and repetitions of every story end alike", arguments: Story.all)
    func permutations(story: Story) throws {
        var ends: [Int: OrderState] = [:]
        var walks = 0
        func walk(_ state: OrderState, _ used: Int, _ repeated: Bool) throws {
            walks += 1
            if let known = ends[used] {
                if known != state { try #require(known == state, "\(story.name) \(used)") }
            } else {
                ends[used] = state
            }
            for index in 0..<story.events.count {
                let isAgain = used >> index & 1 == 1
                if isAgain, repeated { continue }
                var next = state
                next.apply(story.events[index])
                try walk(next, used | 1 << index, repeated || isAgain)
            }
        }
        try walk(OrderState(story.order), 0, false)
        #expect(walks > 60 && ends.count == 1 << story.events.count)
    }

    /// What must hold across every single step.
    private func check(_ before: OrderState, to after: OrderState, _ change: OrderChange, _ event: OrderEvent) throws {
        let whole = after.cumQty.rawValue + after.voidedQty.rawValue + after.leavesQty.rawValue
        let told = after.cumQty.rawValue + after.voidedQty.rawValue
        if !after.isDone { try #require(whole == max(after.orderQty.rawValue, told)) }
        if after.isDone { try #require(after.leavesQty == .zero && !after.isUnknown && !after.isCancellable) }
        try #require(after.cumQty >= .zero && after.unexplainedQty >= .zero && after.voidedQty >= .zero)
        try #require(after.exposureMin <= after.exposureMax && after.exposureMin == after.cumQty)
        if after.isUnknown { try #require(after.exposureMax >= after.orderQty || after.voidedQty > .zero) }
        try #require(after.fees >= .zero && after.cumCash >= .zero)
        if before.isDone, !after.isDone {
            // Only the venue's own word that it lives takes an order out of its end, and never unseen.
            try #require(after.anomalies.contains(.contradiction), "\(event)")
        }
        if after.cumQty < before.cumQty { try #require(after.anomalies.contains(.voided)) }
        try #require(change.becameDone == (after.isDone && !before.isDone))
        try #require(change.cumQtyChange.rawValue == after.cumQty.rawValue - before.cumQty.rawValue)
        if event == .sent || event == .unknown(.timeout) { try #require(after.isDone == before.isDone) }
    }

    @Test("random events agree with a slow oracle", arguments: 0..<200 as Range<UInt64>)
    func oracle(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<50 {
            let story = Story.all[Int(random.next() % UInt64(Story.all.count))]
            let pool = story.events + Story.all[Int(random.next() % UInt64(Story.all.count))].events
            var heard: [OrderEvent] = []
            var state = OrderState(story.order)
            for _ in 0..<Int(random.next() % 16 + 1) {
                let event = pool[Int(random.next() % UInt64(pool.count))]
                heard.append(event)
                let before = state
                let change = state.apply(event)
                try check(before, to: state, change, event)
                let oracle = OrderOracle(story.order, heard)
                try #require(state.cumQty.rawValue == oracle.cumQty, "seed \(seed): \(heard)")
                try #require(state.voidedQty.rawValue == oracle.void, "seed \(seed): \(heard)")
                if story.order.cashOrderQty == nil {
                    try #require(state.isDone == oracle.isDone, "seed \(seed): \(heard)")
                    try #require(state.leavesQty.rawValue == oracle.leavesQty, "seed \(seed): \(heard)")
                }
                if state.unexplainedQty == .zero, !heard.contains(where: Self.statesCash) {
                    let exact = oracle.cash / 100_000_000
                    try #require(abs(Int128(state.cumCash.rawValue) - exact) <= 1, "seed \(seed): \(heard)")
                }
            }
        }
    }

    private static func statesCash(_ event: OrderEvent) -> Bool {
        guard case .summary(let summary) = event else { return false }
        return summary.cumCash != nil
    }

    // MARK: What the ends are

    private func end(_ name: String) throws -> OrderState {
        let story = try #require(Story.all.first { $0.name == name })
        var state = OrderState(story.order)
        for event in story.events { state.apply(event) }
        return state
    }

    @Test(
        "each story ends as a trader would say",
        arguments: [
            ("acknowledged, two fills, the rest cancelled", .cancelled, 700, []),
            ("reply lost, found on the stream", .filled, 1_000, []),
            ("reply after the stream", .cancelled, 400, []), ("FOK killed and nothing more", .cancelled, 0, []),
            ("delayed, then matched", .filled, 1_000, []), ("delayed, then nothing to match", .cancelled, 0, []),
            ("matched, mined, failed", .cancelled, 0, .voided), ("of two fills one fails", .cancelled, 600, .voided),
            ("unknown, then found done", .cancelled, 250, []),
            ("unknown, then proved never to have entered", .rejected, 0, []),
            ("409 of a used id, then found", .filled, 1_000, []), ("a cancel races with a fill", .filled, 1_000, []),
            ("refused, and yet filled", .cancelled, 400, .contradiction),
            ("never sent, and yet filled", .partiallyFilled, 400, .contradiction),
            ("more than asked", .filled, 1_300, .overfill),
            ("one fill told in two ways", .cancelled, 600, .fillDiffers),
            ("called final and void", .filled, 1_000, .settlementDiffers),
            ("a budget buys more than planned", .filled, 2_200, []),
            ("a good-till order whose time runs out", .expired, 100, []),
        ] as [(String, OrdStatus, Int64, OrderAnomalies)])
    func ends(name: String, status: OrdStatus, cum: Int64, anomalies: OrderAnomalies) throws {
        let state = try end(name)
        #expect(state.ordStatus == status && state.cumQty == Story.qty(cum))
        #expect(state.anomalies == anomalies, "\(state.anomalies.words)")
    }

    @Test("a sum that runs ahead of its fills is kept once, and goes as they come")
    func unexplained() {
        var state = OrderState(Story.order(1_000, at: 44, .gtc))
        state.apply(Story.summary(.working, 700, leaves: 300, avg: 43))
        #expect(state.cumQty == Story.qty(700) && state.unexplainedQty == Story.qty(700) && !state.isCashExact)
        #expect(state.cumCash == Money(rawValue: 301_000_000) && state.avgPx == Story.px(43))
        state.apply(Story.fill("a", 500, 43))
        #expect(state.cumQty == Story.qty(700) && state.unexplainedQty == Story.qty(200))
        let change = state.apply(Story.fill("b", 200, 42))
        #expect(change.cumQtyChange == .zero && state.unexplainedQty == .zero && state.isCashExact)
        #expect(state.cumCash == Money(rawValue: 299_000_000))
        #expect(state.fees == Money(rawValue: 2_000_000) && state.isFeeWhole)
        #expect(state.leavesQty == Story.qty(300) && state.ordStatus == .partiallyFilled)
    }

    @Test("the most that fees may be counts until they are known, and is never taken for them")
    func feeMax() {
        var state = OrderState(Story.order())
        state.apply(Story.summary(.filled, 1_000, leaves: 0, avg: 44))
        #expect(state.fees == .zero && !state.isFeeTold && !state.isFeeWhole)
        state.apply(Story.summary(.filled, 1_000, leaves: 0, avg: 44, feeMax: 3))
        #expect(state.fees == Money(rawValue: 3_000_000) && state.isFeeTold && !state.isFeeWhole)
        state.apply(Story.fill("a", 400))
        #expect(state.fees == Money(rawValue: 3_000_000) && state.isFeeTold && !state.isFeeWhole)
        var listed = state
        listed.apply(Story.summary(.filled, 1_000, leaves: 0, fee: 2))
        #expect(listed.fees == Money(rawValue: 2_000_000) && listed.isFeeWhole)
        state.apply(Story.fill("b", 600))
        #expect(state.fees == Money(rawValue: 2_000_000) && state.isFeeTold && state.isFeeWhole)
    }

    @Test("unknown is filled and open for risk until evidence ends it, and no step of time does")
    func unknown() {
        var state = OrderState(Story.order())
        #expect(state.ordStatus == .intended && !state.isUnknown && !state.isCancellable)
        state.apply(.sent)
        #expect(state.ordStatus == .pendingNew && !state.isUnknown)
        state.apply(.unknown(.timeout))
        #expect(state.isUnknown && state.exposureMin == .zero && state.exposureMax == Story.qty(1_000))
        #expect(state.leavesQty == Story.qty(1_000) && state.cashMax == Money(rawValue: 440_000_000))
        // An IOC whose reply is lost and that filled in part may have filled more: its end is not known yet.
        state.apply(Story.fill("a", 400))
        #expect(state.isUnknown && state.exposureMin == Story.qty(400) && state.exposureMax == Story.qty(1_000))
        state.apply(Story.summary(.cancelled, 400))
        #expect(!state.isUnknown && state.isDone && state.exposureMax == Story.qty(400))
        #expect(state.cashMax == Money(rawValue: 176_000_000))
    }

    @Test("what rests is known again once the venue lists it; what is delayed is not")
    func resting() {
        var state = OrderState(Story.order(1_000, at: 44, .gtc))
        state.apply(.unknown(.timeout))
        state.apply(Story.summary(.delayed))
        #expect(state.isUnknown && state.isDelayed && !state.isCancellable)
        state.apply(Story.summary(.working, 0))
        #expect(!state.isUnknown && state.isCancellable && state.ordStatus == .new)
        state.apply(Story.summary(.delayed))
        #expect(state.ordStatus == .new)
    }

    @Test("a used id is no refusal: an order of it exists, and nobody knows what came of it")
    func duplicate() {
        var state = OrderState(Story.order())
        state.apply(.sent)
        state.apply(Story.refused(.duplicate))
        #expect(state.isUnknown && !state.isDone && state.exposureMax == Story.qty(1_000))
    }

    @Test("an order delayed and then refused is done without a contradiction")
    func delayedRefused() {
        var state = OrderState(Story.order(1_000, at: 44, .fok))
        state.apply(Story.summary(.delayed))
        state.apply(Story.refused(.balance))
        #expect(state.ordStatus == .rejected && state.anomalies.isEmpty)
    }

    @Test("a settlement never goes back, and a void fill gives quantity and money back")
    func settlements() {
        var state = OrderState(Story.order(1_000, at: 44, .gtc))
        state.apply(Story.fill("t", 600, 44, .matched))
        #expect(state.minedQty == .zero)
        state.apply(.settlement(ExecID("t"), .confirmed))
        #expect(!state.apply(.settlement(ExecID("t"), .mined)).isNews)
        #expect(state.confirmedQty == Story.qty(600) && state.minedQty == Story.qty(600))
        state.apply(Story.fill("u", 300, 40, .mined))
        #expect(state.cumCash == Money(rawValue: 384_000_000))
        let change = state.apply(.settlement(ExecID("u"), .failed))
        #expect(change.cumQtyChange == Quantity(rawValue: -300_000_000) && change.anomalies == .voided)
        #expect(state.cumCash == Money(rawValue: 264_000_000) && state.fees == Money(rawValue: 1_000_000))
        // The venue does not put it back on the book.
        #expect(state.leavesQty == Story.qty(100) && state.voidedQty == Story.qty(300))
    }

    @Test("a budget that was spent whole at worse prices than planned bought less than planned: no more is claimed")
    func budgetAtTheLimit() throws {
        // 122.92 were planned at the levels seen; at the limit 69.09 buy 121.210526.
        let order = NewOrder(
            clOrdID: ClOrdID(prefix: 1, run: 1, sequence: 1), instrument: InstrumentID(0), outcome: .no, side: .buy,
            orderQty: try Quantity(decimal: "122.921052"), price: try Price(decimal: "0.57"),
            cashOrderQty: try Money(decimal: "69.09"))
        var state = OrderState(order)
        state.apply(.summary(OrderSummary(standing: .filled, cumQty: nil, leavesQty: .zero)))
        let least = try Quantity(decimal: "121.2105")
        #expect(state.isDone && state.cumQty == least, "at least, before its fills are told")
        let bought = try Quantity(decimal: "121.210526")
        state.apply(
            .fill(
                Fill(
                    execID: ExecID("t"), lastQty: bought, lastPx: order.price, fee: .zero, liquidity: .taker,
                    settlement: .matched)))
        #expect(state.cumQty == bought && state.anomalies.isEmpty)
    }

    @Test("a budget bounds money, not contracts")
    func budget() {
        var state = OrderState(Story.order(2_104, at: 56, .ioc, budget: 1_178))
        #expect(state.cashMax == Money(rawValue: 1_178_000_000))
        state.apply(Story.fill("t", 1_200, 53, fee: nil, .matched))
        #expect(!state.isDone && state.exposureMax > state.orderQty && !state.isFeeWhole)
        state.apply(Story.fill("u", 1_000, 54, fee: nil, .matched))
        #expect(state.cumQty > state.orderQty && !state.isDone && state.anomalies.isEmpty)
        state.apply(Story.fill("v", 5, 54, fee: nil, .matched))
        #expect(state.cumCash == Money(rawValue: 1_178_700_000) && state.isDone)
        #expect(state.anomalies == .overfill)
    }

    @Test("more fills than are remembered are flagged, counted as far as is certain, and never crash")
    func bound() {
        var state = OrderState(Story.order(1_000_000, at: 44, .gtc))
        for index in 0..<OrderState.fillsMax { state.apply(Story.fill("f\(index)", 100)) }
        #expect(state.anomalies.isEmpty && state.cumQty == Story.qty(102_400))
        state.apply(Story.fill("g", 100))
        state.apply(Story.fill("h", 300))
        state.apply(Story.fill("g", 100))
        #expect(state.anomalies == .tooManyFills && state.cumQty == Story.qty(102_700))
        state.apply(Story.summary(.working, 102_800))
        #expect(state.cumQty == Story.qty(102_800))
    }

    @Test("sums beyond 64 bits and fills of nothing are flagged and do no harm")
    func hostile() {
        var state = OrderState(Story.order())
        let most = Quantity(rawValue: .max)
        func hostile(_ name: String, _ qty: Quantity) -> OrderEvent {
            .fill(
                Fill(
                    execID: ExecID(name), lastQty: qty, lastPx: Price(rawValue: .max) ?? .zero,
                    fee: Money(rawValue: .max), liquidity: .taker, settlement: .matched))
        }
        for event in [
            hostile("a", most), hostile("b", most), hostile("c", Quantity(rawValue: -5)), hostile("d", .zero),
            .summary(OrderSummary(standing: .working, cumQty: most, leavesQty: most, avgPx: Price(rawValue: .max))),
        ] { state.apply(event) }
        #expect(state.cumQty == most && state.anomalies.isSuperset(of: [.overfill, .badAmounts]))
        #expect(state.cumCash == Money(rawValue: .max) && state.exposureMax == most && state.avgPx != nil)
        state.apply(.settlement(ExecID("a"), .failed))
        #expect(state.cumQty >= .zero && state.cashMax >= .zero)
    }

    @Test("the words of anomalies are one each")
    func words() {
        let all = OrderAnomalies(rawValue: 0xFF)
        #expect(all.words.count == 8 && Set(all.words).count == 8)
    }
}

/// Small seeded randomness for tests.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
