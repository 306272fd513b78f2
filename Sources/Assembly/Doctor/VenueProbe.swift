internal import Arb
internal import Kalshi
internal import Polymarket
internal import Signing
internal import Threading
public import Trading
internal import Transport

/// Asks both venues what `doctor` wants to know, and says what was found.
public struct VenueProbe: Sendable {
    private let configuration: Configuration
    private let pairs: PairFiles
    private let home: String
    private let ours: [VenueID: LedgerAccount]
    private static let patience = Nanoseconds.seconds(10)
    /// Markets whose least order is asked for: one request each.
    private static let marketsMax = 50

    /// - Parameter ours: what our ledger says of each account; none where there is no ledger yet.
    public init(
        _ configuration: Configuration, _ pairs: PairFiles, home: String, ours: [VenueID: LedgerAccount]
    ) {
        self.configuration = configuration
        self.pairs = pairs
        self.home = home
        self.ours = ours
    }

    /// Findings of both venues, asked at once.
    ///
    /// - Parameter keysOnly: whether the keys are accepted, and no more.
    public func run(keysOnly: Bool = false) async -> [Finding] {
        async let kalshi = findings(of: .kalshi, keysOnly)
        async let polymarket = findings(of: .polymarket, keysOnly)
        return await kalshi + polymarket
    }

    private func findings(of venue: VenueID, _ keysOnly: Bool) async -> [Finding] {
        let client = TradingEdge.client(configuration, venue, home: home)
        defer { client.close() }
        var facts = VenueFacts(venue: venue)
        switch venue {
        case .kalshi: await askKalshi(client, keysOnly, &facts)
        case .polymarket: await askPolymarket(client, keysOnly, &facts)
        }
        let prefix = LedgerAccount.prefix(of: configuration.text("account"))
        return VenueChecks(
            facts: facts, configuration: configuration, pairs: pairs,
            ours: ours[venue]?.account ?? OurAccount(venue: venue, prefix: prefix)
        ).run()
    }

    // MARK: Kalshi

    private func askKalshi(_ client: HTTPClient, _ keysOnly: Bool, _ facts: inout VenueFacts) async {
        let base = configuration.text("venues.kalshi.rest_url")
        let sent = NanoClock.utc()
        switch await client.response(to: HTTPRequest(base + "/exchange/status", timeout: Self.patience)) {
        case .failure(let fault):
            facts.unreachable = AccountFault(code: fault.code, text: fault.text)
            return
        case .success(let response):
            facts.clock = response.date.map { (sent, $0, NanoClock.utc()) }
            do throws(AccountFault) {
                facts.isTrading = try Kalshi.Account.isTrading(status: response.body)
            } catch { facts.faults.append(error) }
        }
        let account: Kalshi.Account
        do throws(Edges.Fault) {
            account = try TradingEdge.kalshiAccount(configuration, home: home, client: client)
        } catch {
            return  // said by the local checks
        }
        do throws(AccountFault) {
            let limits = try await account.limits()
            facts.isAccepted = true
            (facts.tier, facts.writesPerSecond) = (limits.tier, limits.write.refill)
        } catch {
            facts.refused = error
            return
        }
        do throws(AccountFault) { facts.scopes = try await account.scopes() } catch { facts.faults.append(error) }
        guard !keysOnly else { return }
        for pair in pairs.pairs where pair.status == .approved {
            facts.minimums[pair.kalshi.symbol] = Kalshi.Account.orderQtyMin
        }
        await readAccount(account, &facts)
    }

    // MARK: Polymarket

    private func askPolymarket(_ client: HTTPClient, _ keysOnly: Bool, _ facts: inout VenueFacts) async {
        let base = configuration.text("venues.polymarket.clob_url")
        let sent = NanoClock.utc()
        switch await client.response(to: HTTPRequest(base + "/time", timeout: Self.patience)) {
        case .failure(let fault):
            facts.unreachable = AccountFault(code: fault.code, text: fault.text)
            return
        case .success(let response):
            // A bare number of seconds; the head's own stamp where it is none.
            let told = response.body.count <= 12 ? Int64(String(decoding: response.body, as: UTF8.self)) : nil
            let instant = told.flatMap { $0 < 10_000_000_000 ? UTCNanos(rawValue: $0 * 1_000_000_000) : nil }
            facts.clock = (instant ?? response.date).map { (sent, $0, NanoClock.utc()) }
        }
        let account: Polymarket.Account
        do {
            account = try await TradingEdge.polymarketAccount(configuration, pairs, home: home, client: client)
        } catch let fault as AccountFault {
            facts.refused = fault
            return
        } catch {
            return  // said by the local checks
        }
        do throws(AccountFault) {
            facts.isClosedOnly = try await account.isClosedOnly()
            facts.isAccepted = true
        } catch {
            facts.refused = error
            return
        }
        guard !keysOnly else { return }
        do throws(AccountFault) { facts.generation = try await account.version() } catch { facts.faults.append(error) }
        do throws(AccountFault) {
            facts.region = try await account.geoblock() ?? ""
        } catch { facts.faults.append(error) }
        for pair in pairs.pairs.filter({ $0.status == .approved }).prefix(Self.marketsMax) {
            do throws(AccountFault) {
                facts.minimums[pair.polymarket.symbol] = try await account.orderQtyMin(of: pair.polymarket)
            } catch {
                facts.faults.append(error)
                break
            }
        }
        await readAccount(account, &facts)
    }

    private func readAccount(_ reader: any AccountReader, _ facts: inout VenueFacts) async {
        let now = NanoClock.utc()
        do throws(AccountFault) {
            facts.snapshot = try await reader.snapshot(since: now + .seconds(-86_400), now: now)
        } catch { facts.snapshotFault = error }
    }
}
