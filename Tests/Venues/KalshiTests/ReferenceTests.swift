import Foundation
import Signing
import Testing
import Trading

@testable import Kalshi

/// What a reader said, and the server that answers it.
private final class Desk: ReferenceSink {
    var terms: [InstrumentID: InstrumentTerms] = [:]
    var faults: [InstrumentID: ReferenceFault] = [:]
    var notices: [FeedNotice] = []
    var published = 0

    func apply(_ terms: InstrumentTerms, of instrument: InstrumentID) {
        self.terms[instrument] = terms
        faults[instrument] = nil
        published += 1
    }

    func block(_ instrument: InstrumentID, _ fault: ReferenceFault) { faults[instrument] = fault }
    func note(_ notice: FeedNotice) { notices.append(notice) }
}

private struct Reply {
    var status = 200
    var type = "application/json; charset=utf-8"
    var body = ""
    var age: Nanoseconds = .zero
}

private final class Harness {
    let desk = Desk()
    let reference: Reference
    let feed: Feed
    var time: Int64 = 5_000_000_000
    /// 2026-11-21T00:00:00Z, a Saturday.
    var wall: Int64 = 1_795_219_200_000_000_000
    var requests: [String] = []
    var waiting: [RestRequest] = []
    var replies: (String) -> Reply?

    init(
        _ contracts: [Contract], _ change: (inout ReferenceSettings) -> Void = { _ in },
        replies: @escaping (String) -> Reply?
    ) {
        var settings = ReferenceSettings()
        change(&settings)
        let numbered = contracts.enumerated().map { (InstrumentID(Int32($0.offset)), $0.element) }
        feed = Feed(numbered, settings: FeedSettings())
        reference = Reference(settings: settings, feed: feed)
        self.replies = replies
        reference.start(numbered, at: stamp)
        run()
    }

    var stamp: Stamp { Stamp(monotonic: MonotonicNanos(rawValue: time), utc: UTCNanos(rawValue: wall)) }

    func move(_ nanos: Int64) {
        time += nanos
        wall += nanos
    }

    /// Answers everything, moving time to the next deadline while that is near.
    func run(_ duration: Nanoseconds = .seconds(10)) {
        let end = time + duration.rawValue
        while true {
            for action in reference.takeActions() {
                if case .fetch(let request) = action { waiting.append(request) }
            }
            if let request = waiting.first {
                waiting.removeFirst()
                requests.append(request.path)
                guard let reply = replies(request.path) else { continue }
                move(1_000_000)
                reference.answered(
                    RestAnswer(
                        request: request, status: reply.status, contentType: reply.type, body: Array(reply.body.utf8),
                        fetchedAt: UTCNanos(rawValue: wall - reply.age.rawValue)), at: stamp, into: desk)
                continue
            }
            guard let due = reference.nextDeadline, due.rawValue <= end else { break }
            move(max(0, due.rawValue - time))
            reference.advance(to: stamp, into: desk)
        }
        move(max(0, end - time))
    }

    var first: InstrumentTerms? { desk.terms[InstrumentID(0)] }
    var fault: ReferenceFault? { desk.faults[InstrumentID(0)] }
}

private let ticker = "KXTEST-26DEC31-T50"
private let contract = Contract(venue: .kalshi, symbol: ticker)

/// The venue's answers about one market, with changes to single fields.
private struct Server {
    var market: [String: Any]
    var event: [String: Any]
    var series: [String: Any]
    var schedule: [String: Any]
    var seriesFees: [[String: Any]] = []
    var eventFees: [[String: Any]] = []
    var status: [String: Any] = ["exchange_active": true, "trading_active": true]
    var special: [String: Reply] = [:]

    init() throws {
        let samples = try Samples.object(Samples.vector("rest_samples.json")).list("samples")
        func body(_ name: String) throws -> [String: Any] {
            try #require(samples.first { $0.text("name") == name }).object("response").object("body")
        }
        market = try body("market_single").object("market")
        event = try body("event_single").object("event")
        series = try body("series_single").object("series")
        schedule = try body("exchange_schedule")
    }

    private func json(_ object: Any) -> Reply {
        let data = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
        return Reply(body: String(decoding: data, as: UTF8.self))
    }

    func answer(_ path: String) -> Reply? {
        if let special = special.first(where: { path.hasPrefix($0.key) }) { return special.value }
        if path.hasPrefix("/markets?") { return json(["markets": [market], "cursor": ""]) }
        if path.hasPrefix("/events/fee_changes") { return json(["event_fee_changes": eventFees, "cursor": ""]) }
        if path.hasPrefix("/events/") { return json(["event": event]) }
        if path.hasPrefix("/series/fee_changes") { return json(["series_fee_change_arr": seriesFees]) }
        if path.hasPrefix("/series/") { return json(["series": series]) }
        if path == "/exchange/status" { return json(status) }
        if path == "/exchange/schedule" { return json(schedule) }
        return Reply(status: 404, body: "{}")
    }
}

private func instant(_ text: String) throws -> UTCNanos { try #require(UTCNanos(rfc3339: text)) }

@Suite("Reference")
struct ReferenceTests {
    @Test("a market, its event, its series and the schedule make terms")
    func terms() throws {
        let server = try Server()
        let harness = Harness([contract]) {
            $0.account = .direct
        } replies: {
            server.answer($0)
        }
        let terms = try #require(harness.first)
        #expect(
            terms.status == .active && terms.currency == .usd && terms.title == "Test index on Dec 31?: At least 50")
        #expect(try terms.grid == TickGrid(step: price("0.01")))
        #expect(
            terms.lot == Quantity(rawValue: 1_000_000) && terms.orderQtyMin == terms.lot && terms.fillStep == terms.lot)
        // The Thursday pause of 2026-11-26 comes before close and expected expiration.
        #expect(try terms.entriesEnd == instant("2026-11-26T08:00:00Z"))
        #expect(try terms.payout == instant("2027-01-08T16:00:00Z"))
        #expect(terms.rulesSHA256 == Digest.hex(.sha256, "Test rule text.\n"))
        #expect(terms.event == "KXTEST-26DEC31" && terms.exchangeIndex == 0 && terms.mutuallyExclusive == true)
        var state = FeeState()
        let fees = terms.fees.schedule(at: harness.stamp.utc)
        #expect(fees.until == nil)
        #expect(try fees.schedule.buyFee(price("0.5"), quantity("100"), .maker, &state) == money("0.4375"))
        #expect(
            harness.requests == [
                "/exchange/schedule", "/exchange/status", "/markets?tickers=\(ticker)&limit=1000",
                "/events/KXTEST-26DEC31", "/events/fee_changes?event_ticker=KXTEST-26DEC31&limit=100", "/series/KXTEST",
                "/series/fee_changes?series_ticker=KXTEST&show_historical=true",
            ])
        #expect(harness.desk.notices.isEmpty && harness.feed.details[0].grid == terms.grid)
    }

    @Test(
        "what is missing or unknown blocks the market and is named",
        arguments: [
            ("price_ranges", nil, "E_REF_GRID", "price_ranges"),
            ("exchange_index", nil, "E_REF_MISSING", "exchange_index"),
            ("market_type", nil, "E_REF_MISSING", "market_type"), ("market_type", "scalar", "E_REF_KIND", "scalar"),
            ("notional_value_dollars", "100.0000", "E_REF_KIND", "100.0000"),
            ("settlement_bounds_type", "floor", "E_REF_KIND", "floor"),
            ("status", "haunted", "E_REF_STATUS", "haunted"),
            ("rules_primary", nil, "E_REF_MISSING", "rules_primary"),
            ("close_time", nil, "E_REF_MISSING", "close_time"),
            ("event_ticker", nil, "E_REF_MISSING", "event_ticker"),
            ("close_time", "soon", "E_REF_UNREADABLE", "close_time"),
            ("ticker", "KXOTHER", "E_REF_NOT_FOUND", ticker),
        ] as [(String, String?, String, String)])
    func blocked(field: String, value: String?, code: String, text: String) throws {
        var server = try Server()
        server.market[field] = value
        let changed = server
        let harness = Harness([contract]) { changed.answer($0) }
        #expect(harness.first == nil && harness.fault?.code == code)
        #expect(harness.fault?.text.contains(text) == true, "\(String(describing: harness.fault))")
    }

    @Test(
        "E_REF_FEE: fees without published rates block",
        arguments: [
            ("fee_type", "flat"), ("fee_type", "margin_market_maker_program_fees"), ("fee_multiplier", -1),
            ("fee_multiplier", 1000),
        ] as [(String, any Sendable)])
    func unknownFees(field: String, value: any Sendable) throws {
        var server = try Server()
        server.series[field] = value
        let changed = server
        let harness = Harness([contract]) { changed.answer($0) }
        #expect(harness.first == nil && harness.fault?.code == "E_REF_FEE")
    }

    @Test("a shard other than the pair file's blocks")
    func shard() throws {
        let server = try Server()
        let other = Contract(venue: .kalshi, symbol: ticker, exchangeIndex: 2)
        #expect(Harness([other]) { server.answer($0) }.fault?.code == "E_REF_SHARD")
        var old = try Server()
        old.market["exchange_index"] = nil
        let changed = old
        #expect(Harness([other]) { changed.answer($0) }.first?.exchangeIndex == 2)
    }

    @Test("dates that are not given leave the entries' end unknown, and do not block the market")
    func dates() throws {
        var server = try Server()
        server.market["expected_expiration_time"] = nil
        let changed = server
        let terms = try #require(Harness([contract]) { changed.answer($0) }.first)
        #expect(try terms.entriesEnd == nil && terms.payout == instant("2027-01-08T16:00:00Z"))
        server.market["latest_expiration_time"] = NSNull()
        let without = server
        #expect(try #require(Harness([contract]) { without.answer($0) }.first).payout == nil)
    }

    @Test("fees follow the event's override and the logs' dates, exactly from their instants on")
    func feeDates() throws {
        var server = try Server()
        server.event["fee_multiplier_override"] = 0.5
        server.eventFees = [
            [
                "event_ticker": "KXTEST-26DEC31", "scheduled_ts": "2026-12-01T00:00:00Z",
                "fee_multiplier_override": NSNull(),
            ]
        ]
        server.seriesFees = [
            [
                "series_ticker": "KXTEST", "fee_type": "quadratic_with_maker_fees", "fee_multiplier": 1,
                "scheduled_ts": "2026-07-07T04:00:00Z",
            ],
            [
                "series_ticker": "KXTEST", "fee_type": "quadratic", "fee_multiplier": 2,
                "scheduled_ts": "2026-12-10T00:00:00Z",
            ],
            [
                "series_ticker": "KXTEST", "fee_type": "flat", "fee_multiplier": 1,
                "scheduled_ts": "2026-12-20T00:00:00Z",
            ],
            [
                "series_ticker": "KXELSE", "fee_type": "flat", "fee_multiplier": 1,
                "scheduled_ts": "2026-01-01T00:00:00Z",
            ],
        ]
        let changed = server
        let terms = try #require(
            Harness([contract]) {
                $0.account = .direct
            } replies: {
                changed.answer($0)
            }.first)
        func fee(_ when: String) throws -> Money {
            var state = FeeState()
            let schedule = terms.fees.schedule(at: try instant(when)).schedule
            return try schedule.buyFee(price("0.5"), quantity("100"), .taker, &state)
        }
        #expect(try fee("2026-11-21T00:00:00Z") == money("0.875"))
        #expect(try fee("2026-11-30T23:59:59Z") == money("0.875"))
        #expect(try fee("2026-12-01T00:00:00Z") == money("1.75"))
        #expect(try fee("2026-12-10T00:00:00Z") == money("3.5"))
        #expect(throws: FeeFault.self) { try fee("2026-12-20T00:00:00Z") }
    }

    @Test("where series and log disagree, the dearer fee is charged; a waiver counts only when asked for")
    func dearer() throws {
        var server = try Server()
        server.series["fee_multiplier"] = 0.5
        server.seriesFees = [
            [
                "series_ticker": "KXTEST", "fee_type": "quadratic_with_maker_fees", "fee_multiplier": 1,
                "scheduled_ts": "2026-07-07T04:00:00Z",
            ]
        ]
        server.market["fee_waiver_expiration_time"] = "2026-12-01T00:00:00Z"
        let changed = server
        for (honours, expected) in [(false, "1.75"), (true, "0")] {
            let terms = try #require(
                Harness([contract]) {
                    $0.honoursFeeWaiver = honours
                } replies: {
                    changed.answer($0)
                }.first)
            var state = FeeState()
            let now = terms.fees.schedule(at: try instant("2026-11-21T01:00:00Z"))
            #expect(try now.schedule.buyFee(price("0.5"), quantity("100"), .taker, &state) == money(expected))
            #expect(try now.until == (honours ? instant("2026-12-01T00:00:00Z") : nil))
        }
    }

    @Test("V12: an exchange that does not trade pauses its markets, whatever status code says so")
    func paused() throws {
        var server = try Server()
        server.status = [
            "exchange_active": true, "trading_active": true,
            "exchange_index_statuses": [["exchange_index": 0, "exchange_active": true, "trading_active": false]],
        ]
        let shard = server
        #expect(Harness([contract]) { shard.answer($0) }.first?.status == .paused)
        server.special["/exchange/status"] = Reply(
            status: 503, body: #"{"exchange_active":false,"trading_active":false}"#)
        let down = server
        #expect(Harness([contract]) { down.answer($0) }.first?.status == .paused)
    }

    @Test(
        "statuses of the venue",
        arguments: [
            ("initialized", TradingStatus.unopened), ("active", .active), ("inactive", .paused), ("closed", .closed),
            ("determined", .closed), ("disputed", .closed), ("amended", .closed), ("finalized", .closed),
        ])
    func statuses(word: String, status: TradingStatus) throws {
        var server = try Server()
        server.market["status"] = word
        let changed = server
        #expect(Harness([contract]) { changed.answer($0) }.first?.status == status)
    }

    @Test("N16: an HTML page with status 200 is refused, asked for again with growing pauses, and healed by an answer")
    func html() throws {
        let server = try Server()
        var isPortal = true
        let harness = Harness([contract]) { path in
            path.hasPrefix("/markets") && isPortal
                ? Reply(type: "text/html", body: "<html>welcome</html>") : server.answer(path)
        }
        #expect(harness.fault?.code == "E_REF_UNREADABLE" && harness.first == nil)
        let early = harness.requests.count(where: { $0.hasPrefix("/markets") })
        harness.run(.seconds(600))
        let late = harness.requests.count(where: { $0.hasPrefix("/markets") })
        #expect((2...6).contains(early) && (early + 8...early + 25).contains(late), "\(early) \(late)")
        isPortal = false
        harness.run(.seconds(60))
        #expect(harness.first != nil && harness.fault == nil)
    }

    @Test("terms outlive a failed refresh until they are too old")
    func stale() throws {
        let server = try Server()
        var isDown = false
        let harness = Harness([contract]) { isDown ? Reply(status: 502, body: "") : server.answer($0) }
        #expect(harness.first != nil)
        isDown = true
        harness.run(.seconds(900))
        #expect(harness.fault == nil)
        harness.run(.seconds(900))
        #expect(harness.fault?.code == "E_REF_UNAVAILABLE")
    }

    @Test("a read without an answer is given up and made again; late answers are nobody's")
    func silence() throws {
        let server = try Server()
        var isSilent = true
        let harness = Harness([contract]) { isSilent ? nil : server.answer($0) }
        harness.run(.seconds(30))
        #expect(harness.fault?.code == "E_REF_UNAVAILABLE")
        isSilent = false
        harness.run(.seconds(60))
        #expect(harness.first != nil)
        let before = harness.desk.published
        let request = RestRequest(tag: 1, venue: .kalshi, service: "rest", path: "/exchange/status")
        harness.reference.answered(
            RestAnswer(
                request: request, status: 200, contentType: "application/json", body: [], fetchedAt: harness.stamp.utc),
            at: harness.stamp, into: harness.desk)
        #expect(harness.desk.published == before && harness.fault == nil)
    }

    @Test("V32: pages are joined, and pages without end are given up", arguments: [false, true])
    func pages(endless: Bool) throws {
        let server = try Server()
        let harness = Harness([contract]) { path in
            guard path.hasPrefix("/markets") else { return server.answer(path) }
            if endless { return Reply(body: #"{"markets":[],"cursor":"again"}"#) }
            return path.hasSuffix("cursor=a%2Bb") ? server.answer(path) : Reply(body: #"{"markets":[],"cursor":"a+b"}"#)
        }
        #expect(endless ? harness.fault?.code == "E_REF_PAGES" : harness.first != nil)
        #expect(harness.requests.count(where: { $0.hasPrefix("/markets") }) < 20)
    }

    @Test("many markets are read in batches, spaced, and answers from the disk are followed by fresh ones at once")
    func batches() throws {
        let server = try Server()
        let contracts = (0..<120).map { Contract(venue: .kalshi, symbol: "KXTEST-26DEC31-T\($0).5") }
        var ages: [String: Int] = [:]
        let harness = Harness(contracts) { path in
            ages[path, default: 0] += 1
            var reply: Reply?
            if path.hasPrefix("/markets") {
                let names = path.dropFirst("/markets?tickers=".count).prefix { $0 != "&" }.split(separator: ",")
                let rows = names.map { name in server.market.merging(["ticker": String(name)]) { $1 } }
                let data = try? JSONSerialization.data(withJSONObject: ["markets": rows])
                reply = Reply(body: String(decoding: data ?? Data(), as: UTF8.self))
            } else {
                reply = server.answer(path)
            }
            if ages[path] == 1 { reply?.age = .seconds(3600) }
            return reply
        }
        #expect(harness.desk.terms.count == 120 && harness.desk.faults.isEmpty)
        #expect(harness.requests.count(where: { $0.hasPrefix("/markets") }) == 6)
        #expect(ages.values.allSatisfy { $0 == 2 })
        #expect(harness.first.map { harness.stamp.utc - $0.readAt < .seconds(30) } == true)
    }

    @Test("news of the feed outranks an answer that was asked for before it, and is read about once more")
    func news() throws {
        let server = try Server()
        var harness: Harness?
        var reads = 0
        let made = Harness([contract]) { path in
            if path.hasPrefix("/markets?"), let harness {
                reads += 1
                if reads == 1 {
                    // The market is paused while the answer, which says "active", is on its way.
                    harness.move(1)
                    harness.feed.details[0].told = (.paused, harness.stamp.monotonic)
                    harness.feed.wishes.markets = true
                }
            }
            return server.answer(path)
        }
        harness = made
        made.feed.wishes = ReferenceWishes(markets: true, fees: false, isUrgent: true)
        made.run(.milliseconds(500))
        #expect(reads == 1 && made.first?.status == .paused)
        // The reading that was asked for after the news says what is true by then.
        made.run(.seconds(3))
        #expect(reads == 2 && made.first?.status == .active)
    }

    @Test("what the feed saw change is read again soon, but not at the rate of the news")
    func wishes() throws {
        let server = try Server()
        let harness = Harness([contract]) { server.answer($0) }
        let before = harness.requests.count
        for _ in 0..<100 {
            harness.feed.wishes.markets = true
            harness.run(.milliseconds(100))
        }
        let again = harness.requests[before...].count(where: { $0.hasPrefix("/markets") })
        #expect((4...11).contains(again), "\(again)")
        harness.feed.wishes.fees = true
        harness.run(.seconds(3))
        #expect(harness.requests.last?.hasPrefix("/series/fee_changes") == true)
    }
}

@Suite("Reference, recordings", .enabled(if: Samples.areThere, "samples are not beside the checkout"))
struct ReferenceRecordingTests {
    @Test(
        "recorded market pages are read, and block for what June 2026 did not send yet",
        arguments: [
            "data/books/fortuna_markets__high_temp.json", "data/books/fortuna_markets__status_open.json",
            "venues/kalshi/captured/demo_2026-06-11/markets__page1.json",
            "venues/kalshi/captured/demo_2026-06-11/markets__page2.json",
            "venues/kalshi/captured/demo_2026-06-11/markets__page3.json",
            "venues/kalshi/captured/demo_2026-06-11/markets__status_closed.json",
            "venues/kalshi/captured/demo_2026-06-11/markets__status_settled.json",
            "venues/kalshi/captured/demo_2026-06-11/markets__unauth_list.json",
            "venues/kalshi/captured/demo_2026-06-11/markets__high_temp.json",
        ])
    func pages(path: String) throws {
        let data = try Samples.sample(path)
        let rows = try Samples.object(data).list("markets")
        let server = try Server()
        for sends in [false, true] {
            let contracts = rows.map {
                Contract(venue: .kalshi, symbol: $0.text("ticker"), exchangeIndex: sends ? 0 : nil)
            }
            let harness = Harness(contracts) {
                $0.tickersPerRead = 1000
            } replies: { path in
                if path.contains("cursor=") { return Reply(body: #"{"markets":[],"cursor":""}"#) }
                if path.hasPrefix("/markets") { return Reply(body: String(decoding: data, as: UTF8.self)) }
                // Events of many names: the sample's, renamed.
                guard path.hasPrefix("/events/KX") || path.hasPrefix("/events/fee") else { return server.answer(path) }
                var renamed = server
                renamed.event["event_ticker"] = String(path.dropFirst("/events/".count))
                return renamed.answer(path)
            }
            harness.run(.seconds(120))
            #expect(!rows.isEmpty && harness.requests.count(where: { $0.hasPrefix("/markets") }) >= 1)
            if sends {
                #expect(harness.desk.terms.count == rows.count, "\(harness.desk.faults.values.map(\.text).prefix(3))")
            } else {
                #expect(harness.desk.faults.count == rows.count)
                #expect(harness.desk.faults.values.allSatisfy { $0.text.contains("exchange_index") })
            }
        }
    }

    @Test("recorded combos of an older form never crash and never trade")
    func combos() throws {
        let data = try Samples.sample("data/books/drmanhattan_kalshi_markets.json")
        let rows = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        let server = try Server()
        let harness = Harness(rows.map { Contract(venue: .kalshi, symbol: $0.text("ticker"), exchangeIndex: 1) }) {
            path in
            guard path.hasPrefix("/markets") else { return server.answer(path) }
            let list = try? JSONSerialization.data(withJSONObject: ["markets": rows])
            return Reply(body: String(decoding: list ?? Data(), as: UTF8.self))
        }
        #expect(rows.count == 5 && harness.desk.terms.isEmpty)
    }
}
