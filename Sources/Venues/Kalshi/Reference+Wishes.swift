/// What the feed saw change and cannot read itself.
struct ReferenceWishes: Hashable {
    /// A market's terms: dates, grid, rules, status.
    var markets = false
    /// Fees of a series or event.
    var fees = false
    /// At once, rather than at the rate at which a venue can send news.
    var isUrgent = false
}
