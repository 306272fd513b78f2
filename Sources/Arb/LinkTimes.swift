import Trading

/// When each connection last brought market data, and how long it is used to be silent.
///
/// - Bound: one entry per connection that was ever up; a few hundred at most.
final class LinkTimes {
    private struct Entry {
        var last: MonotonicNanos?
        /// Longest silence in the present ten seconds and in the ten before; a complete span says what is usual.
        var longest = Nanoseconds.zero
        var longestBefore: Nanoseconds?
        var since = MonotonicNanos(rawValue: 0)

        mutating func record(_ instant: MonotonicNanos) {
            guard let last else {
                since = instant
                last = instant
                return
            }
            self.last = instant
            if instant - last > longest { longest = instant - last }
            guard instant - since >= LinkTimes.span else { return }
            longestBefore = longest
            longest = .zero
            since = instant
        }
    }

    private static let span = Nanoseconds.seconds(10)
    private var entries: [[Entry]] = Array(repeating: [], count: 256)

    func record(_ link: LinkID, _ instant: MonotonicNanos) {
        let venue = Int(link.venue.rawValue)
        let index = Int(link.index)
        while entries[venue].count <= index { entries[venue].append(Entry()) }
        entries[venue][index].record(instant)
    }

    func forget(_ link: LinkID) {
        let venue = Int(link.venue.rawValue)
        if Int(link.index) < entries[venue].count { entries[venue][Int(link.index)] = Entry() }
    }

    func last(_ link: LinkID) -> MonotonicNanos? {
        let venue = Int(link.venue.rawValue)
        return Int(link.index) < entries[venue].count ? entries[venue][Int(link.index)].last : nil
    }

    /// The longest silence of the last ten to twenty seconds; nil until the connection has been up for as long.
    func usualSilence(_ link: LinkID) -> Nanoseconds? {
        let venue = Int(link.venue.rawValue)
        guard Int(link.index) < entries[venue].count, let before = entries[venue][Int(link.index)].longestBefore else {
            return nil
        }
        return max(before, entries[venue][Int(link.index)].longest)
    }
}
