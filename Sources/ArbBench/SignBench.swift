private import CAllocations
private import COpenSSL
private import CSecp256k1
import Kalshi
import Polymarket
import Signing
import Threading
import Trading
import Transport

/// Signatures beside what the libraries need for them alone, one of ours and one of theirs in turn.
///
/// Ours include all that makes a request of a signature: hashes and the whole body for Polymarket, the signed text and
/// three headers for Kalshi.
func runSignBench(json: Bool) {
    do throws(SigningFault) {
        try polymarket(json)
        try polymarketGateway(json)
        try kalshi(.rsa, json)
        try kalshi(.ed25519, json)
    } catch {
        preconditionFailure("keys made a moment ago sign: \(error.code)")
    }
}

/// Times `ours` and `floor` in turn; after the first tenth the turns count.
private func alternate(
    _ name: String, turns: Int, json: Bool, proof: String, ours: (Int) -> Bool, floor: (Int) -> Bool
) {
    var samples: [Double] = []
    var floors: [Double] = []
    samples.reserveCapacity(turns)
    floors.reserveCapacity(turns)
    var allocations: UInt64 = 0
    for turn in -turns / 10..<turns {
        let start = NanoClock.monotonic()
        let isFloorGood = floor(turn)
        let middle = NanoClock.monotonic()
        let before = CAllocations_count()
        let isGood = ours(turn)
        allocations = CAllocations_count() - before
        let end = NanoClock.monotonic()
        precondition(isGood && isFloorGood, "every signature is made")
        guard turn >= 0 else { continue }
        floors.append(Double((middle - start).rawValue))
        samples.append(Double((end - middle).rawValue))
    }
    var row = Row(name, samples, proof: "\(proof); \(allocations) allocations a call")
    row.compare(samples, floors)
    row.show(json: json)
}

private func polymarket(_ json: Bool) throws(SigningFault) {
    let scalar = (0..<32).map { UInt8(truncatingIfNeeded: $0 * 5 + 3) }
    let text = Array(scalar.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined().utf8)
    let key = try WalletKey(hex: text.withUnsafeBytes { Secret($0) }, name: "the bench's key")
    guard
        let token = TokenID("71321045679252212594626385532706912750332728571942532289631379312455583992563"),
        let context = CSecp256k1_context(scalar), let deposit = Wallet.derived(.deposit, of: key.address).first
    else { preconditionFailure("the bench's own values are good") }
    defer { secp256k1_context_destroy(context) }
    var digest = [UInt8](repeating: 0x5A, count: 32)
    var signature = secp256k1_ecdsa_recoverable_signature()
    var body: [UInt8] = []
    body.reserveCapacity(2_048)
    for kind in [Wallet.Kind.account, .deposit] {
        let wallet = try Wallet(kind, address: kind == .account ? key.address : deposit, owner: key.address)
        let signer = try OrderSigner(key: key, wallet: wallet)
        let template = try OrderTemplate(
            exchange: .standard, wallet: wallet, tokenID: token, owner: "11111111-2222-3333-4444-555555555555")
        var ticket = OrderTicket(
            salt: 479_249_096_354, side: .buy, makerAmount: BaseUnits(rawValue: 11_782_400),
            takerAmount: BaseUnits(rawValue: 21_040_000), transactTime: UTCNanos(rawValue: 1_795_132_800_123_000_000),
            lifetime: .fok)
        let signed = try signer.sign(ticket, template)
        let isRecovered = kind == .deposit || signed.signature.inner.signer(of: signed.hash) == key.address
        precondition(isRecovered, "the bench measures signatures that hold")
        alternate(
            kind == .account ? "sign.polymarket_order" : "sign.polymarket_order.deposit", turns: 10_000, json: json,
            proof: "order hash, signature and body against libsecp256k1's own signing",
            ours: { turn in
                ticket.salt = 479_249_096_354 + UInt64(max(0, turn))
                body.removeAll(keepingCapacity: true)
                return (try? signer.write(ticket, template, to: &body)) != nil && body.count > 600
            },
            floor: { turn in
                digest[3] = UInt8(truncatingIfNeeded: turn)
                return secp256k1_ecdsa_sign_recoverable(context, &signature, digest, scalar, nil, nil) == 1
            })
    }
}

/// Connections that are always there and never used, and tokens without end: what is left is the gateway's own work.
private struct EndlessSender: RequestSender, Polymarket.WriteBudget, AccountChannel {
    func reserve(_ purpose: SendPurpose) -> ConnectionTicket? { ConnectionTicket(place: 0, generation: 1) }
    func release(_ ticket: ConnectionTicket) {}
    nonisolated(nonsending) func exchange(
        _ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos
    ) async -> WireOutcome { .notSent(TransportFault(.closed, "nothing is sent")) }
    func takeOrders(_ count: Int, _ purpose: SendPurpose, at now: MonotonicNanos) -> Bool { true }
    func takeCancels(_ count: Int, at now: MonotonicNanos) -> Bool { true }
    func giveBackOrders(_ count: Int, at now: MonotonicNanos) {}
    func giveBackCancels(_ count: Int, at now: MonotonicNanos) {}
    func refused(retryAfter: Nanoseconds?, at now: MonotonicNanos) {}
    func perform(_ request: AccountRequest) async -> RestAnswer { preconditionFailure("the bench asks nobody") }
}

/// An executor that nothing is run on.
private final class NoExecutor: SerialExecutor {
    func enqueue(_ job: consuming ExecutorJob) { preconditionFailure("the bench prepares and runs no job") }
}

/// `prepare` as a fire calls it: checks, place, tokens, connection, signature, body, its code and its hash, the request;
/// and given back. Beside it the same with an order signed ahead.
private func polymarketGateway(_ json: Bool) throws(SigningFault) {
    let scalar = (0..<32).map { UInt8(truncatingIfNeeded: $0 * 5 + 3) }
    let text = Array(scalar.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined().utf8)
    let key = try WalletKey(hex: text.withUnsafeBytes { Secret($0) }, name: "the bench's key")
    func secret(_ text: StaticString) -> Secret { text.withUTF8Buffer { Secret(UnsafeRawBufferPointer($0)) } }
    let account = TradingAccount(
        key: key, wallet: try Wallet(.account, address: key.address, owner: key.address),
        keys: ApiKeys(
            apiKey: "11111111-2222-3333-4444-555555555555", secret: secret("c2VjcmV0LW9mLXRoZS1iZW5jaA=="),
            passphrase: secret("c0ffee")))
    let sender = EndlessSender()
    let gateway = try Polymarket.Gateway(
        account: account, sender: sender, budget: sender, channel: sender, clock: NanoClock(),
        settings: Polymarket.GatewaySettings(), executor: NoExecutor())
    let token = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
    let contract = Contract(
        venue: .polymarket, symbol: "0x" + String(repeating: "11", count: 32),
        tokens: .init(yes: token, no: "52114319501245915516055106046884209969926127482827954674443846427813813222426"))
    guard let grid = try? TickGrid(step: .cent), let limit = Price(rawValue: 56_000_000),
        let context = CSecp256k1_context(scalar)
    else { preconditionFailure("the bench's own values are good") }
    defer { secp256k1_context_destroy(context) }
    let terms = InstrumentTerms(
        title: "bench", status: .active, grid: grid, lot: Quantity(rawValue: 1_000_000),
        orderQtyMin: Quantity(rawValue: 500_000_000), notionalMin: Money(rawValue: 100_000_000), budgetStep: .cent,
        fillStep: Quantity(rawValue: 100), currency: .pusd, fees: FeeTimeline(Polymarket.Fees.free), entriesEnd: nil,
        payout: nil, readAt: UTCNanos(rawValue: 0))
    let instrument = InstrumentID(0)
    guard (try? gateway.apply(terms, of: instrument, contract)) != nil else {
        preconditionFailure("the bench's own market is good")
    }
    var order = NewOrder(
        clOrdID: ClOrdID(prefix: 1, run: 1, sequence: 1), instrument: instrument, outcome: .yes, side: .buy,
        orderQty: Quantity(rawValue: 2_103_000_000), price: limit, cashOrderQty: Money(rawValue: 1_178_000_000),
        timeInForce: .fok)
    var digest = [UInt8](repeating: 0x5A, count: 32)
    var signature = secp256k1_ecdsa_recoverable_signature()
    let clock = NanoClock()
    for isAhead in [false, true] {
        alternate(
            isAhead ? "prepare.polymarket.ahead" : "prepare.polymarket", turns: 10_000, json: json,
            proof: isAhead
                ? "the same with the order signed ahead" : "order to request bytes against libsecp256k1's own signing",
            ours: { turn in
                order.clOrdID = ClOrdID(prefix: 1, run: 1, sequence: UInt64(turn + 20_000))
                guard let slot = try? gateway.prepare(order, at: clock.now()) else { return false }
                gateway.giveBack(slot)
                return slot.orderID != nil
            },
            floor: { turn in
                if isAhead { _ = try? gateway.signAhead(order, at: clock.now()) }
                digest[3] = UInt8(truncatingIfNeeded: turn)
                return secp256k1_ecdsa_sign_recoverable(context, &signature, digest, scalar, nil, nil) == 1
            })
    }
}

private func kalshi(_ kind: SigningKey.Kind, _ json: Bool) throws(SigningFault) {
    let key = try SigningKey(generating: kind)
    let auth = Kalshi.Auth(keyID: "11111111-2222-4333-8444-555555555555", key: key)
    let url = "https://external-api.kalshi.com/trade-api/v2/portfolio/events/orders"
    let text = Array("1795219200274POST/trade-api/v2/portfolio/events/orders".utf8)
    let pem = Array(key.exportPrivatePEM().utf8)
    let raw = pem.withUnsafeBytes { pem in
        let bio = BIO_new_mem_buf(pem.baseAddress, Int32(pem.count))
        defer { BIO_free(bio) }
        return COpenSSL_read_private_key(bio)
    }
    // The prepared context that is copied for every signature.
    let (base, context) = (EVP_MD_CTX_new(), EVP_MD_CTX_new())
    defer {
        EVP_MD_CTX_free(base)
        EVP_MD_CTX_free(context)
        EVP_PKEY_free(raw)
    }
    var options: OpaquePointer?
    let isReady = EVP_DigestSignInit(base, &options, kind == .rsa ? EVP_sha256() : nil, nil, raw) == 1
    precondition(isReady, "OpenSSL takes the key that it made")
    if kind == .rsa {
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING)
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST)
    }
    var signature = [UInt8](repeating: 0, count: 512)
    alternate(
        "sign.kalshi_\(kind.rawValue)", turns: kind == .rsa ? 1_000 : 10_000, json: json,
        proof: "\(key.bits) bits; text and headers against OpenSSL's own signing",
        ours: { turn in
            let now = UTCNanos(rawValue: 1_795_219_200_274_000_000 + Int64(turn) * 1_000_000)
            return (try? auth.headers(.post, url: url, at: now))?.count == 3
        },
        floor: { _ in
            var length = signature.count
            EVP_MD_CTX_copy_ex(context, base)
            return EVP_DigestSign(context, &signature, &length, text, text.count) == 1
        })
}
