import Codec

extension Wire {
    /// What may be done to a subscription that exists.
    enum SubscriptionChange: Sendable {
        case addMarkets, deleteMarkets, getSnapshot

        var word: StaticString {
            switch self {
            case .addMarkets: "add_markets"
            case .deleteMarkets: "delete_markets"
            case .getSnapshot: "get_snapshot"
            }
        }
    }

    /// The client's side of the socket: commands as text, numbered 1, 2, 3 … by the caller.
    enum Commands {
        /// Subscribes `channels` to `tickers`; no tickers for channels that take none.
        ///
        /// - Parameter useYesPrice: scale of NO levels, always said aloud where books are asked for.
        static func subscribe(
            id: Int64, channels: [StaticString], tickers: [String], useYesPrice: Bool?
        ) -> [UInt8] {
            command(id, "subscribe") { writer in
                writer.key("channels")
                writer.beginArray()
                for channel in channels { writer.string(channel) }
                writer.endArray()
                if !tickers.isEmpty { list(tickers, &writer) }
                if let useYesPrice { writer.member("use_yes_price", useYesPrice) }
            }
        }

        /// Changes the markets of one subscription, or asks for their books again.
        static func update(id: Int64, sid: Int64, _ change: SubscriptionChange, tickers: [String]) -> [UInt8] {
            command(id, "update_subscription") { writer in
                sids(sid, &writer)
                list(tickers, &writer)
                writer.key("action")
                writer.string(change.word)
            }
        }

        /// Ends one subscription.
        static func unsubscribe(id: Int64, sid: Int64) -> [UInt8] {
            command(id, "unsubscribe") { sids(sid, &$0) }
        }

        /// Asks what the venue thinks is subscribed on this connection.
        static func list(id: Int64) -> [UInt8] {
            var writer = JSONWriter(reserved: 64)
            writer.beginObject()
            writer.member("id", id)
            writer.member("cmd", "list_subscriptions")
            writer.endObject()
            return writer.bytes
        }

        private static func command(
            _ id: Int64, _ name: String, _ params: (inout JSONWriter) -> Void
        ) -> [UInt8] {
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("id", id)
            writer.member("cmd", name)
            writer.key("params")
            writer.beginObject()
            params(&writer)
            writer.endObject()
            writer.endObject()
            return writer.bytes
        }

        private static func sids(_ sid: Int64, _ writer: inout JSONWriter) {
            writer.key("sids")
            writer.beginArray()
            writer.integer(sid)
            writer.endArray()
        }

        private static func list(_ tickers: [String], _ writer: inout JSONWriter) {
            writer.key("market_tickers")
            writer.beginArray()
            for ticker in tickers { writer.string(ticker) }
            writer.endArray()
        }
    }
}
