import Arb
import Assembly
import Codec
import Risk
import Synchronization
import Trading

/// Tells of what was traded: executions, legs that stand alone, breaker, alerts; and adds them up for the summary.
///
/// - Lane: `take` on the back office's thread, `summary` on the run's.
final class TradeReporter: Sendable {
    private let context: CommandContext
    private let names: BasketNames
    private let mode: String
    private let venues: String
    private let account: String
    private let tally = Mutex(Tally())

    /// What a run came to.
    struct Tally {
        var kinds: [ExecutionResult.Kind: Int] = [:]
        /// Executions that may still be told again, in the order in which they were first told; of older ones the hash of
        /// what was told, and no line.
        var recent: [(id: ExecutionID, kind: ExecutionResult.Kind, mark: Int, line: String)] = []
        /// From a frame to the first leg's last byte, of the newest executions. Unit: 1 ns.
        var wire: [Int64] = []
        var wired: Set<ExecutionID> = []
        var lastStop = ""
        var boxed = 0
        var net = Int64(0)
        var unwinds = 0
        var stuck = 0
        var trips = 0
        var alerts = 0
        var refusals: [String: Int] = [:]
        private static let recentMax = 2_048
        /// Of so many the line is kept: a board has fewer.
        static let linesMax = 64
        private static let wireMax = 16_384

        /// Room for all at the start: a run that has fired for hours is no larger than one that has begun.
        init() {
            let room = Self.recentMax * 2 + 1
            recent = Array(repeating: (ExecutionID(run: 0, sequence: 0), .missed, 0, ""), count: room)
            recent.removeAll(keepingCapacity: true)
            wired.reserveCapacity(room)
            wire = Array(repeating: 0, count: Self.wireMax)
            wire.removeAll(keepingCapacity: true)
        }

        var fired: Int { kinds.values.reduce(0, +) }

        /// An execution that is told again is counted once, as what it came to.
        ///
        /// - Returns: false when its line says nothing new.
        mutating func add(_ result: ExecutionResult, _ line: String) -> Bool {
            kinds[result.kind, default: 0] += 1
            var isNews = true
            if let known = recent.lastIndex(where: { $0.id == result.id }) {
                kinds[recent[known].kind, default: 1] -= 1
                isNews = recent[known].mark != line.hashValue
                let isNew = known >= recent.count - Self.linesMax
                recent[known] = (result.id, result.kind, line.hashValue, isNew ? line : "")
            } else {
                recent.append((result.id, result.kind, line.hashValue, line))
                if recent.count > Self.linesMax { recent[recent.count - 1 - Self.linesMax].line = "" }
                if recent.count > Self.recentMax * 2 {
                    recent.removeFirst(Self.recentMax)
                    wired = wired.intersection(recent.map(\.id))
                }
            }
            guard let first = result.tickToWire?.first, wired.insert(result.id).inserted else { return isNews }
            if wire.count >= Self.wireMax { wire.removeFirst(Self.wireMax / 2) }
            wire.append(first.rawValue)
            return isNews
        }

        /// What was fired, and how it ended.
        var words: String {
            let order: [ExecutionResult.Kind] = [.filled, .partial, .unwound, .missed, .unknown]
            return order.compactMap { kind in kinds[kind].flatMap { $0 > 0 ? "\($0) \(kind.rawValue)" : nil } }
                .joined(separator: ", ")
        }
    }

    /// What a board shows of it now.
    func glance(_ count: Int) -> TradeGlance {
        tally.withLock { tally in
            let wire = tally.wire.suffix(1_000).sorted()
            let speed =
                wire.isEmpty
                ? "" : "   tick to wire p50 " + DurationText.short(Nanoseconds(rawValue: wire[wire.count / 2]))
            return TradeGlance(
                lines: tally.recent.suffix(min(count, Tally.linesMax)).reversed().map { ($0.kind, $0.line) },
                summary: "fired \(tally.fired)\(tally.fired == 0 ? "" : ": " + tally.words)   net "
                    + OpportunityLine.dollars(Money(rawValue: tally.net)) + speed,
                lastStop: tally.lastStop)
        }
    }

    init(context: CommandContext, names: BasketNames, mode: String, venues: String, account: String) {
        self.context = context
        self.names = names
        self.mode = mode
        self.venues = venues
        self.account = account
    }

    func take(_ event: TradeEvent) {
        switch event {
        case .intended, .heard: return
        case .result(let result): take(result)
        case .residual(let report): take(report)
        case .box(let box):
            tally.withLock { tally in
                if box.netChange == nil { tally.boxed += 1 }
                tally.net += (box.netChange ?? box.net).rawValue
            }
        case .alert(let alert): take(alert)
        case .breaker(let event): take(event)
        case .cash, .suspended, .profit: break
        }
    }

    private func take(_ result: ExecutionResult) {
        let line = TradeLine.text(result, names)
        let isNews = tally.withLock { tally in
            guard result.kind == .refused else { return tally.add(result, line) }
            tally.refusals[String(result.error.prefix { $0 != ":" }), default: 0] += 1
            return true
        }
        if context.isJSON {
            var json = JSONWriter()
            ExecutionJSON.write(result, names: names, mode: mode, venues: venues, into: &json)
            json.newline()
            context.terminal.out(json.bytes)
        } else if !context.terminal.isTerminal, isNews {
            context.terminal.out(line)
        }
    }

    /// On a board lines of their own would be drawn over.
    private var isBoard: Bool { context.terminal.isTerminal && !context.parsed.has("--quiet") }

    private func event(_ name: StaticString, _ at: Stamp, _ fill: (inout JSONWriter) -> Void) {
        context.terminal.out(RunEvent(mode: mode, venues: venues, account: account).line(name, at: at.utc, fill))
    }

    private func take(_ report: ResidualReport) {
        tally.withLock { tally in
            if report.phase == .closing { tally.unwinds += 1 }
            if report.phase == .stuck { tally.stuck += 1 }
        }
        guard context.isJSON else {
            guard !context.terminal.isTerminal else { return }
            let way = report.way.map { " by \($0.rawValue)" } ?? ""
            return context.terminal.out(
                "unwind \(report.phase.rawValue) \(report.execution) \(TerminalText.neutral(report.pair.name)): "
                    + "\(report.quantity) \(report.outcome.rawValue) at \(report.venue.name)\(way) "
                    + TerminalText.neutral(report.text))
        }
        event("unwind", report.at) { json in
            json.member("id", report.execution.description)
            json.member("pair", report.pair.name)
            json.member("phase", report.phase.rawValue)
            json.member("venue", report.venue.name)
            json.member("instrument", report.symbol)
            json.member("outcome", report.outcome.rawValue)
            json.key("quantity")
            json.decimalString(report.quantity.rawValue)
            json.key("cost_usd")
            json.decimalString(report.cost.rawValue)
            json.key("way")
            if let way = report.way { json.string(way.rawValue) } else { json.null() }
            json.member("text", report.text)
        }
    }

    private func take(_ alert: TradeAlert) {
        tally.withLock { tally in
            tally.alerts += 1
            tally.lastStop = "ALERT \(alert.code) \(TerminalText.neutral(alert.text))"
        }
        if context.isJSON {
            event("alert", alert.at) { json in
                json.member("code", alert.code)
                json.member("severity", alert.isCritical ? "critical" : "warning")
                if let pair = alert.pair { json.member("pair", pair.name) }
                json.member("text", alert.text)
            }
        } else if !isBoard {
            context.terminal.say("ALERT \(alert.code) \(TerminalText.neutral(alert.text))")
        }
    }

    private func take(_ event: BreakerEvent) {
        tally.withLock { tally in
            if event.kind == .opened { tally.trips += 1 }
            tally.lastStop = "breaker \(event.text)"
        }
        if context.isJSON {
            self.event("breaker", Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: event.at)) { json in
                json.member("scope", event.scope.description)
                json.member("kind", event.kind.rawValue)
                json.member("reason", event.reason.rawValue)
                json.member("text", event.text)
            }
        } else if !isBoard {
            context.terminal.say("breaker \(event.text)")
        }
    }

    /// What a run came to, in lines of at most 80 columns; empty when nothing was fired or refused.
    var summary: String {
        let tally = tally.withLock { $0 }
        guard tally.fired > 0 || !tally.refusals.isEmpty else { return "" }
        var lines = [
            "fired \(tally.fired)\(tally.fired == 0 ? "" : ": " + tally.words)",
            "net \(OpportunityLine.dollars(Money(rawValue: tally.net))) in \(tally.boxed) executions; "
                + "\(tally.unwinds) closing orders, \(tally.stuck) stuck, \(tally.trips) trips, \(tally.alerts) alerts",
        ]
        if let wire = Quantiles(ascending: tally.wire.sorted()) {
            lines.append(
                "tick to wire p50 \(DurationText.short(wire.p50)), p99 \(DurationText.short(wire.p99)), "
                    + "max \(DurationText.short(wire.max))")
        }
        for (reason, count) in tally.refusals.sorted(by: { $0.value > $1.value }).prefix(5) {
            lines.append("refused \(count) times: \(String(reason.prefix(60)))")
        }
        return lines.joined(separator: "\n")
    }
}

/// One execution in one line of at most 80 columns.
enum TradeLine {
    static func text(_ result: ExecutionResult, _ names: BasketNames) -> String {
        let entry = names[result.basket]
        let time = result.decidedAt.rfc3339.dropFirst(11).prefix(12)
        let fills = result.legs.map(\.cumQty.description).joined(separator: "+")
        let net = result.edgeRealized.map { OpportunityLine.dollars($0) } ?? "-"
        let text = result.kind == .refused ? TerminalText.neutral(result.error) : ""
        let line =
            "\(time) \(Terminal.cell(result.kind.rawValue, 8)) \(Terminal.cell(entry.pair.name, 18)) "
            + "\(Terminal.cell(fills, 20)) \(Terminal.right(net, 8)) \(text)"
        return String(line.prefix(80))
    }
}
