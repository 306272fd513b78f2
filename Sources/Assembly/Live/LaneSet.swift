internal import Synchronization
public import Threading
public import Trading

/// The lanes of a run: the hot one, and those of the gateways where this machine has cores for them.
///
/// Lanes spin. More of them than cores less one join in milliseconds instead of microseconds, so a machine of two cores
/// has one: the hot lane is both gateways' executor. Up to five cores the gateways share a second one.
/// - Lane: `start` and `stop` on the thread that made it.
public final class LaneSet: Sendable {
    /// Owns the feeds, the engine and the trader.
    public let hot: Lane
    /// Of each venue's gateway.
    private let gateways: [VenueID: Lane]
    /// Other than the hot one, each once.
    let others: [Lane]
    private let threads = Mutex<[Worker]>([])

    /// Lanes for these venues.
    ///
    /// - Parameters:
    ///   - hot: made and run by the caller.
    ///   - wait: how the others wait.
    ///   - isBesideVenues: the venues run on this machine too and need a core.
    /// - Throws: `Poller.Fault`.
    public init(
        hot: Lane, wait: LaneWait, venues: [VenueID], processors: Int = Machine.processors, isBesideVenues: Bool
    ) throws(Poller.Fault) {
        self.hot = hot
        let spare = Self.count(processors: processors, isBesideVenues: isBesideVenues) - 1
        var others: [Lane] = []
        for index in 0..<min(spare, venues.count) {
            // Where the hot lane has a core of its own, each of the others has the next one down.
            let processor = hot.processor == nil ? nil : Machine.processor(fromLast: index + 1)
            others.append(
                try Lane(name: spare == 1 ? "gateways" : "gateway-\(index)", wait: wait, processor: processor))
        }
        var gateways: [VenueID: Lane] = [:]
        for (index, venue) in venues.enumerated() {
            gateways[venue] = others.isEmpty ? hot : others[min(index, others.count - 1)]
        }
        self.others = others
        self.gateways = gateways
    }

    /// Lanes that may spin: 1, 2, or 3 from six cores on.
    public static func count(processors: Int, isBesideVenues: Bool) -> Int {
        let most = max(1, processors - (isBesideVenues ? 2 : 1))
        return processors >= 6 ? min(most, 3) : min(most, 2)
    }

    /// How many there are, the hot one included: stated with every figure.
    public var count: Int { others.count + 1 }

    /// The lane of a venue's gateway.
    public func gateway(of venue: VenueID) -> Lane { gateways[venue] ?? hot }

    /// Jobs that found a lane's ring full since the start, over all lanes. From any thread.
    public var spilled: Int { others.reduce(hot.spilled) { $0 &+ $1.spilled } }

    /// Has all lanes spin while a fire is near, where they may adapt; they park otherwise. From any thread.
    public func arm(_ isArmed: Bool) {
        hot.arm(isArmed)
        for lane in others { lane.arm(isArmed) }
    }

    /// Starts the gateways' lanes. Call once.
    func start(turn: @escaping @Sendable (Lane, [UInt64]) -> Lane.Turn) {
        for lane in others {
            let thread = Worker(name: lane.name) { lane.run { turn(lane, $0) } }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Ends the gateways' lanes after what they have to do. The hot lane is its owner's.
    func stop() {
        for lane in others { lane.stop() }
        let running = threads.withLock { threads -> [Worker] in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
    }
}
