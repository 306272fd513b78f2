import Codec
import Foundation
import Signing
import Testing
import Trading

@testable import Polymarket

private let bigToken = "71321045679252212594626385532706912750332728571942532289631379312455583992563"

/// One order of the vectors, read into our types.
private struct OrderVector {
    let item: [String: Any]
    var message: [String: Any] { item.object("message") }
    var body: [String: Any] { item.object("json_body") }

    static func all() throws -> [OrderVector] {
        try Samples.object("eip712_order_vectors.json").list("vectors").map { OrderVector(item: $0) }
    }

    func exchange() throws -> Exchange {
        let domain = item.object("domain")
        return Exchange(
            try #require(Exchange.Generation(rawValue: domain.text("version"))),
            contract: try EthereumAddress(domain.text("verifyingContract")),
            chainID: UInt64(try #require(domain["chainId"] as? Int)))
    }

    func wallet() throws -> Wallet {
        let type = UInt8(try #require(message["signatureType"] as? Int))
        return try Wallet(
            #require(Wallet.Kind(rawValue: type)), address: EthereumAddress(message.text("maker")),
            owner: Samples.key().address)
    }

    func template() throws -> OrderTemplate {
        try OrderTemplate(
            exchange: exchange(), wallet: wallet(), tokenID: #require(TokenID(message.text("tokenId"))),
            owner: body.text("owner"), metadata: Bytes32(hex: message.text("metadata")) ?? .zero,
            builder: Bytes32(hex: message.text("builder")) ?? .zero)
    }

    func ticket() throws -> OrderTicket {
        let isPostOnly = try #require(body["postOnly"] as? Bool)
        let end = try #require(Int64(body.object("order").text("expiration")))
        let lifetimes: [String: OrderTicket.Lifetime] = [
            "GTC": .gtc(isPostOnly: isPostOnly), "FOK": .fok, "FAK": .ioc,
            "GTD": .gtd(UTCNanos(rawValue: end * 1_000_000_000), isPostOnly: isPostOnly),
        ]
        // Whatever lies below the millisecond is not signed.
        let time = (Int64(message.text("timestamp")) ?? 0) * 1_000_000 + 999_999
        return OrderTicket(
            salt: try number("salt"), side: message["side"] as? Int == 0 ? .buy : .sell,
            makerAmount: BaseUnits(rawValue: try number("makerAmount")),
            takerAmount: BaseUnits(rawValue: try number("takerAmount")), transactTime: UTCNanos(rawValue: time),
            lifetime: try #require(lifetimes[body.text("orderType")]))
    }

    func legacy() -> LegacyTerms {
        var terms = LegacyTerms()
        terms.nonce = UInt64(message.text("nonce")) ?? 0
        terms.feeRateBps = UInt64(message.text("feeRateBps")) ?? 0
        return terms
    }

    private func number(_ key: String) throws -> UInt64 { try #require(UInt64(message.text(key))) }
}

@Suite("Auth: orders")
struct AuthOrdersTests {
    @Test("every vector: struct hash, domain, order hash, signature and body, byte for byte")
    func vectors() throws {
        let all = try OrderVector.all()
        #expect(all.count == 26)
        for vector in all {
            let name = vector.item.text("id")
            let template = try vector.template()
            let signer = try OrderSigner(key: Samples.key(), wallet: template.wallet)
            let ticket = try vector.ticket()
            #expect(template.exchange.separator.hex == vector.item.text("domain_separator"), "\(name)")
            #expect(
                signer.structHash(ticket, template, vector.legacy()).hex == vector.item.text("struct_hash"), "\(name)")
            let signed = try signer.sign(ticket, template, legacy: vector.legacy())
            #expect(signed.hash.hex == vector.item.text("order_digest"), "\(name)")
            #expect(signed.signature.hex == vector.item.text("signature"), "\(name)")
            var body = Array("kept ".utf8)
            let hash = try signer.write(ticket, template, legacy: vector.legacy(), to: &body)
            #expect(hash == signed.hash)
            #expect(String(decoding: body, as: UTF8.self) == "kept " + vector.item.text("json_body_compact"), "\(name)")
        }
    }

    @Test("a deposit wallet's envelope: what its owner signs is recovered to the owner, over the wrapped digest")
    func envelope() throws {
        let all = try OrderVector.all().filter { $0.message["signatureType"] as? Int == 3 }
        #expect(all.count == 3)
        for vector in all {
            let template = try vector.template()
            let signer = try OrderSigner(key: Samples.key(), wallet: template.wallet)
            let signed = try signer.sign(vector.ticket(), template)
            let wanted = vector.item.object("erc7739")
            #expect(signed.signature.inner.hex == wanted.text("inner_signature"))
            #expect(signed.signature.hex.utf8.count == 2 + 2 * (try #require(wanted["signature_length_bytes"] as? Int)))
            let digest = try #require(Bytes32(hex: wanted.text("signed_digest")))
            #expect(signed.signature.inner.isValid(for: digest, by: try Samples.key().address))
            #expect(!signed.signature.inner.isValid(for: signed.hash, by: try Samples.key().address))
        }
    }

    @Test("the five exchanges have the published separators, and the types the published hashes")
    func domains() throws {
        let file = try Samples.object("eip712_order_vectors.json")
        let ours: [String: Exchange] = [
            "v1_exchange": .legacy, "v1_neg_risk": .legacyNegRisk, "v2_exchange": .standard, "v2_neg_risk": .negRisk,
            "v3_exchange": .protocolV2,
            "v3_exchange_amoy": Exchange(
                .v3, contract: EthereumAddress(known: "0x9fE6e61422AdB6F610d8597F9684b16912D50C3D"), chainID: 80002),
        ]
        let domains = file.object("domain_separators")
        #expect(domains.count == ours.count)
        for (name, exchange) in ours {
            #expect(exchange.separator.hex == domains.object(name).text("separator"), "\(name)")
            #expect(exchange.contract.checksummed == domains.object(name).text("verifyingContract"))
        }
        let types = file.object("type_hashes")
        #expect(Exchange.standard.orderType.hex == types.object("order_v2_v3").text("hash"))
        #expect(Exchange.legacy.orderType.hex == types.object("order_v1").text("hash"))
        #expect(types.count == 6)
        for name in types.keys {
            #expect(Keccak256.hash(types.object(name).text("type")).hex == types.object(name).text("hash"))
        }
    }

    @Test("routes by the market's version first, by negative risk second")
    func routing() {
        #expect(Exchange.of(isProtocolV2: false, isNegRisk: false) == .standard)
        #expect(Exchange.of(isProtocolV2: false, isNegRisk: true) == .negRisk)
        #expect(Exchange.of(isProtocolV2: true, isNegRisk: false) == .protocolV2)
        #expect(Exchange.of(isProtocolV2: true, isNegRisk: true) == .protocolV2)
    }

    @Test("any field changed is another hash, and the signature is another account's")
    func everyFieldCounts() throws {
        let vector = try #require(try OrderVector.all().first)
        let template = try vector.template()
        let key = try Samples.key()
        let signer = try OrderSigner(key: key, wallet: template.wallet)
        let ticket = try vector.ticket()
        let signed = try signer.sign(ticket, template)
        var variants: [OrderTicket] = (0..<5).map { _ in ticket }
        variants[0].salt += 1
        variants[1].side = .sell
        variants[2].makerAmount = BaseUnits(rawValue: ticket.makerAmount.rawValue + 1)
        variants[3].takerAmount = BaseUnits(rawValue: ticket.takerAmount.rawValue + 1)
        variants[4].transactTime = ticket.transactTime + .milliseconds(1)
        var hashes = try variants.map { try signer.sign($0, template).hash }
        let others = [
            try OrderTemplate(exchange: .negRisk, wallet: template.wallet, tokenID: template.tokenID, owner: "a"),
            try OrderTemplate(
                exchange: .standard, wallet: template.wallet, tokenID: #require(TokenID("1001")), owner: "a"),
            try OrderTemplate(
                exchange: .standard, wallet: template.wallet, tokenID: template.tokenID, owner: "a",
                metadata: Bytes32(1)),
            try OrderTemplate(
                exchange: .standard, wallet: template.wallet, tokenID: template.tokenID, owner: "a", builder: Bytes32(1)
            ),
        ]
        hashes += try others.map { try signer.sign(ticket, $0).hash }
        #expect(Set(hashes + [signed.hash]).count == 10)
        for hash in hashes { #expect(!signed.signature.inner.isValid(for: hash, by: key.address)) }
        // The life of an order is not signed, nor who owns the API key.
        var resting = ticket
        resting.lifetime = .fok
        #expect(try signer.sign(resting, template).hash == signed.hash)
    }

    @Test("refuses a salt of 2^53, amounts of nothing, a template of another wallet")
    func refusals() throws {
        let vector = try #require(try OrderVector.all().first)
        let template = try vector.template()
        let signer = try OrderSigner(key: Samples.key(), wallet: template.wallet)
        var tickets = [OrderTicket](repeating: try vector.ticket(), count: 3)
        tickets[0].salt = OrderTicket.saltEnd
        tickets[1].makerAmount = BaseUnits(rawValue: 0)
        tickets[2].takerAmount = BaseUnits(rawValue: 0)
        var body: [UInt8] = [1]
        for ticket in tickets {
            let fault = #expect(throws: SigningFault.self) { try signer.write(ticket, template, to: &body) }
            #expect(fault?.code == "E_AUTH_ORDER")
        }
        #expect(body == [1])
        let safe = try #require(Wallet.derived(.safe, of: Samples.key().address).first)
        let other = try OrderTemplate(
            exchange: .standard, wallet: Wallet(.safe, address: safe, owner: Samples.key().address),
            tokenID: template.tokenID, owner: "a")
        #expect(throws: SigningFault.self) { try signer.sign(vector.ticket(), other) }
        let deposit = try #require(Wallet.derived(.deposit, of: Samples.key().address).first)
        let fault = #expect(throws: SigningFault.self) {
            try OrderTemplate(
                exchange: .legacy, wallet: Wallet(.deposit, address: deposit, owner: Samples.key().address),
                tokenID: template.tokenID, owner: "a")
        }
        #expect(fault?.code == "E_AUTH_ORDER")
        var largest = try vector.ticket()
        largest.salt = OrderTicket.saltEnd - 1
        _ = try signer.sign(largest, template)
    }

    @Test("counts in millionths, exactly or not at all")
    func baseUnits() throws {
        #expect(BaseUnits(exactly: try Money(decimal: "11.7824"))?.rawValue == 11_782_400)
        #expect(BaseUnits(exactly: try Quantity(decimal: "21.04"))?.rawValue == 21_040_000)
        #expect(BaseUnits(exactly: Money(rawValue: 1_178_240_050)) == nil)
        #expect(BaseUnits(exactly: Money(rawValue: -100)) == nil)
    }

    @Test("tells positions of the second protocol by their number")
    func protocolV2() throws {
        #expect(try #require(TokenID(bigToken)).isProtocolV2 == false)
        #expect(try #require(TokenID("1099511627775")).isProtocolV2)  // 2^40 - 1
        #expect(try #require(TokenID("1099511627776")).isProtocolV2 == false)  // 2^40
        #expect(try #require(TokenID("20282409603651670423947251286016")).isProtocolV2)  // 2^104
        #expect(try #require(TokenID("10141204801825835211973625643008")).isProtocolV2 == false)  // 2^103
        #expect(TokenID("-1") == nil && TokenID("") == nil && TokenID("0x1") == nil)
    }
}

@Suite("Wallet")
struct WalletTests {
    private let names: [String: (Wallet.Kind, Int)] = [
        "POLY_PROXY": (.proxy, 0), "GNOSIS_SAFE": (.safe, 0), "DEPOSIT_WALLET_BEACON": (.deposit, 0),
        "DEPOSIT_WALLET_UUPS": (.deposit, 1),
    ]

    @Test("derives every wallet of the vectors, and knows its kind")
    func vectors() throws {
        let cases = try Samples.object("eip55_vectors.json").list("create2_wallets")
        #expect(cases.count == 4)
        for item in cases {
            let (kind, index) = try #require(names[item.text("name")])
            let owner = try EthereumAddress(item.text("owner"))
            #expect(Wallet.derived(kind, of: owner)[index].checksummed == item.text("wallet"))
            #expect(Wallet.kind(of: try EthereumAddress(item.text("wallet")), owner: owner) == kind)
            let wallet = try Wallet(kind, address: EthereumAddress(item.text("wallet")), owner: owner)
            #expect(wallet.signer == (kind == .deposit ? wallet.address : owner))
        }
    }

    @Test("refuses a wallet that does not belong to the key, and says which type would fit")
    func refusals() throws {
        let owner = try Samples.key().address
        let safe = try #require(Wallet.derived(.safe, of: owner).first)
        for kind in [Wallet.Kind.account, .proxy, .deposit] {
            let fault = #expect(throws: SigningFault.self) { try Wallet(kind, address: safe, owner: owner) }
            #expect(fault?.code == "E_AUTH_FUNDER")
            #expect(fault?.text.contains("signature type is 2") == true)
        }
        let stranger = try EthereumAddress("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
        for kind in [Wallet.Kind.account, .proxy, .safe] {
            #expect(throws: SigningFault.self) { try Wallet(kind, address: stranger, owner: owner) }
        }
        // A deposit wallet is taken as configured.
        #expect(try Wallet(.deposit, address: stranger, owner: owner).signer == stranger)
        let fault = #expect(throws: SigningFault.self) {
            try OrderSigner(key: Samples.key(), wallet: Wallet(.account, address: stranger, owner: stranger))
        }
        #expect(fault?.code == "E_AUTH_FUNDER")
    }
}
