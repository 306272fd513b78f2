internal import Synchronization
internal import Threading
internal import Trading

/// Makes ready what orders need before they are wanted: headers, signed orders, keepalives, heartbeats. A thread of its own.
///
/// - Bound: 256 orders to sign and 1,024 notes wait; what exceeds that is dropped.
final class Tender: Sendable {
    /// What came of it.
    enum Note: Sendable {
        /// For an operator.
        case notice(FeedNotice)
        /// A venue may have cancelled what rests.
        case lapsed(VenueID, String)
    }

    let notes = Mailbox<Note>(capacity: 1_024)
    private let venues: [TradingVenue]
    private let hot: Lane
    private let wanted = Mailbox<(order: NewOrder, venue: VenueID)>(capacity: 256)
    private let wakeup = Semaphore()
    private let ended = Atomic<Bool>(false)
    private let halted = Atomic<Bool>(false)
    private let worker = Mutex<Worker?>(nil)
    /// Headers are spread over seconds and heartbeats are five apart: this is often enough for all of it.
    private static let interval = Nanoseconds.milliseconds(100)
    private static let beatTimeout = Nanoseconds.seconds(2)

    init(_ venues: [TradingVenue], hot: Lane) {
        self.venues = venues
        self.hot = hot
    }

    func start() { worker.withLock { $0 = Worker(name: "tender") { [self] in run() } } }

    func stop() {
        ended.store(true, ordering: .releasing)
        wakeup.signal()
        let running = worker.withLock { worker -> Worker? in
            defer { worker = nil }
            return worker
        }
        running?.join()
    }

    func halt() {
        halted.store(true, ordering: .sequentiallyConsistent)
        for venue in venues { venue.side.void() }
    }

    func resume() {
        halted.store(false, ordering: .releasing)
        wakeup.signal()
    }

    func signAhead(_ order: NewOrder, at venue: VenueID) {
        guard !halted.load(ordering: .acquiring), wanted.post((order, venue)) else { return }
        wakeup.signal()
    }

    func tell(_ notice: FeedNotice) { post(.notice(notice)) }

    private func post(_ note: Note) {
        if notes.post(note) { hot.poller.wake() }
    }

    private func run() {
        var told: Set<String> = []
        while !ended.load(ordering: .acquiring) {
            let now = NanoClock().now()
            let isHalted = halted.load(ordering: .acquiring)
            for venue in venues {
                if !isHalted, let notice = venue.side.tend(at: now), told.insert(notice.code).inserted { tell(notice) }
                beat(venue)
            }
            for (order, venue) in wanted.takeAll() where !isHalted {
                _ = venues.first { $0.venue == venue }?.side.signAhead(order, at: NanoClock().now())
            }
            // A halt that came while something was signed finds it void as well.
            if !isHalted, halted.load(ordering: .sequentiallyConsistent) { for venue in venues { venue.side.void() } }
            _ = wakeup.wait(timeout: Self.interval)
        }
    }

    /// One beat at a time, on the gateway's lane; the venue is asked only when it is due.
    private func beat(_ venue: TradingVenue) {
        let isResting = venue.isResting.load(ordering: .acquiring)
        guard isResting || venue.hasBeaten.load(ordering: .acquiring),
            venue.isBeating.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
        else { return }
        Task(executorPreference: venue.lane) { [self] in
            await venue.side.rest(isResting)
            venue.hasBeaten.store(isResting, ordering: .releasing)
            if isResting, let reason = await venue.side.beat(deadline: NanoClock.monotonic() + Self.beatTimeout) {
                post(.lapsed(venue.venue, reason))
            }
            venue.isBeating.store(false, ordering: .releasing)
        }
    }
}
