public import Signing
import Synchronization
public import Trading

/// Signatures of one kind of request, made before they are needed: the venue does not sign bodies.
///
/// Stamps lie spread over now … now + `ahead`, each its own millisecond and each used once; the one nearest to now is
/// given out, one more than five seconds old is thrown away. Signing happens in `refill`, off the lanes; an empty pool,
/// one without `ahead`, or one that the venue refused signs in line.
/// - Lane: any; its lock is held for some tens of nanoseconds, never while something is signed.
/// - Source: sheet section 2: stamps within 10 s of the venue's clock were accepted, from 30 s refused.
public final class HeaderPool: Sendable {
    /// Older stamps are not used.
    public static let ageMax = Nanoseconds.seconds(5)
    /// After the venue refused a header, headers are signed in line for this long.
    public static let distrust = Nanoseconds.seconds(60)

    private struct Cell {
        enum Content { case empty, ready, taken }
        var content = Content.empty
        var milliseconds: Int64 = 0
        var letters: [UInt8] = []
    }

    private struct State {
        var places: [Cell]
        /// Milliseconds that were signed, by their last 14 bits: no stamp is signed twice within 16 seconds.
        var signed = [Int64](repeating: -1, count: 16_384)
        var epoch: UInt64 = 0
        var inLineUntil = UTCNanos(rawValue: .min)

        mutating func claim(_ milliseconds: Int64) -> Bool {
            let slot = Int(truncatingIfNeeded: milliseconds & 16_383)
            guard signed[slot] != milliseconds else { return false }
            signed[slot] = milliseconds
            return true
        }

        /// The first free millisecond at or after one; nil when a quarter of a second has none, which no rate reaches.
        mutating func claim(from milliseconds: Int64) -> Int64? {
            for next in milliseconds..<milliseconds + 250 where claim(next) { return next }
            return nil
        }

        mutating func expire(_ now: UTCNanos, ahead: Nanoseconds) {
            let oldest = (now.rawValue - HeaderPool.ageMax.rawValue) / 1_000_000
            // A wall clock that was set back leaves stamps further ahead than any was made.
            let newest = (now.rawValue + ahead.rawValue) / 1_000_000 + 1_000
            for index in places.indices where places[index].content == .ready {
                if places[index].milliseconds < oldest || places[index].milliseconds > newest { erase(index) }
            }
        }

        mutating func erase(_ index: Int) {
            for at in places[index].letters.indices { places[index].letters[at] = 0 }
            places[index].content = .empty
        }

        /// Where a new stamp is furthest from those that are ready.
        func widest(_ now: Int64, ahead: Int64) -> Int64 {
            var best = (milliseconds: now + ahead / 2, distance: Int64(-1))
            let steps = Int64(max(places.count - 1, 1))
            for step in 0...steps {
                let candidate = now + ahead * step / steps
                var distance = Int64.max
                for place in places where place.content == .ready {
                    distance = min(distance, abs(place.milliseconds - candidate))
                }
                if distance > best.distance { best = (candidate, distance) }
            }
            return best.milliseconds
        }
    }

    private let auth: Auth
    private let method: Auth.Method
    private let path: String
    private let ahead: Nanoseconds
    private let state: Mutex<State>

    /// A pool that is empty until its first `refill`.
    ///
    /// - Parameters:
    ///   - path: from the host's root, without query.
    ///   - ahead: how far stamps lie ahead, at most 8 s (`presign_ahead_ms`); zero signs everything in line.
    ///   - count: headers kept ready, at least as many as requests can be in flight at once.
    public init(_ auth: Auth, _ method: Auth.Method, path: String, ahead: Nanoseconds, count: Int = 16) {
        precondition((1...64).contains(count), "a pool holds a few headers")
        precondition(
            ahead >= .zero && ahead <= .seconds(8), "the venue takes stamps of 10 s ahead, less our clock's error")
        self.auth = auth
        self.method = method
        self.path = path
        self.ahead = ahead
        state = Mutex(State(places: Array(repeating: Cell(), count: count)))
    }

    /// Headers that could be used now.
    public func readyCount(at now: UTCNanos) -> Int {
        state.withLock { state in
            state.expire(now, ahead: ahead)
            return state.places.count { $0.content == .ready }
        }
    }

    /// Throws old headers away and signs new ones in their places. Off the lanes: an RSA signature takes 0.25 ms and more.
    ///
    /// - Returns: how many were signed.
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    @discardableResult
    public func refill(at now: UTCNanos) throws(SigningFault) -> Int {
        guard ahead > .zero else { return 0 }
        var made = 0
        while let (milliseconds, epoch) = nextStamp(now) {
            let letters = try auth.signature(milliseconds: milliseconds, method, path: path)
            let isKept = state.withLock { state in
                let free = state.places.indices.first { state.places[$0].content == .empty }
                guard state.epoch == epoch, let free else { return false }
                state.places[free] = Cell(content: .ready, milliseconds: milliseconds, letters: letters)
                return true
            }
            guard isKept else { break }
            made += 1
        }
        return made
    }

    private func nextStamp(_ now: UTCNanos) -> (milliseconds: Int64, epoch: UInt64)? {
        state.withLock { state in
            state.expire(now, ahead: ahead)
            guard now >= state.inLineUntil, state.places.contains(where: { $0.content == .empty }) else { return nil }
            let wanted = state.widest(now.rawValue / 1_000_000, ahead: ahead.rawValue / 1_000_000)
            return state.claim(from: wanted).map { ($0, state.epoch) }
        }
    }

    /// A header for one request: a ready one, or one signed now.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    func take(at now: UTCNanos) throws(SigningFault) -> Header {
        if let ready = state.withLock({ Self.takeReady(&$0, now) }) { return ready }
        let (milliseconds, epoch) = state.withLock { state in
            (state.claim(from: now.rawValue / 1_000_000), state.epoch)
        }
        guard let milliseconds else {
            throw SigningFault(.refused, "more than 250 requests want a stamp in one quarter of a second")
        }
        let letters = try auth.signature(milliseconds: milliseconds, method, path: path)
        return Header(milliseconds: milliseconds, letters: letters, place: nil, epoch: epoch)
    }

    private static func takeReady(_ state: inout State, _ now: UTCNanos) -> Header? {
        guard now >= state.inLineUntil else { return nil }
        let present = now.rawValue / 1_000_000
        var nearest: (index: Int, distance: Int64)?
        for index in state.places.indices where state.places[index].content == .ready {
            let distance = abs(state.places[index].milliseconds - present)
            if distance < nearest?.distance ?? .max { nearest = (index, distance) }
        }
        // What is five seconds old is too old; what is further ahead than was ever made comes from a clock set back.
        guard let nearest, nearest.distance <= 8_000 else { return nil }
        let place = state.places[nearest.index]
        guard present - place.milliseconds <= ageMax.rawValue / 1_000_000 else { return nil }
        state.places[nearest.index].content = .taken
        return Header(
            milliseconds: place.milliseconds, letters: place.letters, place: nearest.index, epoch: state.epoch)
    }

    /// Takes a header back of which no byte left.
    func putBack(_ header: Header) {
        settle(header, .ready)
    }

    /// A header left, or may have: it is never used again.
    func spend(_ header: Header) {
        settle(header, .empty)
    }

    private func settle(_ header: Header, _ content: Cell.Content) {
        guard let index = header.place else { return }
        state.withLock { state in
            guard state.epoch == header.epoch, state.places[index].content == .taken,
                state.places[index].milliseconds == header.milliseconds
            else { return }
            state.places[index].content = content
        }
    }

    /// Throws all headers away: at a halt. Those that were taken are not taken back.
    public func void() {
        state.withLock { state in
            state.epoch += 1
            for index in state.places.indices { state.erase(index) }
        }
    }

    /// The venue refused a header (401): all are thrown away, and for a while each is signed in line.
    func distrust(at now: UTCNanos) {
        void()
        state.withLock { $0.inLineUntil = now + Self.distrust }
    }
}

extension HeaderPool: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says that there is a pool, and nothing of it.
    public var description: String { "<header pool>" }
    /// As `description`.
    public var debugDescription: String { "<header pool>" }
    /// No children: `dump` finds nothing.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
