/// What a loopback venue may do wrong with orders, named by the ids of the fault catalogue; a suffix tells variants of one
/// fault apart.
public enum FaultKind: String, Sendable, Hashable, CaseIterable {
    /// A request never arrives: not applied, not answered.
    case requestLost = "N01-lost"
    /// The connection is reset before the venue took the request: not applied.
    case resetBefore = "N01-reset"
    /// A request arrives seconds later, is applied then, and is not answered.
    case requestLate = "N01-late"
    /// Applied, never answered.
    case answerLost = "N02-lost"
    /// Applied, then the connection is reset.
    case resetAfter = "N02-reset"
    /// Applied, then the connection is closed in order, without an answer.
    case endAfter = "N02-end"
    /// An event of the user stream comes twice.
    case duplicateEvent = "N03"
    /// Events of the user stream come in another order.
    case reorderedEvents = "N04"
    /// Applied and answered, but seconds later.
    case slowAnswer = "N05"
    /// Applied; the answer ends in its middle.
    case cutAnswer = "N07"
    /// Applied; the answer is a page for people, status 200.
    case pageAnswer = "N16"
    /// Answered, and the connection is closed at once, unannounced.
    case closeAfterAnswer = "N19"
    /// Answered, and the idle connection is closed a moment later, unannounced.
    case closeIdle = "N19-idle"
    /// Throttled, without a word when to come back.
    case throttled = "V01"
    /// Throttled, with `Retry-After`.
    case throttledRetry = "V01-retry"
    /// Status 500, not applied.
    case error500 = "V02-500"
    /// Status 502, not applied.
    case error502 = "V02-502"
    /// Status 503, not applied.
    case error503 = "V02-503"
    /// Status 504, not applied.
    case error504 = "V02-504"
    /// Status 500, applied.
    case error500Applied = "V02-500-applied"
    /// Status 502, applied.
    case error502Applied = "V02-502-applied"
    /// Status 503, applied.
    case error503Applied = "V02-503-applied"
    /// Status 504, applied: time ran out after accept and fill.
    case timeoutApplied = "V03"
    /// Part of what stood in the book is gone just before the order is matched.
    case partialFill = "V06"
    /// All of what stood in the book is gone just before the order is matched.
    case killed = "V07"
    /// Accepted, matched seconds later.
    case delayedMatch = "V08"
    /// Refused for want of money or allowance.
    case refusedFunds = "V09"
    /// The price grid changes just before the order arrives.
    case tickChange = "V10"
    /// Refused as if the signature or the time were wrong.
    case refusedAuth = "V11"
    /// The exchange pauses just before the order arrives.
    case exchangePaused = "V12"
    /// Polymarket's matching engine restarts: 425 for a while.
    case engineRestart = "V12-425"
    /// Polymarket takes cancels and post-only orders only, for a while.
    case postOnlyMode = "V12-post-only"
    /// The order fills while its cancel is on the way.
    case cancelRace = "V13"
    /// A cancel says "not found" though the order stood, and does not cancel it.
    case cancelNotFound = "V14"
    /// The user stream goes silent; its connection stays up.
    case silentUser = "V18"
    /// A matched trade fails on chain.
    case failedTrade = "V20"
    /// A matched trade is retried for a while, then confirmed or failed.
    case retryingTrade = "V21"
    /// An event of the user stream is lost.
    case eventLost = "V22"
    /// The market is paused just before the order arrives.
    case marketPaused = "V24-pause"
    /// The market is closed just before the order arrives.
    case marketClosed = "V24-close"
    /// More is filled than was ordered.
    case overfill = "V28"
    /// Lists come back empty though there is something to list.
    case emptyList = "V31"
    /// The cursor of a list comes back unchanged for ever.
    case cursorLoop = "V32"
    /// A row of a list is missing.
    case droppedRow = "V32-row"
    /// Reads tell of a past that writes have changed.
    case staleRead = "V31-stale"
    /// The answer is about another order.
    case otherOrder = "S08"
    /// The answer is no JSON.
    case unreadable = "S05"
    /// Somebody trades on the account by hand.
    case foreignTrade = "V36"
    /// The key is revoked.
    case keyRevoked = "V37"
    /// Better prices appear just before the order is matched.
    case priceImprovement = "V39"
    /// What was bought cannot be sold yet.
    case notYetMined = "V40"
}
