internal import Glibc
internal import Signing
internal import Threading
public import Trading

/// A folder with everything that `arb` needs to run against loopback venues.
public struct LoopbackFolder {
    /// Where it is.
    public let path: String
    /// The venues.
    public let venues: LoopbackVenues

    /// What may be traded, and what goes wrong with it.
    public struct Trading: Sendable {
        /// What goes wrong.
        public var faults: [FaultPlan.Rule] = []
        /// By how much the venues' clocks are ahead of this machine's.
        public var clockOffset = Nanoseconds.zero
        /// Cash at Kalshi by shard. Unit: 1e-6 dollars.
        public var kalshiCash: [Int: Int] = [0: 10_000_000_000]
        /// How Kalshi is; keys and cash are added.
        public var kalshi = KalshiTradingSettings()
        /// pUSD at Polymarket. Unit: 1e-6.
        public var polymarketCash = 10_000_000_000
        /// How Polymarket is; the wallet of the key is added.
        public var polymarket = PolymarketTrading.Settings()

        /// Hot lanes have the last core to themselves and never park: for one run alone on this machine.
        public var isPinned = false
        /// The venues' servers never sleep: what arrives wakes nobody, as on a wire.
        public var isSpinning = false
        /// Most that an order costs. Unit: dollars.
        public var orderMax = 200

        /// Ten thousand dollars, and nothing goes wrong.
        public init() {}
    }

    /// Starts the venues and writes configuration, pairs, key and certificate authority into `path`; the truth about orders
    /// goes to `orders.ndjson` there as it happens.
    ///
    /// - Throws: `Fault`, or what kept the venues from starting.
    public init(_ path: String, _ settings: SimWorld.Settings, trading: Trading = Trading()) throws {
        self.path = path
        for folder in [path, path + "/Markets"] { mkdir(folder, 0o700) }
        let authority = try ThrowawayCA(folder: path)
        let key = try SigningKey(generating: .ed25519)
        var kalshi = trading.kalshi
        kalshi.keys.append(KalshiTradingSettings.Key(id: "loopback", publicPEM: key.publicPEM))
        kalshi.cash["ours"] = trading.kalshiCash
        kalshi.seed = settings.seed
        // Where things go wrong, reads are late as well.
        if !trading.faults.isEmpty { kalshi.readLagMax = .milliseconds(500) }
        var halves = LoopbackVenues.Trading()
        halves.faults = FaultPlan(seed: settings.seed, trading.faults)
        halves.clockOffset = trading.clockOffset
        halves.isSpinning = trading.isSpinning
        halves.ledgerPath = path + "/orders.ndjson"
        halves.kalshi = { [kalshi] world in KalshiTrading(world.pairs, kalshi) }
        let wallet = try Self.wallet()
        var polymarket = trading.polymarket
        var client = PolymarketTrading.Client(owner: wallet.address)
        client.cash = trading.polymarketCash
        polymarket.clients.insert(client, at: 0)
        polymarket.seed = settings.seed
        halves.polymarket = { [polymarket] world in PolymarketTrading(world, polymarket) }
        venues = try LoopbackVenues(settings, authority: authority, publicKey: key.publicPEM, trading: halves)
        try Self.write(path + "/kalshi.pem", key.exportPrivatePEM())
        try Self.write(path + "/polymarket.key", wallet.key)
        for file in venues.pairFiles { try Self.write(path + "/Markets/" + file.name, file.text) }
        try Self.write(
            path + "/arb.toml",
            configuration(authority, funder: wallet.address, trading))
    }

    /// A new key of a plain account, as its file holds it, and the account.
    private static func wallet() throws -> (key: String, address: String) {
        var random = SystemRandomNumberGenerator()
        var text = "0x"
        for _ in 0..<4 {
            let word = String(random.next(), radix: 16)
            text += String(repeating: "0", count: 16 - word.utf8.count) + word
        }
        let secret = Array(text.utf8).withUnsafeBytes { Secret($0) }
        return (text + "\n", try WalletKey(hex: secret, name: "polymarket.key").address.checksummed)
    }

    private func configuration(_ authority: ThrowawayCA, funder: String, _ trading: Trading) -> String {
        let lanes = trading.isPinned ? "last" : "any"
        let kalshi = "127.0.0.1:\(venues.kalshiPort)"
        let polymarket = "127.0.0.1:\(venues.polymarketPort)"
        return """
            # Made by arb-sim: loopback venues, no money anywhere.
            account = "loopback"
            state_dir = "\(path)/state"
            [markets]
            pairs = ["Markets/*.toml"]
            [sizing]
            max_order_usd = "\(trading.orderMax)"
            max_contracts = "1000"
            [alerts]
            halt_unacknowledged_s = 0
            [risk]
            max_open_usd = "50000"
            max_pair_usd = "20000"
            max_venue_usd = "40000"
            max_gross_usd = "100000"
            max_net_usd = "5000"
            max_equity_pct = 100
            max_open_orders = 100
            max_daily_loss_usd = "1000"
            max_errors_consecutive = 3
            breaker_cooldown_s = 5
            max_error_rate_pct = 50
            max_orders_per_minute = 3000
            max_one_leg_loss_usd = "50"
            unwind_reserve_usd = "50"
            dust_usd = "0.05"
            dust_max_usd = "50"
            max_book_age_ms = 200
            max_feed_silence_ms = 10000
            [unwind]
            max_loss_usd = "50"
            [lanes]
            processor = "\(lanes)"
            wait = "\(lanes == "last" ? "spin" : "adaptive")"
            [venues.kalshi]
            rest_url = "https://\(kalshi)/trade-api/v2"
            ws_url = "wss://\(kalshi)/trade-api/ws/v2"
            key_id = "loopback"
            private_key_file = "kalshi.pem"
            extra_ca_file = "\(authority.authority)"
            [venues.polymarket]
            clob_url = "https://\(polymarket)"
            gamma_url = "https://\(polymarket)"
            data_url = "https://\(polymarket)"
            ws_url = "wss://\(polymarket)/ws"
            private_key_file = "polymarket.key"
            funder = "\(funder)"
            signature_type = 0
            extra_ca_file = "\(authority.authority)"
            """ + "\n"
    }

    /// The disk refused.
    public struct Fault: Error, CustomStringConvertible {
        /// What could not be written.
        public let path: String
        /// In words.
        public var description: String { "\(path) cannot be written" }
    }

    private static func write(_ path: String, _ text: String) throws(Fault) {
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Fault(path: path) }
        defer { close(descriptor) }
        guard SystemCalls.write(Array(text.utf8), to: descriptor) == 0 else { throw Fault(path: path) }
    }

    /// Writes a file of this folder, in place of one of that name.
    public func write(_ name: String, _ text: String) throws(Fault) { try Self.write(path + "/" + name, text) }
}
