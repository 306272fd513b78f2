import Signing
import Synchronization
import Testing

@Suite("NoncePool")
struct NoncePoolTests {
    @Test("signs for its account with each of 2,000 nonces, and never with one of them twice")
    func signatures() throws {
        let texts = [
            String(repeating: "0", count: 63) + "1",
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
        ]
        let keys = try texts.map { try walletKey($0) } + (0..<6).map { _ in try WalletKey() }
        let pools = keys.map { NoncePool($0, count: 10) }
        var generator = SplitMix(seed: 88)
        var points: Set<Bytes32> = []
        var upper = 0
        for turn in 0..<250 {
            for (key, pool) in zip(keys, pools) {
                if turn.isMultiple(of: 10) { #expect(try pool.refill() == 10) }
                // Every other hash is the same one: it is the nonce that makes the signature new.
                let byte = turn.isMultiple(of: 2) ? 7 : UInt8(truncatingIfNeeded: generator.next())
                let digest = Keccak256.hash([byte])
                let signature = try pool.sign(digest)
                #expect(signature.signer(of: digest) == key.address)
                #expect(signature.isValid(for: digest, by: key.address))
                #expect(try RecoverableSignature(signature.bytes) == signature, "s is in the lower half")
                #expect(try signature != key.sign(digest))
                points.insert(signature.r)
                upper += signature.v == 28 ? 1 : 0
            }
        }
        #expect(points.count == 2_000)
        #expect((850...1_150).contains(upper))
        #expect(pools.allSatisfy { $0.readyCount == 0 })
    }

    @Test("signs as the key alone does when nothing is ready: at first, when all is used, when it was erased")
    func empty() throws {
        let key = try WalletKey()
        let pool = NoncePool(key, count: 2)
        let digest = Keccak256.hash("x")
        let alone = try key.sign(digest)
        #expect(try pool.sign(digest) == alone)
        #expect(try pool.refill() == 2 && pool.refill() == 0 && pool.readyCount == 2)
        #expect(try pool.sign(digest) != alone && pool.sign(digest) != alone && pool.readyCount == 0)
        #expect(try pool.sign(digest) == alone)
        #expect(try pool.refill() == 2)
        pool.void()
        #expect(try pool.readyCount == 0 && pool.sign(digest) == alone && pool.refill() == 2)
        #expect(try pool.sign(digest).signer(of: digest) == key.address)
    }

    @Test(
        "leaves a hash that is no number below the group's order to the key, and uses its nonce for no other",
        arguments: [
            "0x" + String(repeating: "0", count: 64), "0x" + String(repeating: "f", count: 64),
            "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        ])
    func strange(text: String) throws {
        let key = try WalletKey()
        let pool = NoncePool(key, count: 1)
        try pool.refill()
        let digest = try #require(Bytes32(hex: text))
        #expect(try pool.sign(digest) == key.sign(digest))
        #expect(pool.readyCount == 0)
    }

    @Test("gives no nonce to two of many who sign, refill and erase at once")
    func together() async throws {
        let key = try WalletKey()
        let pool = NoncePool(key, count: 4)
        let points = Points()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    for turn in 0..<200 {
                        let digest = Keccak256.hash("\(worker) \(turn)")
                        guard let signature = try? pool.sign(digest) else { return }
                        if !signature.isValid(for: digest, by: key.address) { return }
                        points.all.withLock { $0.append(signature.r) }
                        if turn % 3 == 0 { _ = try? pool.refill() }
                        if turn % 50 == worker { pool.void() }
                    }
                }
            }
        }
        let all = points.all.withLock { $0 }
        #expect(all.count == 1_200, "every one was signed, and holds")
        #expect(Set(all).count == 1_200)
    }

    private final class Points: Sendable {
        let all = Mutex<[Bytes32]>([])
    }

    @Test("shows nothing of itself, however it is printed")
    func silence() throws {
        let pool = NoncePool(try WalletKey(), count: 1)
        try pool.refill()
        var shown = ""
        dump(pool, to: &shown)
        #expect(shown.hasPrefix("- <nonce pool>") && shown.count { $0 == "\n" } == 1)
        #expect("\(pool) \(String(reflecting: pool))" == "<nonce pool> <nonce pool>")
    }
}
