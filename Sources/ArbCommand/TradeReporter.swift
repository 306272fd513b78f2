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
        var ends: [ExecutionID: ExecutionResult] = [:]
        var boxed = 0
        var net = Int64(0)
        var unwinds = 0
        var stuck = 0
        var trips = 0
        var alerts = 0
        var refusals: [String: Int] = [:]
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
        tally.withLock { tally in
            if result.kind == .refused {
                tally.refusals[String(result.error.prefix { $0 != ":" }), default: 0] += 1
            } else {
                tally.ends[result.id] = result
            }
        }
        if context.isJSON {
            var json = JSONWriter()
            ExecutionJSON.write(result, names: names, mode: mode, venues: venues, into: &json)
            json.newline()
            context.terminal.out(json.bytes)
        } else if !context.terminal.isTerminal {
            context.terminal.out(TradeLine.text(result, names))
        }
    }

    private func event(_ name: StaticString, _ at: Stamp, _ fill: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.event/1")
        json.key("event")
        json.string(name)
        json.member("mode", mode)
        json.member("venues", venues)
        json.member("account", account)
        json.member("at", at.utc.rfc3339)
        fill(&json)
        json.endObject()
        json.newline()
        context.terminal.out(json.bytes)
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
        tally.withLock { $0.alerts += 1 }
        if context.isJSON {
            event("alert", alert.at) { json in
                json.member("code", alert.code)
                json.member("severity", alert.isCritical ? "critical" : "warning")
                if let pair = alert.pair { json.member("pair", pair.name) }
                json.member("text", alert.text)
            }
        } else {
            context.terminal.say("ALERT \(alert.code) \(TerminalText.neutral(alert.text))")
        }
    }

    private func take(_ event: BreakerEvent) {
        if event.kind == .opened { tally.withLock { $0.trips += 1 } }
        if context.isJSON {
            self.event("breaker", Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: event.at)) { json in
                json.member("scope", event.scope.description)
                json.member("kind", event.kind.rawValue)
                json.member("reason", event.reason.rawValue)
                json.member("text", event.text)
            }
        } else {
            context.terminal.say("breaker \(event.text)")
        }
    }

    /// What a run came to, in lines of at most 80 columns; empty when nothing was fired or refused.
    var summary: String {
        let tally = tally.withLock { $0 }
        guard !tally.ends.isEmpty || !tally.refusals.isEmpty else { return "" }
        func count(_ kind: ExecutionResult.Kind) -> Int { tally.ends.values.count { $0.kind == kind } }
        var lines = [
            "fired \(tally.ends.count): \(count(.filled)) filled, \(count(.partial)) partial, \(count(.missed)) missed, "
                + "\(count(.unwound)) unwound, \(count(.unknown)) unknown",
            "net \(OpportunityLine.dollars(Money(rawValue: tally.net))) in \(tally.boxed) executions; "
                + "\(tally.unwinds) closing orders, \(tally.stuck) stuck, \(tally.trips) trips, \(tally.alerts) alerts",
        ]
        let wire = tally.ends.values.compactMap { $0.tickToWire?.first.rawValue }.sorted()
        if !wire.isEmpty {
            lines.append(
                "tick to wire p50 \(wire[wire.count / 2] / 1_000) us, "
                    + "p99 \(wire[wire.count * 99 / 100] / 1_000) us, max \(wire[wire.count - 1] / 1_000) us")
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
            + "\(Terminal.cell(fills, 12)) \(Terminal.right(net, 8)) \(text)"
        return String(line.prefix(80))
    }
}
