import Codec
import Synchronization
import Trading
import Transport

// `order_version_mismatch`: the market is of another protocol version than its terms said.
extension Gateway {
    /// The order, made anew for the exchange on which its market is traded now: sent once more, once.
    ///
    /// Nil when nothing can be or may be made anew: the version is what we took it for, nobody answers in time, the market
    /// has other tokens now, no place is free, or the intent was not recorded. The refusal then stands.
    func rebuilt(_ slot: SendSlot, deadline: MonotonicNanos) async -> LegReport? {
        guard let recordRebuilt,
            let market = desk.withLock({ $0.market(slot.order.instrument).map { ($0.contract, $0.exchange) } }),
            let exchange = await currentExchange(market.0, slot.order.outcome), exchange != market.1
        else { return nil }
        let now = clock.now()
        guard now.monotonic < deadline else { return nil }
        let next: SendSlot
        do throws(LocalRefusal) {
            try desk.withLock { (desk) throws(LocalRefusal) in
                try desk.route(slot.order.instrument, to: exchange)
            }
            next = try prepare(slot.order, at: now)
        } catch { return nil }
        guard recordRebuilt(RebuiltOrder(slot: next, replaced: slot.orderID)) else {
            giveBack(next)
            return nil
        }
        guard let dispatch = desk.withLock({ $0.dispatch(next.place, next.generation) }) else { return nil }
        return await send(dispatch, isBatch: false, deadline: deadline)[0].report(dispatch.orders[0])
    }

    /// Where the market's orders are signed for, by the venue's own word of this moment.
    private func currentExchange(_ contract: Contract, _ outcome: Outcome) async -> Exchange? {
        let version = await read("/version") { (root) throws(WireFault) in try Wire.version(root) }
        // Another generation of the order book has other orders: none that we know how to make.
        guard version == 2 else { return nil }
        guard
            let market = await read(
                "/clob-markets/\(contract.symbol)", { (root) throws(WireFault) in try Wire.clobMarket(root) }),
            market.condition == contract.symbol, let tokens = contract.tokens,
            market.tokens.contains(where: { $0.token == (outcome == .yes ? tokens.yes : tokens.no) })
        else { return nil }
        return Exchange.of(isProtocolV2: market.protocolVersion == 2, isNegRisk: market.negRisk)
    }

    private func read<Answer: Sendable>(
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
