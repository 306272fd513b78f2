import Foundation
import Server
import Testing
import Trading

@testable import Simulators

@Suite("Orders at the simulated Kalshi")
struct KalshiTradingTests {
    private static let orders = "/portfolio/events/orders"

    private func text(_ object: [String: Any], _ name: String) -> String { object[name] as? String ?? "" }

    private func id(_ object: [String: Any]) throws -> String { try #require(object["order_id"] as? String) }

    private let immediate = ["time_in_force": "\"immediate_or_cancel\""]
    private let kill = ["time_in_force": "\"fill_or_kill\""]

    @Test("an immediate order takes at the resting prices, pays exact fees, and everything that tells of it agrees")
    func immediateOrder() throws {
        let desk = try KalshiDesk()
        let ask = try desk.best().ask
        let size = desk.world.pairs[0].kalshi.asks[ask]
        let count = size + 1_000
        let (status, answer) = try desk.place(
            desk.order(immediate, price: dollars(ask + 10), count: SimText.two(count), id: "first"))
        #expect(status == 201)
        #expect(text(answer, "fill_count") == SimText.two(count) && text(answer, "remaining_count") == "0.00")
        let fills = desk.venue.exchange.fills
        #expect(fills.map(\.mills) == [ask, ask + 10] && fills.map(\.count) == [size, 1_000])
        let fee = fills.reduce(0) { $0 + $1.fee }
        let cost = fills.reduce(0) { $0 + $1.mills * $1.count * 10 }
        #expect(desk.venue.cash("ours", shard: 0).all == 10_000_000_000 - cost - fee)
        let ticker = desk.world.pairs[0].ticker
        #expect(desk.venue.position("ours", ticker) == count)
        // The stream: one fill a match, the order done, the position.
        let heard = desk.heard("fill")
        #expect(heard.count == 2 && heard.allSatisfy { $0["client_order_id"] as? String == "first" })
        #expect(heard.last?["post_position_fp"] as? String == SimText.two(count))
        #expect(desk.heard("user_orders").last?["status"] as? String == "executed")
        #expect(desk.heard("market_positions").last?["position_fp"] as? String == SimText.two(count))
        // The reads.
        let order = try desk.object("GET", "/portfolio/orders/\(try id(answer))").1["order"] as? [String: Any] ?? [:]
        #expect(text(order, "fill_count_fp") == SimText.two(count) && text(order, "status") == "executed")
        #expect(text(order, "taker_fees_dollars") == KalshiNumbers.dollars6(fee))
        #expect(text(order, "taker_fill_cost_dollars") == KalshiNumbers.dollars6(cost))
        let rows = try desk.object("GET", "/portfolio/fills?ticker=\(ticker)").1["fills"] as? [[String: Any]] ?? []
        #expect(rows.count == 2 && rows.allSatisfy { $0["client_order_id"] == nil })
        #expect(Set(rows.map { text($0, "trade_id") }) == Set(heard.map { text($0, "trade_id") }))
        let positions = try desk.object("GET", "/portfolio/positions").1["market_positions"] as? [[String: Any]] ?? []
        #expect(positions.map { text($0, "position_fp") } == [SimText.two(count)])
        let balance = try desk.object("GET", "/portfolio/balance").1
        #expect(text(balance, "balance_dollars") == KalshiNumbers.dollars4(10_000_000_000 - cost - fee))
        // The market shows what was taken.
        #expect(desk.world.pairs[0].shown(0).asks[ask] == 0)
        // The truth, step by step.
        let kinds = desk.turn.ledger.events(order: "first").map(\.kind)
        #expect(kinds == [.received, .accepted, .filled, .filled])
    }

    @Test("what an immediate order cannot fill is gone; what cannot fill whole is killed and takes nothing")
    func partly() throws {
        let desk = try KalshiDesk()
        let ask = try desk.best().ask
        let size = desk.world.pairs[0].kalshi.asks[ask]
        let killed = try desk.ask(
            "POST", Self.orders, desk.order(kill, price: dollars(ask), count: SimText.two(size + 1)))
        #expect(killed.status == 409 && desk.venue.exchange.fills.isEmpty)
        let (_, answer) = try desk.place(desk.order(immediate, price: dollars(ask), count: SimText.two(size + 500)))
        #expect(text(answer, "fill_count") == SimText.two(size) && text(answer, "remaining_count") == "0.00")
        #expect(desk.heard("user_orders").last?["status"] as? String == "canceled")
        let none = try desk.place(desk.order(immediate, price: "0.0100")).1
        #expect(text(none, "fill_count") == "0.00" && none["average_fill_price"] == nil)
        let next = try desk.best().ask
        let whole = try desk.place(desk.order(kill, price: dollars(next), count: "1.00")).1
        #expect(text(whole, "fill_count") == "1.00")
        #expect(text(whole, "average_fill_price") == dollars(next))
    }

    @Test(
        "an order rests in line behind the crowd, shows in the book, fills when its turn comes, as a maker without fee")
    func rests() throws {
        let desk = try KalshiDesk()
        let bid = try desk.best().bid
        let crowd = desk.world.pairs[0].kalshi.bids[bid]
        let (status, answer) = try desk.place(desk.order(price: dollars(bid), count: "5.00"))
        #expect(status == 201 && text(answer, "remaining_count") == "5.00")
        #expect(desk.world.pairs[0].shown(0).bids[bid] == crowd + 500)
        let ticker = desk.world.pairs[0].ticker
        let id = try id(answer)
        let ahead = try desk.object("GET", "/portfolio/orders/\(id)/queue_position").1
        #expect(text(ahead, "queue_position_fp") == SimText.two(crowd))
        #expect(desk.venue.cash("ours", shard: 0).free == 10_000_000_000 - bid * 500 * 10)
        desk.command { desk.venue.crowdTakes(ticker, isBid: false, limit: bid, count: crowd + 200, desk.turn) }
        #expect(desk.venue.position("ours", ticker) == 200)
        let fill = try #require(desk.heard("fill").last)
        #expect(fill["is_taker"] as? Bool == false && fill["fee_cost"] as? String == "0.000000")
        #expect(desk.venue.cash("ours", shard: 0).all == 10_000_000_000 - bid * 200 * 10)
        let cancelled = try desk.object("DELETE", Self.orders + "/\(id)")
        #expect(cancelled.0 == 200 && text(cancelled.1, "reduced_by") == "3.00")
        #expect(desk.heard("user_orders").last?["status"] as? String == "canceled")
        #expect(desk.venue.cash("ours", shard: 0).free == desk.venue.cash("ours", shard: 0).all)
        // Unknown, cancelled and executed orders are told alike.
        let gone = try desk.ask("DELETE", Self.orders + "/\(id)")
        let unknown = try desk.ask("DELETE", Self.orders + "/nothing")
        #expect(gone.status == 404 && gone.text == unknown.text)
    }

    @Test("what closes a position is netted and paid out at once, and needs no money")
    func netting() throws {
        let desk = try KalshiDesk { $0.cash["ours"] = [0: 12_000_000] }
        let (bid, ask) = try desk.best()
        let ticker = desk.world.pairs[0].ticker
        let held = 12_000_000 / (ask * 10 + 200) / 100 * 100
        #expect(try desk.place(desk.order(immediate, price: dollars(ask), count: SimText.two(held))).0 == 201)
        let before = desk.venue.cash("ours", shard: 0).all
        #expect(desk.venue.position("ours", ticker) == held)
        let sold = try desk.place(desk.order(immediate, side: "ask", price: dollars(bid), count: SimText.two(held)))
        #expect(sold.0 == 201 && desk.venue.position("ours", ticker) == 0)
        let fee = desk.venue.exchange.fills.filter { !$0.isBid }.reduce(0) { $0 + $1.fee }
        let sale = desk.venue.exchange.fills.filter { !$0.isBid }.reduce(0) { $0 + $1.mills * $1.count * 10 }
        #expect(desk.venue.cash("ours", shard: 0).all == before + sale - fee)
        #expect(desk.venue.exchange.collateral == 0)
    }

    @Test("reduce-only is cut to the position and, with none, taken and cancelled")
    func reduceOnly() throws {
        let desk = try KalshiDesk()
        let reduce = immediate.merging(["reduce_only": "true"]) { $1 }
        let none = try desk.place(desk.order(reduce, side: "ask", price: "0.0100")).1
        #expect(text(none, "fill_count") == "0.00")
        #expect(desk.heard("user_orders").last?["last_update_reason"] as? String == "ReduceOnlyCancel")
        _ = try desk.place(desk.order(immediate, price: "0.9900", count: "3.00"))
        let some = try desk.place(desk.order(reduce, side: "ask", price: "0.0100", count: "10.00")).1
        #expect(text(some, "fill_count") == "3.00" && text(some, "remaining_count") == "0.00")
        #expect(desk.venue.position("ours", desk.world.pairs[0].ticker) == 0)
    }

    @Test("meeting an order of one's own stops the taker, or takes the maker away, as asked")
    func selfTrade() throws {
        let desk = try KalshiDesk()
        let (bid, ask) = try desk.best()
        let own = try desk.place(desk.order(price: dollars(bid + 10), count: "2.00")).1
        let stopped = try desk.place(desk.order(immediate, side: "ask", price: dollars(bid + 10), count: "2.00"))
        #expect(stopped.0 == 201 && text(stopped.1, "fill_count") == "0.00")
        #expect(desk.heard("user_orders").last?["last_update_reason"] as? String == "SelfTradeCancel")
        let rules = immediate.merging(["self_trade_prevention_type": "\"maker\""]) { $1 }
        let went = try desk.place(desk.order(rules, side: "ask", price: dollars(bid), count: "2.00")).1
        #expect(text(went, "fill_count") == "2.00")
        #expect(desk.venue.exchange.orders[try id(own)]?.status == .canceled)
        #expect(desk.venue.exchange.fills.map(\.mills) == [bid] && ask > bid)
    }

    @Test("amending keeps the place for less, loses it for more or another price, and may take at once")
    func amends() throws {
        let desk = try KalshiDesk()
        let (bid, ask) = try desk.best()
        let ticker = desk.world.pairs[0].ticker
        let placed = try desk.place(desk.order(price: dollars(bid), count: "5.00", id: "mine")).1
        let id = try id(placed)
        let order = try #require(desk.venue.exchange.orders[id])
        func amend(_ price: Int, _ count: String, _ more: String = "") throws -> (Int, [String: Any]) {
            try desk.object(
                "POST", Self.orders + "/\(id)/amend",
                #"{"ticker":"\#(ticker)","side":"bid","price":"\#(dollars(price))","count":"\#(count)"\#(more)}"#)
        }
        let line = order.sequence
        #expect(try text(amend(bid, "3.00").1, "remaining_count") == "3.00")
        #expect(order.sequence == line)
        #expect(try text(amend(bid, "8.00").1, "remaining_count") == "8.00")
        #expect(order.sequence > line)
        #expect(try amend(bid, "8.00", #","updated_client_order_id":"other""#).0 == 200)
        #expect(try amend(bid, "8.00", #","client_order_id":"mine""#).0 == 400)
        let took = try amend(ask, "9.00", #","client_order_id":"other""#).1
        #expect(text(took, "fill_count") == "9.00" && order.status == .executed)
        #expect(try desk.ask("POST", Self.orders, desk.order(price: "0.0100", id: "mine")).status == 409)
        #expect(try desk.ask("POST", Self.orders, desk.order(price: "0.0100", id: "other")).status == 409)
        for (change, code) in [("\"side\":\"ask\"", "order_side_mismatch"), ("\"side\":\"bid\"", "not_found")] {
            let rest = try desk.place(desk.order(price: "0.0100", count: "1.00")).1
            let other = code == "not_found" ? id : try self.id(rest)
            let answer = try desk.ask(
                "POST", Self.orders + "/\(other)/amend",
                "{\"ticker\":\"\(ticker)\",\(change),\"price\":\"0.0100\",\"count\":\"1.00\"}")
            #expect(answer.text.contains(code), "\(answer.text)")
        }
    }

    @Test("a decrease takes exactly one of two words; to nothing it cancels")
    func decreases() throws {
        let desk = try KalshiDesk()
        let id = try id(try desk.place(desk.order(price: "0.0100", count: "5.00")).1)
        let path = Self.orders + "/\(id)/decrease"
        #expect(try text(desk.object("POST", path, #"{"reduce_by":"1.50"}"#).1, "remaining_count") == "3.50")
        #expect(try text(desk.object("POST", path, #"{"reduce_to":"2.00"}"#).1, "remaining_count") == "2.00")
        for body in [
            #"{}"#, #"{"reduce_to":"1.00","reduce_by":"1.00"}"#, #"{"reduce_to":"9.00"}"#, #"{"reduce_by":1}"#,
        ] {
            #expect(try desk.ask("POST", path, body).status == 400, "\(body)")
        }
        #expect(try text(desk.object("POST", path, #"{"reduce_by":"5.00"}"#).1, "remaining_count") == "0.00")
        #expect(try desk.ask("POST", path, #"{"reduce_to":"1.00"}"#).status == 404)
    }

    @Test("a cancel finds its order on the shard it names, or by the market, and nowhere else")
    func shards() throws {
        let desk = try KalshiDesk(shards: 3)
        #expect(desk.world.pairs[2].shard == 2)
        let id = try id(try desk.place(desk.order(place: 2, price: "0.0100")).1)
        let path = Self.orders + "/\(id)"
        #expect(try desk.ask("DELETE", path).status == 404)
        #expect(try desk.ask("DELETE", path + "?exchange_index=1").status == 404)
        #expect(try desk.ask("DELETE", path + "?market_ticker=\(desk.world.pairs[0].ticker)").status == 404)
        #expect(
            try desk.ask("DELETE", path + "?exchange_index=-1&market_ticker=\(desk.world.pairs[2].ticker)").status
                == 200)
        // Money of one shard does not pay for another.
        let body =
            #"{"source":"event_contract","destination":"event_contract","amount":99000000,"source_exchange_shard":2,"destination_exchange_shard":0}"#
        #expect(try desk.ask("POST", "/portfolio/intra_exchange_instance_transfer", body).status == 200)
        #expect(desk.venue.cash("ours", shard: 2).all == 100_000_000)
        #expect(desk.venue.cash("ours", shard: 0).all == 19_900_000_000)
        let poor = try desk.ask("POST", Self.orders, desk.order(place: 2, price: "0.0100", count: "15000.00"))
        #expect(poor.status == 400 && poor.text.contains("insufficient_balance"))
        #expect(
            try desk.ask("POST", Self.orders, desk.order(place: 0, price: "0.0100", count: "15000.00")).status == 201)
        let balance = try desk.object("GET", "/portfolio/balance?exchange_index=2").1
        #expect(text(balance, "balance_dollars") == "100.0000")
    }

    @Test("a batch is answered one by one, and cancel-all leaves nothing behind")
    func batches() throws {
        let desk = try KalshiDesk()
        let list = [
            desk.order(price: "0.0100", id: "a"), desk.order(price: "0.0150", id: "b"),
            desk.order(price: "0.0200", id: "c"),
        ]
        let (status, answer) = try desk.object(
            "POST", Self.orders + "/batched", "{\"orders\":[\(list.joined(separator: ","))]}")
        let items = answer["orders"] as? [[String: Any]] ?? []
        #expect(status == 201 && items.map { text($0, "client_order_id") } == ["a", "b", "c"])
        #expect((items[1]["error"] as? [String: Any])?["code"] as? String == "invalid_price")
        let first = try id(items[0])
        let cancelled = try desk.object(
            "DELETE", Self.orders + "/batched", #"{"orders":[{"order_id":"\#(first)"},{"order_id":"none"}]}"#)
        let rows = cancelled.1["orders"] as? [[String: Any]] ?? []
        #expect(rows.map { text($0, "reduced_by") } == ["10.00", "0.00"])
        #expect((rows[1]["error"] as? [String: Any])?["code"] as? String == "not_found")
        let all = try desk.ask("DELETE", Self.orders)
        #expect(all.status == 204 && all.text.isEmpty)
        #expect(desk.venue.exchange.history.allSatisfy { !$0.isLive })
        #expect(desk.venue.cash("ours", shard: 0) == (10_000_000_000, 10_000_000_000))
    }

    @Test("orders expire at their time, and a changed time counts")
    func expiry() throws {
        let desk = try KalshiDesk()
        let seconds = Int(KalshiDesk.base / 1_000_000_000)
        let first = try id(try desk.place(desk.order(["expiration_time": "\(seconds + 5)"], price: "0.0100")).1)
        let second = try id(try desk.place(desk.order(["expiration_time": "\(seconds + 5)"], price: "0.0100")).1)
        let amend =
            #"{"ticker":"\#(desk.world.pairs[0].ticker)","side":"bid","price":"0.0100","count":"10.00","expiration_time":\#(seconds + 20)}"#
        #expect(try desk.ask("POST", Self.orders + "/\(second)/amend", amend).status == 200)
        desk.pass(.seconds(6))
        #expect(desk.venue.exchange.orders[first]?.reason == "ExpiryCancel")
        #expect(desk.venue.exchange.orders[second]?.isLive == true)
        desk.pass(.seconds(15))
        #expect(desk.venue.exchange.orders[second]?.isLive == false)
    }

    @Test("pauses take no orders but cancels, what is flagged goes, and the way back clears the market")
    func pauses() throws {
        let desk = try KalshiDesk()
        let flagged = try id(try desk.place(desk.order(["cancel_order_on_pause": "true"], price: "0.0100")).1)
        let plain = try id(try desk.place(desk.order(price: "0.0100")).1)
        let other = try id(try desk.place(desk.order(price: "0.0100")).1)
        desk.command { desk.world.pause(0, true, at: desk.turn.now, desk.turn.tell) }
        #expect(desk.venue.exchange.orders[flagged]?.isLive == false)
        let refused = try desk.ask("POST", Self.orders, desk.order(price: "0.0100"))
        #expect(refused.status == 400 && refused.text.contains("trading_paused"))
        #expect(try desk.ask("DELETE", Self.orders + "/\(plain)").status == 200)
        desk.command { desk.world.pause(0, false, at: desk.turn.now, desk.turn.tell) }
        #expect(desk.venue.exchange.orders[other]?.reason == "HaltCancel")
        desk.command { desk.venue.pauseExchange(true, desk.turn) }
        #expect(try desk.object("GET", "/exchange/status").1["trading_active"] as? Bool == false)
        #expect(try desk.ask("POST", Self.orders, desk.order(price: "0.0100")).text.contains("trading_paused"))
        desk.command { desk.venue.haltExchange(true, desk.turn) }
        #expect(try desk.ask("DELETE", Self.orders + "/x").text.contains("exchange_paused"))
    }

    @Test("a market closes, is determined and pays, in steps; nothing is taken after the close, cancels included")
    func settlement() throws {
        let desk = try KalshiDesk()
        let ticker = desk.world.pairs[0].ticker
        _ = try desk.place(desk.order(immediate, price: "0.9900", count: "4.00"))
        let resting = try id(try desk.place(desk.order(price: "0.0100")).1)
        desk.command { desk.venue.enter(.closed, ticker, desk.turn) }
        #expect(desk.venue.exchange.orders[resting]?.reason == "CloseCancel")
        #expect(desk.world.pairs[0].shown(0).bids.isEmpty && desk.world.pairs[0].shown(0).asks.isEmpty)
        let refused = try desk.ask("POST", Self.orders, desk.order(price: "0.0100"))
        #expect(refused.status == 409 && refused.text.contains("market_closed"))
        desk.command { desk.venue.enter(.determined(1_000), ticker, desk.turn) }
        let before = desk.venue.cash("ours", shard: 0).all
        #expect(try (desk.object("GET", "/portfolio/settlements").1["settlements"] as? [Any])?.isEmpty == true)
        desk.command { desk.venue.enter(.finalized(1_000), ticker, desk.turn) }
        #expect(desk.venue.cash("ours", shard: 0).all == before + 4_000_000)
        let paid = try #require(
            (desk.object("GET", "/portfolio/settlements").1["settlements"] as? [[String: Any]])?.first)
        #expect(
            paid["revenue"] as? Int == 400 && text(paid, "market_result") == "yes"
                && text(paid, "yes_count_fp") == "4.00")
        let unsettled = try desk.object("GET", "/portfolio/positions").1["market_positions"] as? [Any]
        let settled = try desk.object("GET", "/portfolio/positions?settlement_status=settled").1["market_positions"]
        #expect(unsettled?.isEmpty == true && (settled as? [Any])?.count == 1)
        #expect(desk.turn.ledger.events(.settled).count == 1)
    }

    @Test("a group's fills of fifteen seconds end it; reset lets it go on")
    func groups() throws {
        let desk = try KalshiDesk()
        let made = try desk.object("POST", "/portfolio/order_groups/create", #"{"contracts_limit_fp":"5.00"}"#)
        let group = text(made.1, "order_group_id")
        #expect(made.0 == 201)
        let member = ["order_group_id": "\"\(group)\""]
        let rests = try id(try desk.place(desk.order(member, price: "0.0100")).1)
        let takes = member.merging(immediate) { $1 }
        _ = try desk.place(desk.order(takes, price: "0.9900", count: "4.00"))
        #expect(desk.venue.exchange.orders[rests]?.isLive == true)
        desk.pass(.seconds(16))
        _ = try desk.place(desk.order(takes, price: "0.9900", count: "4.00"))
        #expect(desk.venue.exchange.orders[rests]?.isLive == true, "the first fills are out of the window")
        _ = try desk.place(desk.order(takes, price: "0.9900", count: "1.00"))
        #expect(desk.venue.exchange.orders[rests]?.isLive == false)
        #expect(desk.heard("order_group_updates").map { text($0, "event_type") } == ["created", "triggered"])
        let refused = try desk.ask("POST", Self.orders, desk.order(member, price: "0.0100"))
        #expect(refused.status == 400 && refused.text.contains("exceeded_order_group_risk_limit"))
        let path = "/portfolio/order_groups/\(group)"
        #expect(try desk.object("GET", path).1["is_auto_cancel_enabled"] as? Bool == false)
        #expect(try desk.ask("PUT", path + "/reset", "{}").status == 200)
        let again = try id(try desk.place(desk.order(member, price: "0.0100")).1)
        #expect(try desk.object("GET", path).1["orders"] as? [String] == [again])
        #expect(try desk.ask("PUT", path + "/trigger", "{}").status == 200)
        #expect(desk.venue.exchange.orders[again]?.isLive == false)
        #expect(try desk.ask("PUT", path + "/limit", #"{"contracts_limit":9}"#).status == 200)
        #expect(try desk.ask("DELETE", path).status == 200)
        #expect(try desk.ask("GET", path).status == 404)
    }

    @Test("lists come in pages, newest first, and the last has an empty cursor")
    func pages() throws {
        let desk = try KalshiDesk()
        for index in 0..<7 { _ = try desk.place(desk.order(price: "0.0100", id: "o\(index)")) }
        var cursor = ""
        var seen: [String] = []
        for _ in 0..<4 {
            let page = try desk.object("GET", "/portfolio/orders?status=resting&limit=3&cursor=\(cursor)").1
            seen += (page["orders"] as? [[String: Any]] ?? []).map { text($0, "client_order_id") }
            cursor = try #require(page["cursor"] as? String)
            if cursor.isEmpty { break }
        }
        #expect(seen == (0..<7).reversed().map { "o\($0)" })
        #expect(try desk.ask("GET", "/portfolio/orders?cursor=garbage!").status == 200)
        #expect(try desk.ask("GET", "/portfolio/orders?status=odd").status == 400)
    }

    @Test("reads lag behind writes by as much as they were told, and no more")
    func lag() throws {
        let desk = try KalshiDesk { $0.readLagMax = .milliseconds(500) }
        desk.pass(.seconds(1))
        let id = try id(try desk.place(desk.order(price: "0.0100")).1)
        var early = 0
        for _ in 0..<50 { if try desk.ask("GET", "/portfolio/orders/\(id)").status == 404 { early += 1 } }
        #expect(early > 25, "the order was seen at once \(50 - early) times of 50")
        desk.pass(.milliseconds(501))
        for _ in 0..<50 { #expect(try desk.ask("GET", "/portfolio/orders/\(id)").status == 200) }
        #expect(try desk.ask("DELETE", Self.orders + "/\(id)").status == 200)
        let texts = try (0..<50).map { _ in try desk.ask("GET", "/portfolio/orders/\(id)").text }
        #expect(texts.contains { $0.contains("\"resting\"") })
        desk.pass(.milliseconds(501))
        #expect(try desk.ask("GET", "/portfolio/orders/\(id)").text.contains("\"canceled\""))
    }

    @Test("limits, costs, keys and the clock of reads are told")
    func account() throws {
        let desk = try KalshiDesk()
        #expect(try desk.object("GET", "/account/limits").1["usage_tier"] as? String == "advanced")
        #expect(try desk.object("GET", "/account/endpoint_costs").1["default_cost"] as? Int == 10)
        let keys = try desk.object("GET", "/api_keys").1["api_keys"] as? [[String: Any]] ?? []
        #expect(keys.map { $0["scopes"] as? [String] ?? [] } == [["read", "write"]])
        #expect(
            try text(desk.object("GET", "/exchange/user_data_timestamp").1, "as_of_time").hasPrefix(
                "2026-11-21T00:00:00"))
    }
}
