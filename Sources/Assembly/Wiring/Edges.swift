internal import Kalshi
internal import Polymarket
internal import Signing
internal import Threading
internal import Trading
internal import Transport

/// The venues as they are reached: addresses, keys, trust. Only live runs make them.
public enum Edges {
    /// Why a venue cannot be reached with this configuration.
    public struct Fault: Error, Sendable {
        /// Stable code.
        public let code: String
        /// What is wrong and what to do.
        public let text: String
        /// True for key files with the wrong rights (exit 77 instead of 78).
        public let isPermission: Bool
    }

    /// Makes the edges of all venues.
    ///
    /// - Parameter dialing: whether each venue's first stream is connected to at once.
    /// - Throws: `Fault`.
    public static func make(_ configuration: Configuration, home: String, build: String, dialing: Bool = false)
        throws(Fault) -> [VenueEdge]
    {
        // Keys and authorities take milliseconds to read: each venue's beside the other's.
        let polymarket = Deferred<VenueEdge, Fault>(name: "edge") { () throws(Fault) in
            try Self.polymarket(configuration, home: home, build: build, dialing)
        }
        let kalshi: VenueEdge
        do throws(Fault) {
            kalshi = try Self.kalshi(configuration, home: home, build: build, dialing)
        } catch {
            if let made = try? polymarket.value() { made.close() }
            throw error
        }
        do throws(Fault) {
            return [kalshi, try polymarket.value()]
        } catch {
            kalshi.close()
            throw error
        }
    }

    /// `production`, `demo` or `loopback`: which venues every record and banner names.
    public static func environment(_ configuration: Configuration) -> String {
        let urls = [
            "venues.kalshi.rest_url", "venues.kalshi.ws_url", "venues.polymarket.clob_url", "venues.polymarket.ws_url",
        ]
        .map { configuration.text($0) }
        if urls.contains(where: ConfigurationReader.isLoopback) { return "loopback" }
        return urls.contains { $0.contains(".demo.") || $0.contains("demo-api") } ? "demo" : "production"
    }

    private static func kalshi(_ configuration: Configuration, home: String, build: String, _ dialing: Bool)
        throws(Fault) -> VenueEdge
    {
        let auth = try kalshiAuth(configuration, home: home)
        let authority = configuration.path("venues.kalshi.extra_ca_file", home: home)
        let url = configuration.text("venues.kalshi.ws_url")
        let context = try context(authority)
        return VenueEdge(
            venue: .kalshi, services: ["rest": configuration.text("venues.kalshi.rest_url")],
            context: context, client: HTTPClient(userAgent: "arb/\(build)", loopbackAuthority: authority),
            early: dialing ? EarlyDial(url: url, context: context) : nil
        ) { _, now in try auth.linkTarget(url: url, at: now) }
    }

    /// The key that signs for Kalshi.
    ///
    /// - Throws: `Fault`.
    static func kalshiAuth(_ configuration: Configuration, home: String) throws(Fault) -> Kalshi.Auth {
        guard let path = configuration.path("venues.kalshi.private_key_file", home: home),
            !configuration.text("venues.kalshi.key_id").isEmpty
        else {
            throw Fault(
                code: "E_CFG_MISSING",
                text:
                    "venues.kalshi.key_id and private_key_file are needed: every Kalshi WebSocket connection is signed, "
                    + "public data too. Make a read-only key in the account settings.",
                isPermission: false)
        }
        do throws(SigningFault) {
            let key = try SigningKey(pem: try KeyFile.load(path), name: path)
            return Kalshi.Auth(keyID: configuration.text("venues.kalshi.key_id"), key: key)
        } catch {
            throw Fault(code: error.code, text: error.text, isPermission: error.kind == .permissions)
        }
    }

    /// The key that signs for Polymarket, and the wallet that pays.
    ///
    /// - Throws: `Fault`.
    static func polymarketWallet(_ configuration: Configuration, home: String) throws(Fault) -> (
        key: WalletKey, wallet: Wallet
    ) {
        guard let path = configuration.path("venues.polymarket.private_key_file", home: home) else {
            throw Fault(
                code: "E_CFG_MISSING", text: "venues.polymarket.private_key_file is needed to read the account",
                isPermission: false)
        }
        let funder = configuration.text("venues.polymarket.funder")
        do throws(SigningFault) {
            return try TradingAccount.load(
                keyFile: path, funder: funder.isEmpty ? nil : funder,
                signatureType: UInt8(clamping: configuration.integer("venues.polymarket.signature_type")))
        } catch {
            throw Fault(code: error.code, text: error.text, isPermission: error.kind == .permissions)
        }
    }

    private static func polymarket(_ configuration: Configuration, home: String, build: String, _ dialing: Bool)
        throws(Fault) -> VenueEdge
    {
        let authority = configuration.path("venues.polymarket.extra_ca_file", home: home)
        let auth = Polymarket.Auth(userAgent: "arb/\(build)")
        let url = configuration.text("venues.polymarket.ws_url")
        let context = try context(authority)
        return VenueEdge(
            venue: .polymarket,
            services: [
                "clob": configuration.text("venues.polymarket.clob_url"),
                "gamma": configuration.text("venues.polymarket.gamma_url"),
                "data": configuration.text("venues.polymarket.data_url"),
            ], context: context, client: HTTPClient(userAgent: "arb/\(build)", loopbackAuthority: authority),
            early: dialing ? EarlyDial(url: url, context: context) : nil
        ) { _, _ in auth.linkTarget(url: url) }
    }

    private static func context(_ authority: String?) throws(Fault) -> TLSContext {
        do throws(TransportFault) {
            return try TLSContext(loopbackAuthority: authority)
        } catch {
            throw Fault(code: error.code, text: error.text, isPermission: false)
        }
    }
}
