public import Trading

/// Where the circuit breaker trips. A figure that is reached trips.
public struct BreakerSettings: Hashable, Sendable {
    /// Errors in a row.
    public var errorsConsecutiveMax: Int
    /// Errors among the last twenty orders; judged when there were twenty. Unit: percent.
    public var errorRatePctMax: Int
    /// Time before a probe.
    public var cooldown: Nanoseconds
    /// Refusals within `rejectSpikeWindow` that are a spike.
    public var rejectSpikeMax = 10
    /// See `rejectSpikeMax`.
    public var rejectSpikeWindow = Nanoseconds.seconds(10)
    /// An answer that takes longer is slow.
    public var latencyMax = Nanoseconds.seconds(1)
    /// Slow answers of one venue in a row.
    public var latencyRunMax = 3
    /// An order that is unknown for longer stops its pair.
    public var unknownPatience = Nanoseconds.seconds(10)
    /// Orders beyond that patience, over all pairs, that stop everything.
    public var unknownLegsMax = 3
    /// Jobs spilled beside a lane's ring.
    public var laneSpillMax = 64

    /// Of the configuration.
    public init(_ limits: RiskLimits = RiskLimits()) {
        errorsConsecutiveMax = max(1, limits.errorsConsecutiveMax)
        errorRatePctMax = max(1, limits.errorRatePctMax)
        cooldown = limits.breakerCooldown
    }
}
