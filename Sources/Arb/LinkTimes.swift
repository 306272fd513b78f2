import Trading

/// When each connection last brought market data.
///
/// - Bound: one entry per connection that was ever up; a few hundred at most.
struct LinkTimes {
    private var times: [[MonotonicNanos?]] = Array(repeating: [], count: 256)

    mutating func record(_ link: LinkID, _ instant: MonotonicNanos) {
        let venue = Int(link.venue.rawValue)
        let index = Int(link.index)
        while times[venue].count <= index { times[venue].append(nil) }
        times[venue][index] = instant
    }

    mutating func forget(_ link: LinkID) {
        let venue = Int(link.venue.rawValue)
        if Int(link.index) < times[venue].count { times[venue][Int(link.index)] = nil }
    }

    func last(_ link: LinkID) -> MonotonicNanos? {
        let venue = Int(link.venue.rawValue)
        return Int(link.index) < times[venue].count ? times[venue][Int(link.index)] : nil
    }
}
