import Foundation
import Testing
import Trading

@testable import Polymarket
@testable import Server
@testable import Simulators

@Suite("Polymarket's loopback faults")
struct PolymarketFaultTests {
    /// A desk where the first request of an endpoint suffers a fault.
    private func desk(
        _ kind: FaultKind, _ endpoint: String = "create", nth: Int = 1, seed: UInt64 = 1,
        _ change: (inout PolymarketTrading.Settings) -> Void = { _ in }
    ) throws -> PolymarketDesk {
        let desk = try PolymarketDesk(seed: seed, change)
        desk.turn.faults = FaultPlan(seed: seed, [.init(kind, .polymarket, endpoint, .nth(nth))])
        desk.listen()
        return desk
    }

    /// Posts an order that takes twenty shares of the first pair.
    private func take(_ desk: PolymarketDesk, _ life: OrderTicket.Lifetime = .ioc) throws -> (
        WebServer.Response, String
    ) {
        let ask = (try? desk.best(0).ask) ?? 5_000
        let order = try desk.order(desk.world.pairs[0].yesToken, .buy, price: ask, size: 2_000, life)
        return (desk.send("POST", "/order", order.bytes), order.id)
    }

    private func rest(_ desk: PolymarketDesk, size: Int = 1_000) throws -> String {
        let bid = try desk.best(0).bid
        let order = try desk.order(
            desk.world.pairs[0].yesToken, .buy, price: bid, size: size, .gtc(isPostOnly: false))
        #expect(try desk.ask("POST", "/order", order.bytes)["status"] as? String == "live")
        return order.id
    }

    private func text(_ answer: WebServer.Response) -> String { String(decoding: answer.body, as: UTF8.self) }

    private func struck(_ desk: PolymarketDesk, _ kind: FaultKind) {
        #expect(desk.turn.faults.struck[kind] == 1)
        #expect(desk.turn.ledger.events(.fault).map(\.reason) == [kind.rawValue])
    }

    @Test(
        "N01, N02, N05, N07, N16, N19, V02, V03, S05: the wire fails around an order that is applied or not",
        arguments: [
            (FaultKind.requestLost, WebServer.Fate.silent, 200, false), (.resetBefore, .reset, 200, false),
            (.answerLost, .silent, 200, true), (.resetAfter, .reset, 200, true), (.endAfter, .end, 200, true),
            (.cutAnswer, .cut, 200, true), (.closeAfterAnswer, .close, 200, true), (.slowAnswer, .keep, 200, true),
            (.closeIdle, .keep, 200, true), (.pageAnswer, .keep, 200, true), (.unreadable, .keep, 200, true),
            (.throttled, .keep, 429, false), (.throttledRetry, .keep, 429, false), (.error500, .keep, 500, false),
            (.error502, .keep, 502, false), (.error503, .keep, 503, false), (.error504, .keep, 504, false),
            (.error500Applied, .keep, 500, true), (.error502Applied, .keep, 502, true),
            (.error503Applied, .keep, 503, true), (.timeoutApplied, .keep, 504, true),
            (.refusedFunds, .keep, 400, false), (.refusedAuth, .keep, 401, false), (.keyRevoked, .keep, 401, false),
            (.marketPaused, .keep, 400, false), (.marketClosed, .keep, 404, false), (.otherOrder, .keep, 200, true),
        ])
    func wire(kind: FaultKind, fate: WebServer.Fate, status: Int, isApplied: Bool) throws {
        let desk = try desk(kind)
        let (answer, id) = try take(desk)
        #expect(answer.fate == fate && (fate == .silent || fate == .reset || answer.status == status))
        #expect((desk.trading.exchange.order(id) != nil) == isApplied)
        #expect(desk.turn.ledger.events(.filled).count == (isApplied ? 1 : 0))
        struck(desk, kind)
        switch kind {
        case .slowAnswer: #expect(answer.delay == .seconds(3))
        case .closeIdle: #expect(answer.closesAfter != nil)
        case .pageAnswer: #expect(answer.contentType == "text/html")
        case .unreadable: #expect((try? PolymarketDesk.object(answer)) == nil)
        case .throttled: #expect(answer.headers.isEmpty)
        case .throttledRetry: #expect(answer.headers.contains { $0.name == "retry-after" })
        case .otherOrder:
            let named = try #require(try PolymarketDesk.object(answer)["orderID"] as? String)
            #expect(named != id && named.utf8.count == 66)
        default: break
        }
        // The next one goes through, but where the fault has changed the venue.
        let again = try take(desk).0
        switch kind {
        case .keyRevoked: #expect(again.status == 401)
        case .marketPaused: #expect(text(again).contains("not yet ready"))
        case .marketClosed: #expect(text(again).contains("No orderbook exists"))
        default: #expect(again.status == 200)
        }
    }

    @Test("N01-late: a request that comes seconds later is applied then, and answered to nobody")
    func late() throws {
        let desk = try desk(.requestLate)
        let (answer, id) = try take(desk)
        #expect(answer.fate == .silent && desk.trading.exchange.order(id) == nil)
        desk.pass(2_900_000_000)
        #expect(desk.trading.exchange.order(id) == nil)
        desk.pass(200_000_000)
        #expect(desk.trading.exchange.order(id)?.status == .matched)
    }

    @Test("V12: a restart is 425, then only what rests is taken, then all is well; cancels go on after the restart")
    func restart() throws {
        let desk = try desk(.engineRestart, nth: 2)
        let id = try rest(desk)
        #expect(try take(desk).0.status == 425)
        let body = Array(#"{"orderID":"\#(id)"}"#.utf8)
        #expect(desk.send("DELETE", "/order", body).status == 425)
        desk.pass(2_100_000_000)
        let answer = try take(desk).0
        #expect(answer.status == 503 && text(answer).contains("post_only_mode"))
        #expect(answer.headers.contains { $0.name == "retry-after" })
        #expect(try desk.ask("DELETE", "/order", body)["canceled"] as? [String] == [id])
        let resting = try desk.order(
            desk.world.pairs[0].yesToken, .buy, price: desk.best(0).bid, size: 1_000, .gtc(isPostOnly: true))
        #expect(desk.send("POST", "/order", resting.bytes).status == 200)
        desk.pass(3_100_000_000)
        #expect(try take(desk).0.status == 200)
    }

    @Test(
        "V12: post-only mode and a pause of the exchange are 503 and end",
        arguments: [
            FaultKind.postOnlyMode, .exchangePaused,
        ])
    func modes(kind: FaultKind) throws {
        let desk = try desk(kind)
        #expect(try take(desk).0.status == 503)
        desk.pass(3_100_000_000)
        #expect(try take(desk).0.status == 200)
    }

    @Test("V06, V39: half is gone just before the match; a better price appears just before it")
    func liquidity() throws {
        let partial = try desk(.partialFill)
        let (half, _) = try take(partial)
        #expect(try PolymarketDesk.object(half)["takingAmount"] as? String == "10")
        let improved = try desk(.priceImprovement)
        let ask = try improved.best(0).ask
        let order = try improved.body(
            improved.world.pairs[0].yesToken, .buy, making: ask * 1_000, taking: 10_000_000, .fok)
        let answer = try improved.ask("POST", "/order", order.bytes)
        let shares = try #require(Double(answer["takingAmount"] as? String ?? ""))
        // All of the budget but what no more shares can be had for.
        let spent = try #require(improved.trading.exchange.orders.last?.cash)
        #expect(shares > 10 && (ask * 1_000 - PolymarketMatching.dust...ask * 1_000).contains(spent))
    }

    @Test("V07: a FOK order is killed in both shapes that the venue has")
    func kills() throws {
        var shapes: Set<Int> = []
        for seed in 1...12 {
            let desk = try desk(.killed, seed: UInt64(seed))
            let (answer, id) = try take(desk, .fok)
            shapes.insert(answer.status)
            #expect(text(answer).contains("FOK orders are fully filled or killed"))
            if answer.status == 200 {
                let object = try PolymarketDesk.object(answer)
                #expect(object["success"] as? Bool == true && object["orderID"] as? String == id)
            }
            #expect(desk.trading.exchange.trades.isEmpty && desk.trading.exchange.order(id) == nil)
        }
        #expect(shapes == [200, 400])
    }

    @Test("V08: a delayed order is matched a second later")
    func delayed() throws {
        let desk = try desk(.delayedMatch)
        let (answer, id) = try take(desk)
        #expect(try PolymarketDesk.object(answer)["status"] as? String == "delayed")
        desk.pass(1_100_000_000)
        #expect(desk.trading.exchange.order(id)?.status == .matched)
    }

    @Test("V10: the grid changes under an order's price")
    func ticks() throws {
        let desk = try desk(.tickChange)
        let order = try desk.order(
            desk.world.pairs[1].yesToken, .buy, price: 1_110, size: 1_000, .gtc(isPostOnly: false))
        #expect(desk.world.pairs[1].polymarketTick == 1)
        let answer = desk.send("POST", "/order", order.bytes)
        #expect(text(answer).contains("Price (0.111) breaks minimum tick size rule: 0.01"))
        #expect(desk.world.pairs[1].polymarketTick == 10)
    }

    @Test("V20, V21: trades fail, are retried, go back, or are not heard of again", arguments: 1...10)
    func settlement(seed: UInt64) throws {
        let failing = try desk(.failedTrade, seed: seed)
        let cash = failing.trading.exchange.accounts[2].cash
        _ = try take(failing)
        failing.pass(5_000_000_000)
        let told = failing.frames.compactMap {
            $0.object["event_type"] as? String == "trade" ? $0.object["status"] as? String : nil
        }
        #expect(told.last == "FAILED" && told.first == "MATCHED")
        #expect(failing.trading.exchange.accounts[2].cash == cash)
        #expect(failing.turn.ledger.events(.failed).count == 1)
        let retrying = try desk(.retryingTrade, seed: seed)
        _ = try take(retrying)
        retrying.pass(5_000_000_000)
        let statuses = retrying.frames.compactMap {
            $0.object["event_type"] as? String == "trade" ? $0.object["status"] as? String : nil
        }
        #expect(statuses.contains("RETRYING") || statuses.count == 1 || statuses.count == 6)
        #expect([.confirmed, .failed].contains(retrying.trading.exchange.trades[0].status))
    }

    @Test("V13, V14: an order fills while its cancel is on the way; a cancel says not found and does nothing")
    func cancels() throws {
        let race = try desk(.cancelRace, "cancel")
        let id = try rest(race)
        let answer = try race.ask("DELETE", "/order", Array(#"{"orderID":"\#(id)"}"#.utf8))
        #expect((answer["not_canceled"] as? [String: String])?[id] == "already canceled or matched")
        #expect(race.trading.exchange.order(id)?.status == .matched)
        let lost = try desk(.cancelNotFound, "cancel")
        let other = try rest(lost)
        let refusal = try lost.ask("DELETE", "/order", Array(#"{"orderID":"\#(other)"}"#.utf8))
        #expect((refusal["not_canceled"] as? [String: String])?[other]?.contains("can't be found") == true)
        #expect(lost.trading.exchange.order(other)?.status == .live)
    }

    @Test("V31, V32: lists are empty, loop, lose a row, or tell of the past")
    func lists() throws {
        for kind in [FaultKind.emptyList, .cursorLoop, .droppedRow, .staleRead] {
            let desk = try desk(kind, "orders") { $0.page = 3 }
            for _ in 0..<4 { _ = try rest(desk, size: 500) }
            let page = try desk.ask("GET", "/data/orders")
            let rows = try #require(page["data"] as? [Any])
            let next = page["next_cursor"] as? String
            switch kind {
            case .cursorLoop: #expect(rows.count == 3 && next == "MA==")
            case .droppedRow: #expect(rows.count == 2 && next != "LTE=")
            default: #expect(rows.isEmpty && next == "LTE=")
            }
            struck(desk, kind)
        }
    }

    @Test("N03, N04, V18, V22: events of the channel come twice, in another order, not at all, or never again")
    func events() throws {
        func statuses(_ kind: FaultKind, nth: Int = 1) throws -> [String] {
            let desk = try desk(kind, "stream", nth: nth)
            _ = try take(desk)
            desk.pass(5_000_000_000)
            return desk.frames.compactMap { frame in
                frame.object["event_type"] as? String == "trade" ? frame.object["status"] as? String : nil
            }
        }
        // The first event is the trade's first.
        #expect(try statuses(.duplicateEvent) == ["MATCHED", "MATCHED", "MINED", "CONFIRMED"])
        #expect(try statuses(.eventLost) == ["MINED", "CONFIRMED"])
        #expect(try statuses(.silentUser).isEmpty)
        #expect(try Set(statuses(.reorderedEvents)) == ["MATCHED", "MINED", "CONFIRMED"])
    }

    @Test("V28: five shares more than asked are traded, paid for and written down")
    func overfills() throws {
        let desk = try desk(.overfill)
        let (answer, id) = try take(desk)
        #expect(answer.status == 200)
        let filled = desk.turn.ledger.events(.filled).filter { $0.orderID == id }
        #expect(filled.count == 2 && filled.reduce(0) { $0 + $1.quantity } == 25_000_000)
        struck(desk, .overfill)
        desk.pass(5_000_000_000)
        #expect(desk.trading.exchange.accounts[2].tokens[PolymarketToken(0, 0)] == 1_000_000_000 + 25_000_000)
    }

    @Test("V36: somebody trades by hand on the account: shares appear that no order of ours explains")
    func byHand() throws {
        let desk = try desk(.foreignTrade)
        let (_, _) = try take(desk)
        desk.pass(2_000_000_000)
        let held = desk.trading.exchange.accounts[2].tokens[PolymarketToken(0, 0)]
        #expect(held == 1_000_000_000 + 20_000_000 + 5_000_000)
        #expect(desk.turn.ledger.events(.moved).count == 1)
    }

    @Test("every fault that the venue says it can bring about is brought about by a test of this file")
    func complete() {
        let all = PolymarketTrading.kinds(.create).union(PolymarketTrading.kinds(.cancel))
            .union(PolymarketTrading.kinds(.orders))
        let tested: Set<FaultKind> = [
            .requestLost, .resetBefore, .answerLost, .resetAfter, .endAfter, .cutAnswer, .closeAfterAnswer, .slowAnswer,
            .closeIdle, .pageAnswer, .unreadable, .throttled, .throttledRetry, .error500, .error502, .error503,
            .error504, .error500Applied, .error502Applied, .error503Applied, .timeoutApplied, .refusedFunds,
            .refusedAuth, .keyRevoked, .marketPaused, .marketClosed, .otherOrder, .requestLate, .engineRestart,
            .postOnlyMode, .exchangePaused, .partialFill, .priceImprovement, .killed, .delayedMatch, .tickChange,
            .failedTrade, .retryingTrade, .cancelRace, .cancelNotFound, .emptyList, .cursorLoop, .droppedRow,
            .staleRead, .foreignTrade, .overfill,
        ]
        #expect(all == tested)
    }
}
