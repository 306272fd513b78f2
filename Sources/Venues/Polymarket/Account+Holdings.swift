import Signing
public import Trading

extension Account {
    /// Cash of the wallet, as the order book knows it.
    public func cash() async throws(AccountFault) -> VenueBalance {
        let collateral = try await balance(of: .collateral)
        guard let cash = collateral.balance.cash else { throw Self.unreadable("/balance-allowance", "balance") }
        return VenueBalance(venue: venue, exchangeIndex: nil, cash: cash, currency: .pusd)
    }

    /// Shares of both tokens of a market that the order book will let be sold; none where they are not ours to name.
    public func holdings(of contract: Contract) async throws(AccountFault) -> [VenuePosition] {
        guard let tokens = contract.tokens else { return [] }
        let isV2 = TokenID(tokens.yes)?.isProtocolV2 ?? false
        var held: [VenuePosition] = []
        for (token, outcome) in [(tokens.yes, Outcome.yes), (tokens.no, .no)] {
            held.append(
                VenuePosition(
                    venue: venue, symbol: contract.symbol, token: token, outcome: outcome,
                    quantity: try await balance(of: token, isProtocolV2: isV2)))
        }
        return held
    }
}
