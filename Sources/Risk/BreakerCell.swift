public import Trading

/// The breaker of one scope: what it counted, whether it is open and why, and the probe that is out.
struct BreakerCell: Hashable, Sendable {
    /// One entry of the smallest size that shows whether things are well again.
    struct Probe: Hashable, Sendable {
        let execution: ExecutionID
        /// Good answers that are still wanted.
        var legs: Int
    }

    /// What asks for the breaker to open, with its figures.
    struct Finding {
        let reason: BreakerReason
        let figure: Int64
        let limit: Int64
    }

    static let windowMax = 20

    private var errorsInRow = 0
    private var slowInRow = 0
    /// The last twenty orders, the youngest in bit 0; set for an error.
    private var window: UInt32 = 0
    private var windowCount = 0
    /// When the last refusals came, a ring of as many as make a spike.
    private var rejects: [MonotonicNanos] = []
    private var rejectNext = 0

    private(set) var reasons: Set<BreakerReason> = []
    /// The first reason's figures: what the events and records show.
    private(set) var cause: BreakerReason?
    private(set) var figure: Int64 = 0
    private(set) var limit: Int64 = 0
    private(set) var openedAt = MonotonicNanos(rawValue: 0)
    private(set) var since = UTCNanos(rawValue: 0)
    private(set) var probe: Probe?

    var isClosed: Bool { cause == nil }

    /// True when a probe may go out.
    func isHalfOpen(_ settings: BreakerSettings, at now: MonotonicNanos) -> Bool {
        !isClosed && probe == nil && reasons.allSatisfy(\.isProbed) && now - openedAt >= settings.cooldown
    }

    /// Takes in one order; what it shows, if the cell is closed.
    mutating func count(
        _ signal: BreakerSignal, latency: Nanoseconds?, _ settings: BreakerSettings, at now: MonotonicNanos
    ) -> Finding? {
        guard signal != .neutral else { return nil }
        errorsInRow = signal.isError ? errorsInRow + 1 : 0
        window = window << 1 | (signal.isError ? 1 : 0)
        windowCount = min(windowCount + 1, Self.windowMax)
        if let latency { slowInRow = latency > settings.latencyMax ? slowInRow + 1 : 0 }
        let isSpike = signal == .reject && isSpike(settings, at: now)
        guard isClosed else { return nil }
        let most = Int64(settings.errorsConsecutiveMax)
        if errorsInRow >= most { return Finding(reason: .errorsConsecutive, figure: Int64(errorsInRow), limit: most) }
        let percent = (window & (1 << Self.windowMax - 1)).nonzeroBitCount * 100 / Self.windowMax
        if windowCount == Self.windowMax, percent >= settings.errorRatePctMax {
            return Finding(reason: .errorRate, figure: Int64(percent), limit: Int64(settings.errorRatePctMax))
        }
        if isSpike {
            let count = Int64(settings.rejectSpikeMax)
            return Finding(reason: .rejectSpike, figure: count, limit: count)
        }
        if slowInRow >= settings.latencyRunMax, let latency {
            return Finding(reason: .latency, figure: latency.rawValue, limit: settings.latencyMax.rawValue)
        }
        return nil
    }

    /// Notes a refusal; true when as many as make a spike came within its window.
    private mutating func isSpike(_ settings: BreakerSettings, at now: MonotonicNanos) -> Bool {
        guard rejects.count == settings.rejectSpikeMax else {
            rejects.append(now)
            return rejects.count == settings.rejectSpikeMax && now - rejects[0] <= settings.rejectSpikeWindow
        }
        rejects[rejectNext] = now
        rejectNext = (rejectNext + 1) % rejects.count
        return now - rejects[rejectNext] <= settings.rejectSpikeWindow
    }

    /// Opens, or adds a reason; false when that reason stood.
    mutating func open(_ finding: Finding, at now: Stamp) -> Bool {
        guard reasons.insert(finding.reason).inserted else { return false }
        // A reason that only a person lifts outranks one that a probe may.
        if cause.map({ $0.isProbed && !finding.reason.isProbed }) ?? true {
            (cause, figure, limit) = (finding.reason, finding.figure, finding.limit)
            since = now.utc
        }
        openedAt = now.monotonic
        probe = nil
        return true
    }

    /// Takes up what an earlier run left open; its cooldown begins anew.
    mutating func restore(_ record: BreakerRecord, at now: Stamp) {
        reasons = Set(record.reasons)
        cause = record.reasons.first
        (figure, limit, since) = (record.figure, record.limit, record.since)
        openedAt = now.monotonic
    }

    mutating func send(_ probe: Probe) { self.probe = probe }

    /// The probe did not go out after all.
    mutating func takeBack(_ execution: ExecutionID) {
        if probe?.execution == execution { probe = nil }
    }

    /// One answer of the probe; true when it was the last that was wanted.
    mutating func answer(_ isGood: Bool, at now: MonotonicNanos) -> Bool {
        guard isGood else {
            probe = nil
            openedAt = now
            return false
        }
        probe?.legs -= 1
        return (probe?.legs ?? 1) <= 0
    }

    /// Everything as at the start.
    mutating func close() { self = BreakerCell() }
}

/// A breaker that is open, in raw fields, to be kept over a restart.
public struct BreakerRecord: Hashable, Sendable {
    /// What it guards.
    public let scope: BreakerScope
    /// Why, the shown reason first; never empty.
    public let reasons: [BreakerReason]
    /// Figures of the shown reason. Unit: as in `BreakerEvent`.
    public let figure: Int64, limit: Int64
    /// Since when.
    public let since: UTCNanos

    /// A record; nil without a reason.
    public init?(scope: BreakerScope, reasons: [BreakerReason], figure: Int64, limit: Int64, since: UTCNanos) {
        guard !reasons.isEmpty else { return nil }
        self.scope = scope
        self.reasons = reasons
        self.figure = figure
        self.limit = limit
        self.since = since
    }
}
