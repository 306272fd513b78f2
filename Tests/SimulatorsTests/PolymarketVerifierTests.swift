import Codec
import Foundation
import Signing
import Testing

@testable import Simulators

/// The venue's verification against what official clients have signed: vectors that no code of this program has made.
@Suite("Polymarket's loopback verification")
struct PolymarketVerifierTests {
    private static let owner = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    /// When the vectors were signed.
    private static let now: UInt64 = 1_795_132_800_123

    private func vectors(_ name: String) throws -> [[String: Any]] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Venues/PolymarketTests/Vectors/\(name)").standardized
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        return try #require(object?["vectors"] as? [[String: Any]])
    }

    private func contract(_ vector: [String: Any]) throws -> PolymarketContract {
        let address = try #require((vector["domain"] as? [String: Any])?["verifyingContract"] as? String)
        return try #require(PolymarketContract.allCases.first { $0.address.lowercased() == address.lowercased() })
    }

    @Test("every order of the official clients is accepted on its contract and on no other; orders of the past are not")
    func orders() throws {
        let owner = try EthereumAddress(Self.owner)
        let verifier = PolymarketVerifier()
        let reader = JSONReader()
        var accepted = 0
        var past = 0
        for vector in try vectors("eip712_order_vectors.json") {
            let name = vector["id"] as? String ?? ""
            let body = try JSONSerialization.data(withJSONObject: #require(vector["json_body"]))
            let json = try reader.read(Array(body))
            let posted: PolymarketPosted
            do throws(PolymarketRefusal) { posted = try PolymarketPosted(json) } catch let refusal {
                #expect(refusal.text == "order_version_mismatch" && name.hasPrefix("v1"), "\(name): \(refusal.text)")
                past += 1
                continue
            }
            // The one of the test network is for another chain: nobody's here.
            let right = name.contains("amoy") ? nil : try contract(vector)
            for contract in PolymarketContract.allCases {
                let result = Result { () throws(PolymarketRefusal) in
                    try verifier.verify(
                        posted, contract, owner: owner, depositOwner: posted.kind == 3 ? owner : nil, now: Self.now)
                }
                switch result {
                case .success(let id):
                    #expect(contract == right && id.hex == vector["order_digest"] as? String, "\(name)")
                    accepted += 1
                case .failure(let refusal):
                    let isOther = right != nil && (contract == .third) != (right == .third)
                    #expect(contract != right, "\(name): \(refusal.text)")
                    #expect(refusal.text == (isOther ? "order_version_mismatch" : "invalid signature"), "\(name)")
                }
            }
        }
        #expect(accepted == 22 && past == 3)
    }

    @Test("an order's own time must be near the venue's")
    func time() throws {
        let owner = try EthereumAddress(Self.owner)
        let vector = try #require(try vectors("eip712_order_vectors.json").first)
        let body = try JSONSerialization.data(withJSONObject: #require(vector["json_body"]))
        let reader = JSONReader()
        let posted = try PolymarketPosted(try reader.read(Array(body)))
        for (shift, isGood) in [
            (Int64(0), true), (3_599_000, true), (3_601_000, false), (-59_000, true), (-61_000, false),
        ] {
            let now = UInt64(Int64(Self.now) + shift)
            let result = try? PolymarketVerifier().verify(posted, .standard, owner: owner, depositOwner: nil, now: now)
            #expect((result != nil) == isGood, "\(shift)")
        }
    }

    @Test("wallet signatures for keys are the official client's")
    func logins() throws {
        for vector in try vectors("l1_clobauth_vectors.json") {
            let headers = try #require(vector["headers"] as? [String: String])
            var keys = PolymarketKeys(seed: 1)
            let call = PolymarketCall(
                method: "POST", target: "/auth/api-key",
                headers: Dictionary(uniqueKeysWithValues: headers.map { ($0.key.lowercased(), $0.value) }), body: [])
            let seconds = try #require(Int64(headers["POLY_TIMESTAMP"] ?? ""))
            guard vector["chain_id"] as? Int == 137 else {
                #expect(throws: PolymarketRefusal(401, "Invalid L1 Request headers")) {
                    try keys.create(call, now: seconds)
                }
                continue
            }
            #expect(try keys.create(call, now: seconds).address.checksummed == vector["address"] as? String)
            #expect(throws: PolymarketRefusal.self) { try keys.derive(call, now: seconds + 61) }
        }
    }

    @Test(
        "bodies that are not what the venue reads are refused",
        arguments: [
            (#""salt":1"#, #""salt":"1""#, "Invalid order payload"),
            (#""salt":1"#, #""salt":9007199254740992"#, "Invalid order payload"),
            (#""side":"BUY""#, #""side":"Buy""#, "Invalid side"),
            (#""side":"BUY""#, #""side":0"#, "Invalid side"),
            (#""signatureType":0"#, #""signatureType":4"#, "Invalid signature_type"),
            (#""signatureType":0"#, #""signatureType":"0""#, "Invalid signature_type"),
            (#""tokenId":"5""#, #""tokenId":"05""#, "Invalid token id"),
            (#""makerAmount":"1000000""#, #""makerAmount":1000000"#, "Invalid order payload"),
            (#""makerAmount":"1000000""#, #""makerAmount":"-1""#, "Invalid order payload"),
            (#""makerAmount":"1000000""#, #""makerAmount":"1e6""#, "Invalid order payload"),
            (#""orderType":"GTC""#, #""orderType":"IOC""#, "Invalid order payload"),
            (#""expiration":"0""#, #""expiration":"0","taker":"0x0""#, "order_version_mismatch"),
            (#""expiration":"0""#, #""expiration":"0","more":1"#, "Invalid order payload"),
            (#""expiration":"0","#, "", "Invalid order payload"),
            (#""deferExec":false"#, #""deferExec":0"#, "Invalid order payload"),
        ])
    func shapes(from: String, to: String, wanted: String) throws {
        let good =
            #"{"order":{"salt":1,"maker":"\#(Self.owner)","signer":"\#(Self.owner)","tokenId":"5","makerAmount":"1000000","takerAmount":"2000000","side":"BUY","expiration":"0","signatureType":0,"timestamp":"1","metadata":"0x\#(String(repeating: "0", count: 64))","builder":"0x\#(String(repeating: "0", count: 64))","signature":"0xab"},"owner":"o","orderType":"GTC","deferExec":false}"#
        let reader = JSONReader()
        _ = try PolymarketPosted(try reader.read(good))
        let bad = try reader.read(good.replacing(from, with: to))
        #expect(throws: PolymarketRefusal(400, wanted)) { try PolymarketPosted(bad) }
    }
}
