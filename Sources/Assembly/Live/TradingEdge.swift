internal import Kalshi
internal import Polymarket
internal import Signing
internal import Threading
public import Trading
internal import Transport

/// How the account of one venue is reached: keys from the configuration, cold requests over HTTP/2, a reader on top.
public struct TradingEdge: Sendable {
    /// Which venue.
    public let venue: VenueID
    /// Reads orders, fills, positions, balances and allowances.
    public let reader: any AccountReader
    let client: HTTPClient

    /// Ends the connections.
    public func close() { client.close() }

    /// The account of a venue; Polymarket is asked for its API keys first.
    ///
    /// - Throws: `Edges.Fault` for what is wrong here, `AccountFault` for what the venue says.
    public static func make(_ venue: VenueID, _ configuration: Configuration, _ pairs: PairFiles, home: String)
        async throws -> TradingEdge
    {
        let client = client(configuration, venue, home: home)
        do {
            let reader: any AccountReader =
                switch venue {
                case .kalshi: try kalshiAccount(configuration, home: home, client: client)
                case .polymarket: try await polymarketAccount(configuration, pairs, home: home, client: client)
                }
            return TradingEdge(venue: venue, reader: reader, client: client)
        } catch {
            client.close()
            throw error
        }
    }

    static func client(_ configuration: Configuration, _ venue: VenueID, home: String) -> HTTPClient {
        HTTPClient(
            userAgent: "arb/\(BuildInfo.version)",
            loopbackAuthority: configuration.path("venues.\(venue.name).extra_ca_file", home: home))
    }

    // MARK: Accounts

    static func kalshiAccount(_ configuration: Configuration, home: String, client: HTTPClient) throws(Edges.Fault)
        -> Kalshi.Account
    {
        var settings = Kalshi.AccountSettings()
        settings.restURL = configuration.text("venues.kalshi.rest_url")
        settings.subaccount = Int(configuration.integer("venues.kalshi.subaccount"))
        return Kalshi.Account(
            auth: try Edges.kalshiAuth(configuration, home: home), channel: HTTPChannel(venue: .kalshi, client: client),
            clock: NanoClock(), settings: settings)
    }

    static func polymarketAccount(
        _ configuration: Configuration, _ pairs: PairFiles, home: String, client: HTTPClient
    ) async throws -> Polymarket.Account {
        let channel = HTTPChannel(venue: .polymarket, client: client)
        let markets = pairs.pairs.map(\.polymarket) + pairs.sets.flatMap(\.legs).filter { $0.venue == .polymarket }
        return try Polymarket.Account(
            account: try await polymarketTrader(configuration, home: home, channel: channel), contracts: markets,
            channel: channel, clock: NanoClock(), settings: polymarketReads(configuration))
    }

    /// Key and wallet of the configuration, with the API keys that the venue has for them.
    static func polymarketTrader(_ configuration: Configuration, home: String, channel: any AccountChannel)
        async throws -> TradingAccount
    {
        let wallet = try Edges.polymarketWallet(configuration, home: home)
        let base = configuration.text("venues.polymarket.clob_url")
        let desk = ApiKeyDesk(base: base, channel: channel, userAgent: "arb/\(BuildInfo.version)")
        let keys = try await desk.keys(of: wallet.key, at: NanoClock.utc())
        return TradingAccount(key: wallet.key, wallet: wallet.wallet, keys: keys)
    }

    static func polymarketReads(_ configuration: Configuration) -> Polymarket.AccountSettings {
        let base = configuration.text("venues.polymarket.clob_url")
        var settings = Polymarket.AccountSettings()
        settings.base = base
        settings.dataBase = configuration.text("venues.polymarket.data_url")
        settings.userAgent = "arb/\(BuildInfo.version)"
        // A loopback venue answers for its region itself.
        if ConfigurationReader.isLoopback(base) { settings.geoblockURL = base + "/api/geoblock" }
        return settings
    }
}
