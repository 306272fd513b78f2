private import COpenSSL
private import CSecp256k1
private import Glibc
import Synchronization

/// The part of a wallet's signatures that does not depend on what is signed, computed before it is needed.
///
/// A signature on secp256k1 is a point made of a secret nonce, and two products of numbers. The point is nearly all of the
/// work and says nothing of the message; here it is made ahead, and what is left takes a microsecond. The nonce is RFC 6979's
/// function of the key and of bytes that were never used before: random ones of two sources, a clock and a count, so that one
/// source that fails makes no nonce twice.
///
/// A nonce that signs twice gives the key away. Each is taken out under the pool's lock and erased by the signature that it
/// makes; none is put back, written down or copied. A machine that is restored twice from one image of its memory would
/// sign twice with what was in it: `void` what is older than a minute, and sign without a pool where that is done.
/// - Lane: any; its lock is held for less than two microseconds, never while a point is made.
/// - Source: FIPS 186-5 section 6.4 (pre-computation of 1/k and r), RFC 6979 section 3.6 (extra input).
public final class NoncePool: Sendable {
    private struct State {
        /// Places that hold something, and the parity of each one's point.
        var ready: [(place: Int, parity: Int32)] = []
        var free: [Int]
        /// How often all were erased: what was being made meanwhile is not kept.
        var epoch: UInt64 = 0
        /// Nonces that were begun.
        var begun: UInt64 = 0
    }

    private static let length = 96
    private let key: WalletKey
    // Safety: locked pages, read and written while `state` is locked.
    private let room: Secret
    private let state: Mutex<State>

    /// A pool that is empty until its first `refill`.
    ///
    /// - Parameter count: signatures kept begun.
    public init(_ key: WalletKey, count: Int) {
        precondition((1...64).contains(count), "a pool holds a few signatures")
        self.key = key
        room = Secret(zeros: count * Self.length)
        var state = State(free: Array((0..<count).reversed()))
        state.ready.reserveCapacity(count)
        self.state = Mutex(state)
    }

    /// Whose signatures these are.
    public var address: EthereumAddress { key.address }

    /// Signatures that are begun now.
    public var readyCount: Int { state.withLock { $0.ready.count } }

    /// Signatures that were ever begun.
    public var begunCount: UInt64 { state.withLock { $0.begun } }

    /// Fills the pool. Off the lanes: each takes some tens of microseconds.
    ///
    /// - Returns: how many were begun.
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`) when there is no randomness.
    @discardableResult
    public func refill() throws(SigningFault) -> Int {
        var made = 0
        while let (epoch, count) = next() {
            var begun = [UInt8](repeating: 0, count: Self.length)
            defer { begun.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
            let parity = try begin(&begun, count)
            let isKept = state.withLock { state in
                guard state.epoch == epoch, let place = state.free.popLast() else { return false }
                room.withMutableBytes { room in
                    begun.withUnsafeBytes { room[Self.range(place)].copyBytes(from: $0) }
                }
                state.ready.append((place, parity))
                return true
            }
            guard isKept else { break }
            made += 1
        }
        return made
    }

    private func next() -> (epoch: UInt64, count: UInt64)? {
        state.withLock { state in
            guard !state.free.isEmpty else { return nil }
            state.begun += 1
            return (state.epoch, state.begun)
        }
    }

    private static func range(_ place: Int) -> Range<Int> { place * length..<(place + 1) * length }

    /// A nonce that never was: 32 random bytes of the library, 16 of the system, the clock and the count.
    private func begin(_ begun: inout [UInt8], _ count: UInt64) throws(SigningFault) -> Int32 {
        var fresh = [UInt8](repeating: 0, count: 64)
        defer { fresh.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        var parity: Int32 = 0
        // A nonce that cannot be used comes once in 2^127.
        for _ in 0..<2 {
            let isFresh = fresh.withUnsafeMutableBytes { fresh in
                guard let start = fresh.baseAddress, getentropy(start + 32, 16) == 0,
                    RAND_priv_bytes(start.assumingMemoryBound(to: UInt8.self), 32) == 1
                else { return false }
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                let nanoseconds = UInt64(truncatingIfNeeded: time.tv_sec &* 1_000_000_000 &+ time.tv_nsec)
                fresh.storeBytes(of: nanoseconds, toByteOffset: 48, as: UInt64.self)
                fresh.storeBytes(of: count, toByteOffset: 56, as: UInt64.self)
                return true
            }
            guard isFresh else { throw SigningFault(.refused, "the system has no random bytes for a nonce") }
            if key.begin(fresh, &begun, &parity) { return parity }
        }
        throw SigningFault(.refused, "libsecp256k1 refused two nonces in a row")
    }

    /// Signs a hash with what is ready; where nothing is, and for the one hash in 2^128 that this cannot sign, as the key
    /// alone does.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`), which cannot happen with a key that was accepted.
    public func sign(_ digest: Bytes32) throws(SigningFault) -> RecoverableSignature {
        guard let signature = finish(digest) else { return try key.sign(digest) }
        return signature
    }

    private func finish(_ digest: Bytes32) -> RecoverableSignature? {
        state.withLock { state in
            guard let (place, parity) = state.ready.popLast() else { return nil }
            state.free.append(place)
            return room.withMutableBytes { room in
                WalletKey.finish(digest, UnsafeMutableRawBufferPointer(rebasing: room[Self.range(place)]), parity)
            }
        }
    }

    /// Erases all that is ready.
    public func void() {
        state.withLock { state in
            state.epoch += 1
            room.withMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
            for (place, _) in state.ready { state.free.append(place) }
            state.ready.removeAll(keepingCapacity: true)
        }
    }
}

extension NoncePool: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says that there is a pool, and nothing of it.
    public var description: String { "<nonce pool>" }
    /// As `description`.
    public var debugDescription: String { "<nonce pool>" }
    /// No children: `dump` finds nothing.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// Signs as a pool does, or as a key alone, for practice: under a key made for this alone, which nobody knows and nothing
/// belongs to. What it signs is worth nothing, so its one nonce may sign again and again.
public final class PracticeKey: Sendable {
    private let key: WalletKey
    private let begun: [UInt8]
    private let parity: Int32

    /// - Parameter begins: whether signatures are begun ahead, as in a pool.
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`) when there is no randomness.
    public init(begins: Bool) throws(SigningFault) {
        key = try WalletKey()
        var begun = [UInt8](repeating: 0, count: 96)
        var parity: Int32 = 0
        let fresh = Keccak256.hash(key.address.bytes).bytes + Keccak256.hash("practice").bytes
        self.begun = begins && key.begin(fresh, &begun, &parity) ? begun : []
        self.parity = parity
    }

    /// A signature of nobody's.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`), which cannot happen.
    public func sign(_ digest: Bytes32) throws(SigningFault) -> RecoverableSignature {
        guard !begun.isEmpty else { return try key.sign(digest) }
        let signature = withUnsafeTemporaryAllocation(byteCount: begun.count, alignment: 8) { copy in
            copy.copyBytes(from: begun)
            return WalletKey.finish(digest, copy, parity)
        }
        guard let signature else { return try key.sign(digest) }
        return signature
    }
}
