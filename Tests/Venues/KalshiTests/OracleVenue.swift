import Codec
import Foundation
import Trading

@testable import Kalshi

/// The slow, obvious side: dictionaries by price text, one counter, and a queue of frames that a test may spoil.
///
/// It speaks the protocol's server half for one connection: snapshots and deltas in one sequence, answers to commands.
final class OracleVenue {
    struct Level: Hashable {
        let side: String
        let cents: Int
    }

    /// Sizes in hundredths of a contract.
    private(set) var books: [String: [Level: Int]] = [:]
    private(set) var sid = 0
    private(set) var seq = 0
    private var subscribed: [String] = []
    /// Frames on their way to the client.
    var queue: [String] = []
    var isDeaf = false
    let snapshotsCount: Bool
    let useYesPrice: Bool
    private let reader = JSONReader()

    init(_ tickers: [String], snapshotsCount: Bool = true, useYesPrice: Bool = false) {
        for ticker in tickers { books[ticker] = [:] }
        self.snapshotsCount = snapshotsCount
        self.useYesPrice = useYesPrice
    }

    /// A new connection: subscriptions are gone, counters start again.
    func disconnect() {
        sid = 0
        seq = 0
        subscribed = []
        queue = []
    }

    private func shown(_ level: Level) -> String {
        let cents = level.side == "no" && useYesPrice ? 100 - level.cents : level.cents
        return "0.\(cents < 10 ? "0" : "")\(cents)00"
    }

    private func size(_ hundredths: Int) -> String {
        let magnitude = abs(hundredths)
        let rest = magnitude % 100
        return "\(hundredths < 0 ? "-" : "")\(magnitude / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// Best YES bid and ask in cents, as the oracle sees them.
    func best(_ ticker: String) -> (bid: Int, ask: Int) {
        let levels = books[ticker] ?? [:]
        let bid = levels.keys.filter { $0.side == "yes" }.map(\.cents).max() ?? 0
        let no = levels.keys.filter { $0.side == "no" }.map(\.cents).max() ?? 0
        return (bid, 100 - no)
    }

    /// Changes one level, never crossing, and queues the delta.
    func change(_ ticker: String, _ random: inout SeededGenerator) {
        let side = Bool.random(using: &random) ? "yes" : "no"
        let (bid, ask) = best(ticker)
        let top = side == "yes" ? ask - 1 : 99 - bid
        guard top >= 1 else { return }
        var level = Level(side: side, cents: Int.random(in: max(1, top - 12)...top, using: &random))
        let held = (books[ticker] ?? [:]).filter { $0.key.side == side }.keys.sorted { $0.cents < $1.cents }
        if !held.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
            level = held[Int.random(in: 0..<held.count, using: &random)]
        }
        let have = books[ticker]?[level] ?? 0
        let isRemoval = have > 0 && Bool.random(using: &random)
        let change = isRemoval ? -Int.random(in: 1...have, using: &random) : Int.random(in: 1...50_000, using: &random)
        let now = have + change
        books[ticker]?[level] = now == 0 ? nil : now
        guard subscribed.contains(ticker) else { return }
        seq += 1
        queue.append(
            Frames.delta(ticker, sid: sid, seq: seq, side: side, price: shown(level), change: size(change)))
    }

    func snapshot(_ ticker: String, id: Int? = nil) {
        var number = seq
        if id == nil || snapshotsCount {
            seq += 1
            number = seq
        }
        let levels = (books[ticker] ?? [:]).sorted { ($0.key.side, $0.key.cents) < ($1.key.side, $1.key.cents) }
        func side(_ name: String) -> [(String, String)] {
            levels.filter { $0.key.side == name }.map { (shown($0.key), size($0.value)) }
        }
        queue.append(
            Frames.snapshot(ticker, sid: sid, seq: number, id: id, yes: side("yes"), no: side("no")))
    }

    /// Answers one command of the client.
    func receive(_ text: String) throws {
        guard !isDeaf else { return }
        let object = try Samples.object(Data(text.utf8))
        let params = object.object("params")
        let id = object["id"] as? Int ?? 0
        let tickers = params["market_tickers"] as? [String] ?? []
        switch (object.text("cmd"), params.text("action")) {
        case ("subscribe", _):
            if sid == 0 || !subscribed.isEmpty { seq = 0 }
            sid += 1
            seq = 0
            subscribed = tickers
            queue.append(Frames.ack(sid: sid, id: id))
            for ticker in tickers { snapshot(ticker) }
        case ("update_subscription", "get_snapshot"): for ticker in tickers { snapshot(ticker, id: id) }
        case ("update_subscription", "add_markets"):
            subscribed += tickers
            seq += 1
            queue.append(#"{"id":\#(id),"sid":\#(sid),"seq":\#(seq),"type":"ok","msg":{"market_tickers":[]}}"#)
            for ticker in tickers { snapshot(ticker) }
        case ("unsubscribe", _):
            seq += 1
            queue.append(#"{"id":\#(id),"sid":\#(sid),"seq":\#(seq),"type":"unsubscribed"}"#)
            subscribed = []
        default: throw CocoaError(.featureUnsupported)
        }
    }

    /// The book as `FeedHarness.text` writes it.
    func text(_ ticker: String) -> String {
        let levels = books[ticker] ?? [:]
        func side(_ name: String) -> String {
            levels.filter { $0.key.side == name }
                .map { (cents: name == "yes" ? $0.key.cents : 100 - $0.key.cents, size: $0.value) }
                .sorted { $0.cents < $1.cents }
                .map {
                    "\(Quantity(rawValue: Int64($0.size) * 1_000_000))@\(Price(rawValue: Int64($0.cents) * 1_000_000) ?? .zero)"
                }
                .joined(separator: " ")
        }
        return side("yes") + " | " + side("no")
    }
}
