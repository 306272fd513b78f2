import Codec
import Foundation
import Signing
import Synchronization
import Testing
import Trading
import Transport

@testable import Polymarket

/// A request as it was written, taken apart.
private struct Sent {
    let line: String
    let headers: [String: String]
    let body: String

    init(_ text: String) throws {
        let parts = text.components(separatedBy: "\r\n\r\n")
        try #require(parts.count == 2)
        var lines = parts[0].components(separatedBy: "\r\n")
        line = lines.removeFirst()
        var headers: [String: String] = [:]
        for line in lines {
            let colon = try #require(line.firstIndex(of: ":"))
            headers[String(line[..<colon])] = String(line[line.index(colon, offsetBy: 2)...])
        }
        self.headers = headers
        body = parts[1]
    }

    func object() throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    }
}

private func refusal(_ body: () throws -> Void) -> LocalRefusal.Kind? {
    do {
        try body()
        return nil
    } catch { return (error as? LocalRefusal)?.kind }
}

@Suite("Gateway: prepare and commit")
struct GatewayTests {
    private static let fill =
        "\"success\":true,\"errorMsg\":\"\",\"status\":\"matched\",\"makingAmount\":\"11.78\",\"takingAmount\":\"21.04\""

    private func filled(_ slot: SendSlot) -> WireOutcome {
        GatewayHarness.answer(200, "{\"orderID\":\"\(slot.orderID?.text ?? "")\",\(Self.fill)}")
    }

    @Test("an order from prepare to fill: bytes, signature, code and hash are those of the same order")
    func walk() async throws {
        let harness = try GatewayHarness()
        let slot = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
        #expect(harness.sender.free == 2 && harness.budget.now.orders == 59)
        harness.sender.then(filled(slot))
        let report = await harness.gateway.commit(slot, deadline: harness.deadline)
        guard case .accepted(let summary) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(summary.standing == .filled)
        #expect(summary.cumQty == Quantity(rawValue: 2_104_000_000))
        #expect(report.orderID == slot.orderID && report.clOrdID == slot.order.clOrdID)
        #expect(report.stamps.sent == MonotonicNanos(rawValue: 2) && report.stamps.acked == MonotonicNanos(rawValue: 3))
        #expect(harness.sender.free == 3 && harness.budget.now.orders == 59)

        let sent = try Sent(#require(harness.sender.requests.first))
        #expect(sent.line == "POST /order HTTP/1.1")
        #expect(sent.headers["Host"] == "clob.test" && sent.headers["Content-Type"] == "application/json")
        #expect(sent.headers["Content-Length"] == String(sent.body.utf8.count))
        let timestamp = String(harness.clock.now().utc.rawValue / 1_000_000_000)
        #expect(sent.headers["POLY_TIMESTAMP"] == timestamp)
        let account = try GatewayHarness.account()
        let credentials = try account.keys.credentials(of: account.key.address)
        let code = credentials.code(timestamp, "POST", "/order", Array(sent.body.utf8))
        #expect(sent.headers["POLY_SIGNATURE"] == Base64.encode(code.bytes, alphabet: .url))
        let digest = Digest(.sha256)
        digest.update(Array(sent.body.utf8))
        #expect(digest.finishHex() == slot.bodyHash.description)

        let body = try sent.object()
        let order = body.object("order")
        #expect(order.text("makerAmount") == "11780000" && order.text("takerAmount") == "21035700")
        #expect(order.text("tokenId") == GatewayHarness.yesToken && order.text("side") == "BUY")
        #expect(body.text("orderType") == "FOK" && body.text("owner") == account.keys.apiKey)
        // The hash in the slot is that of the order in the body, and its signature is our account's.
        let again = try OrderSigner(key: account.key, wallet: account.wallet).sign(
            OrderTicket(
                salt: UInt64(try #require(order["salt"] as? Int)), side: .buy,
                makerAmount: BaseUnits(rawValue: 11_780_000), takerAmount: BaseUnits(rawValue: 21_035_700),
                transactTime: harness.clock.now().utc, lifetime: .fok),
            OrderTemplate(
                exchange: .standard, wallet: account.wallet, tokenID: #require(TokenID(GatewayHarness.yesToken)),
                owner: account.keys.apiKey))
        #expect(again.hash.hex == slot.orderID?.text && again.signature.hex == order.text("signature"))
    }

    @Test("each order has a salt and a hash of its own; NO orders carry the NO token")
    func unique() throws {
        let harness = try GatewayHarness(connections: 9)
        var hashes: Set<String> = []
        for number in 0..<8 {
            let slot = try harness.gateway.prepare(
                harness.order(outcome: number % 2 == 0 ? .yes : .no, number: UInt64(number)), at: harness.clock.now())
            hashes.insert(try #require(slot.orderID).text)
        }
        #expect(hashes.count == 8)
    }

    @Test("every refusal of prepare leaves connections, tokens and places as they were")
    func refusals() throws {
        let harness = try GatewayHarness()
        let now = harness.clock.now()
        func kind(_ order: NewOrder) -> LocalRefusal.Kind? {
            refusal { _ = try harness.gateway.prepare(order, at: now) }
        }
        #expect(kind(try harness.order(isPostOnly: true)) == .unsupported)
        #expect(kind(try harness.order(isReduceOnly: true)) == .unsupported)
        #expect(kind(try harness.order(purpose: .tombstone)) == .unsupported)
        #expect(kind(try harness.order(.sell, budget: "5")) == .unsupported)
        #expect(kind(try harness.order(budget: "5", .gtc)) == .unsupported)
        let soon = TimeInForce.gtd(now.utc + .seconds(119))
        #expect(kind(try harness.order(budget: nil, soon)) == .unsupported)
        #expect(kind(try harness.order(at: "0.565")) == .amounts)
        #expect(kind(try harness.order(budget: nil)) == .amounts)
        #expect(kind(try harness.order(budget: "0.99")) == .amounts)
        #expect(kind(try harness.order(budget: "2.79")) == .amounts)
        #expect(kind(try harness.order(.sell, "4.99", budget: nil)) == .amounts)
        #expect(kind(try harness.order(.buy, "4.99", budget: nil, .gtc)) == .amounts)
        var stranger = try harness.order()
        stranger.instrument = InstrumentID(9)
        #expect(kind(stranger) == .market)
        try harness.gateway.apply(
            GatewayHarness.terms { $0.status = .paused }, of: harness.instrument, GatewayHarness.contract)
        #expect(kind(try harness.order()) == .market)
        harness.gateway.block(harness.instrument)
        #expect(kind(try harness.order()) == .market)
        #expect(harness.sender.free == 3 && harness.budget.now.orders == 60)
        #expect(harness.sender.state.withLock { $0.purposes.isEmpty })
    }

    @Test("refusals have codes that stay")
    func codes() {
        #expect(
            Set(LocalRefusal.Kind.allCases.map(\.rawValue)).isSuperset(of: [
                "E_EXEC_NO_CONNECTION", "E_EXEC_NO_TOKENS", "E_EXEC_AMOUNTS", "E_EXEC_MARKET", "E_EXEC_SIGNING",
                "E_EXEC_BLOCKED", "E_EXEC_SLOT_SPENT", "E_EXEC_UNSUPPORTED",
            ]))
    }

    @Test("no tokens, no connection, no place: what was taken before is given back; closes use what is kept")
    func exhaustion() throws {
        let poor = try GatewayHarness(orders: 5, kept: 5)
        #expect(refusal { _ = try poor.gateway.prepare(poor.order(), at: poor.clock.now()) } == .noTokens)
        #expect(poor.sender.free == 3 && poor.budget.now.orders == 5)
        let close = try poor.order(.sell, "3", budget: nil, purpose: .close)
        #expect(refusal { _ = try poor.gateway.prepare(close, at: poor.clock.now()) } == nil)
        #expect(poor.budget.now.orders == 4)

        let lone = try GatewayHarness(connections: 1)
        #expect(refusal { _ = try lone.gateway.prepare(lone.order(), at: lone.clock.now()) } == .noConnection)
        #expect(lone.sender.free == 1 && lone.budget.now.orders == 60)
        let slot = try lone.gateway.prepare(lone.order(.sell, "3", budget: nil, purpose: .close), at: lone.clock.now())
        #expect(lone.sender.free == 0 && lone.budget.now.orders == 59)
        lone.gateway.giveBack(slot)
        #expect(lone.sender.free == 1 && lone.budget.now.orders == 60)

        var settings = GatewayHarness.settings()
        settings.slotsMax = 1
        let narrow = try GatewayHarness(connections: 9, settings: settings)
        let first = try narrow.gateway.prepare(narrow.order(), at: narrow.clock.now())
        #expect(refusal { _ = try narrow.gateway.prepare(narrow.order(), at: narrow.clock.now()) } == .noConnection)
        #expect(narrow.sender.free == 8 && narrow.budget.now.orders == 59)
        narrow.gateway.giveBack(first)
        #expect(refusal { _ = try narrow.gateway.prepare(narrow.order(), at: narrow.clock.now()) } == nil)
    }

    @Test("a failing signature gives connection, tokens and place back")
    func signing() throws {
        let harness = try GatewayHarness()
        // A deposit wallet is not known to exchanges of version 1.
        #expect(
            refusal { try harness.gateway.desk.withLock { _ = try $0.route(harness.instrument, to: .legacy) } } == nil)
        let deposit = try Gateway(
            account: GatewayHarness.account(.deposit), sender: harness.sender, budget: harness.budget,
            channel: harness.channel, clock: harness.clock, settings: GatewayHarness.settings(),
            executor: TestExecutor())
        try deposit.apply(GatewayHarness.terms(), of: harness.instrument, GatewayHarness.contract)
        #expect(refusal { try deposit.desk.withLock { _ = try $0.route(harness.instrument, to: .legacy) } } == .signing)
        // A template that is another wallet's cannot be signed: found last, with everything taken.
        try deposit.desk.withLock { desk in
            let other = try GatewayHarness.account(.safe)
            desk.markets[0]?.yesTemplate = try OrderTemplate(
                exchange: .standard, wallet: other.wallet, tokenID: #require(TokenID(GatewayHarness.yesToken)),
                owner: other.keys.apiKey)
        }
        #expect(refusal { _ = try deposit.prepare(harness.order(), at: harness.clock.now()) } == .signing)
        #expect(harness.sender.free == 3 && harness.budget.now.orders == 60)
        for _ in 0..<40 { _ = refusal { _ = try deposit.prepare(harness.order(), at: harness.clock.now()) } }
        #expect(deposit.desk.withLock { $0.free.count } == 16)
    }

    @Test("a slot is used once: neither given back nor written a second time")
    func spent() async throws {
        let harness = try GatewayHarness()
        let slot = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
        harness.gateway.giveBack(slot)
        harness.gateway.giveBack(slot)
        #expect(harness.sender.free == 3 && harness.budget.now.orders == 60)
        let late = await harness.gateway.commit(slot, deadline: harness.deadline)
        #expect(late.event == .notSent(LocalRefusal(.slotSpent, "the slot was used or given back before")))
        let next = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
        #expect(next.place == slot.place && next.generation != slot.generation)
        harness.sender.then(filled(next))
        _ = await harness.gateway.commit(next, deadline: harness.deadline)
        harness.gateway.giveBack(next)
        let again = await harness.gateway.commit(next, deadline: harness.deadline)
        guard case .notSent(let refusal) = again.outcome else {
            Issue.record("a slot was written twice")
            return
        }
        #expect(refusal.kind == .slotSpent && harness.sender.requests.count == 1)
        #expect(harness.sender.free == 3 && harness.budget.now.orders == 59)
    }

    @Test("an order that left is known for as long as there is room; what is prepared and given back takes none")
    func knows() async throws {
        let harness = try GatewayHarness()
        let slot = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
        harness.sender.then(filled(slot))
        _ = await harness.gateway.commit(slot, deadline: harness.deadline)
        let name = try #require(slot.orderID)
        #expect(harness.gateway.known(name) != nil)
        for _ in 0...GatewaySettings().knownMax {
            let rehearsed = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
            harness.gateway.rehearse(rehearsed)
        }
        #expect(harness.gateway.known(name) != nil)
        #expect(harness.sender.free == 3 && harness.sender.requests.count == 1)
    }

    @Test("every outcome of the wire frees the place; what surely did not leave gives its token back")
    func outcomes() async throws {
        let harness = try GatewayHarness()
        let fault = TransportFault(.closed, "gone")
        var left = 60
        for (wire, used) in [
            (WireOutcome.notSent(fault), 0), (.lost(fault, sent: MonotonicNanos(rawValue: 1)), 1),
            (GatewayHarness.error(500, "could not insert order"), 1), (GatewayHarness.error(400, "Invalid side"), 1),
            (GatewayHarness.answer(200, "nonsense"), 1),
        ] {
            let slot = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
            harness.sender.then(wire)
            let report = await harness.gateway.commit(slot, deadline: harness.deadline)
            left -= used
            #expect(harness.budget.now.orders == left && harness.sender.free == 3)
            #expect(report.orderID == slot.orderID)
        }
        #expect(harness.gateway.desk.withLock { $0.free.count } == 16)
        // Nothing is ever sent twice on its own.
        #expect(harness.sender.requests.count == 5)
    }

    @Test("GTD dies a minute before its stamp, so the stamp is a minute later; post-only is said in the body")
    func lifetimes() async throws {
        let harness = try GatewayHarness(connections: 9)
        let end = harness.clock.now().utc + .seconds(600)
        for (life, type, postOnly) in [
            (TimeInForce.gtd(end), "GTD", true), (.gtc, "GTC", true), (.gtc, "GTC", false), (.ioc, "FAK", false),
        ] {
            let budget: String? = life.isImmediate ? "11.78" : nil
            let slot = try harness.gateway.prepare(
                harness.order(budget: budget, life, isPostOnly: postOnly), at: harness.clock.now())
            _ = await harness.gateway.commit(slot, deadline: harness.deadline)
            let body = try Sent(#require(harness.sender.requests.last)).object()
            #expect(body.text("orderType") == type && body["postOnly"] as? Bool == postOnly)
            let expiration = type == "GTD" ? String((end.rawValue + 60_000_000_000) / 1_000_000_000) : "0"
            #expect(body.object("order").text("expiration") == expiration)
        }
    }

    @Test("a market's version and negative risk choose the exchange; tokens of the other protocol are refused")
    func routing() throws {
        let harness = try GatewayHarness()
        func exchange() -> Exchange? { harness.gateway.desk.withLock { $0.markets[0]?.exchange } }
        #expect(exchange() == .standard)
        try harness.gateway.apply(
            GatewayHarness.terms { $0.negRisk = true }, of: harness.instrument, GatewayHarness.contract)
        #expect(exchange() == .negRisk)
        let second = try GatewayHarness.terms { $0.protocolVersion = 2 }
        #expect(
            refusal { try harness.gateway.apply(second, of: harness.instrument, GatewayHarness.contract) } == .market)
        #expect(refusal { _ = try harness.gateway.prepare(harness.order(), at: harness.clock.now()) } == .market)
        let positions = Contract(
            venue: .polymarket, symbol: GatewayHarness.condition, tokens: .init(yes: "256", no: "257"))
        try harness.gateway.apply(second, of: harness.instrument, positions)
        #expect(exchange() == .protocolV2)
        let bad = Contract(venue: .polymarket, symbol: GatewayHarness.condition, tokens: .init(yes: "0x1", no: "2"))
        #expect(refusal { try harness.gateway.apply(second, of: harness.instrument, bad) } == .market)
        let none = Contract(venue: .polymarket, symbol: GatewayHarness.condition)
        #expect(refusal { try harness.gateway.apply(second, of: harness.instrument, none) } == .market)
    }

    @Test("all four kinds of wallet sign orders of their own", arguments: Wallet.Kind.allCases)
    func wallets(kind: Wallet.Kind) async throws {
        let harness = try GatewayHarness()
        let account = try GatewayHarness.account(kind)
        let gateway = try Gateway(
            account: account, sender: harness.sender, budget: harness.budget, channel: harness.channel,
            clock: harness.clock, settings: GatewayHarness.settings(), executor: TestExecutor())
        try gateway.apply(GatewayHarness.terms(), of: harness.instrument, GatewayHarness.contract)
        let slot = try gateway.prepare(harness.order(), at: harness.clock.now())
        _ = await gateway.commit(slot, deadline: harness.deadline)
        let sent = try Sent(#require(harness.sender.requests.last))
        let order = try sent.object().object("order")
        #expect(order["signatureType"] as? Int == Int(kind.rawValue))
        #expect(order.text("maker") == account.wallet.address.checksummed)
        #expect(order.text("signer") == account.wallet.signer.checksummed)
        // Requests are the key owner's, whoever pays.
        #expect(sent.headers["POLY_ADDRESS"] == account.key.address.checksummed)
    }

    @Test("orders signed ahead: taken by the same order, once; void by age, by new terms, at a halt")
    func drafts() throws {
        let harness = try GatewayHarness(connections: 9)
        let gateway = harness.gateway
        func id(_ order: NewOrder, isKept: Bool = false) throws -> OrderID? {
            let slot = try gateway.prepare(order, at: harness.clock.now())
            defer { if !isKept { gateway.giveBack(slot) } }
            return slot.orderID
        }
        let ahead = try gateway.signAhead(harness.order(), at: harness.clock.now())
        #expect(harness.sender.free == 9 && harness.budget.now.orders == 60)
        #expect(try id(harness.order(budget: "11.79")) != ahead)
        #expect(try id(harness.order(outcome: .no)) != ahead)
        #expect(try id(harness.order(budget: "11.78", .ioc)) != ahead)
        // Given back, no byte of it has left: it is ready again. In a slot that is kept it is nobody else's.
        #expect(try id(harness.order(number: 2)) == ahead)
        #expect(try id(harness.order(number: 3), isKept: true) == ahead)
        #expect(try id(harness.order(number: 4)) != ahead)
        // Age; tick; status; version; fees or book epoch; a halt; terms that are not known any more.
        let causes: [(String, () throws -> Void)] = [
            ("age", { harness.clock.advance(.seconds(9)) }),
            (
                "tick",
                {
                    try gateway.apply(
                        GatewayHarness.terms(tick: "0.001"), of: harness.instrument, GatewayHarness.contract)
                }
            ),
            (
                "limit",
                {
                    try gateway.apply(
                        GatewayHarness.terms { $0.orderQtyMin = Quantity(rawValue: 600_000_000) },
                        of: harness.instrument, GatewayHarness.contract)
                }
            ),
            ("version", { try gateway.desk.withLock { _ = try $0.route(harness.instrument, to: .negRisk) } }),
            ("fees or book", { gateway.voidDrafts(of: harness.instrument) }), ("halt", { gateway.voidDrafts() }),
            (
                "blocked",
                {
                    gateway.block(harness.instrument)
                    try gateway.apply(GatewayHarness.terms(), of: harness.instrument, GatewayHarness.contract)
                }
            ),
        ]
        for (cause, void) in causes {
            let old = try gateway.signAhead(harness.order(), at: harness.clock.now())
            try void()
            #expect(try id(harness.order()) != old, "\(cause)")
        }
        // One that is ready and young is not made again; an older one is, beside it.
        let first = try gateway.signAhead(harness.order(), at: harness.clock.now())
        #expect(try gateway.signAhead(harness.order(), at: harness.clock.now()) == first)
        harness.clock.advance(.seconds(5))
        #expect(try gateway.signAhead(harness.order(), at: harness.clock.now()) != first)
        for cents in 0..<100 {
            _ = try gateway.signAhead(harness.order(budget: "\(11 + cents).00"), at: harness.clock.now())
        }
        #expect(gateway.desk.withLock { $0.drafts.count } == 64 && gateway.signedAhead?.ready == 64)
        gateway.voidDrafts()
        #expect(gateway.signedAhead?.ready == 0)
    }

    @Test("what is prepared for practice is signed by nobody, takes nothing that was signed ahead, and is never sent")
    func practice() async throws {
        for kind in [Wallet.Kind.account, .deposit] {
            for ahead in [0, 4] {
                var settings = GatewayHarness.settings()
                settings.noncesAhead = ahead
                let harness = try GatewayHarness(settings: settings)
                let gateway = harness.gateway
                try gateway.tend(at: harness.clock.now().monotonic)
                _ = try gateway.signAhead(harness.order(), at: harness.clock.now())
                var order = try harness.order(number: 2)
                order.clOrdID = ClOrdID(rehearsing: 1, prefix: 7, run: 1)
                let account = try GatewayHarness.account(kind)
                let signer = try OrderSigner(
                    key: account.key, wallet: account.wallet,
                    nonces: ahead > 0 ? NoncePool(account.key, count: ahead) : nil)
                let ticket = OrderTicket(
                    salt: 5, side: .buy, makerAmount: BaseUnits(rawValue: 11_780_000),
                    takerAmount: BaseUnits(rawValue: 21_030_000), transactTime: UTCNanos(rawValue: 0), lifetime: .fok)
                let template = try OrderTemplate(
                    exchange: .standard, wallet: account.wallet,
                    tokenID: try #require(TokenID(GatewayHarness.yesToken)), owner: "o")
                let practised = try signer.sign(ticket, template, isPractice: true)
                let real = try signer.sign(ticket, template)
                #expect(practised.hash == real.hash && practised.signature.inner != real.signature.inner)
                if kind == .account {
                    #expect(practised.signature.inner.signer(of: real.hash) != account.key.address)
                    #expect(real.signature.inner.signer(of: real.hash) == account.key.address)
                }
                let slot = try gateway.prepare(order, at: harness.clock.now())
                #expect(gateway.signedAhead?.ready == 1 && gateway.nonces?.readyCount ?? 0 == ahead)
                gateway.seal(slot)
                gateway.depart(slot, deadline: harness.deadline)
                guard case .notSent = await gateway.commit(slot, deadline: harness.deadline).outcome else {
                    return #expect(Bool(false), "sent")
                }
                gateway.rehearse(slot)
                #expect(harness.sender.requests.isEmpty && harness.sender.free == 3 && harness.budget.now.orders == 60)
            }
        }
    }

    @Test("signatures are begun ahead by `tend`, one is used an order, and all are made anew when they are old")
    func nonces() async throws {
        var settings = GatewayHarness.settings()
        settings.noncesAhead = 3
        let harness = try GatewayHarness(connections: 9, settings: settings)
        let (gateway, clock) = (harness.gateway, harness.clock)
        let pool = try #require(gateway.nonces)
        func signature(_ number: UInt64) async throws -> String {
            let slot = try gateway.prepare(harness.order(number: number), at: clock.now())
            _ = await gateway.commit(slot, deadline: harness.deadline)
            let text = try Sent(#require(harness.sender.requests.last)).object().object("order").text("signature")
            let signature = try RecoverableSignature(try #require(Hex.decode(text, prefixed: true)))
            let hash = try #require(Bytes32(hex: slot.orderID.map { "\($0)" } ?? ""))
            #expect(signature.signer(of: hash) == (try Samples.key().address))
            return text
        }
        #expect(pool.readyCount == 0)
        _ = try await signature(1)
        try gateway.tend(at: clock.now().monotonic)
        #expect(pool.readyCount == 3)
        var all: Set<String> = []
        for number in 2...6 { all.insert(try await signature(UInt64(number))) }
        #expect(all.count == 5 && pool.readyCount == 0, "three begun ahead, and two in line")
        try gateway.tend(at: clock.now().monotonic)
        clock.advance(.seconds(59))
        _ = try await signature(7)
        try gateway.tend(at: clock.now().monotonic)
        #expect(pool.readyCount == 3)
        clock.advance(.seconds(2))
        // What was begun before a minute is erased: three are begun, though none was used.
        let before = pool.begunCount
        try gateway.tend(at: clock.now().monotonic)
        #expect(pool.readyCount == 3 && pool.begunCount == before + 3)
        gateway.voidDrafts(of: harness.instrument)
        #expect(pool.readyCount == 3)
        gateway.voidDrafts()
        #expect(pool.readyCount == 0, "nobody tends them in a halt")
        settings.noncesAhead = 0
        #expect(try GatewayHarness(settings: settings).gateway.nonces == nil)
    }

    @Test("what is used and what is missed is counted when it leaves, not when it is prepared or given back")
    func aheadCounts() async throws {
        let harness = try GatewayHarness(connections: 9)
        let gateway = harness.gateway
        _ = try gateway.signAhead(harness.order(), at: harness.clock.now())
        let hit = try gateway.prepare(harness.order(), at: harness.clock.now())
        let miss = try gateway.prepare(harness.order(number: 2), at: harness.clock.now())
        gateway.giveBack(try gateway.prepare(harness.order(number: 3), at: harness.clock.now()))
        #expect(gateway.signedAhead?.used == 0 && gateway.signedAhead?.missed == 0)
        _ = await gateway.commit(hit, deadline: harness.deadline)
        _ = await gateway.commit(miss, deadline: harness.deadline)
        let counts = try #require(gateway.signedAhead)
        // Void while it was in a slot, it is not ready again.
        _ = try gateway.signAhead(harness.order(), at: harness.clock.now())
        let slot = try gateway.prepare(harness.order(number: 4), at: harness.clock.now())
        gateway.voidDrafts()
        gateway.giveBack(slot)
        #expect(gateway.signedAhead?.ready == 0 && gateway.signedAhead?.voided == 1)
        #expect(counts.made == 1 && counts.used == 1 && counts.missed == 1 && counts.ready == 0)
        // The hash of the intent is that of the body that was signed before.
        let sent = harness.sender.requests
        #expect(sent.count == 2 && hit.orderID != miss.orderID)
    }

    @Test("what changes while an order is signed ahead voids it: it is never kept")
    func aheadRace() throws {
        let harness = try GatewayHarness()
        let gateway = harness.gateway
        for void in [{ gateway.voidDrafts(of: harness.instrument) }, { gateway.voidDrafts() }] as [() -> Void] {
            let (_, blank) = try gateway.desk.withLock { try $0.blank(harness.order(), at: harness.clock.now()) }
            void()
            var body: [UInt8] = []
            let hash = try gateway.forge.withLock { try $0.write(blank.ticket, blank.template, to: &body) }
            let draft = Draft(blank: blank, hash: hash, body: body, signed: harness.clock.now().monotonic)
            #expect(gateway.desk.withLock { !$0.keep(draft) && $0.drafts.isEmpty })
        }
        #expect(gateway.signedAhead?.voided == 2)
    }

    @Test("a batch: one request, one report an order, all tokens or none")
    func batch() async throws {
        let harness = try GatewayHarness(orders: 20)
        let orders = try (1...3).map { try harness.order(budget: nil, .gtc, number: $0) }
        let slot = try harness.gateway.prepareBatch(orders, at: harness.clock.now())
        #expect(harness.budget.now.orders == 17 && slot.orderIDs.count == 3 && Set(slot.orderIDs).count == 3)
        let legs = slot.orderIDs.map {
            "{\"success\":true,\"errorMsg\":\"\",\"orderID\":\"\($0)\",\"status\":\"live\"}"
        }
        harness.sender.then(GatewayHarness.answer(200, "[\(legs.joined(separator: ","))]"))
        let reports = await harness.gateway.commit(slot, deadline: harness.deadline)
        #expect(reports.map(\.clOrdID) == orders.map(\.clOrdID) && reports.map(\.orderID) == slot.orderIDs)
        for report in reports {
            #expect(report.outcome == .accepted(OrderSummary(standing: .working, cumQty: nil, leavesQty: nil)))
        }
        let sent = try Sent(#require(harness.sender.requests.last))
        #expect(sent.line == "POST /orders HTTP/1.1")
        #expect((try JSONSerialization.jsonObject(with: Data(sent.body.utf8)) as? [Any])?.count == 3)
        let spent = await harness.gateway.commit(slot, deadline: harness.deadline)
        #expect(spent.count == 3)

        let many = try (1...16).map { try harness.order(number: $0) }
        #expect(refusal { _ = try harness.gateway.prepareBatch(many, at: harness.clock.now()) } == .unsupported)
        #expect(refusal { _ = try harness.gateway.prepareBatch([], at: harness.clock.now()) } == .unsupported)
        let costly = Array(many.prefix(15))
        let held = try harness.gateway.prepareBatch(costly, at: harness.clock.now())
        #expect(harness.budget.now.orders == 2)
        #expect(refusal { _ = try harness.gateway.prepareBatch(costly, at: harness.clock.now()) } == .noTokens)
        harness.gateway.giveBack(held)
        #expect(harness.budget.now.orders == 17 && harness.sender.free == 3)
        // One order that cannot be made refuses all of them.
        #expect(
            refusal {
                _ = try harness.gateway.prepareBatch([orders[0], harness.order(at: "0.565")], at: harness.clock.now())
            } == .amounts)
        #expect(harness.budget.now.orders == 17)
    }
}
