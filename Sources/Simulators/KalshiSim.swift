internal import Codec

/// Text for a connection.
public struct SimFrame: Sendable {
    /// Which connection.
    public let connection: UInt64
    /// The message.
    public let text: [UInt8]
}

/// Kalshi's market data, spoken: subscriptions, snapshots and deltas with one `seq` per subscription over all its markets.
///
/// - Source: sheet of the venue's documentation of 2026-10-08, section 6.
public struct KalshiSim {
    private struct Subscription {
        let sid: Int
        let channel: String
        var pairs: Set<Int> = []
        var seq = 0
        var usesYesPrice = false
    }

    private var connections: [UInt64: [Subscription]] = [:]
    private var places: [String: Int] = [:]
    private let reader = JSONReader()

    /// A venue that lists the markets of these pairs.
    public init(_ pairs: [SimPair]) { for pair in pairs { places[pair.ticker] = pair.index } }

    /// A connection is up.
    public mutating func opened(_ connection: UInt64) { connections[connection] = [] }
    /// A connection is gone.
    public mutating func closed(_ connection: UInt64) { connections[connection] = nil }

    /// A command of a client.
    public mutating func received(_ connection: UInt64, _ text: [UInt8], _ world: SimWorld) -> [SimFrame] {
        guard connections[connection] != nil, let root = try? reader.read(text), let command = root["cmd"]?.text?.string
        else {
            return [frame(connection, #"{"type":"error","msg":{"code":1,"msg":"bad message"}}"#)]
        }
        let id = root["id"]?.int64 ?? 0
        let params = root["params"]
        let sids = (params?["sids"]).map { Array($0.elements).compactMap(\.int64) } ?? []
        let tickers = (params?["market_tickers"]).map { Array($0.elements).compactMap { $0.text?.string } } ?? []
        switch command {
        case "subscribe":
            let channels = (params?["channels"]).map { Array($0.elements).compactMap { $0.text?.string } } ?? []
            return subscribe(
                connection, id, channels, tickers, yesPrice: params?["use_yes_price"]?.bool ?? false, world)
        case "update_subscription":
            return update(connection, id, Int(sids.first ?? 0), params?["action"]?.text?.string ?? "", tickers, world)
        case "unsubscribe":
            var frames: [SimFrame] = []
            for sid in sids {
                guard let index = connections[connection]?.firstIndex(where: { $0.sid == Int(sid) }) else { continue }
                let seq = next(connection, index)
                connections[connection]?.remove(at: index)
                frames.append(frame(connection, #"{"id":\#(id),"sid":\#(sid),"seq":\#(seq),"type":"unsubscribed"}"#))
            }
            return frames
        default: return [frame(connection, #"{"id":\#(id),"type":"error","msg":{"code":5,"msg":"Unknown command"}}"#)]
        }
    }

    private mutating func subscribe(
        _ connection: UInt64, _ id: Int64, _ channels: [String], _ tickers: [String], yesPrice: Bool, _ world: SimWorld
    ) -> [SimFrame] {
        var frames: [SimFrame] = []
        for channel in channels {
            let known = connections[connection]?.firstIndex { $0.channel == channel }
            if known == nil {
                let sid = (connections[connection]?.map(\.sid).max() ?? 0) + 1
                connections[connection]?.append(Subscription(sid: sid, channel: channel))
            }
            guard let index = known ?? connections[connection].map({ $0.count - 1 }),
                let sid = connections[connection]?[index].sid
            else { continue }
            frames.append(
                frame(connection, #"{"id":\#(id),"type":"subscribed","msg":{"channel":"\#(channel)","sid":\#(sid)}}"#))
            guard channel == "orderbook_delta" else { continue }
            connections[connection]?[index].usesYesPrice = yesPrice
            frames += add(connection, index, tickers, nil, world)
        }
        return frames
    }

    private mutating func update(
        _ connection: UInt64, _ id: Int64, _ sid: Int, _ action: String, _ tickers: [String], _ world: SimWorld
    ) -> [SimFrame] {
        guard let index = connections[connection]?.firstIndex(where: { $0.sid == sid }) else {
            return [frame(connection, #"{"id":\#(id),"type":"error","msg":{"code":7,"msg":"Unknown sid"}}"#)]
        }
        switch action {
        case "get_snapshot": return snapshots(connection, index, tickers, id, world)
        case "delete_markets":
            for ticker in tickers {
                if let pair = places[ticker] { connections[connection]?[index].pairs.remove(pair) }
            }
            return [
                frame(
                    connection, #"{"id":\#(id),"sid":\#(sid),"seq":\#(next(connection, index)),"type":"ok","msg":{}}"#)
            ]
        default:
            let ok = frame(
                connection, #"{"id":\#(id),"sid":\#(sid),"seq":\#(next(connection, index)),"type":"ok","msg":{}}"#)
            return [ok] + add(connection, index, tickers, nil, world)
        }
    }

    private mutating func add(_ connection: UInt64, _ index: Int, _ tickers: [String], _ id: Int64?, _ world: SimWorld)
        -> [SimFrame]
    {
        for ticker in tickers { if let pair = places[ticker] { connections[connection]?[index].pairs.insert(pair) } }
        return snapshots(connection, index, tickers, id, world)
    }

    private mutating func next(_ connection: UInt64, _ index: Int) -> Int {
        connections[connection]?[index].seq += 1
        return connections[connection]?[index].seq ?? 0
    }

    private mutating func snapshots(
        _ connection: UInt64, _ index: Int, _ tickers: [String], _ id: Int64?, _ world: SimWorld
    ) -> [SimFrame] {
        var frames: [SimFrame] = []
        for ticker in tickers {
            guard let place = places[ticker], let subscription = connections[connection]?[index] else { continue }
            let book = world.pairs[place].kalshi
            let seq = next(connection, index)
            func levels(_ side: [Int: Int], _ price: (Int) -> Int) -> String {
                side.map { (price($0.key), $0.value) }.sorted { $0.0 < $1.0 }
                    .map { #"["\#(SimText.four($0.0))","\#(SimText.two($0.1))"]"# }.joined(separator: ",")
            }
            let yes = book.bids.isEmpty ? "" : #","yes_dollars_fp":[\#(levels(book.bids) { $0 })]"#
            let no =
                book.asks.isEmpty
                ? "" : #","no_dollars_fp":[\#(levels(book.asks) { subscription.usesYesPrice ? $0 : 1_000 - $0 })]"#
            let head = id.map { #""id":\#($0),"# } ?? ""
            frames.append(
                frame(
                    connection,
                    #"{\#(head)"type":"orderbook_snapshot","sid":\#(subscription.sid),"seq":\#(seq),"msg":{"market_ticker":"\#(ticker)","market_id":"00000000-0000-4000-8000-000000000000"\#(yes)\#(no)}}"#
                ))
        }
        return frames
    }

    /// The deltas of a change, for every connection that wants them.
    public mutating func changed(_ pair: SimPair, isBid: Bool, price: Int, change: Int, milliseconds: Int64)
        -> [SimFrame]
    {
        var frames: [SimFrame] = []
        for connection in connections.keys.sorted() {
            guard
                let index = connections[connection]?.firstIndex(where: {
                    $0.channel == "orderbook_delta" && $0.pairs.contains(pair.index)
                }),
                let subscription = connections[connection]?[index]
            else { continue }
            let seq = next(connection, index)
            let shown = isBid || subscription.usesYesPrice ? price : 1_000 - price
            frames.append(
                frame(
                    connection,
                    #"{"type":"orderbook_delta","sid":\#(subscription.sid),"seq":\#(seq),"msg":{"market_ticker":"\#(pair.ticker)","market_id":"00000000-0000-4000-8000-000000000000","price_dollars":"\#(SimText.four(shown))","delta_fp":"\#(SimText.two(change))","side":"\#(isBid ? "yes" : "no")","ts_ms":\#(milliseconds)}}"#
                ))
        }
        return frames
    }

    private func frame(_ connection: UInt64, _ text: String) -> SimFrame {
        SimFrame(connection: connection, text: Array((text + "\n").utf8))
    }
}
