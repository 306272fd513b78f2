import Foundation
import Testing
import Trading

@testable import Kalshi

@Suite("Feed against a slow oracle")
struct FeedOracleTests {
    private let tickers = (0..<6).map { "KXRANDOM-\($0).5" }

    private enum Spoil: Int, CaseIterable {
        case none, drop, repeatLast, late, swap
    }

    private struct Run {
        let harness: FeedHarness
        let venue: OracleVenue
        var spoiled = 0
        var isConnected = false

        /// Delivers every queued frame, spoiling some.
        mutating func deliver(_ random: inout SeededGenerator, spoils: Bool) throws {
            while true {
                if !isConnected {
                    guard let link = harness.opened.last else { return }
                    harness.opened = []
                    venue.disconnect()
                    isConnected = true
                    harness.open(link.index)
                }
                for command in harness.takeSent() { try venue.receive(command) }
                guard !venue.queue.isEmpty else { return }
                let index = venue.queue.count > 1 && spoils ? spoil(&random) : 0
                guard !venue.queue.isEmpty else { continue }
                harness.frame(venue.queue.remove(at: index))
                if !harness.closed.isEmpty {
                    harness.closed = []
                    isConnected = false
                    harness.sent = []
                    harness.close()
                    return
                }
            }
        }

        private mutating func spoil(_ random: inout SeededGenerator) -> Int {
            guard Int.random(in: 0..<60, using: &random) == 0 else { return 0 }
            spoiled += 1
            switch Spoil.allCases[Int.random(in: 0..<Spoil.allCases.count, using: &random)] {
            case .none: break
            case .drop: venue.queue.removeFirst()
            case .repeatLast: venue.queue.insert(venue.queue[0], at: 0)
            case .late: venue.queue.append(venue.queue.removeFirst())
            case .swap: return 1
            }
            return 0
        }
    }

    private func start(_ seed: UInt64, snapshotsCount: Bool, useYesPrice: Bool) -> Run {
        let harness = FeedHarness(tickers) {
            $0.seed = seed
            $0.useYesPrice = useYesPrice
            $0.tickersPerCommand = 4
            $0.resyncsPerMinute = 1000
            $0.opensPerMinute = 1000
        }
        return Run(
            harness: harness,
            venue: OracleVenue(tickers, snapshotsCount: snapshotsCount, useYesPrice: useYesPrice))
    }

    @Test("every live book equals the oracle, whatever is lost, doubled or late", arguments: Array(1...24) as [UInt64])
    func spoiled(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var run = start(seed, snapshotsCount: seed % 2 == 0, useYesPrice: seed % 3 == 0)
        var liveSeen = 0
        for round in 0..<400 {
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                run.venue.change(tickers[Int.random(in: 0..<tickers.count, using: &random)], &random)
            }
            try run.deliver(&random, spoils: true)
            run.harness.pass(.milliseconds(Int64.random(in: 1...3000, using: &random)))
            try run.deliver(&random, spoils: false)
            // Everything sent has arrived. A frame lost at the very end is known only with the next one.
            guard run.harness.feed.lines[0].expected == run.venue.seq + 1 else { continue }
            for (index, ticker) in tickers.enumerated() where run.harness.isLive(index) {
                try #require(run.harness.text(index) == run.venue.text(ticker), "seed \(seed) round \(round) \(ticker)")
                liveSeen += 1
            }
        }
        #expect(run.spoiled > 5 && liveSeen > 500, "seed \(seed): \(run.spoiled) \(liveSeen)")
        #expect(!run.harness.sink.sawCrossedBook && run.harness.feed.counters.crossed == 0)
        #expect(run.harness.feed.counters.crossCheckFailures == 0 && run.harness.feed.counters.crossChecks > 0)
        // Left alone, everything comes back.
        for _ in 0..<40 {
            run.harness.pass(.seconds(1))
            try run.deliver(&random, spoils: false)
        }
        for (index, ticker) in tickers.enumerated() {
            #expect(run.harness.isLive(index) && run.harness.text(index) == run.venue.text(ticker), "seed \(seed)")
        }
    }

    @Test("an unspoiled stream is applied frame by frame without a void", arguments: [31, 32, 33, 34] as [UInt64])
    func clean(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var run = start(seed, snapshotsCount: seed % 2 == 0, useYesPrice: seed > 32)
        try run.deliver(&random, spoils: false)
        for round in 0..<2000 {
            run.venue.change(tickers[round % tickers.count], &random)
            try run.deliver(&random, spoils: false)
            run.harness.pass(.milliseconds(100))
            try run.deliver(&random, spoils: false)
            let index = round % tickers.count
            try #require(run.harness.text(index) == run.venue.text(tickers[index]) && run.harness.isLive(index))
        }
        #expect(run.harness.sink.voids.isEmpty && run.harness.feed.counters.gaps == 0)
        // 200 seconds, a comparison of each of six books every 30 to 55.
        #expect((18...60).contains(run.harness.feed.counters.crossChecks))
    }
}
