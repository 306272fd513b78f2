import Codec

/// What the hot path takes from one change of a book level.
private struct Update {
    var symbol: UInt64 = 0
    var price: Int64 = 0
    var size: Int64 = 0
    var isAsk = false
}

/// Messages of one shape, 256 copies that differ in their digits, so that branch history is not the benchmark.
private struct ParseCase {
    let name: String
    /// What the C program calls it.
    let floor: String
    let messages: [[UInt8]]
    let parse: (JSONReader, UnsafeRawBufferPointer, inout [Update]) -> Int

    init(
        _ name: String, _ floor: String, _ message: String,
        _ parse: @escaping (JSONReader, UnsafeRawBufferPointer, inout [Update]) -> Int
    ) {
        self.name = name
        self.floor = floor
        self.parse = parse
        messages = (0..<256).map { index in
            var bytes = Array(message.utf8)
            vary(&bytes, "1250.37", at: 2, to: index % 10)
            vary(&bytes, "0.4600", at: 2, to: 1 + index % 8)
            vary(&bytes, "0.4600", at: 3, to: index % 10)
            return bytes
        }
    }
}

private func vary(_ bytes: inout [UInt8], _ text: String, at offset: Int, to digit: Int) {
    let text = Array(text.utf8)
    guard bytes.count >= text.count else { return }
    for start in 0...(bytes.count - text.count) where bytes[start..<(start + 2)].elementsEqual(text[..<2]) {
        if bytes[(start + 4)..<(start + text.count)].elementsEqual(text[4...]) {
            bytes[start + offset] = UInt8(48 + digit)
            return
        }
    }
}

private func kalshiDelta(_ reader: JSONReader, _ bytes: UnsafeRawBufferPointer, _ out: inout [Update]) -> Int {
    guard let root = try? reader.read(bytes) else { return 0 }
    var isDelta = false
    var body: JSONValue?
    for (key, value) in root.members {
        if key == "type" {
            isDelta = value.text.map { $0 == "orderbook_delta" } ?? false
        } else if key == "msg" {
            body = value
        }
    }
    guard isDelta, let body else { return 0 }
    var update = Update()
    for (key, value) in body.members {
        switch key.count {
        case 13 where key == "market_ticker": update.symbol = value.text?.word ?? 0
        case 13 where key == "price_dollars": update.price = decimal(value)
        case 8 where key == "delta_fp": update.size = decimal(value, .negative)
        case 4 where key == "side": update.isAsk = value.text.map { $0 == "no" } ?? false
        default: break
        }
    }
    out[0] = update
    return 1
}

private func polymarketChange(_ reader: JSONReader, _ bytes: UnsafeRawBufferPointer, _ out: inout [Update]) -> Int {
    guard let root = try? reader.read(bytes) else { return 0 }
    var count = 0
    for (key, value) in root.members where key == "price_changes" {
        for change in value.elements {
            var update = Update()
            for (key, value) in change.members {
                switch key.count {
                case 8 where key == "asset_id": update.symbol = value.text?.word ?? 0
                case 5 where key == "price": update.price = decimal(value)
                case 4 where key == "size": update.size = decimal(value)
                case 4 where key == "side": update.isAsk = value.text.map { $0 == "SELL" } ?? false
                default: break
                }
            }
            out[count] = update
            count += 1
        }
    }
    return count
}

private func polymarketBook(_ reader: JSONReader, _ bytes: UnsafeRawBufferPointer, _ out: inout [Update]) -> Int {
    guard let root = try? reader.read(bytes) else { return 0 }
    var count = 0
    for (key, value) in root.members where key == "bids" || key == "asks" {
        for level in value.elements {
            var update = Update()
            update.isAsk = key == "asks"
            for (key, value) in level.members {
                if key == "price" {
                    update.price = decimal(value)
                } else if key == "size" {
                    update.size = decimal(value)
                }
            }
            out[count] = update
            count += 1
        }
    }
    return count
}

@inline(__always) private func decimal(_ value: JSONValue, _ form: DecimalForm = []) -> Int64 {
    (try? value.decimal8(form)) ?? .min
}

private func bookMessage(levels: Int) -> String {
    let bids = (1...levels).reversed().map { level in
        "{\"price\":\"0.\(51 - level)\",\"size\":\"\(100 + level * 37).\(10 + level * 3)\"}"
    }
    let asks = (1...levels).reversed().map { level in
        "{\"price\":\"0.\(51 + level)\",\"size\":\"\(90 + level * 41).\(10 + level * 4)\"}"
    }
    return """
        {"event_type":"book","market":"0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917",\
        "asset_id":"71321045679252212594626385532706912750332728571942532289631379312455583992563",\
        "timestamp":"1795207441123","hash":"9c1f8a0b7d6e5f4c3b2a190817263544f5e6d7c8",\
        "bids":[\(bids.joined(separator: ","))],"asks":[\(asks.joined(separator: ","))]}
        """
}

private let deltaMessage = """
    {"type":"orderbook_delta","sid":2,"seq":1234567,"msg":{"market_ticker":"KXNBAGAME-26NOV20LALBOS-LAL",\
    "market_id":"9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1","price_dollars":"0.4600","delta_fp":"-54.00","side":"yes",\
    "ts":"2026-11-20T20:44:01.123456Z","ts_ms":1795207441123}}
    """

private let changeMessage = """
    {"event_type":"price_change","market":"0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917",\
    "price_changes":[{"asset_id":"71321045679252212594626385532706912750332728571942532289631379312455583992563",\
    "price":"0.517","size":"1250.37","side":"BUY","hash":"9c1f8a0b7d6e5f4c3b2a190817263544f5e6d7c8",\
    "best_bid":"0.517","best_ask":"0.52"},\
    {"asset_id":"52114319501245915516055106046884209969926127482827954674443846427813813222426",\
    "price":"0.483","size":"1250.37","side":"SELL","hash":"0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",\
    "best_bid":"0.48","best_ask":"0.483"}],"timestamp":"1795207441123"}
    """

/// Times `rounds` calls, 15 times after two warm-ups, and shows a row in nanoseconds a call.
private func measure(_ name: String, rounds: Int, floor: [Double] = [], json: Bool, note: String, _ body: (Int) -> Int)
{
    var figures: [Double] = []
    for round in -2..<15 {
        var found = 0
        let spent = ContinuousClock().measure {
            for index in 0..<rounds { found &+= body(index) }
        }
        precondition(found >= rounds, "every call must find what it looks for")
        let nanos = Double(spent.components.attoseconds) / 1e9 + Double(spent.components.seconds) * 1e9
        if round >= 0 { figures.append(nanos / Double(rounds)) }
    }
    var row = Row(name, figures, proof: note)
    row.compare(figures, floor)
    row.show(json: json)
}

/// Byte strings side by side in one arena, at multiples of `stride`.
private func arena(_ texts: [[UInt8]], stride: Int) -> UnsafeMutableRawBufferPointer {
    let arena = UnsafeMutableRawBufferPointer.allocate(byteCount: stride * texts.count, alignment: 64)
    for (index, text) in texts.enumerated() {
        UnsafeMutableRawBufferPointer(rebasing: arena[(index * stride)...]).copyBytes(from: text)
    }
    return arena
}

/// Measures message text to the numbers the hot path needs (read, walk and decimals, as the C floor does), then the
/// lookup of names that the walk finds.
func runParseBench(_ floors: Floors, json: Bool) {
    let cases = [
        ParseCase("parse.kalshi_delta", "kalshi_delta", deltaMessage, kalshiDelta),
        ParseCase("parse.polymarket_price_change", "poly_price_change2", changeMessage, polymarketChange),
        ParseCase("parse.polymarket_book20", "poly_book20x20", bookMessage(levels: 20), polymarketBook),
    ]
    let reader = JSONReader()
    var out = [Update](repeating: Update(), count: 128)
    for item in cases {
        let size = item.messages[0].count
        let stride = (size + 127) / 64 * 64
        let arena = arena(item.messages, stride: stride)
        defer { arena.deallocate() }
        measure(
            item.name, rounds: 40_000_000 / (size + 200), floor: floors[item.floor + "/simdjson_ondemand"], json: json,
            note: "\(size) bytes, every number read; simdjson \(JSONReader.implementation)"
        ) { index in
            let start = (index & 255) * stride
            return item.parse(reader, UnsafeRawBufferPointer(rebasing: arena[start..<(start + size)]), &out)
        }
    }
    lookup("ticker", json) { "KXNBAGAME-26NOV\(100_000 + $0)BOS-LAL" }
    lookup("token", json) {
        "713210456792522125946263855327069127503327285719425322896313793124555\(10_000_000 + $0)"
    }
}

private func lookup(_ name: String, _ json: Bool, _ make: (Int) -> String) {
    let count = 10_000
    let table = SymbolTable(countMax: count)
    let names = (0..<count).map(make)
    for (index, name) in names.enumerated() {
        do throws(SymbolFault) { try table.insert(name, Int32(index)) } catch { preconditionFailure(error.code) }
    }
    let (bytes, stride) = (names[0].utf8.count, 128)
    let arena = arena(names.map { Array($0.utf8) }, stride: stride)
    defer { arena.deallocate() }
    for used in [64, 8192] {
        measure("lookup.\(name).\(used)_of_\(count)", rounds: 400_000, json: json, note: "\(bytes) bytes") { index in
            let start = (index &* 7919) & (used - 1) * stride  // not in the order of entry
            return table.lookup(UnsafeRawBufferPointer(rebasing: arena[start..<(start + bytes)])) == nil ? 0 : 1
        }
    }
}
