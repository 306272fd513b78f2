import Arb
import Assembly
import Control
import Risk
import Store
import Synchronization
import Threading
import Trading

// `reconcile --apply` inside a run: both accounts are read to the last page, what they say is joined into our orders, and
// what was unknown is asked about; nothing is traded for it.
extension Daemon {
    private static let readTimeout = Nanoseconds.seconds(40)
    private static let resolveTimeout = Nanoseconds.seconds(12)
    private static let watchEvery = Nanoseconds.milliseconds(100)

    /// `reconcile` at the socket.
    func reconcile(_ request: ControlRequest, _ responder: ControlServer.Responder) {
        guard let desk else {
            return responder.send(.refused("E_CTL_REFUSED", "a dry run has no orders", exitCode: 1))
        }
        let span = Int64(request["since_s"] ?? "").map { max(60, min($0, 30 * 86_400)) } ?? 86_400
        let isTaken = desk.work.post { [self] now in
            let before = desk.trader.unknownLegs
            desk.trader.readAccounts(since: now.utc + .seconds(-span), at: now)
            let asked = now.utc
            watch(for: Self.readTimeout) { [self] now, isLate in
                let unread = desk.trader.unread(since: asked)
                guard unread.isEmpty || isLate else { return false }
                guard unread.isEmpty else {
                    let names = unread.map(\.name).joined(separator: ", ")
                    responder.send(
                        .refused("E_NET_TIMEOUT", "\(names) could not be read; nothing is concluded", exitCode: 69))
                    return true
                }
                // What was unknown has been asked about with the reads: a moment for the answers.
                watch(for: Self.resolveTimeout) { [self] _, isLate in
                    guard desk.trader.unknownLegs == 0 || isLate else { return false }
                    answer(before, desk, responder)
                    return true
                }
                return true
            }
        }
        if !isTaken { responder.send(.refused("E_CTL_UNAVAILABLE", "too much waits; try again", exitCode: 69)) }
    }

    private func answer(_ before: Int, _ desk: TradingDesk, _ responder: ControlServer.Responder) {
        let unknown = desk.trader.unknownLegs
        let words =
            "read both accounts to the last page; UNKNOWN \(before) before, \(unknown) now; "
            + desk.trader.exposure.line
        let row = Ledger.HaltRow(
            at: NanoClock.utc(), action: "reconcile", who: Control.Identity.user, host: Control.Identity.host,
            reason: words)
        // Answered when the ledger has what the reads brought: the comparison that follows reads it there.
        let isTaken = office.perform { ledger in
            try? ledger?.add(row)
            responder.send(.done(words, exitCode: unknown > 0 ? 3 : 0))
        }
        if !isTaken { responder.send(.done(words, exitCode: unknown > 0 ? 3 : 0)) }
    }

    // MARK: Watches

    /// Has `look` asked on the hot lane until it is answered; the last time it is told that it is late.
    func watch(for patience: Nanoseconds, _ look: @escaping @Sendable (Stamp, Bool) -> Bool) {
        let now = NanoClock.monotonic()
        watches.withLock { $0.append(Watch(deadline: now + patience, nextLook: now, look: look)) }
    }

    /// Asks what is due; on the clock's thread.
    func lookAtWatches(_ desk: TradingDesk, at now: MonotonicNanos) {
        let due = watches.withLock { watches in
            let due = watches.filter { $0.nextLook <= now }
            watches.removeAll { $0.nextLook <= now }
            return due
        }
        for watch in due {
            _ = desk.work.post { [self] stamp in
                guard !watch.look(stamp, stamp.monotonic >= watch.deadline) else { return }
                var again = watch
                again.nextLook = stamp.monotonic + Self.watchEvery
                watches.withLock { $0.append(again) }
            }
        }
    }
}
