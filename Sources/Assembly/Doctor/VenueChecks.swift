internal import Arb
internal import Trading

/// What a venue has told, as far as it was asked; what is nil was not asked, or has no answer at that venue.
struct VenueFacts {
    let venue: VenueID
    /// Why nothing could be asked at all.
    var unreachable: AccountFault?
    /// The venue's clock at some moment between the two instants of ours, to the second.
    var clock: (sent: UTCNanos, venue: UTCNanos, received: UTCNanos)?
    /// Why the key is not accepted.
    var refused: AccountFault?
    var isAccepted = false
    /// What the key may do, in the venue's words.
    var scopes: [String]?
    /// Tier, and requests a second.
    var tier: String?
    var writesPerSecond: Int?
    /// Shards that take orders now.
    var isTrading: [Int: Bool] = [:]
    /// The least order of each market, by its symbol.
    var minimums: [String: Quantity] = [:]
    var generation: Int64?
    var isClosedOnly: Bool?
    /// Asked and free: empty; asked and refused: where we are.
    var region: String?
    var snapshot: AccountSnapshot?
    var snapshotFault: AccountFault?
    /// Reads that got no answer beside the ones above.
    var faults: [AccountFault] = []
}

/// Findings about one venue: pure, from what it told.
struct VenueChecks {
    let facts: VenueFacts
    let configuration: Configuration
    let pairs: PairFiles
    let ours: OurAccount

    private var name: String { facts.venue.name }
    private var isLive: Bool { configuration.text("mode") == "live" }

    func run() -> [Finding] {
        if let fault = facts.unreachable {
            return [
                Finding(
                    "\(name).reach", .fail, fault.text,
                    fix: "check the network, the address in the configuration, and the venue's status page",
                    code: fault.code)
            ]
        }
        var found = [Finding("\(name).reach", .ok, "answers over verified TLS")]
        found += [clock, exchange, region, closedOnly, access, scopes, tier].compactMap { $0 }
        found += cash + [minimums, allowances, shared, fees].compactMap { $0 }
        found += facts.faults.map {
            Finding("\(name).reads", .warn, $0.text, fix: "ask again; then read what the code says", code: $0.code)
        }
        return found
    }

    // MARK: Clock

    /// The least by which the clocks can differ, given that the venue's stamp is cut to the second.
    static func skew(_ clock: (sent: UTCNanos, venue: UTCNanos, received: UTCNanos)) -> Nanoseconds {
        let early = clock.venue - clock.received
        let late = clock.venue + .seconds(1) - clock.sent
        if early > .zero { return early }
        return late < .zero ? late : .zero
    }

    private var clock: Finding? {
        guard let clock = facts.clock else { return nil }
        let skew = Self.skew(clock)
        let size = Int64(skew.rawValue.magnitude)
        let words =
            "this clock is \(size / 1_000_000_000).\(size / 100_000_000 % 10) s or more "
            + (skew > .zero ? "behind" : "ahead of") + " the venue's"
        // The stamp is cut to the second: less than one says nothing worth a look.
        if size <= 1_000_000_000 { return Finding("\(name).clock", .ok, "agrees with the venue's to the second") }
        // A refusal that follows from the clock is no finding of its own.
        let isRefused = facts.refused != nil ? "; the venue refuses signatures of it" : ""
        return Finding(
            "\(name).clock", size > 5_000_000_000 ? .fail : .warn, words + isRefused,
            fix: "synchronise it (chrony): signatures of another time are refused", code: "E_AUTH_CLOCK")
    }

    // MARK: Access

    private var access: Finding? {
        if let fault = facts.refused {
            let skew = facts.clock.map { Self.skew($0).rawValue.magnitude } ?? 0
            if skew > 5_000_000_000 { return nil }
            let isClock = skew > 1_000_000_000
            let fix =
                isClock
                ? "synchronise the clock first"
                : "is the key of this environment (\(Edges.environment(configuration)))? Keys of demo and production differ; "
                    + "is it the file of this key id?"
            return Finding("\(name).access", .fail, fault.text, fix: fix, code: fault.code)
        }
        return facts.isAccepted ? Finding("\(name).access", .ok, "the key is accepted") : nil
    }

    private var scopes: Finding? {
        guard let scopes = facts.scopes else { return nil }
        let mayWrite = scopes.contains { $0 == "write" || $0 == "write::trade" }
        let text = "the key may: \(scopes.isEmpty ? "nothing" : scopes.joined(separator: ", "))"
        if mayWrite { return Finding("\(name).scopes", .ok, text) }
        return Finding(
            "\(name).scopes", isLive ? .fail : .warn, text, fix: "live runs need a key that may write (trade)",
            code: "E_AUTH_REFUSED")
    }

    private var tier: Finding? {
        guard let tier = facts.tier else { return nil }
        let writes = facts.writesPerSecond ?? 0
        // An order is ten tokens; two legs and a close in one second are the least.
        guard writes >= 30 else {
            return Finding(
                "\(name).tier", .warn, "\(tier): \(writes) write tokens a second",
                fix: "ask the venue for a higher tier")
        }
        return Finding("\(name).tier", .ok, "\(tier): \(writes) write tokens a second, ten an order")
    }

    private var exchange: Finding? {
        if let generation = facts.generation, generation != 2 {
            return Finding(
                "\(name).version", .fail, "the order book is of generation \(generation), ours of 2",
                fix: "a newer build is needed", code: "E_EXEC_BLOCKED")
        }
        let closed = facts.isTrading.filter { !$0.value }.keys.sorted()
        guard !closed.isEmpty else {
            return facts.isTrading.isEmpty ? nil : Finding("\(name).exchange", .ok, "takes orders on every shard")
        }
        let shards = closed.map(String.init).joined(separator: ", ")
        return Finding(
            "\(name).exchange", .warn, "takes no orders on shard \(shards) now",
            fix: "wait; the pairs of that shard are not traded until it is back")
    }

    private var region: Finding? {
        guard let region = facts.region else { return nil }
        if region.isEmpty { return Finding("\(name).region", .ok, "the venue's probe does not refuse this address") }
        return Finding(
            "\(name).region", .fail, "geoblock: the venue refuses orders from here (\(region))",
            fix: "do not trade from this region; this is a question of law, not of routing", code: "E_EXEC_BLOCKED")
    }

    private var closedOnly: Finding? {
        guard let isClosedOnly = facts.isClosedOnly else { return nil }
        if !isClosedOnly { return Finding("\(name).account", .ok, "open for entries") }
        return Finding(
            "\(name).account", .fail, "closed-only: the account may close and not open",
            fix: "ask the venue why; entries are refused until it is lifted", code: "E_EXEC_BLOCKED")
    }

    // MARK: Money

    private var cash: [Finding] {
        if let fault = facts.snapshotFault {
            return [
                Finding(
                    "\(name).cash", .fail, fault.text,
                    fix: "ask again; nothing is known of the account until it answers",
                    code: fault.code)
            ]
        }
        guard let snapshot = facts.snapshot else { return [] }
        let reserve = configuration.money("risk.unwind_reserve_usd")
        let approved = pairs.pairs.filter { $0.status == .approved }
        var found: [Finding] = []
        for balance in snapshot.balances {
            let starved = approved.filter { pair in
                guard facts.venue == .kalshi, let shard = balance.exchangeIndex else { return true }
                return (pair.kalshi.exchangeIndex ?? 0) == shard
            }
            let purse = balance.exchangeIndex.map { "shard \($0)" } ?? "wallet"
            let text = "\(purse): \(balance.cash) \(balance.currency.rawValue.uppercased())"
            // Below the reserve and a dollar nothing can be entered; with no pair on it a purse starves nobody.
            let least = Money(rawValue: reserve.rawValue + FixedPoint.one)
            guard balance.cash < least, !starved.isEmpty else {
                found.append(Finding("\(name).cash", .ok, text))
                continue
            }
            let names =
                starved.prefix(3).map(\.id.name).joined(separator: ", ")
                + (starved.count > 3 ? " and \(starved.count - 3) more" : "")
            found.append(
                Finding(
                    "\(name).cash", .warn, "\(text), reserve \(reserve): starves \(names)",
                    fix: balance.exchangeIndex == nil
                        ? "deposit, or lower risk.unwind_reserve_usd"
                        : "move cash between shards in the account settings, or deposit"))
        }
        let shards = Set(snapshot.balances.compactMap(\.exchangeIndex))
        let missing = approved.filter {
            facts.venue == .kalshi && !shards.isEmpty && !shards.contains($0.kalshi.exchangeIndex ?? 0)
        }
        if let first = missing.first {
            found.append(
                Finding(
                    "\(name).cash", .warn,
                    "no purse on shard \(first.kalshi.exchangeIndex ?? 0): starves \(first.id.name)"
                        + (missing.count > 1 ? " and \(missing.count - 1) more" : ""),
                    fix: "move cash to that shard in the account settings"))
        }
        return found
    }

    /// The least order of each market, set against what sizing allows and what the purse can pay at a dollar a contract.
    private var minimums: Finding? {
        guard !facts.minimums.isEmpty else { return nil }
        let sized = Quantity(rawValue: configuration.decimal("sizing.max_contracts"))
        let reserve = configuration.money("risk.unwind_reserve_usd").rawValue
        var starved: [String] = []
        for pair in pairs.pairs where pair.status == .approved {
            let contract = facts.venue == .kalshi ? pair.kalshi : pair.polymarket
            guard let least = facts.minimums[contract.symbol] else { continue }
            let purse = facts.snapshot?.balances.first {
                facts.venue == .polymarket || $0.exchangeIndex == nil || $0.exchangeIndex == contract.exchangeIndex ?? 0
            }
            var money = configuration.money("sizing.max_order_usd").rawValue
            if let purse { money = min(money, purse.cash.rawValue - reserve) }
            if least > sized || least.rawValue > money { starved.append(pair.id.name) }
        }
        let (low, high) = (facts.minimums.values.min() ?? .zero, facts.minimums.values.max() ?? .zero)
        let text =
            "least orders: \(low)\(low == high ? "" : " to \(high)") contracts in \(facts.minimums.count) markets"
        guard let first = starved.first else { return Finding("\(name).minimums", .ok, text) }
        return Finding(
            "\(name).minimums", .warn,
            text + "; beyond sizing or the purse: \(first)"
                + (starved.count > 1 ? " and \(starved.count - 1) more" : ""),
            fix: "deposit, or raise sizing.max_contracts and sizing.max_order_usd")
    }

    private var allowances: Finding? {
        guard let snapshot = facts.snapshot, !snapshot.allowances.isEmpty else { return nil }
        let missing = snapshot.allowances.filter { !$0.isEnough }
        guard let first = missing.first else {
            return Finding("\(name).allowances", .ok, "\(snapshot.allowances.count) spenders may take what orders need")
        }
        return Finding(
            "\(name).allowances", .fail,
            "\(first.spender) may not take \(first.asset.count > 20 ? String(first.asset.prefix(8)) + "…" : first.asset)"
                + (missing.count > 1 ? ", and \(missing.count - 1) more" : ""),
            fix: "approve the exchange's contracts from the wallet: orders are refused without", code: "E_EXEC_BLOCKED")
    }

    /// An account that others trade on too: their orders and positions move ours, and what a crash loses cannot be told.
    private var shared: Finding? {
        guard let snapshot = facts.snapshot else { return nil }
        let differences = Drift.differences(ours, snapshot, since: snapshot.asOf + .seconds(-86_400))
        let orders = differences.count { $0.kind == .orderMissingHere && $0.severity != .info }
        let positions = differences.count {
            $0.kind == .position && !$0.isExplained || $0.explanations.contains(.foreign) && $0.kind == .position
        }
        let fills = Drift.foreignFills(ours, snapshot)
        guard orders + positions + fills > 0 else {
            return Finding("\(name).shared", .ok, "nothing in the account that is not ours")
        }
        return Finding(
            "\(name).shared", .warn,
            "shared: \(orders) orders, \(positions) positions and \(fills) fills of a day that are not ours",
            fix: facts.venue == .kalshi
                ? "give arb a subaccount of its own (venues.kalshi.subaccount); 'arb reconcile --explain'"
                : "give arb a wallet of its own; 'arb reconcile --explain'")
    }

    /// Members pay fees to a hundredth of a cent, customers of a broker to a cent: fills tell which.
    private var fees: Finding? {
        guard facts.venue == .kalshi, let snapshot = facts.snapshot else { return nil }
        let mode = configuration.text("venues.kalshi.fee_account")
        let told = snapshot.fills.compactMap(\.fill.fee).filter { $0.rawValue > 0 }
        let isFine = told.contains { $0.rawValue % Money.cent.rawValue != 0 }
        if isFine, mode == "fcm" {
            return Finding(
                "\(name).fees", .fail, "fills were charged parts of a cent: the account is direct, not fcm",
                fix: "set venues.kalshi.fee_account = \"direct\"", code: "E_REF_FEE")
        }
        if !isFine, told.count >= 5, mode == "direct" {
            return Finding(
                "\(name).fees", .warn,
                "\(told.count) fills were charged whole cents: perhaps the account is a broker's",
                fix: "set venues.kalshi.fee_account = \"fcm\" if it is")
        }
        return Finding(
            "\(name).fees", .ok,
            told.isEmpty ? "\(mode), no fill yet that proves it" : "\(mode), \(told.count) fills agree")
    }
}
