private import CAllocations
import Codec
import Kalshi
import Signing
import Threading
import Trading
import Transport

/// A connection that is always there and never used: what is left is the gateway's own work.
private struct IdleSender: RequestSender {
    func reserve(_ purpose: SendPurpose) -> ConnectionTicket? { ConnectionTicket(place: 0, generation: 1) }
    func release(_ ticket: ConnectionTicket) {}
    nonisolated(nonsending) func exchange(
        _ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos
    ) async -> WireOutcome { .notSent(TransportFault(.closed, "nothing is sent")) }
}

/// An executor that nothing is run on.
private final class UnusedExecutor: SerialExecutor {
    func enqueue(_ job: consuming ExecutorJob) { preconditionFailure("the bench prepares and runs no job") }
}

/// `prepare` as a fire calls it, with a header signed ahead: checks, tokens, connection, header, body, its hash, the whole
/// request. What is prepared is given back outside the time.
func runKalshiOrderBench(json: Bool) {
    do { try kalshiOrders(json) } catch { preconditionFailure("the bench's own values are good: \(error)") }
}

private func kalshiOrders(_ json: Bool) throws {
    for kind in [SigningKey.Kind.rsa, .ed25519] {
        let key = try SigningKey(generating: kind)
        let clock = NanoClock()
        let budget = ShardBudget(capacity: 14_400, refill: 4_800, reserve: 100, at: clock.now().monotonic)
        let gateway = Kalshi.Gateway(
            auth: Kalshi.Auth(keyID: "11111111-2222-4333-8444-555555555555", key: key), sender: IdleSender(),
            budget: budget, clock: clock, settings: Kalshi.GatewaySettings(), executor: UnusedExecutor())
        let instrument = InstrumentID(0)
        try gateway.apply(try terms(), of: instrument, ticker: "KXFEDDECISION-26DEC-C25")
        var samples: [Double] = []
        let turns = 20_000
        samples.reserveCapacity(turns)
        var allocations: UInt64 = 0
        var proof: (request: [UInt8], hash: Digest256)?
        for turn in -turns / 10..<turns {
            if turn % 500 == 0 { try gateway.tend(at: clock.now().utc) }
            var order = NewOrder(
                clOrdID: ClOrdID(prefix: 1, run: 1, sequence: UInt64(turn + turns)), instrument: instrument,
                outcome: turn & 1 == 0 ? .yes : .no, side: .buy,
                orderQty: Quantity(rawValue: Int64(1 + (turn + turns) % 5_000) * 1_000_000),
                price: .cent, timeInForce: .ioc)
            order.price = Price(rawValue: Int64(1 + (turn + turns) % 99) * 1_000_000) ?? .cent
            let now = clock.now()
            let before = CAllocations_count()
            let start = NanoClock.monotonic()
            let slot = try gateway.prepare(order, at: now)
            let end = NanoClock.monotonic()
            let asked = CAllocations_count() - before
            if turn == turns - 1 { proof = gateway.request(of: slot).map { ($0, slot.bodyHash) } }
            gateway.giveBack(slot)
            guard turn >= 0 else { continue }
            samples.append(Double((end - start).rawValue))
            allocations += asked
        }
        let isGood = try proof.map { try holds($0.request, $0.hash, key) } ?? false
        precondition(isGood, "the bench measures requests that the venue would take")
        Row(
            "prepare.kalshi_ahead.\(kind.rawValue)", samples,
            proof:
                "order to request bytes, header ready; \(allocations) allocations in \(turns); signature and hash hold"
        ).show(json: json)
    }
}

private func terms() throws -> InstrumentTerms {
    guard let whole = FeeMultiplier(rawValue: FixedPoint.one) else { preconditionFailure("one is a multiplier") }
    let fees = try Kalshi.Fees(feeType: "quadratic", multiplier: whole, account: .direct)
    var terms = InstrumentTerms(
        title: "bench", status: .active, grid: try TickGrid(step: .cent), lot: Quantity(rawValue: 1_000_000),
        orderQtyMin: Quantity(rawValue: 1_000_000), fillStep: Quantity(rawValue: 1_000_000), currency: .usd,
        fees: FeeTimeline(fees), entriesEnd: nil, payout: nil, readAt: UTCNanos(rawValue: 0))
    terms.exchangeIndex = 0
    return terms
}

/// Whether a request's signature is over its own stamp, method and path, and its body has the hash that was told.
private func holds(_ request: [UInt8], _ hash: Digest256, _ key: SigningKey) throws -> Bool {
    let text = String(decoding: request, as: UTF8.self)
    func field(_ name: String) -> String {
        guard let start = text.firstRange(of: name + ": ")?.upperBound else { return "" }
        return String(text[start...].prefix { $0 != "\r" && $0 != "\r\n" })
    }
    guard let signature = Base64.decode(field("KALSHI-ACCESS-SIGNATURE")),
        let start = text.firstRange(of: "\r\n\r\n")?.upperBound
    else { return false }
    let verifier = try VerifyingKey(pem: key.publicPEM)
    let message = field("KALSHI-ACCESS-TIMESTAMP") + "POST/trade-api/v2/portfolio/events/orders"
    return verifier.verifies(signature, of: message) && Digest.hex(.sha256, String(text[start...])) == hash.description
}
