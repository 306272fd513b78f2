import Trading

/// What a run has seen so far.
struct RunTally {
    var born = 0
    var taken = 0
    var ended = 0
    var held = 0
    var expected = Int64(0)
    var lastNotice = ""
}

/// What a board shows of it.
struct TradeGlance: Sendable {
    /// The newest executions, newest first.
    let lines: [(kind: ExecutionResult.Kind, line: String)]
    /// How many, how they ended, what came of them, how fast.
    let summary: String
    /// The last that was stopped or told as an alert.
    let lastStop: String
}
