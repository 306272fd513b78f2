import Codec
import Synchronization
public import Trading
import Transport

// `order_version_mismatch`: the market is of another protocol version than its terms said.
extension Gateway {
    /// Asks where a market's orders are to be signed, and signs there from here on; what was signed ahead for it is void.
    ///
    /// It sends no order: one that was refused with that code is dead, and whether another is wanted in its place, made anew
    /// and recorded like any order, is for its sender to decide.
    ///
    /// - Returns: true when the market is traded elsewhere than we took it for. False: the version is what we took it for,
    ///   nobody answers, or the market has other tokens now.
    public nonisolated func reroute(_ instrument: InstrumentID) async -> Bool {
        guard let contract = desk.withLock({ $0.market(instrument)?.contract }),
            let exchange = await currentExchange(contract)
        else { return false }
        return desk.withLock { (try? $0.route(instrument, to: exchange)) ?? false }
    }

    /// Where the market's orders are signed for, by the venue's own word of this moment.
    private nonisolated func currentExchange(_ contract: Contract) async -> Exchange? {
        let version = await read("/version") { (root) throws(WireFault) in try Wire.version(root) }
        // Another generation of the order book has other orders: none that we know how to make.
        guard version == 2 else { return nil }
        guard
            let market = await read(
                "/clob-markets/\(contract.symbol)", { (root) throws(WireFault) in try Wire.clobMarket(root) }),
            market.condition == contract.symbol, let tokens = contract.tokens,
            [tokens.yes, tokens.no].allSatisfy({ token in market.tokens.contains { $0.token == token } })
        else { return nil }
        return Exchange.of(isProtocolV2: market.protocolVersion == 2, isNegRisk: market.negRisk)
    }

    private nonisolated func read<Answer: Sendable>(
        _ path: String, _ decode: (JSONValue) throws(WireFault) -> Answer
    ) async -> Answer? {
        let request = AccountRequest(
            method: "GET", url: settings.base + path,
            headers: [("User-Agent", settings.userAgent), ("Accept", "application/json")])
        let answer = await channel.perform(request)
        guard answer.fault == nil, answer.status == 200 else { return nil }
        let reader = JSONReader(limits: .rest)
        return withExtendedLifetime(reader) {
            guard let root = try? reader.read(answer.body) else { return nil }
            return try? decode(root)
        }
    }
}
