import Codec
import Foundation
import Testing
import Trading

@testable import Kalshi

@Suite("Wire")
struct WireTests {
    private func code(_ text: String, _ read: (JSONValue) throws -> Void) throws -> String? {
        let reader = JSONReader()
        do {
            try read(try reader.read(text))
            return nil
        } catch let fault as WireFault {
            return fault.code
        } catch let fault as JSONFault { return fault.code }
    }

    private func delta(
        price: String = #""0.4200""#, change: String = #""-3.00""#, side: String = #""yes""#, more: String = ""
    ) -> String {
        #"{"market_ticker":"A","market_id":"x","price_dollars":\#(price),"delta_fp":\#(change),"side":\#(side)\#(more)}"#
    }

    @Test("a delta of the current form is read exactly")
    func currentDelta() throws {
        let reader = JSONReader()
        let delta = try Wire.delta(reader.read(delta(more: #","ts_ms":1795219200173,"client_order_id":"c""#)))
        #expect(delta.ticker == "A" && delta.leg == .yes)
        #expect(try delta.price == price("0.42") && delta.change == quantity("-3"))
        #expect(delta.venueStamp == UTCNanos(milliseconds: 1_795_219_200_173))
    }

    @Test(
        "S03, S04, V30: what is no canonical price is refused",
        arguments: [
            (#""0""#, "E_WIRE_KALSHI_PRICE"), (#""1""#, "E_WIRE_KALSHI_PRICE"), (#""1.0000""#, "E_WIRE_KALSHI_PRICE"),
            (#""0.0000""#, "E_WIRE_KALSHI_PRICE"), (#""42""#, "E_WIRE_KALSHI_PRICE"),
            (#""1.01""#, "E_WIRE_KALSHI_PRICE"),
            (#""-0.42""#, "E_WIRE_DEC_NEGATIVE"), (#""-0""#, "E_WIRE_DEC_NEGATIVE"), (#""+0.42""#, "E_WIRE_DEC_FORM"),
            (#""4e-1""#, "E_WIRE_DEC_FORM"), (#""NaN""#, "E_WIRE_DEC_FORM"), (#"" 0.42""#, "E_WIRE_DEC_FORM"),
            (#""0x1""#, "E_WIRE_DEC_FORM"), (#""00.42""#, "E_WIRE_DEC_LEADING_ZERO"), (#""""#, "E_WIRE_DEC_EMPTY"),
            (#""0.123456789""#, "E_WIRE_DEC_DECIMALS"), ("0.42", "E_WIRE_KALSHI_FIELD"),
            ("null", "E_WIRE_KALSHI_FIELD"),
            ("true", "E_WIRE_KALSHI_FIELD"), (#"["0.42"]"#, "E_WIRE_KALSHI_FIELD"), ("NaN", "E_WIRE_JSON_NUMBER"),
            ("0.4.2", "E_WIRE_JSON_NUMBER"), ("1e400", "E_WIRE_KALSHI_FIELD"),
        ])
    func badPrices(text: String, expected: String) throws {
        let found = try code(delta(price: text)) { _ = try Wire.delta($0) }
        #expect(found == expected)
    }

    @Test(
        "a change that is no canonical decimal is refused",
        arguments: [
            (#""-0.00""#, "E_WIRE_DEC_NEGATIVE_ZERO"), (#""99999999999999999999""#, "E_WIRE_DEC_OVERFLOW"),
            (#""1e2""#, "E_WIRE_DEC_FORM"), ("3", "E_WIRE_KALSHI_FIELD"),
        ])
    func badChanges(text: String, expected: String) throws {
        #expect(try code(delta(change: text)) { _ = try Wire.delta($0) } == expected)
    }

    @Test(
        "S05, S07: duplicate keys, unknown sides and missing fields are refused",
        arguments: [
            (#"{"market_ticker":"A","price_dollars":"0.4","delta_fp":"1","delta_fp":"9","side":"yes"}"#, "DUPLICATE"),
            (
                #"{"market_ticker":"A","market_ticker":"B","price_dollars":"0.4","delta_fp":"1","side":"yes"}"#,
                "DUPLICATE"
            ),
            (#"{"market_ticker":"A","price_dollars":"0.4","delta_fp":"1","side":"YES"}"#, "FIELD"),
            (#"{"market_ticker":"A","price_dollars":"0.4","delta_fp":"1","side":1}"#, "FIELD"),
            (#"{"market_ticker":"A","price_dollars":"0.4","delta_fp":"1"}"#, "MISSING"),
            (#"{"market_ticker":"A","price_dollars":"0.4","side":"yes"}"#, "MISSING"),
            (#"{"market_ticker":"A","delta_fp":"1","side":"yes"}"#, "MISSING"),
            (#"{"price_dollars":"0.4","delta_fp":"1","side":"yes"}"#, "MISSING"),
            (#"{"market_ticker":"","price_dollars":"0.4","delta_fp":"1","side":"yes"}"#, "MISSING"),
            (#"{"market_ticker":5,"price_dollars":"0.4","delta_fp":"1","side":"yes"}"#, "MISSING"), ("[]", "MISSING"),
        ])
    func badDeltas(text: String, expected: String) throws {
        #expect(try code(text) { _ = try Wire.delta($0) } == "E_WIRE_KALSHI_" + expected)
    }

    @Test(
        "envelopes: repeated or mistyped keys are refused, unknown ones are not looked at",
        arguments: [
            (#"{"type":"ok","type":"ok"}"#, "E_WIRE_KALSHI_DUPLICATE"),
            (#"{"seq":1,"seq":1}"#, "E_WIRE_KALSHI_DUPLICATE"),
            (#"{"sid":-1}"#, "E_WIRE_KALSHI_FIELD"), (#"{"seq":"1"}"#, "E_WIRE_KALSHI_FIELD"),
            (#"{"seq":1.5}"#, "E_WIRE_KALSHI_FIELD"), (#"{"type":1}"#, "E_WIRE_KALSHI_FIELD"),
            ("[]", "E_WIRE_KALSHI_FIELD"),
            (#"{"new":1,"new":2,"type":"ok"}"#, nil), (#"{"type":"from_the_future","sid":3}"#, nil),
        ] as [(String, String?)])
    func envelopes(text: String, expected: String?) throws {
        #expect(try code(text) { _ = try Wire.envelope($0) } == expected)
    }

    @Test(
        "snapshot levels of all three forms; sizes of nothing and odd shapes are refused",
        arguments: [
            (#"{"market_ticker":"A","yes_dollars_fp":[["0.4200","13.00"]]}"#, nil),
            (#"{"market_ticker":"A","yes_dollars":[["0.420",13]]}"#, nil),
            (#"{"market_ticker":"A","yes":[[42,13]]}"#, nil),
            (
                #"{"market_ticker":"A","yes":[[42,1]],"yes_dollars":[["0.420",1]],"yes_dollars_fp":[["0.4200","13.00"]]}"#,
                nil
            ),
            (#"{"market_ticker":"A","yes_dollars_fp":[["0.4200","0.00"]]}"#, "E_WIRE_KALSHI_SIZE"),
            (#"{"market_ticker":"A","yes":[[42,-1]]}"#, "E_WIRE_KALSHI_SIZE"),
            (#"{"market_ticker":"A","yes":[[100,1]]}"#, "E_WIRE_KALSHI_PRICE"),
            (#"{"market_ticker":"A","yes_dollars_fp":[["0.4200"]]}"#, "E_WIRE_KALSHI_FIELD"),
            (#"{"market_ticker":"A","yes_dollars_fp":[["0.4200","1.00","x"]]}"#, "E_WIRE_KALSHI_FIELD"),
            (#"{"market_ticker":"A","yes_dollars_fp":{"0.42":1}}"#, "E_WIRE_KALSHI_FIELD"),
            (#"{"yes_dollars_fp":[]}"#, "E_WIRE_KALSHI_MISSING"),
        ] as [(String, String?)])
    func snapshots(text: String, expected: String?) throws {
        let found = try code(text) { root in
            let snapshot = try Wire.snapshot(root)
            for element in snapshot.yes.array?.elements ?? root.elements {
                let level = try snapshot.yes.level(element)
                #expect(try level == Level(price: price("0.42"), quantity: quantity("13")))
            }
        }
        #expect(found == expected)
    }

    @Test("every published grid is read as the table of valid prices says")
    func grids() throws {
        let object = try Samples.object(Samples.vector("price_grids.json"))
        var grids: [String: TickGrid] = [:]
        for (name, bands) in object.object("structures") {
            let data = try JSONSerialization.data(withJSONObject: bands)
            let reader = JSONReader()
            grids[name] = try Wire.grid(reader.read(Array(data)))
        }
        #expect(grids.count == 12)
        var count = 0
        for test in object.list("tests") {
            let grid = try #require(grids[test.text("structure")])
            #expect(try grid.accepts(price(test.text("price"))) == (test["valid"] as? Bool), "\(test)")
            count += 1
        }
        #expect(count > 100)
    }

    @Test(
        "E_REF_GRID, E_REF_SCALE: bands that make no grid are refused",
        arguments: [
            ("[]", "E_REF_GRID"), (#"[{"start":"0","end":"1","step":"0"}]"#, "E_REF_GRID"),
            (#"[{"start":"0","end":"1","step":"0.0000001"}]"#, "E_REF_SCALE"),
            (#"[{"start":"0","end":"1"}]"#, "E_WIRE_KALSHI_MISSING"), (#""linear_cent""#, "E_WIRE_KALSHI_FIELD"),
            (#"[{"start":"0","end":"1","step":0.01}]"#, "E_WIRE_KALSHI_FIELD"),
        ])
    func badGrids(text: String, expected: String) throws {
        #expect(try code(text) { _ = try Wire.grid($0) } == expected)
    }

    @Test("kinds: documented ones without use are ignored, others are unknown")
    func kinds() throws {
        for (word, kind) in [
            ("orderbook_delta", Wire.Kind.delta), ("fill", .ignored), ("event_lifecycle", .ignored),
            ("ticker", .ignored),
            ("ticker_v2", .unknown), ("event_fee_update", .eventFee),
        ] {
            let reader = JSONReader()
            #expect(try Wire.envelope(reader.read(#"{"type":"\#(word)"}"#)).kind == kind)
        }
    }
}
