import Arb
import Assembly
import Testing
import Trading

@Suite("Pinned terms")
struct PinnedTermsTests {
    private static let kalshi = """
          [pair.kalshi.reference]
          price_ranges = [["0.00", "0.10", "0.001"], ["0.10", "1.00", "0.01"]]
          fee_type = "quadratic"
          fee_multiplier = "0.5"
          entries_end = "2026-12-10T19:00:00Z"
          payout = "2026-12-10T21:00:00Z"
          read_at = "2026-11-20T00:00:00Z"
        """
    private static let polymarket = """
          [pair.polymarket.reference]
          tick_size = "0.005"
          min_order_size = "5"
          fee_rate = "0.04"
          fee_exponent = 1
          payout = "2026-12-10T21:00:00Z"
          read_at = "2026-11-20T00:00:00Z"
        """

    private func file(_ kalshi: String, _ polymarket: String) -> CaptureHeader.PairText {
        CaptureHeader.PairText(
            path: "pinned.toml",
            text: """
                [[pair]]
                id = "p"
                title = "T"
                status = "proposed"
                polarity = "same"
                reviewed = { by = "x", on = "2026-11-20" }
                  [pair.kalshi]
                  ticker = "KXT-1"
                  exchange_index = 0
                \(kalshi)
                  [pair.polymarket]
                  condition_id = "0x\(String(repeating: "a", count: 64))"
                  yes_token = "123"
                  no_token = "456"
                \(polymarket)
                """)
    }

    @Test("hold from the start, for both venues, without any answer")
    func hold() throws {
        let pairs = try PairFiles([file(Self.kalshi, Self.polymarket)])
        let configuration = try ConfigurationReader.read("", file: nil, folder: ".")
        let core = try Core(configuration: configuration, pairs: pairs, seed: 1) { _ in }
        let stamp = Stamp(
            monotonic: MonotonicNanos(rawValue: 1), utc: try #require(UTCNanos(rfc3339: "2026-11-21T00:00:00Z")))
        core.engine.start(at: stamp)
        #expect(core.engine.nextDeadline.map { $0 <= stamp.monotonic } == true)
        core.engine.advance(to: stamp)
        let kalshi = try #require(core.engine.terms(of: InstrumentID(0)))
        let polymarket = try #require(core.engine.terms(of: InstrumentID(1)))
        #expect(kalshi.grid.bands.count == 2 && kalshi.entriesEnd?.rfc3339.hasPrefix("2026-12-10T19:00:00") == true)
        #expect(kalshi.exchangeIndex == 0 && kalshi.currency == .usd)
        #expect(polymarket.currency == .pusd && polymarket.entriesEnd == nil && polymarket.payout != nil)
        var state = FeeState()
        let half = try Price(decimal: "0.5")
        let hundred = try Quantity(decimal: "100")
        // 0.07 × 0.5 × 100 × 0.25 and 0.04 × 100 × 0.25.
        #expect(
            try kalshi.fees.schedule(at: stamp.utc).schedule.buyFee(half, hundred, .taker, &state)
                == Money(decimal: "0.875"))
        #expect(
            try polymarket.fees.schedule(at: stamp.utc).schedule.buyFee(half, hundred, .taker, &state)
                == Money(decimal: "1"))
        withExtendedLifetime(core) {}
    }

    @Test(
        "a mistake is told at its place",
        arguments: [
            ("fee_multiplier = \"0.5\"", "fee_multiplier = \"lots\"", "fee_multiplier 'lots'"),
            ("[\"0.10\", \"1.00\", \"0.01\"]", "[\"0.10\", \"1.00\", \"0.00\"]", "price_ranges make no grid"),
            ("[\"0.10\", \"1.00\", \"0.01\"]", "[\"0.10\", \"1.00\"]", "a band is three prices"),
            ("read_at = \"2026-11-20T00:00:00Z\"", "", "no read_at"),
            ("payout = \"2026-12-10T21:00:00Z\"", "pay_out = \"2026-12-10T21:00:00Z\"", "unknown key 'pay_out'"),
        ])
    func mistakes(old: String, new: String, words: String) throws {
        do throws(SourceFaults) {
            _ = try PairFiles([file(Self.kalshi.replacing(old, with: new), Self.polymarket)])
            Issue.record("accepted")
        } catch {
            #expect(error.rendered.contains(words), "\(error.rendered)")
        }
    }
}
