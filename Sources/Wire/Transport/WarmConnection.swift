internal import Threading
internal import Trading

/// Why a connection was given up.
public enum RetireReason: String, Sendable, Hashable, CaseIterable {
    /// The peer ended or reset it while it was idle.
    case closed
    /// Bytes came that nobody had asked for.
    case unexpected
    /// The peer announced the end (`Connection: close`, or a `Keep-Alive: max` that is used up).
    case announced
    /// It carried as many requests as it may.
    case requests
    /// It is as old as it may get.
    case age
    /// It was idle for longer than the peer keeps idle connections.
    case idle
    /// A request on it was lost.
    case lost
    /// A request was made a record on it, and did not leave.
    case withheld
    /// The pool was stopped.
    case stopped
}

/// How long a connection is used.
struct WarmLimits: Sendable {
    let requestsMax: Int
    let ageMax: Nanoseconds
}

/// One connection that is kept open: one request in flight, never two, nothing sent again.
///
/// It knows what left: a request that failed before TLS was given its first byte was not sent; afterwards only a whole
/// answer tells what became of it.
/// - Lane: one owner at a time. While idle the owner is whoever took it from its pool's slot; in flight, the pool's lane.
final class WarmConnection: @unchecked Sendable {
    // Safety: owned by one thread at a time, as the lane rule says; the pool hands it over with acquire and release.
    private let stream: TLSStream
    private let limits: WarmLimits
    private let opened: MonotonicNanos
    private var parser = HTTPAnswerParser()
    private var request: [UInt8] = []
    private var given = 0
    private var sent: MonotonicNanos
    private var requestsLeft: Int
    private var requestsMax: Int
    private var idleMax: Nanoseconds?
    private var hasEnded = false
    /// When the request in flight is given up.
    private(set) var deadline: MonotonicNanos
    /// Since when it is idle.
    private(set) var idleSince: MonotonicNanos
    private var lookedAt = MonotonicNanos(rawValue: 0)
    /// Whole answers that it brought.
    private(set) var answers = 0
    /// How the peer ended it while it was idle; nil: it did not.
    private(set) var ending: TransportFault?

    /// What polling a request in flight found.
    enum Progress {
        /// Nothing new.
        case waiting
        /// Something was read or written, but not all of it.
        case moving
        /// The whole answer.
        case answered(WireAnswer)
        /// There will be no answer.
        case broken(TransportFault)
    }

    /// Takes over a connection that was opened a moment ago.
    init(_ stream: TLSStream, _ limits: WarmLimits, at now: MonotonicNanos) {
        self.stream = stream
        self.limits = limits
        opened = now
        sent = now
        deadline = now
        idleSince = now
        requestsLeft = limits.requestsMax
        requestsMax = limits.requestsMax
        stream.keepBuffers()
        stream.writeThroughOutbox()
    }

    /// The socket, for a poller.
    var descriptor: Int32 { stream.descriptor }
    /// Part of the request waits for room in the socket.
    var wantsOutput: Bool { given < request.count || stream.hasOutput }
    /// A request is a record already, and waits for `start`; the connection can carry no other.
    var isSealed: Bool { stream.isSealed }
    /// When the request in flight left.
    var sentAt: MonotonicNanos { sent }

    /// From when on a successor should stand ready: an eighth of its age or requests before the end.
    var agingAt: MonotonicNanos {
        requestsLeft <= requestsMax / 8 ? opened : opened + Nanoseconds(rawValue: limits.ageMax.rawValue / 8 * 7)
    }
    /// From when on it must not be used.
    var endsAt: MonotonicNanos {
        let aged = opened + limits.ageMax
        return idleLimit.map { min(aged, idleSince + $0) } ?? aged
    }

    /// The longest that the peer said it keeps an idle connection, less a second for what is under way.
    var idleLimit: Nanoseconds? {
        idleMax.map { max(Nanoseconds(rawValue: $0.rawValue / 2), Nanoseconds(rawValue: $0.rawValue - 1_000_000_000)) }
    }

    /// Why an idle connection must not carry another request; nil: it is open, nothing waits on it, no limit is reached.
    func doubt(at now: MonotonicNanos) -> RetireReason? {
        if requestsLeft <= 0 { return .requests }
        if now - opened >= limits.ageMax { return .age }
        if let idleLimit, now - idleSince >= idleLimit { return .idle }
        lookedAt = now
        return silence()
    }

    /// Why an idle connection is not as it was left: an end, an alert or a byte waits on it; nil when nothing does.
    ///
    /// One system call when nothing came. Session tickets and key updates of TLS 1.3 are taken in here; half of one is
    /// a byte that waits.
    func silence() -> RetireReason? {
        if hasEnded { return .closed }
        do throws(TransportFault) {
            // A second ticket may come while the first is taken in: what is whole is taken, and looked again.
            for _ in 0..<Self.looks {
                if stream.isQuiet { return nil }
                switch try stream.read(into: parser.room()) {
                case .nothing: continue
                case .bytes: return .unexpected
                case .ended:
                    ending = TransportFault(.closed, "the peer ended the connection while it was idle")
                    return .closed
                }
            }
            return stream.isQuiet ? nil : .unexpected
        } catch {
            ending = error
            return .closed
        }
    }

    /// Records that are taken in by one look; a server sends two tickets or four.
    private static let looks = 8

    /// Gives TLS the first bytes of a request.
    ///
    /// - Returns: why nobody knows what became of them; nil when it took them, or keeps part until there is room.
    func start(_ request: [UInt8], deadline: MonotonicNanos) -> TransportFault? {
        precondition(!request.isEmpty && !wantsOutput, "one request at a time, and it says something")
        self.deadline = deadline
        requestsLeft -= 1
        parser.reset()
        do throws(TransportFault) {
            if stream.isSealed {
                // The same array, so that this compares two addresses.
                guard request == self.request else { throw TransportFault(.closed, "another request was sealed") }
                try stream.release()
                sent = NanoClock.monotonic()
            } else {
                self.request = request
                given = 0
                _ = try flush()
            }
        } catch { return error }
        return nil
    }

    /// Makes a record of a request, which `start` hands to the kernel. Nothing happens where something waits on the
    /// connection, or it is over: `start` finds that.
    func seal(_ request: [UInt8]) {
        guard !request.isEmpty, !wantsOutput, !isSealed, isFresh || silence() == nil else { return }
        guard request.withUnsafeBytes({ stream.seal($0) }) else { return }
        self.request = request
        given = request.count
    }

    /// It was looked at for this very request: another look would find what comes between two looks, and something always
    /// comes after the last one.
    private var isFresh: Bool { NanoClock.monotonic() - lookedAt < Self.freshFor }
    private static let freshFor = Nanoseconds.milliseconds(1)

    private func flush() throws(TransportFault) -> Bool {
        var isMoving = false
        while wantsOutput {
            let result: Result<Int, TransportFault> = request.withUnsafeBytes { bytes in
                do throws(TransportFault) {
                    return .success(try stream.write(UnsafeRawBufferPointer(rebasing: bytes[given...])))
                } catch { return .failure(error) }
            }
            let count = try result.get()
            sent = NanoClock.monotonic()
            given += count
            if count > 0 { isMoving = true }
            if count == 0 || stream.hasOutput { return isMoving }
        }
        return isMoving
    }

    /// Writes what is left of the request and reads what came of the answer.
    func poll() -> Progress {
        var isMoving = false
        do throws(TransportFault) {
            if wantsOutput { isMoving = try flush() }
            while true {
                switch try stream.read(into: parser.room()) {
                case .nothing: return isMoving ? .moving : .waiting
                case .ended: return .broken(TransportFault(.closed, "the peer ended the connection without an answer"))
                case .bytes(let count):
                    isMoving = true
                    parser.received(count)
                    guard try parser.next() else { continue }
                    guard !wantsOutput else {
                        return .broken(TransportFault(.answer, "an answer before the request was complete"))
                    }
                    return .answered(answer())
                }
            }
        } catch { return .broken(error) }
    }

    private func answer() -> WireAnswer {
        let now = NanoClock.monotonic()
        // A request holds credentials: it is not kept for longer than it is needed.
        request = []
        given = 0
        answers += 1
        idleSince = now
        if let left = parser.head.requestsLeft {
            requestsLeft = min(requestsLeft, left)
            requestsMax = min(requestsMax, left + answers)
        }
        if let idle = parser.head.idleMax { idleMax = idle }
        return WireAnswer(
            status: parser.status, contentType: parser.contentType, retryAfter: parser.head.retryAfter,
            date: parser.head.date, body: Array(parser.body), sent: sent, acked: now)
    }

    /// After an answer: why the connection must not carry another request; nil when it is idle again.
    func leftover(at now: MonotonicNanos) -> RetireReason? {
        if parser.surplus > 0 { return .unexpected }
        if !parser.isReusable { return .announced }
        return requestsLeft <= 0 ? (parser.head.requestsLeft == nil ? .requests : .announced) : doubt(at: now)
    }

    /// Ends the connection in order.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        stream.sendEnd()
    }

    /// Resets the connection: what the kernel has not delivered yet never will be.
    func abort() {
        guard !hasEnded else { return }
        hasEnded = true
        stream.reset()
    }
}
