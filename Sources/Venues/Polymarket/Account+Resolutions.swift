import Codec
public import Trading

extension Account {
    /// What became of markets: a fact for each that is resolved beyond doubt.
    ///
    /// A winner is named by the order book's record of the market. A split has none: then a token of ours that can be
    /// redeemed, and whose price is one half, says that the chain has it so. What is closed and neither waits.
    ///
    /// Markets that cannot be read keep nobody from the others: they are asked about again another time, after all others.
    ///
    /// - Parameter conditions: at most `conditionsMax` are looked at.
    /// - Throws: `AccountFault` when nothing was found, and not all could be read.
    public func resolutions(of conditions: [String]) async throws(AccountFault) -> [SettlementFact] {
        var facts: [SettlementFact] = []
        var isSplit: [String: Bool]?
        var faults: [AccountFault] = []
        let asked = conditions.prefix(Self.conditionsMax)
        let ordered = asked.filter { !unreadEnds.contains($0) } + asked.filter { unreadEnds.contains($0) }
        for condition in ordered where faults.count < Self.faultsMax {
            do throws(AccountFault) {
                if let fact = try await resolution(of: condition, &isSplit) { facts.append(fact) }
                unreadEnds.remove(condition)
            } catch {
                faults.append(error)
                if unreadEnds.count >= Self.unreadEndsMax { unreadEnds.removeAll() }
                unreadEnds.insert(condition)
            }
        }
        if facts.isEmpty, let fault = faults.first { throw fault }
        return facts
    }

    /// Markets looked at in one read: what was found is told when all are, and within a read's time, slow as the venue may be.
    public static var conditionsMax: Int { 8 }
    /// As many in one read are no market's fault.
    private static var faultsMax: Int { 3 }
    private static var unreadEndsMax: Int { 1_024 }

    private func resolution(of condition: String, _ isSplit: inout [String: Bool]?) async throws(AccountFault)
        -> SettlementFact?
    {
        let end = try await read(settings.base, "/markets/\(condition)", "", isSigned: false, isMissingOK: true) {
            (root) throws(WireFault) in try Wire.marketEnd(root)
        }
        guard let end, end.isClosed else { return nil }
        let winners = end.winners.compactMap { outcomes[$0] }
        guard winners.count == end.winners.count else { throw Self.unreadable("/markets", "tokens") }
        if winners.count == 1 { return Self.fact(condition, winners[0]) }
        if isSplit == nil { isSplit = try await splits() }
        return winners.count == 2 || isSplit?[condition] == true ? Self.fact(condition, nil) : nil
    }

    private static func fact(_ condition: String, _ winner: Outcome?) -> SettlementFact {
        SettlementFact(
            venue: .polymarket, symbol: condition, winner: winner, yesQty: .zero, noQty: .zero, revenue: .zero,
            fee: nil, settledAt: nil)
    }

    /// Markets of which we hold a token that can be redeemed: true where it pays one half.
    private func splits() async throws(AccountFault) -> [String: Bool] {
        var found: [String: Bool] = [:]
        for held in try await heldTokens("REDEEMABLE") {
            found[held.condition] =
                held.price == Price(rawValue: Price.one.rawValue / 2) && found[held.condition] != false
        }
        return found
    }
}

extension Wire {
    /// How a market ended, as the order book's record has it.
    struct MarketEnd: Hashable, Sendable {
        var isClosed: Bool
        /// Tokens that won.
        var winners: [String]
    }

    static func marketEnd(_ root: JSONValue) throws(WireFault) -> MarketEnd {
        try object(root, "market")
        guard let isClosed = root["closed"]?.bool else { throw WireFault(.missing, "closed") }
        guard let tokens = root["tokens"], tokens.kind == .array else { throw WireFault(.missing, "tokens") }
        var winners: [String] = []
        for token in tokens.elements {
            try object(token, "token")
            guard let isWinner = token["winner"]?.bool else { throw WireFault(.missing, "winner") }
            if isWinner { winners.append(try needed(token["token_id"], "token_id")) }
        }
        return MarketEnd(isClosed: isClosed, winners: winners)
    }
}
