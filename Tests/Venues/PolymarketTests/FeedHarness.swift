import Foundation
import Trading

@testable import Polymarket

/// A sink that keeps what a feed says, with real books.
final class TestSink: BookSink {
    let table: BookTable
    var voids: [(InstrumentID, VoidReason)] = []
    var holds = 0
    var releases = 0
    var crossChecks = 0
    var notices: [FeedNotice] = []
    var market: [MarketEvent] = []
    var faults: [LadderFault] = []

    init(instruments: Int) { table = BookTable(units: Array(repeating: .cent, count: instruments)) }

    func book(_ instrument: InstrumentID) -> Book { table[instrument] }
    func apply(_ event: MarketEvent) { market.append(event) }
    func note(_ notice: FeedNotice) { notices.append(notice) }

    func apply(_ event: BookEvent) -> LadderFault? {
        do throws(LadderFault) {
            switch event {
            case .snapshotBegan(let instrument, let unit, _): table[instrument].clear(unit: unit)
            case .snapshotEnded(let instrument, _): table[instrument].status = .live
            case .level(let instrument, let side, let price, let quantity):
                try table[instrument][side].set(price, quantity)
            case .change(let instrument, let side, let price, let change):
                try table[instrument][side].add(price, change: change)
            case .updated: break
            case .held(let instrument):
                table[instrument].status = .held
                holds += 1
            case .released(let instrument):
                table[instrument].status = .live
                releases += 1
            case .crossChecked: crossChecks += 1
            case .voided(let instrument, let reason):
                table[instrument].void()
                voids.append((instrument, reason))
            }
            return nil
        } catch {
            faults.append(error)
            return error
        }
    }
}

/// One market on one link, driven frame by frame.
final class FeedHarness {
    let feed: Feed
    let sink: TestSink
    let instrument = InstrumentID(0)
    private(set) var now: Int64 = 1_000_000_000
    private var requests: [RestRequest] = []
    /// Connections that the feed gave up.
    private(set) var closes = 0

    init(condition: String, yes: String, no: String, settings: FeedSettings = FeedSettings()) {
        sink = TestSink(instruments: 1)
        let contract = Contract(venue: .polymarket, symbol: condition, tokens: .init(yes: yes, no: no))
        feed = Feed([(instrument, contract)], settings: settings)
        feed.start([instrument], at: stamp, into: sink)
        feed.opened(LinkID(venue: .polymarket, index: 0), at: stamp, into: sink)
        collect()
    }

    var stamp: Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: now), utc: UTCNanos(rawValue: 1_790_000_000_000_000_000 + now))
    }
    var book: Book { sink.table[instrument] }

    @discardableResult
    func frame(_ text: String, after milliseconds: Int64 = 1) -> Bool {
        frame(bytes: Array(text.utf8), after: milliseconds)
    }

    @discardableResult
    func frame(bytes: [UInt8], after milliseconds: Int64 = 1) -> Bool {
        pass(milliseconds)
        let isData = bytes.withUnsafeBytes {
            feed.received(LinkID(venue: .polymarket, index: 0), $0.bytes, at: stamp, into: sink)
        }
        collect()
        return isData
    }

    func close() {
        feed.closed(LinkID(venue: .polymarket, index: 0), reason: "test", at: stamp, into: sink)
        collect()
    }

    /// Lets time pass, waking the feed at every deadline of its own.
    func pass(_ milliseconds: Int64) {
        let end = now + milliseconds * 1_000_000
        while let due = feed.nextDeadline, due.rawValue <= end {
            now = max(now, due.rawValue)
            feed.advance(to: stamp, into: sink)
            collect()
        }
        now = end
    }

    private func collect() {
        for action in feed.takeActions() {
            if case .fetch(let request) = action { requests.append(request) }
            if case .close = action { closes += 1 }
        }
    }

    /// Answers the oldest request for books with this text.
    @discardableResult
    func answerBooks(_ body: String, type: String = "application/json", status: Int = 200) -> Bool {
        guard !requests.isEmpty else { return false }
        let answer = RestAnswer(
            request: requests.removeFirst(), status: status, contentType: type, body: Array(body.utf8),
            fetchedAt: stamp.utc)
        feed.answered(answer, at: stamp, into: sink)
        collect()
        return true
    }

    var pendingReads: Int { requests.count }
}

/// The venue's vectors, read in place; nil where they are not there.
enum Vectors {
    static func text(_ name: String) -> String? {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../../shared/venues/polymarket")
        return try? String(contentsOf: root.appending(path: name), encoding: .utf8)
    }

    static var areThere: Bool { text("fee_vectors.json") != nil }
}
