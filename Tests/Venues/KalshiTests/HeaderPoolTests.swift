import Codec
import Foundation
import Signing
import Testing
import Trading

@testable import Kalshi

@Suite("HeaderPool")
struct HeaderPoolTests {
    private let path = "/trade-api/v2/portfolio/events/orders"
    private let now = UTCNanos(rawValue: 1_795_219_200_000_000_000)
    private let key: SigningKey
    private let verifier: VerifyingKey

    init() throws {
        key = try SigningKey(generating: .ed25519)
        verifier = try VerifyingKey(pem: key.publicPEM)
    }

    private func pool(ahead: Int64 = 8_000, count: Int = 16) -> HeaderPool {
        HeaderPool(Auth(keyID: "id", key: key), .post, path: path, ahead: .milliseconds(ahead), count: count)
    }

    private func isGood(_ header: Header) throws -> Bool {
        let signature = try #require(Base64.decode(String(decoding: header.letters, as: UTF8.self)))
        return verifier.verifies(signature, of: "\(header.milliseconds)POST\(path)")
    }

    private func offset(_ header: Header, _ now: UTCNanos) -> Int64 { header.milliseconds - now.rawValue / 1_000_000 }

    @Test("a refill makes as many as there are places, spread over the time ahead, all good")
    func spread() throws {
        let pool = pool()
        #expect(try pool.refill(at: now) == 16 && pool.readyCount(at: now) == 16)
        #expect(try pool.refill(at: now) == 0)
        var offsets: [Int64] = []
        for _ in 0..<16 {
            let header = try pool.take(at: now)
            #expect(try header.place != nil && isGood(header))
            offsets.append(offset(header, now))
        }
        let sorted = offsets.sorted()
        #expect(offsets == sorted, "the nearest to now comes first")
        #expect(sorted.first == 0 && sorted.last == 8_000 && Set(sorted).count == 16)
        let gaps = zip(sorted, sorted.dropFirst()).map { $1 - $0 }
        #expect(gaps.allSatisfy { $0 <= 1_100 })
    }

    @Test("an empty pool, and one that looks not ahead, signs in line with stamps that are never the same")
    func inLine() throws {
        for pool in [pool(), pool(ahead: 0)] {
            if pool.readyCount(at: now) == 0 { #expect(try self.pool(ahead: 0).refill(at: now) == 0) }
            let headers = try (0..<5).map { _ in try pool.take(at: now) }
            #expect(headers.map { offset($0, now) } == [0, 1, 2, 3, 4])
            for header in headers { #expect(try header.place == nil && isGood(header)) }
        }
    }

    @Test("each is used once; one that did not leave is used again")
    func once() throws {
        let pool = pool(count: 2)
        try pool.refill(at: now)
        let first = try pool.take(at: now)
        let second = try pool.take(at: now)
        #expect(first.milliseconds != second.milliseconds && pool.readyCount(at: now) == 0)
        pool.putBack(first)
        #expect(pool.readyCount(at: now) == 1)
        #expect(try pool.take(at: now).milliseconds == first.milliseconds)
        pool.spend(first)
        pool.putBack(first)
        #expect(pool.readyCount(at: now) == 0)
        #expect(try pool.refill(at: now) == 1)
        #expect(try pool.take(at: now).milliseconds != first.milliseconds)
    }

    @Test("no stamp is signed twice while it could still be taken, however often the pool is emptied")
    func unique() throws {
        let pool = pool(count: 64)
        var seen: Set<Int64> = []
        for turn in 0..<30 {
            let present = now + .milliseconds(Int64(turn) * 10)
            try pool.refill(at: present)
            for _ in 0..<64 {
                let header = try pool.take(at: present)
                #expect(seen.insert(header.milliseconds).inserted)
                pool.spend(header)
            }
        }
        #expect(seen.count == 30 * 64)
    }

    @Test("what is older than five seconds is thrown away and made anew")
    func age() throws {
        let pool = pool(ahead: 1_000, count: 4)
        try pool.refill(at: now)
        #expect(pool.readyCount(at: now + .seconds(5)) == 4)
        #expect(try offset(pool.take(at: now + .milliseconds(5_500)), now) >= 500)
        let late = now + .milliseconds(6_001)
        #expect(pool.readyCount(at: late) == 0)
        #expect(try pool.refill(at: late) == 3, "the one that was taken keeps its place")
        #expect(try abs(offset(pool.take(at: late), late)) <= 1_000)
    }

    @Test("a wall clock that was set back makes headers from the future, which are not used")
    func clockSetBack() throws {
        let pool = pool(count: 4)
        try pool.refill(at: now)
        let back = UTCNanos(rawValue: now.rawValue - 60_000_000_000)
        #expect(try pool.take(at: back).place == nil)
        #expect(pool.readyCount(at: back) == 0)
    }

    @Test("a halt throws all away and takes none back")
    func void() throws {
        let pool = pool(count: 4)
        try pool.refill(at: now)
        let taken = try pool.take(at: now)
        pool.void()
        pool.putBack(taken)
        #expect(pool.readyCount(at: now) == 0)
        #expect(try pool.take(at: now).place == nil)
        #expect(try pool.refill(at: now) == 4)
    }

    @Test("after the venue refused one, headers are signed in line for a minute")
    func distrust() throws {
        let pool = pool(count: 4)
        try pool.refill(at: now)
        pool.distrust(at: now)
        #expect(try pool.refill(at: now + .seconds(59)) == 0)
        #expect(try pool.take(at: now + .seconds(59)).place == nil)
        #expect(try pool.refill(at: now + .seconds(60)) == 4)
        #expect(try pool.take(at: now + .seconds(60)).place != nil)
    }

    @Test("neither pool nor header can be printed")
    func unprintable() throws {
        let pool = pool(count: 1)
        try pool.refill(at: now)
        let header = try pool.take(at: now)
        let letters = String(decoding: header.letters, as: UTF8.self)
        var dumped = ""
        dump(header, to: &dumped)
        dump(pool, to: &dumped)
        for text in ["\(header)", "\(pool)", String(reflecting: header), String(reflecting: pool), dumped] {
            #expect(!text.contains(letters) && !text.contains(String(header.milliseconds)))
            #expect(!text.contains(header.letters.prefix(4).map(String.init).joined(separator: ", ")))
        }
    }

    @Test("RSA headers are good too")
    func rsa() throws {
        let key = try SigningKey(generating: .rsa)
        let verifier = try VerifyingKey(pem: key.publicPEM)
        let pool = HeaderPool(
            Auth(keyID: "id", key: key), .post, path: path, ahead: .milliseconds(100), count: 2)
        try pool.refill(at: now)
        let header = try pool.take(at: now)
        let signature = try #require(Base64.decode(String(decoding: header.letters, as: UTF8.self)))
        #expect(signature.count == 256 && verifier.verifies(signature, of: "\(header.milliseconds)POST\(path)"))
    }
}
