internal import Codec

/// Text for a connection.
public struct SimFrame: Sendable {
    /// Which connection.
    public let connection: UInt64
    /// The message.
    public let text: [UInt8]
}

/// Kalshi's market data, spoken: subscriptions, snapshots and deltas with one `seq` per subscription over all its markets,
/// and the lifecycle of markets.
///
/// - Source: sheet of the venue's documentation of 2026-10-08, section 6.
public struct KalshiSim {
    private final class Subscription {
        let sid: Int
        let channel: String
        var pairs: Set<Int> = []
        /// Of private channels: the markets that it is about; empty: all.
        var tickers: Set<String> = []
        var seq = 0
        var usesYesPrice = false

        init(sid: Int, channel: String) {
            self.sid = sid
            self.channel = channel
        }
    }

    private var connections: [UInt64: [Subscription]] = [:]
    /// By pair: who hears of its book.
    private var listeners: [[(connection: UInt64, subscription: Subscription)]]
    private var places: [String: Int] = [:]
    private let reader = JSONReader(limits: .rest)
    private var text = FrameText()

    /// A venue that lists the markets of these pairs.
    public init(_ pairs: [SimPair]) {
        listeners = Array(repeating: [], count: pairs.count)
        for pair in pairs { places[pair.ticker] = pair.index }
    }

    /// A connection is up.
    public mutating func opened(_ connection: UInt64) {
        closed(connection)
        connections[connection] = []
    }

    /// A connection is gone.
    public mutating func closed(_ connection: UInt64) {
        for subscription in connections.removeValue(forKey: connection) ?? [] { forget(subscription) }
    }

    private mutating func forget(_ subscription: Subscription) {
        for pair in subscription.pairs { listeners[pair].removeAll { $0.subscription === subscription } }
    }

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
                guard let index = connections[connection]?.firstIndex(where: { $0.sid == Int(sid) }),
                    let subscription = connections[connection]?.remove(at: index)
                else { continue }
                forget(subscription)
                subscription.seq += 1
                frames.append(
                    frame(
                        connection,
                        #"{"id":\#(id),"sid":\#(sid),"seq":\#(subscription.seq),"type":"unsubscribed"}"#))
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
            var known = connections[connection]?.first { $0.channel == channel }
            if known == nil {
                let sid = (connections[connection]?.map(\.sid).max() ?? 0) + 1
                let fresh = Subscription(sid: sid, channel: channel)
                connections[connection]?.append(fresh)
                known = fresh
            }
            guard let subscription = known else { continue }
            frames.append(
                frame(
                    connection,
                    #"{"id":\#(id),"type":"subscribed","msg":{"channel":"\#(channel)","sid":\#(subscription.sid)}}"#))
            guard channel == "orderbook_delta" else {
                subscription.tickers.formUnion(tickers)
                continue
            }
            subscription.usesYesPrice = yesPrice
            frames += add(connection, subscription, tickers, world)
        }
        return frames
    }

    private mutating func update(
        _ connection: UInt64, _ id: Int64, _ sid: Int, _ action: String, _ tickers: [String], _ world: SimWorld
    ) -> [SimFrame] {
        guard let subscription = connections[connection]?.first(where: { $0.sid == sid }) else {
            return [frame(connection, #"{"id":\#(id),"type":"error","msg":{"code":7,"msg":"Unknown sid"}}"#)]
        }
        if action == "get_snapshot" { return snapshots(connection, subscription, tickers, id, world) }
        subscription.seq += 1
        let ok = frame(
            connection, #"{"id":\#(id),"sid":\#(sid),"seq":\#(subscription.seq),"type":"ok","msg":{}}"#)
        guard subscription.channel == "orderbook_delta" else {
            // Books are told to those who asked for books.
            if action == "delete_markets" {
                subscription.tickers.subtract(tickers)
            } else {
                subscription.tickers.formUnion(tickers)
            }
            return [ok]
        }
        guard action == "delete_markets" else { return [ok] + add(connection, subscription, tickers, world) }
        for pair in tickers.compactMap({ places[$0] }) {
            subscription.pairs.remove(pair)
            listeners[pair].removeAll { $0.subscription === subscription }
        }
        return [ok]
    }

    private mutating func add(
        _ connection: UInt64, _ subscription: Subscription, _ tickers: [String], _ world: SimWorld
    ) -> [SimFrame] {
        for pair in tickers.compactMap({ places[$0] }) where subscription.pairs.insert(pair).inserted {
            listeners[pair].append((connection, subscription))
            listeners[pair].sort { $0.connection < $1.connection }
        }
        return snapshots(connection, subscription, tickers, nil, world)
    }

    private mutating func snapshots(
        _ connection: UInt64, _ subscription: Subscription, _ tickers: [String], _ id: Int64?, _ world: SimWorld
    ) -> [SimFrame] {
        var frames: [SimFrame] = []
        for ticker in tickers {
            guard let place = places[ticker] else { continue }
            let book = world.pairs[place].shown(0)
            subscription.seq += 1
            text.clear()
            text.add("{")
            if let id {
                text.add("\"id\":")
                text.number(Int(id))
                text.add(",")
            }
            text.add(#""type":"orderbook_snapshot","sid":"#)
            text.number(subscription.sid)
            text.add(#","seq":"#)
            text.number(subscription.seq)
            text.add(#","msg":{"market_ticker":""#)
            text.add(ticker)
            text.add(#"","market_id":"00000000-0000-4000-8000-000000000000""#)
            if !book.bids.isEmpty { levels("yes_dollars_fp", book.bids.levels) }
            if !book.asks.isEmpty {
                let isYes = subscription.usesYesPrice
                levels(
                    "no_dollars_fp",
                    isYes ? book.asks.levels : book.asks.levels.reversed().map { (1_000 - $0.price, $0.size) })
            }
            text.add("}}\n")
            frames.append(SimFrame(connection: connection, text: text.bytes))
        }
        return frames
    }

    private mutating func levels(_ name: StaticString, _ levels: [(price: Int, size: Int)]) {
        text.add(",\"")
        text.add(name)
        text.add("\":[")
        for (index, level) in levels.enumerated() {
            text.add(index == 0 ? "[\"" : ",[\"")
            text.four(level.price)
            text.add("\",\"")
            text.two(level.size)
            text.add("\"]")
        }
        text.add("]")
    }

    /// The deltas of a change, for every connection that wants them.
    public mutating func changed(_ pair: SimPair, isBid: Bool, price: Int, change: Int, milliseconds: Int64)
        -> [SimFrame]
    {
        var frames: [SimFrame] = []
        for (connection, subscription) in listeners[pair.index] {
            subscription.seq += 1
            text.clear()
            text.add(#"{"type":"orderbook_delta","sid":"#)
            text.number(subscription.sid)
            text.add(#","seq":"#)
            text.number(subscription.seq)
            text.add(#","msg":{"market_ticker":""#)
            text.add(pair.ticker)
            text.add(#"","market_id":"00000000-0000-4000-8000-000000000000","price_dollars":""#)
            text.four(isBid || subscription.usesYesPrice ? price : 1_000 - price)
            text.add(#"","delta_fp":""#)
            text.two(change)
            text.add(isBid ? #"","side":"yes","ts_ms":"# : #"","side":"no","ts_ms":"#)
            text.number(Int(milliseconds))
            text.add("}}\n")
            frames.append(SimFrame(connection: connection, text: text.bytes))
        }
        return frames
    }

    /// The word that a market is paused, or trades again, to whoever follows the lifecycle of markets.
    public mutating func paused(_ pair: SimPair, _ isPaused: Bool) -> [SimFrame] {
        lifecycle(
            pair, isPaused ? "deactivated" : "activated",
            #","exchange_index":\#(pair.shard),"is_deactivated":\#(isPaused)"#)
    }

    /// The word that a market has another grid.
    public mutating func regridded(_ pair: SimPair) -> [SimFrame] {
        lifecycle(
            pair, "price_level_structure_updated",
            #","price_level_structure":"linear","price_ranges":[{"start":"0.0000","end":"1.0000","step":"\#(SimText.four(pair.kalshiTick))"}]"#
        )
    }

    /// The word that a market is determined or paid; a close by time is told by nobody.
    public mutating func phased(_ pair: SimPair) -> [SimFrame] {
        switch pair.phase.kalshi {
        case .open, .closed: []
        case .determined(let mills):
            lifecycle(
                pair, "determined",
                #","result":"\#(mills == 1_000 ? "yes" : mills == 0 ? "no" : "scalar")","settlement_value":"\#(SimText.four(mills))""#
            )
        case .finalized: lifecycle(pair, "settled", "")
        }
    }

    private mutating func lifecycle(_ pair: SimPair, _ event: String, _ rest: String) -> [SimFrame] {
        told(
            "market_lifecycle_v2", type: "market_lifecycle_v2", ticker: nil,
            #"{"market_ticker":"\#(pair.ticker)","event_type":"\#(event)"\#(rest)}"#)
    }

    /// A message of a private channel, for every connection that subscribed to it, in the sequence of that subscription
    /// where the channel has one.
    ///
    /// - Parameters:
    ///   - ticker: the market that the message is about; a subscription with markets hears of these alone.
    ///   - message: the object under `msg`.
    public mutating func told(_ channel: String, type: String, ticker: String?, _ message: String) -> [SimFrame] {
        var frames: [SimFrame] = []
        for connection in connections.keys.sorted() {
            for subscription in connections[connection] ?? [] where subscription.channel == channel {
                if let ticker, !subscription.tickers.isEmpty, !subscription.tickers.contains(ticker) { continue }
                var seq = ""
                if channel == "order_group_updates" || channel == "market_lifecycle_v2" {
                    subscription.seq += 1
                    seq = #","seq":\#(subscription.seq)"#
                }
                frames.append(
                    frame(connection, #"{"type":"\#(type)","sid":\#(subscription.sid)\#(seq),"msg":\#(message)}"#))
            }
        }
        return frames
    }

    private func frame(_ connection: UInt64, _ text: String) -> SimFrame {
        SimFrame(connection: connection, text: Array((text + "\n").utf8))
    }
}
