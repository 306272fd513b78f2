import Testing
import Trading

@testable import Risk

@Suite("CircuitBreaker")
struct CircuitBreakerTests {
    static let pair = PairID("pair0"), other = PairID("pair1")

    /// A breaker and the orders it is told of.
    struct Bench {
        var breaker: CircuitBreaker
        var sequence: UInt32 = 0

        init(_ change: (inout BreakerSettings) -> Void = { _ in }) {
            var settings = BreakerSettings()
            change(&settings)
            breaker = CircuitBreaker(settings)
        }

        mutating func tell(
            _ signal: BreakerSignal, _ venue: VenueID = .kalshi, pair: PairID = CircuitBreakerTests.pair,
            latency: Nanoseconds? = .milliseconds(20), execution: UInt32? = nil, at seconds: Int64 = 0
        ) {
            sequence += 1
            breaker.record(
                signal, execution: ExecutionID(run: 1, sequence: execution ?? sequence), pair: pair, venue: venue,
                latency: latency, at: GateStage.at(seconds))
        }

        func state(_ scope: BreakerScope, at seconds: Int64 = 0) -> CircuitBreaker.State {
            breaker.state(scope, at: GateStage.at(seconds).monotonic)
        }

        mutating func opened() -> [BreakerScope: BreakerReason] {
            var found: [BreakerScope: BreakerReason] = [:]
            for event in breaker.takeEvents() where event.kind == .opened { found[event.scope] = event.reason }
            return found
        }

        /// Lets a probe out; nil when none may.
        mutating func probe(_ execution: UInt32, at seconds: Int64) -> Bool {
            let index = breaker.index(of: CircuitBreakerTests.pair)
            let now = GateStage.at(seconds)
            guard breaker.admission(pair: index, .kalshi, .polymarket, at: now.monotonic) == .probe else {
                return false
            }
            breaker.sendProbe(ExecutionID(run: 1, sequence: execution), pair: index, .kalshi, .polymarket, at: now)
            return true
        }
    }

    // MARK: Each way to trip

    @Test("errors in a row trip at the limit, not before, and a good answer begins anew")
    func consecutive() {
        var bench = Bench { $0.errorsConsecutiveMax = 3 }
        for _ in 0..<5 {
            bench.tell(.reject)
            bench.tell(.unknown)
            bench.tell(.good)
        }
        #expect(bench.opened().isEmpty)
        bench.tell(.reject)
        bench.tell(.neutral)
        bench.tell(.unknown)
        #expect(bench.state(.venue(.kalshi)) == .closed)
        bench.tell(.reject)
        #expect(
            bench.opened() == [
                .global: .errorsConsecutive, .venue(.kalshi): .errorsConsecutive, .pair(Self.pair): .errorsConsecutive,
            ])
        #expect(bench.state(.venue(.polymarket)) == .closed)
        #expect(bench.state(.pair(Self.other)) == .closed)
    }

    @Test("errors of one venue trip that venue alone while the other answers well")
    func oneVenue() {
        var bench = Bench { $0.errorsConsecutiveMax = 3 }
        for index in 0..<3 {
            bench.tell(.good, .polymarket, pair: PairID("\(index)"))
            bench.tell(.reject, .kalshi, pair: PairID("\(index)"))
        }
        #expect(bench.opened() == [.venue(.kalshi): .errorsConsecutive])
    }

    @Test("errors of one pair trip that pair alone while others do well")
    func onePair() {
        var bench = Bench { $0.errorsConsecutiveMax = 3 }
        for _ in 0..<3 {
            bench.tell(.unknown)
            bench.tell(.good, pair: Self.other)
        }
        #expect(bench.opened() == [.pair(Self.pair): .errorsConsecutive])
    }

    @Test("the error rate is judged over twenty orders, and trips at the limit")
    func rate() {
        var bench = Bench {
            $0.errorsConsecutiveMax = 100
            $0.errorRatePctMax = 50
        }
        for index in 0..<19 { bench.tell(index % 2 == 0 ? .unknown : .good) }
        #expect(bench.opened().isEmpty)
        bench.tell(.good)
        #expect(bench.opened()[.venue(.kalshi)] == .errorRate)
        var below = Bench {
            $0.errorsConsecutiveMax = 100
            $0.errorRatePctMax = 50
        }
        for index in 0..<200 { below.tell(index % 20 < 9 ? .unknown : .good) }
        #expect(below.opened().isEmpty)
    }

    @Test("many refusals in little time are a spike, the same in more time are not")
    func spike() {
        var bench = Bench {
            $0.errorsConsecutiveMax = 100; $0.errorRatePctMax = 101; $0.rejectSpikeMax = 4
        }
        for index in 0..<12 as Range<Int64> {
            bench.tell(.reject, at: index * 4)
            bench.tell(.good, at: index * 4)
        }
        #expect(bench.opened().isEmpty)
        for index in 0..<4 as Range<Int64> {
            bench.tell(.reject, at: 100 + index)
            bench.tell(.good, at: 100 + index)
        }
        #expect(bench.opened()[.venue(.kalshi)] == .rejectSpike)
    }

    @Test("slow answers in a row trip the venue alone; one in time begins anew")
    func latency() {
        var bench = Bench()
        for _ in 0..<3 {
            bench.tell(.good, latency: .milliseconds(1_001))
            bench.tell(.good, latency: .milliseconds(1_001))
            bench.tell(.good, latency: .milliseconds(1_000))
        }
        #expect(bench.opened().isEmpty)
        for _ in 0..<3 { bench.tell(.good, latency: .milliseconds(1_001)) }
        #expect(bench.opened() == [.venue(.kalshi): .latency])
    }

    @Test("loss, unknown legs, overfill, void settlement and spilled jobs trip at once")
    func others() {
        var bench = Bench()
        let now = GateStage.at(0)
        bench.breaker.noteDailyLoss(GateStage.usd("49.99999999"), limit: GateStage.usd("50"), at: now)
        bench.breaker.noteUnknown(pair: Self.pair, age: .milliseconds(9_999), at: now)
        bench.breaker.noteUnknown(overdue: 2, at: now)
        bench.breaker.noteLaneSpill(63, at: now)
        #expect(bench.opened().isEmpty)
        bench.breaker.noteDailyLoss(GateStage.usd("50"), limit: GateStage.usd("50"), at: now)
        #expect(bench.opened() == [.global: .dailyLoss])
        bench.breaker.noteUnknown(pair: Self.pair, age: .seconds(10), at: now)
        #expect(bench.opened() == [.pair(Self.pair): .unknownLegs])
        bench.breaker.noteUnknown(overdue: 3, at: now)
        #expect(bench.opened() == [.global: .unknownLegs])
        bench.breaker.noteLaneSpill(64, at: now)
        #expect(bench.opened() == [.global: .laneSpill])
        bench.breaker.noteSettlementFailed(pair: Self.other, quantity: GateStage.qty("3"), at: now)
        #expect(bench.opened() == [.pair(Self.other): .settlementFailed])
        bench.breaker.noteOverfill(pair: Self.other, excess: GateStage.qty("1"), at: now)
        #expect(bench.opened() == [.global: .overfill, .pair(Self.other): .overfill])
        bench.breaker.noteOverfill(pair: Self.other, excess: GateStage.qty("1"), at: now)
        #expect(bench.breaker.takeEvents().isEmpty)
    }

    // MARK: Recovery

    static let probed: [BreakerReason] = [.errorsConsecutive, .errorRate, .rejectSpike, .latency]

    @Test("only errors, refusals and slow answers are probed")
    func kinds() {
        #expect(BreakerReason.allCases.filter(\.isProbed) == Self.probed)
    }

    @Test("after the cooldown one probe goes out, and two good answers close")
    func probe() {
        var bench = Bench { $0.errorsConsecutiveMax = 1 }
        bench.tell(.reject)
        _ = bench.breaker.takeEvents()
        #expect(bench.state(.global, at: 59) == .open)
        #expect(bench.probe(100, at: 59) == false)
        #expect(bench.state(.global, at: 60) == .halfOpen)
        #expect(bench.probe(100, at: 60) == true)
        #expect(bench.probe(101, at: 61) == false)
        // Another execution that was still on its way says nothing.
        bench.tell(.good, .polymarket, execution: 7, at: 61)
        #expect(bench.state(.global, at: 61) == .halfOpen)
        bench.tell(.good, .kalshi, execution: 100, at: 61)
        #expect(bench.state(.venue(.kalshi), at: 61) == .closed)
        #expect(bench.state(.global, at: 61) == .halfOpen)
        bench.tell(.good, .polymarket, execution: 100, at: 62)
        #expect(bench.state(.global, at: 62) == .closed)
        #expect(bench.state(.pair(Self.pair), at: 62) == .closed)
        let kinds = bench.breaker.takeEvents().map(\.kind)
        #expect(kinds.filter { $0 == .probing }.count == 3)
        #expect(kinds.filter { $0 == .closed }.count == 3)
        bench.tell(.good, at: 63)
        #expect(bench.breaker.records.isEmpty)
    }

    @Test(
        "a probe without a good answer waits for a whole cooldown again",
        arguments: [
            BreakerSignal.reject, .unknown, .neutral,
        ])
    func badProbe(_ signal: BreakerSignal) {
        var bench = Bench { $0.errorsConsecutiveMax = 1 }
        bench.tell(.unknown)
        #expect(bench.probe(100, at: 70) == true)
        bench.tell(signal, execution: 100, at: 71)
        #expect(bench.state(.venue(.kalshi), at: 130) == .open)
        #expect(bench.probe(101, at: 130) == false)
        #expect(bench.probe(101, at: 131) == true)
    }

    @Test("a probe that is answered well but slowly does not close its venue")
    func slowProbe() {
        var bench = Bench()
        for _ in 0..<3 { bench.tell(.good, latency: .seconds(2)) }
        #expect(bench.probe(100, at: 60) == true)
        bench.tell(.good, latency: .seconds(2), execution: 100, at: 62)
        #expect(bench.state(.venue(.kalshi), at: 62) == .open)
    }

    @Test("a probe that never left leaves the breaker half-open")
    func undone() {
        var bench = Bench { $0.errorsConsecutiveMax = 1 }
        bench.tell(.unknown)
        #expect(bench.probe(100, at: 60) == true)
        bench.breaker.takeBackProbe(ExecutionID(run: 1, sequence: 100))
        #expect(bench.probe(101, at: 60) == true)
    }

    @Test("what waits for resume is not probed, also when an error came first", arguments: [false, true])
    func latched(_ errorFirst: Bool) {
        var bench = Bench { $0.errorsConsecutiveMax = 1 }
        if errorFirst { bench.tell(.unknown) }
        bench.breaker.noteSettlementFailed(pair: Self.pair, quantity: GateStage.qty("1"), at: GateStage.at(0))
        if !errorFirst { bench.tell(.unknown) }
        #expect(bench.state(.pair(Self.pair), at: 1_000_000) == .open)
        #expect(bench.probe(100, at: 1_000_000) == false)
        let record = bench.breaker.records.first { $0.scope == .pair(Self.pair) }
        #expect(record?.reasons.first == .settlementFailed)
        #expect(bench.breaker.resume(.pair(Self.pair), at: GateStage.at(1)) == true)
        #expect(bench.breaker.resume(.pair(Self.pair), at: GateStage.at(1)) == false)
        #expect(bench.state(.pair(Self.pair), at: 1) == .closed)
        bench.breaker.resumeAll(at: GateStage.at(2))
        #expect(bench.breaker.records.isEmpty)
    }

    @Test("what is open survives a restart, and its cooldown begins anew")
    func restart() {
        var bench = Bench { $0.errorsConsecutiveMax = 1 }
        bench.tell(.unknown)
        bench.breaker.noteOverfill(pair: Self.other, excess: GateStage.qty("2"), at: GateStage.at(5))
        let kept = bench.breaker.records
        let restored = CircuitBreaker(bench.breaker.settings, restoring: kept, at: GateStage.at(30))
        #expect(restored.records == kept)
        #expect(restored.state(.venue(.kalshi), at: GateStage.at(89).monotonic) == .open)
        #expect(restored.state(.venue(.kalshi), at: GateStage.at(90).monotonic) == .halfOpen)
        #expect(restored.state(.global, at: GateStage.at(9_000).monotonic) == .open)
        for record in kept {
            #expect(BreakerScope(record.scope.description) == record.scope)
            #expect(record.reasons.allSatisfy { BreakerReason(rawValue: $0.rawValue) == $0 })
        }
    }

    @Test("an event says scope, reason and figures")
    func words() throws {
        var bench = Bench { $0.errorsConsecutiveMax = 3 }
        for _ in 0..<3 { bench.tell(.reject) }
        let event = try #require(bench.breaker.takeEvents().first { $0.scope == .venue(.kalshi) })
        #expect(event.text == "venue:kalshi opened: errors_consecutive 3 (limit 3)")
        bench.breaker.noteDailyLoss(GateStage.usd("51.5"), limit: GateStage.usd("50"), at: GateStage.at(0))
        #expect(
            bench.breaker.takeEvents().map(\.text) == ["global opened: daily_loss 51.50 USD (limit 50.00 USD)"])
    }

    @Test("a text that is no scope is none", arguments: ["", "venue:", "venue:nowhere", "pair:", "Global", "x:y"])
    func noScope(_ text: String) { #expect(BreakerScope(text) == nil) }

    // MARK: What counts (FAULTS, after the release gate)

    static let counts: [(VenueRejection.Kind, BreakerSignal)] = [
        (.unfilled, .good), (.throttled, .neutral), (.balance, .neutral), (.authentication, .reject), (.price, .reject),
        (.size, .reject), (.market, .reject), (.venueMode, .reject), (.postOnly, .reject), (.duplicate, .reject),
        (.account, .reject), (.version, .reject), (.other, .reject),
    ]

    @Test("each kind of refusal counts as the rules say", arguments: counts)
    func refusal(_ kind: VenueRejection.Kind, _ signal: BreakerSignal) {
        #expect(BreakerSignal(VenueRejection(kind, status: 400, code: "x")) == signal)
    }

    @Test("no kind of refusal is left out")
    func allKinds() { #expect(Set(Self.counts.map(\.0)) == Set(VenueRejection.Kind.allCases)) }

    @Test("each kind of answer counts as the rules say")
    func answers() {
        let done = OrderSummary(standing: .cancelled, cumQty: .zero, leavesQty: .zero)
        #expect(BreakerSignal(.accepted(done)) == .good)
        #expect(BreakerSignal(.notSent(LocalRefusal(.noTokens, ""))) == .neutral)
        #expect(BreakerSignal(.rejected(VenueRejection(.other, status: 400, code: "x"))) == .reject)
        for reason in [
            UnknownReason.timeout, .serverError(503), .connectionLost("reset"), .unreadable("html"), .restart,
        ] {
            #expect(BreakerSignal(.unknown(reason)) == .unknown)
        }
    }

    @Test("events wait within a bound, the youngest stay")
    func bound() {
        var bench = Bench { $0.errorsConsecutiveMax = 1 }
        for index in 0..<1_000 { bench.tell(.reject, pair: PairID("\(index)")) }
        bench.breaker.resumeAll(at: GateStage.at(1))
        let events = bench.breaker.takeEvents()
        #expect(events.count == CircuitBreaker.eventsMax)
        #expect(events.last?.kind == .closed)
    }
}

@Suite("KillSwitch")
struct KillSwitchTests {
    @Test("an operator's halt leaves cancels and the operator's close alone; other halts stop entries only (I7)")
    func acts() {
        var free = KillSwitch()
        #expect(KillSwitch.Act.allCases.allSatisfy { free.allows($0) })
        for cause in [KillSwitch.Cause.alert, .breaker] {
            var stopped = KillSwitch()
            stopped.halt(cause, reason: "test")
            #expect(KillSwitch.Act.allCases.filter { !stopped.allows($0) } == [.entry])
        }
        free.halt(.operator, reason: "test")
        #expect(KillSwitch.Act.allCases.filter { free.allows($0) } == [.operatorClose, .cancel])
    }

    @Test("each cause stands for itself, and its first reason is kept")
    func causes() {
        var stopped = KillSwitch()
        #expect(stopped.halt(.alert, reason: "first") == true)
        #expect(stopped.halt(.alert, reason: "second") == false)
        #expect(stopped.reason(.alert) == "first")
        stopped.halt(.operator, reason: "drill")
        #expect(stopped.causes == [.operator, .alert])
        stopped.lift(.alert)
        #expect(stopped.causes == [.operator])
        #expect(stopped.isHalted)
    }

    @Test("resume is refused while legs are unknown, unless the exposure is accepted with a reason (H07)")
    func resume() throws {
        var stopped = KillSwitch()
        stopped.halt(.operator, reason: "drill")
        for reason in [nil, ""] as [String?] {
            #expect(throws: KillSwitch.ResumeRefusal.unknownLegs(2)) {
                try stopped.resume(unknownLegs: 2, acceptExposure: reason)
            }
            #expect(stopped.isHalted)
        }
        #expect(KillSwitch.ResumeRefusal.unknownLegs(2).code == "E_EXEC_RESUME_REFUSED")
        try stopped.resume(unknownLegs: 2, acceptExposure: "seen at the venue")
        #expect(!stopped.isHalted)
        stopped.halt(.breaker, reason: "loss")
        try stopped.resume(unknownLegs: 0, acceptExposure: nil)
        #expect(stopped == KillSwitch())
    }
}
