/// What a feed says of a book, normalised to YES terms.
///
/// Between `snapshotBegan` and `snapshotEnded` of one instrument only `level` events of that instrument come.
@frozen
public enum BookEvent: Hashable, Sendable {
    /// Everything known is replaced; levels follow. `unit` is the grid's unit the levels are multiples of.
    case snapshotBegan(InstrumentID, unit: Price, link: LinkID)
    /// The snapshot is complete and the book live; `venueStamp` is the venue's own time of it, where given.
    case snapshotEnded(InstrumentID, venueStamp: UTCNanos?)
    /// The size at a price is now `quantity`; zero removes the level.
    case level(InstrumentID, BookSide, Price, Quantity)
    /// The size at a price changed by a signed amount.
    case change(InstrumentID, BookSide, Price, change: Quantity)
    /// A frame's changes to this instrument are complete; `venueStamp` is the venue's time of them.
    case updated(InstrumentID, venueStamp: UTCNanos?)
    /// No decision on this book until `released`: an unfinished burst or an unverified hash.
    case held(InstrumentID)
    /// The held book turned out right.
    case released(InstrumentID)
    /// An independent answer of the venue equals the book.
    case crossChecked(InstrumentID)
    /// The book is no book until the next snapshot.
    case voided(InstrumentID, VoidReason)
}

/// Why a book is void. Stable words: they are printed, stored and counted.
public enum VoidReason: String, Sendable, Hashable, CaseIterable {
    /// The connection ended or is not up yet.
    case disconnected
    /// A sequence number was skipped, repeated or dropped.
    case gap
    /// A change would make a size negative, or a level is off the grid.
    case corrupt
    /// Best bid at or above best ask outside a held burst.
    case crossed
    /// The venue's book hash is not ours.
    case hashMismatch = "hash_mismatch"
    /// An independent answer of the venue differs.
    case crossCheckFailed = "cross_check_failed"
    /// No data frame, or no cross-check, for too long.
    case silent
    /// The price grid changed.
    case gridChanged = "grid_changed"
    /// The message of a known kind could not be read.
    case malformed
    /// The venue ended the subscription.
    case subscriptionEnded = "subscription_ended"
    /// The market is closed, paused or resolved.
    case notTrading = "not_trading"
}
