internal import Codec
internal import Signing

/// Polymarket's market channel, spoken: books, changes of both tokens, trades in bursts of one hash, tick changes.
///
/// - Source: sheet of the venue's documentation and captures of September 2026, section 7.
public struct PolymarketSim {
    private var connections: [UInt64: Set<Int>] = [:]
    /// By pair: who hears of it.
    private var listeners: [[UInt64]]
    private var places: [String: Int] = [:]
    private let reader = JSONReader(limits: .rest)
    private let digest = Digest(.sha1)
    private var text = FrameText()
    private var hashed = FrameText()

    /// A venue that lists the tokens of these pairs.
    public init(_ pairs: [SimPair]) {
        listeners = Array(repeating: [], count: pairs.count)
        for pair in pairs {
            places[pair.yesToken] = pair.index
            places[pair.noToken] = pair.index
        }
    }

    /// A connection is up.
    public mutating func opened(_ connection: UInt64) {
        closed(connection)
        connections[connection] = []
    }

    /// A connection is gone.
    public mutating func closed(_ connection: UInt64) {
        for pair in connections.removeValue(forKey: connection) ?? [] { listeners[pair].removeAll { $0 == connection } }
    }

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
        for place in fresh {
            listeners[place].append(connection)
            listeners[place].sort()
        }
        self.text.clear()
        self.text.add("[")
        for (index, place) in fresh.sorted().enumerated() {
            if index > 0 { self.text.add(",") }
            book(world.pairs[place], isNo: false, base: base)
            self.text.add(",")
            book(world.pairs[place], isNo: true, base: base)
        }
        self.text.add("]")
        return [SimFrame(connection: connection, text: self.text.bytes)]
    }

    /// The answer to `POST /books`.
    public mutating func books(_ body: [UInt8], _ world: SimWorld, base: Int64) -> [UInt8] {
        text.clear()
        text.add("[")
        var isFirst = true
        guard let root = try? reader.read(body), root.kind == .array else { return Array("[]".utf8) }
        for element in root.elements {
            guard let token = element["token_id"]?.text?.string, let place = places[token] else { continue }
            if !isFirst { text.add(",") }
            isFirst = false
            book(world.pairs[place], isNo: token == world.pairs[place].noToken, base: base, isRest: true)
        }
        text.add("]")
        return text.bytes
    }

    // MARK: Pieces

    private static func levels(_ levels: [(price: Int, size: Int)], ascending: Bool, _ text: inout FrameText) {
        var isFirst = true
        for index in levels.indices {
            let level = levels[ascending ? index : levels.count - 1 - index]
            text.add(isFirst ? #"{"price":""# : #",{"price":""#)
            isFirst = false
            text.trimmed(level.price)
            text.add(#"","size":""#)
            text.trimmedSize(level.size)
            text.add("\"}")
        }
    }

    private func token(_ pair: SimPair, _ isNo: Bool) -> String { isNo ? pair.noToken : pair.yesToken }

    private func stamp(_ pair: SimPair, _ base: Int64) -> Int { Int(base + pair.polymarketStamp) }

    /// Market, token and time: how every whole book begins.
    private static func head(_ pair: SimPair, _ token: String, _ stamp: Int, _ text: inout FrameText) {
        text.add(#"{"market":""#)
        text.add(pair.condition)
        text.add(#"","asset_id":""#)
        text.add(token)
        text.add(#"","timestamp":""#)
        text.number(stamp)
        text.add(#"","hash":""#)
    }

    private static func sides(_ book: SimBook, _ text: inout FrameText) {
        text.add(#"","bids":["#)
        levels(book.bids.levels, ascending: true, &text)
        text.add(#"],"asks":["#)
        levels(book.asks.levels, ascending: false, &text)
        text.add("]")
    }

    /// The book hash, from the text that the venue hashes.
    private mutating func hash(_ pair: SimPair, isNo: Bool, base: Int64) -> String {
        hashed.clear()
        Self.head(pair, token(pair, isNo), stamp(pair, base), &hashed)
        Self.sides(isNo ? pair.shown(1).mirrored : pair.shown(1), &hashed)
        hashed.add(#","min_order_size":"5","tick_size":""#)
        hashed.trimmed(pair.polymarketTick)
        hashed.add(
            pair.isNegRisk ? #"","neg_risk":true,"last_trade_price":""# : #"","neg_risk":false,"last_trade_price":""#)
        hashed.trimmed(pair.lastTrade)
        hashed.add("\"}")
        digest.update(hashed.bytes)
        return digest.finishHex()
    }

    private mutating func book(
        _ pair: SimPair, isNo: Bool, base: Int64, isFull: Bool = true, isRest: Bool = false
    ) {
        let hash = hash(pair, isNo: isNo, base: base)
        Self.head(pair, token(pair, isNo), stamp(pair, base), &text)
        text.add(hash)
        Self.sides(isNo ? pair.shown(1).mirrored : pair.shown(1), &text)
        if isFull {
            text.add(#","tick_size":""#)
            text.trimmed(pair.polymarketTick)
            text.add(#"","last_trade_price":""#)
            text.trimmed(pair.lastTrade)
            text.add("\"")
        }
        guard isRest else { return text.add(#","event_type":"book"}"#) }
        text.add(
            pair.isNegRisk
                ? #","min_order_size":"5","neg_risk":true}"# : #","min_order_size":"5","neg_risk":false}"#)
    }

    /// What has been written, to everyone who hears of the pair.
    private func told(_ pair: SimPair) -> [SimFrame] {
        listeners[pair.index].map { SimFrame(connection: $0, text: text.bytes) }
    }

    private mutating func change(
        _ pair: SimPair, _ level: (isBid: Bool, price: Int, now: Int), _ hashes: (yes: String, no: String), base: Int64
    ) -> [SimFrame] {
        text.clear()
        text.add(#"{"market":""#)
        text.add(pair.condition)
        text.add(#"","price_changes":["#)
        let isYesFirst = level.price % 20 == 0
        for isNo in [!isYesFirst, isYesFirst] {
            text.add(#"{"asset_id":""#)
            text.add(token(pair, isNo))
            text.add(#"","price":""#)
            text.trimmed(isNo ? 1_000 - level.price : level.price)
            text.add(#"","size":""#)
            text.trimmedSize(level.now)
            text.add(level.isBid == isNo ? #"","side":"SELL","hash":""# : #"","side":"BUY","hash":""#)
            text.add(isNo ? hashes.no : hashes.yes)
            text.add(isNo == isYesFirst ? "\"}" : "\"},")
        }
        text.add(#"],"timestamp":""#)
        text.number(stamp(pair, base))
        text.add(#"","event_type":"price_change"}"#)
        return told(pair)
    }

    // MARK: Frames

    /// The frame of one change.
    public mutating func changed(_ pair: SimPair, isBid: Bool, price: Int, now: Int, base: Int64) -> [SimFrame] {
        guard !listeners[pair.index].isEmpty else { return [] }
        let hashes = (hash(pair, isNo: false, base: base), hash(pair, isNo: true, base: base))
        return change(pair, (isBid, price, now), hashes, base: base)
    }

    /// The frames of a crossing trade: all with the time and hash of the end, then the book without tick and last price.
    public mutating func traded(
        _ pair: SimPair, _ levels: [(isBid: Bool, price: Int, now: Int)], price: Int, size: Int, base: Int64
    ) -> [SimFrame] {
        let hashes = (hash(pair, isNo: false, base: base), hash(pair, isNo: true, base: base))
        var frames: [SimFrame] = []
        for level in levels { frames += change(pair, level, hashes, base: base) }
        text.clear()
        text.add(#"{"market":""#)
        text.add(pair.condition)
        text.add(#"","asset_id":""#)
        text.add(pair.yesToken)
        text.add(#"","price":""#)
        text.trimmed(price)
        text.add(#"","size":""#)
        text.trimmedSize(size)
        text.add(#"","side":"BUY","fee_rate_bps":"0","timestamp":""#)
        text.number(stamp(pair, base))
        text.add(#"","event_type":"last_trade_price"}"#)
        frames += told(pair)
        text.clear()
        book(pair, isNo: false, base: base, isFull: false)
        return frames + told(pair)
    }

    /// The frames of a tick change: both tokens, then fresh books.
    public mutating func ticked(_ pair: SimPair, was: Int, base: Int64) -> [SimFrame] {
        var frames: [SimFrame] = []
        for isNo in [false, true] {
            text.clear()
            text.add(#"{"market":""#)
            text.add(pair.condition)
            text.add(#"","asset_id":""#)
            text.add(token(pair, isNo))
            text.add(#"","old_tick_size":""#)
            text.trimmed(was)
            text.add(#"","new_tick_size":""#)
            text.trimmed(pair.polymarketTick)
            text.add(#"","timestamp":""#)
            text.number(stamp(pair, base))
            text.add(#"","event_type":"tick_size_change"}"#)
            frames += told(pair)
        }
        text.clear()
        text.add("[")
        book(pair, isNo: false, base: base)
        text.add(",")
        book(pair, isNo: true, base: base)
        text.add("]")
        return frames + told(pair)
    }
}
