import Testing
import Trading

@testable import Simulators

/// A slow matcher that looks at every order again for every fill.
private struct Oracle {
    struct Entry {
        let id: String
        let isBuy: Bool
        let outcome: Int
        let price: Int
        var rest: Int
        var gone = 0
    }
    var entries: [Entry] = []

    /// Matches an order; what is left rests when `rests`.
    mutating func take(_ order: PolymarketOrder) -> (shares: Int, cash: Int, isFull: Bool) {
        var (shares, cash) = (0, 0)
        var isFull = false
        while !isFull {
            var best: (place: Int, price: Int)?
            for (place, entry) in entries.enumerated() where entry.rest > 0 {
                let opposes = entry.outcome == order.outcome ? entry.isBuy != order.isBuy : entry.isBuy == order.isBuy
                let price = entry.outcome == order.outcome ? entry.price : 10_000 - entry.price
                let isGood =
                    order.isBuy
                    ? price * order.taking <= order.making * 10_000 : price * order.making >= order.taking * 10_000
                guard opposes, isGood else { continue }
                if let best, order.isBuy ? best.price <= price : best.price >= price { continue }
                best = (place, price)
            }
            guard let best else { break }
            let maker = entries[best.place]
            var part = min(
                maker.rest,
                order.hasBudget ? (order.making - cash) * 10_000 / best.price : order.size - shares)
            func paid(_ part: Int) -> (maker: Int, taker: Int) {
                let paid =
                    maker.isBuy
                    ? ((maker.gone + part) * maker.price + 9_999) / 10_000 - (maker.gone * maker.price + 9_999) / 10_000
                    : part * maker.price / 10_000
                return (paid, maker.isBuy != order.isBuy ? paid : part - paid)
            }
            while order.hasBudget, paid(part).taker > order.making - cash { part -= 1 }
            guard part > 0 else { break }
            entries[best.place].rest -= part
            entries[best.place].gone += part
            shares += part
            cash += paid(part).taker
            isFull = order.hasBudget ? order.making - cash < 100 : shares == order.size
        }
        return (shares, cash, isFull)
    }
}

/// An exchange with one market and some wallets.
final class PolymarketBench {
    var exchange = PolymarketExchange(base: 1_795_219_200_000, seed: 1)
    let market: Int
    var wallets: [Int] = []
    private var count = 0

    init(tick: Int = 100, wallets: Int = 4, _ change: (inout PolymarketMarket) -> Void = { _ in }) {
        var listed = PolymarketMarket(condition: "0x" + String(repeating: "1", count: 64), yes: "1001", no: "1002")
        listed.tick = tick
        change(&listed)
        market = exchange.list(listed)
        for index in 0..<wallets {
            let address = "0x" + String(repeating: "0", count: 39) + String(index)
            let place = exchange.open(PolymarketAccount(address: address, owner: address, kind: 0))
            exchange.deposit(place, 2_000_000_000)
            exchange.split(place, market: market, 1_000_000_000)
            self.wallets.append(place)
        }
    }

    /// An order at a price in ten-thousandths, of hundredths of a share.
    func order(
        _ wallet: Int, _ isBuy: Bool, outcome: Int = 0, price: Int, size: Int, _ life: PolymarketLife = .gtc,
        isPostOnly: Bool = false, expiration: Int64 = 0
    ) -> PolymarketOrder {
        let shares = size * 10_000
        return amounts(
            wallet, isBuy, outcome: outcome, making: isBuy ? size * price : shares,
            taking: isBuy ? shares : size * price,
            life, isPostOnly: isPostOnly, expiration: expiration)
    }

    func amounts(
        _ wallet: Int, _ isBuy: Bool, outcome: Int = 0, making: Int, taking: Int, _ life: PolymarketLife,
        isPostOnly: Bool = false, expiration: Int64 = 0
    ) -> PolymarketOrder {
        count += 1
        return PolymarketOrder(
            id: "0x\(count)", owner: "key-\(wallet)", account: wallets[wallet], market: market, outcome: outcome,
            isBuy: isBuy, making: making, taking: taking, life: life, isPostOnly: isPostOnly, expiration: expiration,
            arrived: 0)
    }

    /// Sends an order.
    ///
    /// - Returns: its status, or why it was refused.
    func send(_ order: PolymarketOrder, at now: Int64 = 0) -> String {
        do { return try exchange.submit(order, at: now).status } catch { return error.text }
    }

    func cancel(_ id: String, _ wallet: Int, at now: Int64 = 0) -> String? {
        exchange.cancel(id, account: wallets[wallet], at: now)
    }

    func merge(_ wallet: Int, _ shares: Int) -> Bool { exchange.merge(wallets[wallet], market: market, shares) }

    func redeem(_ wallet: Int) -> Int? { exchange.redeem(wallets[wallet], market: market) }

    /// Everything that must always hold.
    func check() {
        #expect(exchange.cashInAll == exchange.deposited)
        let sums = [0, 1].map { exchange.shares(PolymarketToken(market, $0)) }
        #expect(sums == [exchange.collateral[market], exchange.collateral[market]])
        for account in exchange.accounts.indices {
            #expect(exchange.available(account) >= 0)
            for outcome in 0...1 { #expect(exchange.available(account, PolymarketToken(market, outcome)) >= 0) }
        }
    }
}

@Suite("Polymarket's loopback engine")
struct PolymarketExchangeTests {
    @Test("random streams match as the slow oracle does, and no unit is made or lost", arguments: 1...8)
    func oracle(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let tick = [100, 10, 1, 25, 50, 1_000, 100, 10][Int(seed - 1)]
        let bench = PolymarketBench(tick: tick)
        var oracle = Oracle()
        var kinds: [String: Int] = [:]
        var now: Int64 = 0
        for _ in 0..<600 {
            now += Int64.random(in: 0...50_000_000, using: &random)
            bench.exchange.advance(to: now)
            let steps = 10_000 / tick
            let price = min(steps - 1, max(1, steps / 2 + Int.random(in: -4...4, using: &random))) * tick
            let life = [PolymarketLife.gtc, .gtc, .gtc, .fak, .fok][Int.random(in: 0..<5, using: &random)]
            let isBuy = Bool.random(using: &random)
            let size = Int.random(in: 500...6_000, using: &random)
            let cut = [1_000: 1_000, 100: 100, 50: 10, 10: 10][tick] ?? 1
            let order =
                life.isImmediate && isBuy
                ? bench.amounts(
                    Int.random(in: 0..<4, using: &random), true, outcome: Int.random(in: 0...1, using: &random),
                    making: size * 10_000, taking: size * 10_000 * 10_000 / price / cut * cut, life)
                : bench.order(
                    Int.random(in: 0..<4, using: &random), isBuy, outcome: Int.random(in: 0...1, using: &random),
                    price: price, size: size, life)
            let before = oracle
            let wanted = oracle.take(order)
            do {
                let receipt = try bench.exchange.submit(order, at: now)
                kinds[receipt.status, default: 0] += 1
                let taken = bench.exchange.orders[receipt.order]
                #expect(taken.matched == wanted.shares && taken.cash == wanted.cash)
                if !life.isImmediate, wanted.shares < order.size {
                    oracle.entries.append(
                        Oracle.Entry(
                            id: order.id, isBuy: isBuy, outcome: order.outcome, price: price,
                            rest: order.size - wanted.shares))
                }
                for index in receipt.trades {
                    let trade = bench.exchange.trades[index]
                    for maker in trade.makers { kinds["\(maker.kind)", default: 0] += 1 }
                    #expect(trade.makers.reduce(0) { $0 + $1.shares } == trade.shares)
                }
            } catch {
                oracle = before
                kinds[String(error.text.prefix(12)), default: 0] += 1
                let isKilled = life == .fok && !wanted.isFull || life == .fak && wanted.shares == 0
                #expect(isKilled || error.text.contains("not enough balance"), "\(error.text)")
            }
            bench.check()
        }
        for entry in oracle.entries {
            let order = try #require(bench.exchange.order(entry.id))
            #expect(order.resting == entry.rest && order.status == (entry.rest > 0 ? .live : .matched))
        }
        bench.exchange.advance(to: .max)
        bench.check()
        for account in bench.exchange.accounts {
            #expect(account.leavingCash == 0 && account.leavingTokens.values.allSatisfy { $0 == 0 })
        }
        for kind in ["complementary", "mint", "merge", "live", "matched"] {
            #expect(kinds[kind, default: 0] > 5, "\(kind)")
        }
    }
}

@Suite("Polymarket's loopback orders")
struct PolymarketOrderTests {
    @Test("a budget buys more shares when they are cheaper, and the taker has the difference")
    func improvement() throws {
        let bench = PolymarketBench()
        let quote = bench.order(0, false, price: 4_000, size: 10_000)
        _ = try bench.exchange.submit(quote, at: 0)
        let order = bench.amounts(1, true, making: 10_000_000, taking: 20_000_000, .fok)
        let receipt = try bench.exchange.submit(order, at: 0)
        #expect(receipt.making == 10_000_000 && receipt.taking == 25_000_000)
        #expect(bench.exchange.trades[0].fee == 240_000)  // 25 x 0.04 x 0.4 x 0.6
        #expect(bench.exchange.available(bench.wallets[1]) == 1_000_000_000 - 10_240_000)
        bench.exchange.advance(to: .max)
        #expect(bench.exchange.accounts[bench.wallets[1]].tokens[PolymarketToken(0, 0)] == 1_025_000_000)
        bench.check()
    }

    @Test("two buyers of opposite outcomes make tokens, two sellers destroy them")
    func mintAndMerge() throws {
        let bench = PolymarketBench()
        _ = try bench.exchange.submit(bench.order(0, true, outcome: 1, price: 4_400, size: 2_100), at: 0)
        _ = try bench.exchange.submit(bench.order(1, true, price: 5_600, size: 2_100, .fak), at: 0)
        bench.exchange.advance(to: .max)
        #expect(bench.exchange.trades[0].makers[0].kind == .mint)
        #expect(bench.exchange.collateral[0] == 1_000_000_000_000 + 4_000_000_000 + 21_000_000)
        bench.check()
        _ = try bench.exchange.submit(bench.order(0, false, outcome: 1, price: 4_400, size: 2_100), at: 0)
        let receipt = try bench.exchange.submit(bench.order(1, false, price: 5_500, size: 2_100, .fok), at: 0)
        #expect(receipt.making == 21_000_000 && receipt.taking == 11_760_000)  // at 0.56, not at 0.55
        bench.exchange.advance(to: .max)
        #expect(bench.exchange.trades[1].makers[0].kind == .merge)
        #expect(bench.exchange.collateral[0] == 1_000_000_000_000 + 4_000_000_000)
        bench.check()
    }

    @Test("what is refused is refused in the venue's words and changes nothing")
    func refusals() throws {
        let bench = PolymarketBench()
        _ = try bench.exchange.submit(bench.order(0, false, price: 6_000, size: 1_000), at: 0)
        let second: Int64 = 1_795_219_200
        let cases: [(PolymarketOrder, String)] = [
            (bench.order(1, true, price: 5_550, size: 1_000), "breaks minimum tick size rule: 0.01"),
            (bench.order(1, true, price: 5_500, size: 499), "Size (4.99) lower than the minimum: 5"),
            (bench.order(1, true, price: 6_000, size: 1_000, isPostOnly: true), "order crosses book"),
            (bench.amounts(1, true, making: 990_000, taking: 1_650_000, .fok), "($0.99), min size: $1"),
            (bench.order(1, true, price: 6_000, size: 1_050, .fok), "FOK orders are fully filled or killed."),
            (bench.order(1, true, price: 5_900, size: 1_000, .fak), "no orders found to match with FAK order."),
            (bench.amounts(1, true, making: 5_005_000, taking: 10_010_000, .fok), "max accuracy of 2 decimals"),
            (bench.amounts(1, true, making: 5_000_000, taking: 10_000_001, .gtc), "breaks minimum tick size rule"),
            (bench.amounts(1, true, making: 5_001_000, taking: 10_002_000, .gtc), "taker amount a max of 2 decimals"),
            (bench.amounts(1, false, making: 10_000_000, taking: 5_500_100, .gtc), "should be '5.5'"),
            (bench.order(1, true, price: 5_500, size: 200_000), "the balance is not enough -> balance: 1000000000"),
            (bench.order(1, true, price: 5_500, size: 1_000, .gtd, expiration: second + 170), "invalid expiration"),
            (bench.order(1, true, price: 5_500, size: 1_000, expiration: second + 999), "invalid expiration"),
            (bench.amounts(1, true, making: 0, taking: 5_000_000, .gtc), "Invalid order payload"),
        ]
        let before = bench.exchange.orders.count
        for (order, wanted) in cases {
            let text = bench.send(order)
            #expect(text.contains(wanted), "\(text) instead of \(wanted)")
        }
        #expect(bench.exchange.orders.count == before && bench.exchange.trades.isEmpty)
        bench.check()
    }

    @Test("the same order twice is Duplicated; resting orders keep their money from new ones; cancelling frees it")
    func reserves() throws {
        let bench = PolymarketBench()
        let first = bench.order(0, true, price: 5_000, size: 150_000)
        #expect(bench.send(first) == "live")
        #expect(bench.send(first) == "order \(first.id) is invalid. Duplicated.")
        let second = bench.order(0, true, price: 5_000, size: 100_000)
        #expect(bench.send(second).contains("balance: 250000000, order amount: 500000000"))
        #expect(bench.cancel(first.id, 1) != nil)
        #expect(bench.cancel(first.id, 0) == nil)
        #expect(bench.cancel(first.id, 0) == "already canceled or matched")
        #expect(bench.send(second) == "live")
    }

    @Test("allowances are each contract's own, and the venue believes what it read last")
    func allowances() {
        let bench = PolymarketBench { $0.isNegRisk = true }
        let wallet = bench.wallets[0]
        bench.exchange.change(wallet) { $0.cashAllowed[PolymarketContract.negRisk.rawValue] = 0 }
        #expect(bench.send(bench.order(0, true, price: 5_000, size: 1_000)) == "live")
        bench.exchange.refreshAllowances(wallet)
        let text = bench.send(bench.order(0, true, price: 5_000, size: 1_000))
        #expect(text.contains("the allowance is not enough -> spender: 0xe2222d279d744050d28e00520010520000310F59"))
    }

    @Test("a dated order dies a minute before its date")
    func expiry() throws {
        let bench = PolymarketBench()
        let order = bench.order(0, true, price: 5_000, size: 1_000, .gtd, expiration: 1_795_219_200 + 200)
        #expect(bench.send(order) == "live")
        bench.exchange.advance(to: 139_999_999_999)
        #expect(bench.exchange.order(order.id)?.status == .live)
        bench.exchange.advance(to: 140_000_000_000)
        #expect(bench.exchange.order(order.id)?.status.text == "CANCELED_EXPIRED_ORDER")
    }

    @Test(
        "a held-back order keeps its money, cannot be cancelled, and is matched or killed when its delay is over",
        arguments: [false, true])
    func delay(makerLeaves: Bool) throws {
        let bench = PolymarketBench { $0.delaySeconds = 1 }
        _ = try bench.exchange.submit(bench.order(0, false, price: 6_000, size: 1_000), at: 0)
        let order = bench.order(1, true, price: 6_000, size: 1_000, .fok)
        let receipt = try bench.exchange.submit(order, at: 0)
        #expect(receipt.status == "delayed" && receipt.trades.isEmpty)
        #expect(bench.exchange.available(bench.wallets[1]) == 994_000_000)
        #expect(bench.cancel(order.id, 1)?.contains("delayed") == true)
        if makerLeaves {
            // Makers are never held back: what the taker saw is gone.
            #expect(bench.cancel(bench.exchange.orders[0].id, 0) == nil)
        }
        bench.exchange.advance(to: 1_000_000_000)
        let left = try #require(bench.exchange.order(order.id))
        #expect(left.status.text == (makerLeaves ? "CANCELED" : "MATCHED"))
        #expect(bench.exchange.trades.count == (makerLeaves ? 0 : 1))
        #expect(bench.exchange.available(bench.wallets[1]) == 1_000_000_000 - (makerLeaves ? 0 : 6_096_000))
    }

    @Test(
        "a trade is settled in steps; a void one moves nothing and puts nothing back",
        arguments: [
            (PolymarketExchange.Fate.confirmed, ["MATCHED", "MINED", "CONFIRMED"]),
            (.retried, ["MATCHED", "RETRYING", "MINED", "CONFIRMED"]),
            (.retriedThenFailed, ["MATCHED", "RETRYING", "FAILED"]), (.failed, ["MATCHED", "FAILED"]),
            (.regressed, ["MATCHED", "MINED", "CONFIRMED", "MINED", "MATCHED", "CONFIRMED"]), (.silent, ["MATCHED"]),
        ])
    func settlement(fate: PolymarketExchange.Fate, wanted: [String]) throws {
        let bench = PolymarketBench()
        bench.exchange.fate = { _ in fate }
        let maker = bench.order(0, false, price: 6_000, size: 1_000)
        _ = try bench.exchange.submit(maker, at: 0)
        _ = try bench.exchange.submit(bench.order(1, true, price: 6_000, size: 500, .fok), at: 0)
        // What was bought cannot be sold before it is there.
        let sale = bench.order(1, false, price: 9_000, size: 100_050)
        #expect(bench.send(sale).contains("the balance is not enough"))
        bench.exchange.advance(to: .max)
        let told = bench.exchange.takeEvents().compactMap { event -> String? in
            guard case .trade(_, let status) = event else { return nil }
            return status.rawValue
        }
        #expect(told == wanted)
        let isVoid = wanted.last == "FAILED"
        #expect(bench.exchange.accounts[bench.wallets[1]].cash == (isVoid ? 1_000_000_000 : 996_952_000))
        #expect(bench.exchange.order(maker.id)?.resting == 5_000_000)
        let again = bench.send(bench.order(1, false, price: 9_000, size: 100_050))
        #expect(isVoid ? again.contains("the balance is not enough") : again == "live")
        bench.check()
    }

    @Test("a resolved market pays by its outcome, half and half too, and every open order dies")
    func resolution() throws {
        let bench = PolymarketBench()
        let order = bench.order(0, true, price: 5_000, size: 1_000)
        _ = try bench.exchange.submit(order, at: 0)
        #expect(bench.merge(0, 400_000_000))
        bench.exchange.resolve(0, payout: [5_000, 5_000], at: 0)
        #expect(bench.exchange.order(order.id)?.status.text == "CANCELED_MARKET_RESOLVED")
        #expect(bench.redeem(0) == 600_000_000)
        #expect(bench.exchange.accounts[bench.wallets[0]].cash == 2_000_000_000)
        #expect(bench.exchange.cashInAll == bench.exchange.deposited)
        #expect(bench.send(bench.order(1, true, price: 5_000, size: 1_000)).hasPrefix("No orderbook exists"))
    }

    @Test("fees are cut to five decimals, as 21 real fills were")
    func fees() {
        var market = PolymarketMarket(condition: "0x", yes: "1", no: "2")
        let cases = [
            (500, 7_575_758, 6_600, 85_000), (500, 8_920_000, 5_500, 110_380), (700, 1_219_511, 8_200, 12_590),
        ]
        for (rate, shares, price, fee) in cases {
            market.feeRate = rate
            #expect(market.fee(shares: shares, price: price) == fee)
        }
    }
}
