public import Risk
public import Trading

/// Everything of the configuration that decisions depend on.
public struct EngineSettings: Sendable {
    /// What an edge must be worth.
    public var thresholds: EdgeThresholds
    /// Caps of one basket.
    public var limits: SizingLimits
    /// How old books may be.
    public var freshness: Freshness.Limits
    /// How pUSD counts.
    public var valuation: Valuation
    /// No entries within this time before `entriesEnd` of a leg.
    public var timeToCloseMin: Nanoseconds
    /// Which kinds of baskets are watched.
    public var kinds: Set<BasketKind>
    /// The delays at which an opportunity is judged again, ascending; at most eight.
    public var judgeAfter: [Nanoseconds]

    /// Settings.
    public init(
        thresholds: EdgeThresholds, limits: SizingLimits, freshness: Freshness.Limits = Freshness.Limits(),
        valuation: Valuation = Valuation(), timeToCloseMin: Nanoseconds = .seconds(300),
        kinds: Set<BasketKind> = Set(BasketKind.allCases),
        judgeAfter: [Nanoseconds] = [.milliseconds(50), .milliseconds(150), .milliseconds(500)]
    ) {
        precondition(judgeAfter.count <= 8 && judgeAfter == judgeAfter.sorted(), "configuration bounds the delays")
        self.thresholds = thresholds
        self.limits = limits
        self.freshness = freshness
        self.valuation = valuation
        self.timeToCloseMin = timeToCloseMin
        self.kinds = kinds
        self.judgeAfter = judgeAfter
    }
}
