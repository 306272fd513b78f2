import Codec
import Synchronization
public import Trading
import Transport

/// The dead man's switch of resting orders: once begun it must go on, or the venue cancels every order of the key.
///
/// A state machine without I/O: what is due goes out, what came back goes in.
/// - Source: sheet of November 2026, section 4.3: missing for ten seconds, checked within another five, cancels all.
struct Heartbeats: Sendable {
    /// What a beat came to.
    enum Event: Hashable, Sendable {
        /// Taken.
        case beat
        /// The venue expects another id: the next beat carries it, at once.
        case adopted
        /// Not taken: tried again soon.
        case failed(String)
        /// None was taken for so long that the venue may have cancelled everything: read the open orders.
        case lapsed(String)
    }

    /// The venue cancels after ten seconds without a beat.
    static let every = Nanoseconds.seconds(5)
    static let again = Nanoseconds.seconds(1)
    static let lapseAfter = Nanoseconds.seconds(10)

    private var id = ""
    private var due: MonotonicNanos?
    private var lastGood: MonotonicNanos?
    private var isUnderway = false
    private var isLapsed = false

    /// The next instant at which a beat is due; nil while there are none, or one is under way.
    var nextDeadline: MonotonicNanos? { isUnderway ? nil : due }

    /// From now on orders may rest.
    mutating func begin(at now: MonotonicNanos) {
        guard due == nil else { return }
        due = now
        lastGood = now
        isLapsed = false
    }

    /// No order rests any more: the next series begins anew.
    mutating func end() { self = Heartbeats() }

    /// The body of a beat that is due; it is under way then.
    mutating func take(at now: MonotonicNanos) -> [UInt8]? {
        guard !isUnderway, let due, due <= now else { return nil }
        isUnderway = true
        var json = JSONWriter(reserved: 96)
        json.beginObject()
        json.member("heartbeat_id", id)
        json.endObject()
        return json.bytes
    }

    /// What came back.
    ///
    /// - Parameters:
    ///   - status: 0 where nothing did.
    ///   - words: why not, where nothing did.
    mutating func answered(
        status: Int, _ body: [UInt8], _ words: String = "", at now: MonotonicNanos
    ) -> Event {
        guard isUnderway else { return .failed("an answer to no beat") }
        isUnderway = false
        // Ended while it was under way.
        guard due != nil else { return .beat }
        let reader = JSONReader(limits: .webSocket)
        let told = withExtendedLifetime(reader) {
            (try? reader.read(body)).flatMap { try? Wire.heartbeat($0) }
        }
        if status == 200 || status == 201, let told {
            if !told.isEmpty { id = told }
            due = now + Self.every
            lastGood = now
            isLapsed = false
            return .beat
        }
        if status == 400, let expected = told, !expected.isEmpty, expected != id {
            id = expected
            due = now
            return .adopted
        }
        due = now + Self.again
        let reason = words.isEmpty ? "status \(status)" : words
        guard let lastGood, now - lastGood >= Self.lapseAfter, !isLapsed else { return .failed(reason) }
        isLapsed = true
        // What the venue expects after it gave us up is not known: begin a new series.
        id = ""
        return .lapsed(reason)
    }
}

extension Gateway {
    /// What a heartbeat came to.
    public enum Beat: Hashable, Sendable {
        /// None was due.
        case notDue
        /// Taken.
        case good
        /// Not taken; tried again at the next `nextBeat`.
        case failed(String)
        /// Not taken for so long that the venue may have cancelled every order: read the open orders.
        case lapsed(String)
    }

    /// Resting orders are kept alive from now on; call `beat` at `nextBeat`.
    public func beginHeartbeats() { heartbeats.begin(at: clock.now().monotonic) }

    /// No order rests any more.
    public func endHeartbeats() { heartbeats.end() }

    /// When `beat` has something to do; nil while nothing rests, or a beat is under way.
    public var nextBeat: MonotonicNanos? { heartbeats.nextDeadline }

    /// Sends a heartbeat where one is due, and a second one where the venue expects another id.
    public func beat(deadline: MonotonicNanos) async -> Beat {
        guard let body = heartbeats.take(at: clock.now().monotonic) else { return .notDue }
        switch await beat(body, deadline) {
        case .adopted:
            guard let body = heartbeats.take(at: clock.now().monotonic) else { return .notDue }
            return Self.word(await beat(body, deadline))
        case let event: return Self.word(event)
        }
    }

    private static func word(_ event: Heartbeats.Event) -> Beat {
        switch event {
        case .beat: .good
        case .adopted: .failed("the venue expects another id twice")
        case .failed(let reason): .failed(reason)
        case .lapsed(let reason): .lapsed(reason)
        }
    }

    private func beat(_ body: [UInt8], _ deadline: MonotonicNanos) async -> Heartbeats.Event {
        let now = clock.now()
        guard let ticket = sender.reserve(.close) else {
            return heartbeats.answered(status: 0, [], "no connection is open and idle", at: now.monotonic)
        }
        let request = desk.withLock { $0.request(.post, "/v1/heartbeats", body, at: now.utc) }
        switch await sender.exchange(ticket, request, deadline: deadline) {
        case .answered(let answer):
            return heartbeats.answered(status: answer.status, answer.body, at: clock.now().monotonic)
        case .notSent(let fault), .lost(let fault, _):
            let words = "\(fault.code): \(fault.text)"
            return heartbeats.answered(status: 0, [], words, at: clock.now().monotonic)
        }
    }
}
