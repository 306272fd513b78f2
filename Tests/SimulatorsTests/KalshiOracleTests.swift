import Foundation
import Server
import Testing
import Trading

@testable import Simulators

/// A slow book of one market: every level is a list of entries in the order of their arrival, the crowd's among them.
private struct SlowBook {
    struct Entry {
        /// Nil: the crowd.
        let owner: String?
        let id: Int
        var size: Int
    }

    struct Fill: Equatable {
        let taker: String?
        let maker: String?
        let price: Int
        let size: Int
    }

    var sides: [Bool: [Int: [Entry]]] = [true: [:], false: [:]]

    func best(_ isBid: Bool) -> Int? {
        let prices = sides[isBid]?.filter { $0.value.contains { $0.size > 0 } }.keys
        return isBid ? prices?.max() : prices?.min()
    }

    mutating func setCrowd(_ isBid: Bool, _ price: Int, _ size: Int) {
        var level = sides[isBid]?[price] ?? []
        var crowd = level.reduce(0) { $0 + ($1.owner == nil ? $1.size : 0) }
        if size > crowd { level.append(Entry(owner: nil, id: 0, size: size - crowd)) }
        // What goes, goes from the back.
        for index in level.indices.reversed() where level[index].owner == nil && crowd > size {
            let gone = min(level[index].size, crowd - size)
            level[index].size -= gone
            crowd -= gone
        }
        sides[isBid]?[price] = level.filter { $0.size > 0 }
    }

    /// Takes by price and time.
    ///
    /// - Parameter strictly: the owner's own orders stop it (false) or go (true); nil owner: never met.
    mutating func take(
        _ owner: String?, isBid: Bool, limit: Int, _ size: Int, ownGo: Bool
    ) -> (fills: [Fill], left: Int, isStopped: Bool, gone: [Int]) {
        var left = size
        var fills: [Fill] = []
        var gone: [Int] = []
        while left > 0, let price = best(!isBid), isBid ? price <= limit : price >= limit {
            var level = sides[!isBid]?[price] ?? []
            while left > 0, let first = level.first {
                if let owner, first.owner == owner {
                    guard ownGo else {
                        sides[!isBid]?[price] = level
                        return (fills, left, true, gone)
                    }
                    gone.append(first.id)
                    level.removeFirst()
                    continue
                }
                let part = min(left, first.size)
                left -= part
                level[0].size -= part
                if level[0].size == 0 { level.removeFirst() }
                fills.append(Fill(taker: owner, maker: first.owner, price: price, size: part))
            }
            sides[!isBid]?[price] = level
        }
        return (fills, left, false, gone)
    }

    mutating func rest(_ owner: String, _ id: Int, isBid: Bool, _ price: Int, _ size: Int) {
        sides[isBid]?[price, default: []].append(Entry(owner: owner, id: id, size: size))
    }

    mutating func shrink(_ id: Int, to size: Int) {
        for isBid in [true, false] {
            for (price, level) in sides[isBid] ?? [:] {
                sides[isBid]?[price] = level.compactMap { entry in
                    guard entry.owner != nil, entry.id == id else { return entry }
                    return size > 0 ? Entry(owner: entry.owner, id: id, size: size) : nil
                }
            }
        }
    }

    func sizes() -> [Int: Int] {
        var sizes: [Int: Int] = [:]
        for level in sides.values.flatMap(\.values).flatMap({ $0 }) where level.owner != nil {
            sizes[level.id, default: 0] += level.size
        }
        return sizes
    }
}

/// Money by another way than the venue's: what was paid and received by price, and a dollar held back for every contract
/// that is owed.
private struct SlowAccount {
    var flow = 0
    var position = 0
    var cash: Int { flow - max(0, -position) * 10_000 }

    mutating func trade(isBid: Bool, _ price: Int, _ size: Int) {
        flow += (isBid ? -1 : 1) * price * size * 10
        position += isBid ? size : -size
    }
}

@Suite("Matching and money at the simulated Kalshi, against a slow book")
struct KalshiOracleTests {
    private static let owners = ["ours", "theirs", "third"]
    private static let initial = 1_000_000_000_000

    private final class Run {
        let desk: KalshiDesk
        var random: SeededGenerator
        fileprivate var book = SlowBook()
        fileprivate var accounts: [String: SlowAccount] = [:]
        var orders: [(id: Int, order: KalshiOrder)] = []
        var next = 1
        var seen = 0

        init(seed: UInt64) throws {
            desk = try KalshiDesk(pairs: 1) { settings in
                for owner in owners { settings.cash[owner] = [0: initial] }
                settings.chargesMakers = seed % 2 == 0
                settings.jitterMax = .zero
            }
            random = SeededGenerator(seed: seed)
            for isBid in [true, false] {
                let side = isBid ? desk.world.pairs[0].kalshi.bids : desk.world.pairs[0].kalshi.asks
                for (price, size) in side.levels { book.setCrowd(isBid, price, size) }
            }
        }

        func drawn(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

        fileprivate func apply(_ fills: [SlowBook.Fill], isBid: Bool) {
            for fill in fills {
                if let taker = fill.taker {
                    accounts[taker, default: SlowAccount()].trade(isBid: isBid, fill.price, fill.size)
                }
                if let maker = fill.maker {
                    accounts[maker, default: SlowAccount()].trade(isBid: !isBid, fill.price, fill.size)
                }
            }
        }
    }

    private func place(_ run: Run) {
        let owner = Self.owners[run.drawn(0...2)]
        let centre = ((run.book.best(true) ?? 400) + (run.book.best(false) ?? 600)) / 20 * 10
        var terms = KalshiOrder.Terms()
        terms.ticker = run.desk.world.pairs[0].ticker
        terms.isBid = run.drawn(0...1) == 0
        terms.mills = min(990, max(10, centre + run.drawn(-6...6) * 10))
        terms.count = run.drawn(1...40_000)
        terms.lifetime = run.drawn(0...2) == 0 ? .immediate : .goodTillCanceled
        terms.selfTrade = run.drawn(0...1) == 0 ? .maker : .takerAtCross
        let exchange = run.desk.venue.exchange
        let order = KalshiOrder(
            id: exchange.makeID(), account: owner, terms, sequence: exchange.nextSequence(),
            at: run.desk.turn.utc.rawValue)
        exchange.orders[order.id] = order
        exchange.history.append(order)
        let outcome = exchange.match(order, run.desk.turn)
        run.desk.venue.finish(order, outcome, run.desk.turn)
        let number = run.next
        run.next += 1
        run.orders.append((number, order))
        let slow = run.book.take(
            owner, isBid: terms.isBid, limit: terms.mills, terms.count, ownGo: terms.selfTrade == .maker)
        run.apply(slow.fills, isBid: terms.isBid)
        #expect(outcome.isStopped == slow.isStopped)
        #expect(outcome.fills.reduce(0) { $0 + $1.count } == terms.count - slow.left)
        if slow.left > 0, !slow.isStopped, terms.lifetime == .goodTillCanceled {
            run.book.rest(owner, number, isBid: terms.isBid, terms.mills, slow.left)
        }
    }

    private func step(_ run: Run) {
        let desk = run.desk
        switch run.drawn(0...9) {
        case 0...4: place(run)
        case 5:
            let isBid = run.drawn(0...1) == 0
            let limit = run.drawn(20...98) * 10
            let size = run.drawn(1...60_000)
            desk.venue.exchange.crowdTakes(0, isBid: isBid, limit: limit, size, desk.turn)
            run.apply(run.book.take(nil, isBid: isBid, limit: limit, size, ownGo: false).fills, isBid: isBid)
        case 6, 7:
            // The crowd quotes; where that crosses accounts' orders, they trade first. It never crosses itself.
            let isBid = run.drawn(0...1) == 0
            let crowd = desk.world.pairs[0].kalshi
            let price = run.drawn(5...95) * 10
            if let facing = isBid ? crowd.bestAsk : crowd.bestBid, isBid ? price >= facing : price <= facing { return }
            let was = crowd[isBid, price]
            let size = run.drawn(0...30_000)
            desk.world.setCrowd(0, venue: 0, isBid: isBid, price: price, size: size, at: desk.turn.now, desk.turn.tell)
            guard size > was else { return run.book.setCrowd(isBid, price, size) }
            let slow = run.book.take(nil, isBid: isBid, limit: price, size - was, ownGo: false)
            run.apply(slow.fills, isBid: isBid)
            run.book.setCrowd(isBid, price, was + slow.left)
        case 8:
            let live = run.orders.filter { $0.order.isLive }
            guard !live.isEmpty else { return }
            let (number, order) = live[run.drawn(0...live.count - 1)]
            desk.venue.exchange.remove(order, "Cancel", desk.turn)
            run.book.shrink(number, to: 0)
        default:
            let live = run.orders.filter { $0.order.isLive && $0.order.remaining > 1 }
            guard !live.isEmpty else { return }
            let (number, order) = live[run.drawn(0...live.count - 1)]
            let size = run.drawn(1...order.remaining - 1)
            desk.venue.exchange.shrink(order, to: size, "Decrease", desk.turn)
            desk.venue.exchange.reserve(order.account, 0, desk.turn)
            run.book.shrink(number, to: size)
        }
    }

    private func compare(_ run: Run, _ step: Int) throws {
        let exchange = run.desk.venue.exchange
        let ticker = run.desk.world.pairs[0].ticker
        let sizes = run.book.sizes()
        for (number, order) in run.orders {
            try #require(order.isLive ? order.remaining == sizes[number] : sizes[number] == nil, "step \(step)")
            try #require(order.filled + order.remaining <= order.initial)
        }
        var fees: [String: Int] = [:]
        for fill in exchange.fills { fees[fill.account, default: 0] += fill.fee }
        var total = exchange.collateral + exchange.feesTaken + (exchange.accounts[KalshiExchange.crowd]?.total ?? 0)
        var longs = 0
        var net = 0
        for (name, account) in exchange.accounts {
            longs += max(0, account[ticker])
            net += account[ticker]
            guard name != KalshiExchange.crowd else { continue }
            let slow = run.accounts[name] ?? SlowAccount()
            try #require(account[ticker] == slow.position, "\(name) at step \(step)")
            try #require(account.total == Self.initial + slow.cash - (fees[name] ?? 0), "\(name) at step \(step)")
            let claimed = run.orders.reduce(0) { $0 + ($1.order.account == name ? $1.order.reserved : 0) }
            try #require(account.available() >= 0 && account.reserved[0] ?? 0 == claimed)
            try #require(run.orders.allSatisfy { $0.order.isLive || $0.order.reserved == 0 })
            total += account.total
        }
        try #require(net == 0 && longs * 10_000 == exchange.collateral, "step \(step)")
        try #require(total == Self.initial * Self.owners.count, "step \(step)")
        for isBid in [true, false] {
            let shown =
                isBid ? run.desk.world.pairs[0].resting.kalshi.bids : run.desk.world.pairs[0].resting.kalshi.asks
            let resting = exchange.markets[0][isBid].reduce(0) { $0 + $1.remaining }
            try #require(shown.levels.reduce(0) { $0 + $1.size } == resting)
        }
    }

    @Test(
        "random streams of orders, cancels and crowds fill alike, and no unit of money or contracts comes or goes",
        arguments: 1...12 as ClosedRange<UInt64>)
    func streams(seed: UInt64) throws {
        let run = try Run(seed: seed)
        for index in 0..<400 {
            step(run)
            run.desk.settle()
            try compare(run, index)
        }
        let fills = run.desk.venue.exchange.fills
        #expect(fills.count > 100 && fills.contains { !$0.isTaker } && fills.contains { $0.isTaker })
        // Paid out, everything is money again.
        let exchange = run.desk.venue.exchange
        run.desk.command { run.desk.venue.enter(.finalized(1_000), run.desk.world.pairs[0].ticker, run.desk.turn) }
        #expect(exchange.collateral == 0)
        for (name, account) in exchange.accounts {
            #expect(account.positions.isEmpty && account.available() == account.total, "\(name): \(account)")
        }
    }

    @Test("fees are those of the published cases, single fills and series of them, to the last unit")
    func fees() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../shared/venues/kalshi/fees/fee_vectors.json")
        guard let data = try? Data(contentsOf: file) else {
            print("SKIPPED fee vectors: not here")
            return
        }
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let single = try #require(object["single_fill_vectors"] as? [[String: Any]])
        #expect(single.count > 50)
        func units(_ text: Any?, _ places: Int) throws -> Int {
            let parts = try #require(text as? String).split(separator: ".", omittingEmptySubsequences: false)
            let fraction = parts.count > 1 ? parts[1] : ""
            let digits = String(parts[0]) + fraction.padding(toLength: places, withPad: "0", startingAt: 0)
            let value = Int(digits)
            return try #require(value)
        }
        for item in try #require(object["multi_fill_vectors"] as? [[String: Any]]) {
            var charge = KalshiCharge()
            charge.chargesMakers = true
            charge.grain = try units(item["balance_precision"], 6)
            var accumulator = 0
            for fill in try #require(item["fills"] as? [[String: Any]]) {
                let price = try units(fill["price"], 4)
                guard price % 10 == 0 else { break }  // finer than the simulated grids
                let fee = charge.fee(
                    mills: price / 10, count: try units(fill["count"], 2), isBuy: true,
                    isTaker: fill["role"] as? String == "taker", accumulator: &accumulator)
                #expect(fee == (try units(fill["net_fee"], 6)), "\(item["name"] ?? "")")
            }
        }
        for item in single {
            var charge = KalshiCharge()
            charge.multiplier = try units(item["multiplier"], 3)
            charge.chargesMakers = true
            let price = try units(item["price"], 4)
            guard price % 10 == 0 else { continue }
            let count = try units(item["count"], 2)
            let isTaker = item["role"] as? String == "taker"
            #expect(
                charge.model(mills: price / 10, count: count, isTaker: isTaker)
                    == (try units(item["trade_fee_6dp"], 6)))
            for (name, grain) in [("direct_member", 100), ("non_direct", 10_000)] {
                charge.grain = grain
                var accumulator = 0
                let fee = charge.fee(
                    mills: price / 10, count: count, isBuy: true, isTaker: isTaker, accumulator: &accumulator)
                #expect(fee == (try units(item["net_fee_\(name)_single_fill_buy"], 6)), "\(item)")
            }
        }
    }
}
