import Foundation
import Testing
import Trading

@Suite("Units")
struct UnitsTests {
    @Test(
        "cost rounds up and proceeds round down only when a remainder exists",
        arguments: [
            (px: 40_000_000, qty: 1_000_000_000, cost: 400_000_000, proceeds: 400_000_000),
            (px: 33_330_000, qty: 1, cost: 1, proceeds: 0), (px: 1, qty: 1, cost: 1, proceeds: 0),
            (px: 0, qty: 5, cost: 0, proceeds: 0),
        ] as [(px: Int64, qty: Int64, cost: Int64, proceeds: Int64)])
    func rounding(px: Int64, qty: Int64, cost: Int64, proceeds: Int64) throws {
        let price = try #require(Price(rawValue: px))
        #expect(try price.cost(of: Quantity(rawValue: qty), rounding: .againstUs) == Money(rawValue: cost))
        #expect(try price.proceeds(of: Quantity(rawValue: qty), rounding: .againstUs) == Money(rawValue: proceeds))
        #expect(try price.cost(of: Quantity(rawValue: qty), rounding: .inOurFavour) <= Money(rawValue: cost))
    }

    @Test("overflow is refused, never wrapped")
    func overflow() throws {
        let price = try #require(Price(rawValue: .max))
        #expect(throws: AmountError.overflow) { try price.cost(of: Quantity(rawValue: .max), rounding: .againstUs) }
        #expect(throws: AmountError.overflow) { try Money(rawValue: .max).adding(Money(rawValue: 1)) }
        #expect(throws: AmountError.overflow) { try Money(rawValue: .min).subtracting(Money(rawValue: 1)) }
        #expect(throws: AmountError.overflow) { try Quantity(rawValue: .max).adding(Quantity(rawValue: 1)) }
        #expect(AmountError.overflow.code == "E_AMT_OVERFLOW")
        #expect(AmountError.notDecimal.code == "E_AMT_NOT_DECIMAL")
    }

    @Test(
        "decimal text goes there and back",
        arguments: ["0", "1", "0.5", "-12.34567891", "92233720368.54775807", "0.00000001"])
    func text(text: String) throws { #expect(FixedPoint.text(try FixedPoint.parse(text)) == text) }

    @Test(
        "what is no plain decimal is refused",
        arguments: ["", "-", ".5", "5.", "1e3", "+1", "0x1", "1_000", "1.123456789", " 1", "NaN", "1,5"])
    func notDecimal(text: String) { #expect(throws: AmountError.notDecimal) { try FixedPoint.parse(text) } }

    @Test("money floors toward minus infinity, so that a loss is never made smaller")
    func floors() {
        #expect(Money(rawValue: -1).floored(to: .cent) == Money(rawValue: -1_000_000))
        #expect(Money(rawValue: 1_999_999).floored(to: .cent) == Money(rawValue: 1_000_000))
        #expect(Money(rawValue: -2_000_000).floored(to: .cent) == Money(rawValue: -2_000_000))
    }

    @Test(
        "RFC 3339 in UTC goes there and back; anything else is refused",
        arguments: [
            "1970-01-01T00:00:00.000000000Z", "2026-11-21T05:37:00.101000000Z", "2024-02-29T23:59:59.999999999Z",
            "2100-03-01T00:00:00.000000000Z",
        ])
    func instants(text: String) throws { #expect(try #require(UTCNanos(rfc3339: text)).rfc3339 == text) }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+01:00",
        "2026-01-01", "2026-01-01T00:00:00.Z", "now",
    ])
    func notInstants(text: String) { #expect(UTCNanos(rfc3339: text) == nil) }

    @Test("agrees with Foundation on a thousand random instants")
    func calendar() throws {
        var random = SeededGenerator(seed: 5)
        let format = ISO8601DateFormatter()
        for _ in 0..<1_000 {
            let seconds = Int64.random(in: 0...4_000_000_000, using: &random)
            let text = format.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            #expect(UTCNanos(rfc3339: text)?.rawValue == seconds * 1_000_000_000)
        }
    }
}

@Suite("TickGrid")
struct TickGridTests {
    private static var file: String? {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../shared/venues/kalshi/meta/price_grids.json")
        return try? String(contentsOf: url, encoding: .utf8)
    }

    @Test(
        "every published case of every price structure",
        .enabled(if: TickGridTests.file != nil, "venue vectors are not beside the project"))
    func published() throws {
        let data = Data(try #require(Self.file).utf8)
        let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var grids: [String: TickGrid] = [:]
        for (name, value) in try #require(root["structures"] as? [String: [[String: String]]]) {
            let bands = try value.map { band in
                TickGrid.Band(
                    start: try Price(decimal: band["start"] ?? ""), end: try Price(decimal: band["end"] ?? ""),
                    step: try Price(decimal: band["step"] ?? ""))
            }
            grids[name] = try TickGrid(bands: bands)
        }
        let cases = try #require(root["tests"] as? [[String: Any]])
        for test in cases {
            let name = test["structure"] as? String ?? ""
            let price = try Price(decimal: test["price"] as? String ?? "")
            let grid = try #require(grids[name])
            #expect(grid.accepts(price) == (test["valid"] as? Bool), "\(name) \(price)")
        }
        #expect(cases.count > 100)
    }

    @Test("floor and ceil are the nearest prices that the grid accepts")
    func nearest() throws {
        let tapered = try TickGrid(bands: [
            .init(start: .zero, end: try Price(decimal: "0.1"), step: try Price(decimal: "0.001")),
            .init(start: try Price(decimal: "0.1"), end: try Price(decimal: "0.9"), step: .cent),
            .init(start: try Price(decimal: "0.9"), end: .one, step: try Price(decimal: "0.001")),
        ])
        #expect(tapered.unit.rawValue == 100_000)
        for raw in stride(from: Int64(0), through: 100_000_000, by: 50_000) {
            let price = try #require(Price(rawValue: raw))
            var down = raw
            while down > 0, !tapered.accepts(try #require(Price(rawValue: down))) { down -= 50_000 }
            #expect(tapered.floor(price)?.rawValue == (down > 0 ? down : nil), "\(price)")
            var up = raw
            while up < 100_000_000, !tapered.accepts(try #require(Price(rawValue: up))) { up += 50_000 }
            #expect(tapered.ceil(price)?.rawValue == (up < 100_000_000 ? up : nil), "\(price)")
        }
    }

    @Test("grids that contradict themselves or are too fine are refused")
    func refusals() throws {
        #expect(throws: GridFault.malformed) { try TickGrid(bands: []) }
        #expect(throws: GridFault.malformed) { try TickGrid(bands: [.init(start: .zero, end: .one, step: .zero)]) }
        #expect(throws: GridFault.malformed) { try TickGrid(bands: [.init(start: .one, end: .zero, step: .cent)]) }
        for raw in [Int64(10), 100, 500] {
            #expect(throws: GridFault.scale) { try TickGrid(step: try #require(Price(rawValue: raw))) }
        }
        #expect(GridFault.scale.code == "E_REF_SCALE" && GridFault.malformed.code == "E_REF_GRID")
    }
}
