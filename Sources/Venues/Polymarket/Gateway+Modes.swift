import Trading

/// What the venue has said of itself and of this account, and until when it holds.
///
/// A pair is one leg here and one elsewhere: an order that is known to be refused must not be one of two.
/// - Source: sheet of November 2026, section 8: after a restart about two minutes in which only resting orders are taken.
struct VenueModes: Sendable {
    private struct Block: Sendable {
        var until: MonotonicNanos
        var text: String
        /// The venue named the time; otherwise it is a guess, which binds entries but not closes.
        var isTold: Bool
    }

    private var all: Block?
    private var takers: Block?
    private var account: String?
    private var restarts = 0

    /// Learns from a refusal.
    mutating func learn(
        _ rejection: VenueRejection, _ mode: VenueTexts.Mode?, _ settings: GatewaySettings, at now: MonotonicNanos
    ) {
        let told = rejection.retryAfter
        switch rejection.kind {
        case .account, .authentication: account = rejection.text.isEmpty ? rejection.code : rejection.text
        case .throttled:
            Self.hold(&all, now + (told ?? settings.throttlePause), "too many requests", told != nil)
        case .venueMode where rejection.status == 425:
            let step = settings.restartPauseFirst.rawValue << Int64(min(restarts, 10))
            let pause = told ?? Nanoseconds(rawValue: min(step, settings.restartPauseMax.rawValue))
            restarts += 1
            Self.hold(&all, now + pause, "the venue's engine restarts", told != nil)
            let after = now + pause + settings.postOnlyAfterRestart
            Self.hold(&takers, after, "after a restart the venue takes resting orders only", false)
        case .venueMode:
            let until = now + (told ?? settings.modePause)
            if mode == .postOnly {
                Self.hold(&takers, until, "the venue is in post-only mode", told != nil)
            } else {
                let text = mode == .cancelOnly ? "the venue is in cancel-only mode" : "trading is disabled"
                Self.hold(&all, until, text, told != nil)
            }
        default: break
        }
    }

    /// An order was taken: restarts are over.
    mutating func accepted() { restarts = 0 }

    /// The operator has mended the account.
    mutating func resetAccount() { account = nil }

    /// A later end replaces an earlier one.
    private static func hold(_ block: inout Block?, _ until: MonotonicNanos, _ text: String, _ isTold: Bool) {
        if let block, block.until > until { return }
        block = Block(until: until, text: text, isTold: isTold)
    }

    /// Why `order` may not be sent now; nil when it may. Cancels are never held back.
    mutating func refusal(of order: NewOrder, at now: MonotonicNanos) -> LocalRefusal? {
        if let block = all, block.until <= now { all = nil }
        if let block = takers, block.until <= now { takers = nil }
        let isClose = order.purpose == .close
        if let account, !isClose { return LocalRefusal(.blocked, "the venue refuses this account: \(account)") }
        if let all, all.isTold || !isClose { return LocalRefusal(.blocked, all.text) }
        if let takers, !order.isPostOnly, takers.isTold || !isClose { return LocalRefusal(.blocked, takers.text) }
        return nil
    }
}
