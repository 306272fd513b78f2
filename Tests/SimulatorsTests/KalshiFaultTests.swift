import Foundation
import Server
import Testing
import Trading

@testable import Simulators

@Suite("What the simulated Kalshi does wrong when it is told to")
struct KalshiFaultTests {
    private static let orders = "/portfolio/events/orders"
    private let immediate = ["time_in_force": "\"immediate_or_cancel\""]

    private func desk(
        _ kind: FaultKind, at endpoint: String = "create", nth: Int = 1
    ) throws -> KalshiDesk {
        let desk = try KalshiDesk { $0.jitterMax = .zero }
        desk.turn.faults.add(FaultPlan.Rule(kind, .kalshi, endpoint, .nth(nth)))
        return desk
    }

    private func hasStruck(_ desk: KalshiDesk, _ kind: FaultKind) -> Bool {
        desk.turn.ledger.events(.fault).map(\.reason) == [kind.rawValue] && desk.turn.faults.struck[kind] == 1
    }

    @Test("a plan strikes where and when it says, draws alike for a seed, and reads from text")
    func plan() throws {
        var plan = FaultPlan(seed: 1, [FaultPlan.Rule(.throttled, .kalshi, "create", .nth(2))])
        #expect(plan.strike(.polymarket, "create") == nil && plan.strike(.kalshi, "cancel") == nil)
        #expect(plan.strike(.kalshi, "create") == nil && plan.strike(.kalshi, "create") == .throttled)
        #expect(plan.strike(.kalshi, "create") == nil && plan.struck == [.throttled: 1])
        func draws(_ seed: UInt64) -> [Bool] {
            var plan = FaultPlan(seed: seed, [FaultPlan.Rule(.slowAnswer, .kalshi, nil, .perMillion(250_000))])
            return (0..<4_000).map { _ in plan.strike(.kalshi, "create") != nil }
        }
        #expect(draws(1) == draws(1) && draws(1) != draws(2))
        let share = draws(3).filter { $0 }.count
        #expect((800...1_200).contains(share), "\(share) of 4000")
        let rule = try #require(FaultPlan.rule("N02-lost@kalshi/create:3"))
        #expect(rule == FaultPlan.Rule(.answerLost, .kalshi, "create", .nth(3)))
        #expect(FaultPlan.rule("V01:5%") == FaultPlan.Rule(.throttled, nil, nil, .perMillion(50_000)))
        #expect(
            FaultPlan.rule("N03@polymarket") == FaultPlan.Rule(.duplicateEvent, .polymarket, nil, .perMillion(10_000)))
        for bad in ["", "X1", "V01@nobody", "V01:0", "V01:x%", "V01:101%"] { #expect(FaultPlan.rule(bad) == nil) }
    }

    @Test(
        "what never reaches the venue places nothing",
        arguments: [
            (.requestLost, .silent, 429), (.resetBefore, .reset, 429), (.throttled, .keep, 429),
            (.throttledRetry, .keep, 429), (.error500, .keep, 500), (.error502, .keep, 502), (.error503, .keep, 503),
            (.error504, .keep, 504), (.refusedFunds, .keep, 400), (.refusedAuth, .keep, 401), (.pageAnswer, .keep, 200),
        ] as [(FaultKind, WebServer.Fate, Int)])
    func before(kind: FaultKind, fate: WebServer.Fate, status: Int) throws {
        let desk = try desk(kind)
        let body = desk.order(immediate, price: "0.9900", id: "x")
        let answer = try desk.ask("POST", Self.orders, body)
        #expect(answer.response.fate == fate && answer.status == status)
        #expect(desk.venue.exchange.history.isEmpty && hasStruck(desk, kind))
        #expect((kind == .throttledRetry) == !answer.response.headers.isEmpty)
        #expect((kind == .pageAnswer) == (answer.response.contentType == "text/html" && status == 200))
        #expect(try desk.ask("POST", Self.orders, body).status == 201, "the id is free")
    }

    @Test("a late request is applied seconds after, once, and never answered; its id is used from then on")
    func late() throws {
        let desk = try desk(.requestLate)
        let body = desk.order(immediate, price: "0.9900", id: "x")
        #expect(try desk.ask("POST", Self.orders, body).response.fate == .silent)
        #expect(desk.venue.exchange.history.isEmpty)
        desk.pass(.seconds(5))
        #expect(desk.venue.exchange.history.count == 1 && desk.venue.exchange.fills.count > 0)
        #expect(desk.heard("fill").allSatisfy { $0["client_order_id"] as? String == "x" })
        #expect(try desk.ask("POST", Self.orders, body).status == 409)
    }

    @Test("an order under the same id, placed before the late one arrives, keeps it out for ever")
    func tombstone() throws {
        let desk = try desk(.requestLate)
        let body = desk.order(immediate, price: "0.9900", count: "10.00", id: "x")
        #expect(try desk.ask("POST", Self.orders, body).response.fate == .silent)
        let tombstone = desk.order(immediate, price: "0.0100", count: "0.01", id: "x")
        #expect(try desk.place(tombstone).0 == 201)
        desk.pass(.seconds(10))
        #expect(desk.venue.exchange.fills.isEmpty && desk.venue.exchange.history.count == 1)
        #expect(desk.turn.ledger.events(.rejected).map(\.reason) == ["order_already_exists"])
    }

    @Test("of an original and three tries of its tombstone one is taken, in whatever order they arrive and are lost")
    func tombstones() throws {
        // Which of the four requests are late: they arrive after all the others.
        for late in 0..<16 {
            let desk = try desk(.requestLate, nth: 99)
            for number in 1...4 where late >> (number - 1) & 1 == 1 {
                desk.turn.faults.add(FaultPlan.Rule(.requestLate, .kalshi, "create", .nth(number)))
            }
            var statuses: [Int] = []
            for number in 1...4 {
                let body =
                    number == 1
                    ? desk.order(immediate, price: "0.9900", count: "10.00", id: "x")
                    : desk.order(immediate, price: "0.0100", count: "0.01", id: "x")
                let answer = try desk.ask("POST", Self.orders, body)
                if answer.response.fate != .silent { statuses.append(answer.status) }
            }
            desk.pass(.seconds(20))
            #expect(desk.venue.exchange.history.count == 1, "late \(late)")
            #expect(
                statuses.count { $0 == 201 } == (late == 15 ? 0 : 1) && statuses.allSatisfy { $0 == 201 || $0 == 409 })
            #expect(desk.turn.ledger.events(.rejected).count == 3)
            // Only an original that came first may fill.
            #expect(desk.venue.exchange.fills.isEmpty || late & 1 == 0 || late == 15)
        }
    }

    @Test(
        "what is lost on the way back was applied all the same",
        arguments: [
            (.answerLost, .silent, 201), (.resetAfter, .reset, 201), (.endAfter, .end, 201), (.slowAnswer, .keep, 201),
            (.cutAnswer, .cut, 201), (.closeAfterAnswer, .close, 201), (.closeIdle, .keep, 201),
            (.error500Applied, .keep, 500), (.error502Applied, .keep, 502), (.error503Applied, .keep, 503),
            (.timeoutApplied, .keep, 504), (.otherOrder, .keep, 201), (.unreadable, .keep, 201),
        ] as [(FaultKind, WebServer.Fate, Int)])
    func after(kind: FaultKind, fate: WebServer.Fate, status: Int) throws {
        let desk = try desk(kind)
        let body = desk.order(immediate, price: "0.9900", count: "3.00", id: "x")
        let answer = try desk.ask("POST", Self.orders, body)
        #expect(answer.response.fate == fate && answer.status == status && hasStruck(desk, kind))
        let order = try #require(desk.venue.exchange.history.first)
        #expect(order.filled == 300 && desk.heard("fill").count >= 1)
        #expect((kind == .slowAnswer) == (answer.response.delay >= .seconds(3)))
        #expect((kind == .closeIdle) == (answer.response.closesAfter != nil))
        if status == 201, kind != .otherOrder { #expect(answer.text.contains(order.id)) }
        if kind == .otherOrder { #expect(!answer.text.contains(order.id) && !answer.text.contains("\"x\"")) }
        if kind == .unreadable {
            #expect(throws: (any Error).self) { try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) }
        }
        #expect(try desk.ask("POST", Self.orders, body).status == 409)
    }

    @Test("the market thins out, or is gone, just before the order is matched")
    func thins() throws {
        let half = try desk(.partialFill)
        let answer = try half.place(half.order(immediate, price: "0.9900", count: "20.00")).1
        #expect(answer["fill_count"] as? String == "10.00" && answer["remaining_count"] as? String == "0.00")
        let gone = try desk(.killed)
        let killed = try gone.ask(
            "POST", Self.orders, gone.order(["time_in_force": "\"fill_or_kill\""], price: "0.9900", count: "1.00"))
        #expect(killed.status == 409 && killed.text.contains("fill_or_kill_insufficient_resting_volume"))
        // The crowd comes back.
        #expect(gone.world.pairs[0].kalshi.bestAsk == nil)
        gone.pass(.seconds(3))
        #expect(gone.world.pairs[0].kalshi.bestAsk != nil)
    }

    @Test("better prices come just before the order, and it is filled at them")
    func improves() throws {
        let desk = try desk(.priceImprovement)
        let ask = try desk.best().ask
        _ = try desk.place(desk.order(immediate, price: dollars(ask), count: "5.00"))
        #expect(desk.venue.exchange.fills.map(\.mills) == [ask - desk.world.pairs[0].kalshiTick])
    }

    @Test("grid, pause and close strike between two orders")
    func turns() throws {
        let paused = try desk(.marketPaused, nth: 2)
        #expect(try paused.place(paused.order(immediate, price: "0.9900")).0 == 201)
        #expect(
            try paused.ask("POST", Self.orders, paused.order(immediate, price: "0.9900")).text.contains(
                "trading_paused"))
        let closed = try desk(.marketClosed, nth: 2)
        #expect(try closed.place(closed.order(immediate, price: "0.9900")).0 == 201)
        let answer = try closed.ask("POST", Self.orders, closed.order(immediate, price: "0.9900"))
        #expect(answer.status == 409 && answer.text.contains("market_closed"))
        let grid = try desk(.tickChange, nth: 2)
        #expect(grid.world.pairs[2].kalshiTick == 1)
        #expect(try grid.place(grid.order(place: 2, price: "0.0110", count: "1.00")).0 == 201)
        let off = try grid.ask("POST", Self.orders, grid.order(place: 2, price: "0.0110", count: "1.00"))
        #expect(off.text.contains("invalid_price") || grid.world.pairs[2].kalshiTick == 10)
        #expect(try grid.ask("POST", Self.orders, grid.order(place: 2, price: "0.0110", count: "1.00")).status == 400)
        let whole = try desk(.exchangePaused)
        #expect(try whole.ask("POST", Self.orders, whole.order(price: "0.0100")).text.contains("trading_paused"))
        whole.pass(.seconds(6))
        #expect(try whole.ask("POST", Self.orders, whole.order(price: "0.0100")).status == 201)
    }

    @Test("somebody trades by hand: the position moves, and the order is none of ours")
    func foreign() throws {
        let desk = try desk(.foreignTrade)
        _ = try desk.place(desk.order(price: "0.0100", count: "1.00", id: "mine"))
        #expect(desk.venue.position("ours", desk.world.pairs[0].ticker) == 100)
        #expect(desk.heard("fill").allSatisfy { $0["client_order_id"] as? String != "mine" })
        #expect(desk.turn.ledger.events(.accepted).contains { $0.reason == "by hand" })
    }

    @Test("a fill may be more than was ordered")
    func overfills() throws {
        let desk = try desk(.overfill)
        let id = try #require(
            desk.place(desk.order(immediate, price: "0.9900", count: "2.00")).1["order_id"] as? String)
        #expect(desk.venue.exchange.orders[id]?.filled == 300)
        #expect(desk.venue.position("ours", desk.world.pairs[0].ticker) == 300)
    }

    @Test("a cancel races with a fill, or is told of nothing while the order stands")
    func cancels() throws {
        let race = try desk(.cancelRace, at: "cancel")
        let id = try #require(race.place(race.order(price: "0.0100", count: "2.00")).1["order_id"] as? String)
        #expect(try race.ask("DELETE", Self.orders + "/\(id)").status == 404)
        #expect(race.venue.exchange.orders[id]?.status == .executed)
        let missing = try desk(.cancelNotFound, at: "cancel")
        let other = try #require(missing.place(missing.order(price: "0.0100")).1["order_id"] as? String)
        #expect(try missing.ask("DELETE", Self.orders + "/\(other)").status == 404)
        #expect(missing.venue.exchange.orders[other]?.isLive == true)
        #expect(try missing.ask("DELETE", Self.orders + "/\(other)").status == 200)
    }

    @Test("the stream repeats, loses, reorders or falls silent until there is a new connection")
    func streams() throws {
        func run(_ kind: FaultKind) throws -> (delays: [Int64], desk: KalshiDesk) {
            let desk = try desk(kind, at: "stream")
            _ = try desk.place(desk.order(immediate, price: "0.9900", count: "1.00"))
            return (desk.turn.takeDeliveries().map(\.delay), desk)
        }
        let plain = try run(.throttled).delays.count
        #expect(plain >= 3)
        #expect(try run(.duplicateEvent).delays.count == plain + 1)
        #expect(try run(.eventLost).delays.count == plain - 1)
        #expect(try run(.reorderedEvents).delays.contains { $0 > 0 })
        let silent = try run(.silentUser)
        #expect(silent.delays.isEmpty)
        _ = try silent.desk.place(silent.desk.order(immediate, price: "0.9900", count: "1.00"))
        #expect(silent.desk.turn.takeDeliveries().isEmpty)
        silent.desk.venue.opened(2, "/trade-api/ws/v2", silent.desk.turn)
        _ = try silent.desk.place(silent.desk.order(immediate, price: "0.9900", count: "1.00"))
        #expect(silent.desk.turn.takeDeliveries().count == plain)
    }

    @Test("lists come back empty, short of a row, or with a cursor that never ends; a revoked key is out")
    func reads() throws {
        for (kind, check) in [
            (.emptyList, { $0.contains("\"orders\":[]") }),
            (.droppedRow, { !$0.contains("\"o1\"") && $0.contains("\"o0\"") }),
            (.cursorLoop, { $0.contains("\"cursor\":\"zzzzzz\"") }),
        ] as [(FaultKind, (String) -> Bool)] {
            let desk = try desk(kind, at: "orders")
            for index in 0..<2 { _ = try desk.place(desk.order(price: "0.0100", id: "o\(index)")) }
            let text = try desk.ask("GET", "/portfolio/orders").text
            #expect(check(text), "\(kind): \(text)")
            #expect((try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil)
        }
        let revoked = try desk(.keyRevoked, at: "balance")
        #expect(try revoked.ask("GET", "/portfolio/balance").status == 401)
        #expect(try revoked.ask("POST", Self.orders, revoked.order(price: "0.0100")).status == 401)
    }

    @Test("a read may tell of a past that a write has changed")
    func stale() throws {
        let desk = try desk(.staleRead, at: "order", nth: 2)
        desk.pass(.seconds(2))
        let answer = try desk.place(desk.order(price: "0.0100")).1
        let path = "/portfolio/orders/" + (answer["order_id"] as? String ?? "")
        desk.pass(.milliseconds(100))
        #expect(try desk.ask("GET", path).status == 200)
        #expect(try desk.ask("GET", path).status == 404)
        #expect(try desk.ask("GET", path).status == 200)
    }

    @Test("commands over the port do what they say and refuse what they do not know")
    func control() throws {
        let desk = try KalshiDesk()
        let ticker = desk.world.pairs[0].ticker
        func command(_ body: String) throws -> (Int, String) {
            let request = WebServer.Request(method: "POST", target: "/sim", body: Array(body.utf8))
            let answer = try #require(desk.venue.handle(request, desk.turn))
            desk.settle()
            return (answer.status, String(decoding: answer.body, as: UTF8.self))
        }
        #expect(
            try command(#"{"do":"by_hand","ticker":"\#(ticker)","side":"bid","mills":990,"hundredths":300}"#).0 == 200)
        #expect(desk.venue.position("ours", ticker) == 300)
        #expect(try command(#"{"do":"fault","rule":"V01@kalshi/create:1"}"#).0 == 200)
        #expect(try desk.ask("POST", Self.orders, desk.order()).status == 429)
        for verb in ["pause", "resume", "close", "determine"] {
            #expect(try command(#"{"do":"\#(verb)","ticker":"\#(ticker)"}"#).0 == 200)
        }
        #expect(try command(#"{"do":"finalize","ticker":"\#(ticker)","yes_mills":0}"#).0 == 200)
        #expect(desk.venue.position("ours", ticker) == 0)
        #expect(try command(#"{"do":"truth"}"#).1.contains("\"kind\":\"settled\""))
        for bad in ["", "{}", #"{"do":"dance"}"#, #"{"do":"close","ticker":"X"}"#, #"{"do":"fault","rule":"X"}"#] {
            #expect(try command(bad).0 == 400, "\(bad)")
        }
    }
}
