import Synchronization
import Threading
public import Trading

/// Gets alerts out, on a thread of its own: whoever posts one never waits, and what becomes of it touches nothing else.
///
/// A critical alert is told at once, and again every minute until it was acknowledged; a warning once per cause in a quarter
/// of an hour. Each post is tried four times within ten seconds.
/// - Bound: 64 messages wait, 256 causes are remembered; what exceeds them is counted as lost, and said.
public final class AlertSender: Sendable {
    /// How telling goes, for `arb status`.
    public struct Standing: Sendable, Hashable {
        /// Messages that arrived.
        public var delivered = 0
        /// Messages that were given up, or found no room.
        public var lost = 0
        /// Why the newest was not delivered; empty since one was.
        public var fault = ""

        /// Nothing was told yet.
        public init() {}
    }

    /// Gets one message out, or says why not. On the sender's thread; may wait.
    public typealias Carry = @Sendable (AlertMessage) throws(WebhookFault) -> Void

    private struct State {
        var waiting: [AlertMessage] = []
        var told: [String: MonotonicNanos] = [:]
        var lastCritical: (message: AlertMessage, at: MonotonicNanos)?
        var standing = Standing()
    }

    private let state = Mutex(State())
    private let wakeup = Semaphore()
    private let ended = Atomic<Bool>(false)
    private let deadline = Atomic<Int64>(.max)
    private let worker = Mutex<Worker?>(nil)
    private let carry: Carry
    private let pauses: [Nanoseconds]

    private static let waitingMax = 64, causesMax = 256
    private static let quiet = Nanoseconds.seconds(900), repeatEvery = Nanoseconds.seconds(60)

    /// A sender that carries messages by `carry`.
    ///
    /// - Parameter pauses: before each further try.
    public init(pauses: [Nanoseconds] = [.seconds(1), .seconds(2), .seconds(5)], carry: @escaping Carry) {
        self.pauses = pauses
        self.carry = carry
        worker.withLock { worker in worker = Worker(name: "alerts") { [self] in run() } }
    }

    /// How telling goes. From any thread.
    public var standing: Standing { state.withLock { $0.standing } }

    /// Hands a message over; never waits. From any thread.
    public func post(_ message: AlertMessage, at now: MonotonicNanos) {
        let isTaken = state.withLock { state in
            if message.isCritical {
                state.lastCritical = (message, now)
            } else {
                if let told = state.told[message.cause], now - told < Self.quiet { return false }
                if state.told.count >= Self.causesMax { state.told.removeAll() }
                state.told[message.cause] = now
            }
            guard state.waiting.count < Self.waitingMax else {
                state.standing.lost += 1
                state.standing.fault = "more than \(Self.waitingMax) wait"
                return false
            }
            state.waiting.append(message)
            return true
        }
        if isTaken { wakeup.signal() }
    }

    /// Says once a minute that critical alerts are unseen; to be called often.
    ///
    /// - Parameter reminder: makes the message, of the newest critical one told in this run.
    public func remind(at now: MonotonicNanos, _ reminder: (AlertMessage?) -> AlertMessage) {
        let last = state.withLock { $0.lastCritical }
        if let last, now - last.at < Self.repeatEvery { return }
        let first = state.withLock { state in state.lastCritical?.message }
        let message = reminder(first)
        post(message, at: now)
        // What is repeated is the first word about it, not the reminder of the reminder.
        state.withLock { $0.lastCritical = (first ?? message, now) }
    }

    /// Ends the thread, after what waits was tried within `patience`. Call once.
    public func finish(patience: Nanoseconds) {
        deadline.store((NanoClock.monotonic() + patience).rawValue, ordering: .releasing)
        ended.store(true, ordering: .releasing)
        wakeup.signal()
        worker.withLock { $0 }?.join()
    }

    private var isOver: Bool { NanoClock.monotonic().rawValue >= deadline.load(ordering: .acquiring) }

    private func run() {
        while true {
            let next = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
            guard let next else {
                if ended.load(ordering: .acquiring) { return }
                wakeup.wait()
                continue
            }
            let fault = isOver ? WebhookFault("E_CTL_WEBHOOK", "the run ended first") : deliver(next)
            state.withLock { state in
                if let fault {
                    state.standing.lost += 1
                    state.standing.fault = "\(fault.code) \(fault.text)"
                } else {
                    state.standing.delivered += 1
                    state.standing.fault = ""
                }
            }
        }
    }

    /// - Returns: why it was given up; nil when it arrived.
    private func deliver(_ message: AlertMessage) -> WebhookFault? {
        var pauses = pauses[...]
        while true {
            do throws(WebhookFault) {
                try carry(message)
                return nil
            } catch {
                guard error.mayRetry, let pause = pauses.popFirst() else { return error }
                state.withLock { $0.standing.fault = "\(error.code) \(error.text); trying again" }
                let until = NanoClock.monotonic() + pause
                while !isOver, NanoClock.monotonic() < until {
                    // Whoever ends the run wakes it; a new message does too, and waits its turn.
                    _ = wakeup.wait(timeout: min(until - NanoClock.monotonic(), .milliseconds(250)))
                }
                if isOver { return error }
            }
        }
    }
}
