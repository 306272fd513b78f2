internal import Codec
internal import Signing

/// Polymarket's market channel, spoken: books, changes of both tokens, trades in bursts of one hash, tick changes.
///
/// - Source: sheet of the venue's documentation and captures of September 2026, section 7.
public struct PolymarketSim {
    private var connections: [UInt64: Set<Int>] = [:]
    private var places: [String: Int] = [:]
    private let reader = JSONReader()
    private let digest = Digest(.sha1)

    /// A venue that lists the tokens of these pairs.
    public init(_ pairs: [SimPair]) {
        for pair in pairs {
            places[pair.yesToken] = pair.index
            places[pair.noToken] = pair.index
        }
    }

    /// A connection is up.
    public mutating func opened(_ connection: UInt64) { connections[connection] = [] }
    /// A connection is gone.
    public mutating func closed(_ connection: UInt64) { connections[connection] = nil }

    /// A message of a client.
    ///
    /// - Parameter base: milliseconds since 1970 at the world's time zero.
    public mutating func received(_ connection: UInt64, _ text: [UInt8], _ world: SimWorld, base: Int64) -> [SimFrame] {
        if text == Array("PING".utf8) { return [SimFrame(connection: connection, text: Array("PONG".utf8))] }
        guard connections[connection] != nil, let root = try? reader.read(text), let assets = root["assets_ids"] else {
            return []
        }
        let wanted = Array(assets.elements).compactMap { $0.text.flatMap { places[$0.string] } }
        let fresh = Set(wanted).subtracting(connections[connection] ?? [])
        connections[connection]?.formUnion(fresh)
        let books = fresh.sorted().flatMap { place in
            [false, true].map { book(world.pairs[place], isNo: $0, base: base, isFull: true) }
        }
        guard !books.isEmpty else { return [SimFrame(connection: connection, text: Array("[]".utf8))] }
        return [SimFrame(connection: connection, text: Array("[\(books.joined(separator: ","))]".utf8))]
    }

    /// The answer to `POST /books`.
    public func books(_ body: [UInt8], _ world: SimWorld, base: Int64) -> String {
        let reader = JSONReader(limits: .rest)
        return withExtendedLifetime(reader) {
            guard let root = try? reader.read(body), root.kind == .array else { return "[]" }
            let books = root.elements.compactMap { element -> String? in
                guard let token = element["token_id"]?.text?.string, let place = places[token] else { return nil }
                let pair = world.pairs[place]
                return book(pair, isNo: token == pair.noToken, base: base, isFull: true, isRest: true)
            }
            return "[\(books.joined(separator: ","))]"
        }
    }

    private func levels(_ side: [Int: Int], ascending: Bool) -> String {
        side.sorted { ascending ? $0.key < $1.key : $0.key > $1.key }
            .map { #"{"price":"\#(SimText.trimmed($0.key))","size":"\#(SimText.trimmedSize($0.value))"}"# }.joined(
                separator: ",")
    }

    private func token(_ pair: SimPair, _ isNo: Bool) -> String { isNo ? pair.noToken : pair.yesToken }

    private func stamp(_ pair: SimPair, _ base: Int64) -> Int64 { base + pair.polymarketStamp }

    /// The book hash, from the text that the venue hashes.
    private func hash(_ pair: SimPair, isNo: Bool, base: Int64) -> String {
        let book = isNo ? pair.polymarket.mirrored : pair.polymarket
        let text =
            #"{"market":"\#(pair.condition)","asset_id":"\#(token(pair, isNo))","timestamp":"\#(stamp(pair, base))","hash":"","bids":[\#(levels(book.bids, ascending: true))],"asks":[\#(levels(book.asks, ascending: false))],"min_order_size":"5","tick_size":"\#(SimText.trimmed(pair.polymarketTick))","neg_risk":false,"last_trade_price":"\#(SimText.trimmed(pair.lastTrade))"}"#
        digest.update(Array(text.utf8))
        return digest.finishHex()
    }

    private func book(_ pair: SimPair, isNo: Bool, base: Int64, isFull: Bool, isRest: Bool = false) -> String {
        let book = isNo ? pair.polymarket.mirrored : pair.polymarket
        let tail =
            isFull
            ? #","tick_size":"\#(SimText.trimmed(pair.polymarketTick))","last_trade_price":"\#(SimText.trimmed(pair.lastTrade))""#
            : ""
        let rest = isRest ? #","min_order_size":"5","neg_risk":false"# : #","event_type":"book""#
        return
            #"{"market":"\#(pair.condition)","asset_id":"\#(token(pair, isNo))","timestamp":"\#(stamp(pair, base))","hash":"\#(hash(pair, isNo: isNo, base: base))","bids":[\#(levels(book.bids, ascending: true))],"asks":[\#(levels(book.asks, ascending: false))]\#(tail)\#(rest)}"#
    }

    private func to(_ pair: SimPair, _ text: String) -> [SimFrame] {
        let bytes = Array(text.utf8)
        return connections.keys.sorted().filter { connections[$0]?.contains(pair.index) == true }
            .map { SimFrame(connection: $0, text: bytes) }
    }

    private func change(
        _ pair: SimPair, _ level: (isBid: Bool, price: Int, now: Int), _ hashes: (yes: String, no: String), base: Int64
    ) -> String {
        func entry(_ isNo: Bool) -> String {
            let price = isNo ? 1_000 - level.price : level.price
            let side = level.isBid == isNo ? "SELL" : "BUY"
            return
                #"{"asset_id":"\#(token(pair, isNo))","price":"\#(SimText.trimmed(price))","size":"\#(SimText.trimmedSize(level.now))","side":"\#(side)","hash":"\#(isNo ? hashes.no : hashes.yes)"}"#
        }
        let entries = level.price % 20 == 0 ? entry(true) + "," + entry(false) : entry(false) + "," + entry(true)
        return
            #"{"market":"\#(pair.condition)","price_changes":[\#(entries)],"timestamp":"\#(stamp(pair, base))","event_type":"price_change"}"#
    }

    /// The frame of one change.
    public func changed(_ pair: SimPair, isBid: Bool, price: Int, now: Int, base: Int64) -> [SimFrame] {
        guard connections.values.contains(where: { $0.contains(pair.index) }) else { return [] }
        let hashes = (hash(pair, isNo: false, base: base), hash(pair, isNo: true, base: base))
        return to(pair, change(pair, (isBid, price, now), hashes, base: base))
    }

    /// The frames of a crossing trade: all with the time and hash of the end, then the book without tick and last price.
    public func traded(
        _ pair: SimPair, _ levels: [(isBid: Bool, price: Int, now: Int)], price: Int, size: Int, base: Int64
    ) -> [SimFrame] {
        let hashes = (hash(pair, isNo: false, base: base), hash(pair, isNo: true, base: base))
        var frames = levels.flatMap { to(pair, change(pair, $0, hashes, base: base)) }
        frames += to(
            pair,
            #"{"market":"\#(pair.condition)","asset_id":"\#(pair.yesToken)","price":"\#(SimText.trimmed(price))","size":"\#(SimText.trimmedSize(size))","side":"BUY","fee_rate_bps":"0","timestamp":"\#(stamp(pair, base))","event_type":"last_trade_price"}"#
        )
        return frames + to(pair, book(pair, isNo: false, base: base, isFull: false))
    }

    /// The frames of a tick change: both tokens, then fresh books.
    public func ticked(_ pair: SimPair, was: Int, base: Int64) -> [SimFrame] {
        let changes = [false, true].flatMap { isNo in
            to(
                pair,
                #"{"market":"\#(pair.condition)","asset_id":"\#(token(pair, isNo))","old_tick_size":"\#(SimText.trimmed(was))","new_tick_size":"\#(SimText.trimmed(pair.polymarketTick))","timestamp":"\#(stamp(pair, base))","event_type":"tick_size_change"}"#
            )
        }
        let books = [false, true].map { book(pair, isNo: $0, base: base, isFull: true) }.joined(separator: ",")
        return changes + to(pair, "[\(books)]")
    }
}
