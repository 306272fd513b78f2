import Assembly
import Codec
import Control
import Glibc
import Store
import Threading
import Trading

/// `arb status`: exposed or not, before anything else; the exit code is the health.
enum StatusCommand {
    static let spec = CommandSpec(
        "status", "am I exposed, and does the machine know it; exit code = health",
        [OptionSpec("--watch", "DURATION", "again and again, such as 1s")])

    /// A report older than this is not believed.
    private static let ageMax = Nanoseconds.seconds(5)

    static func run(_ context: CommandContext) throws -> ExitCode {
        let target = context.controlTarget()
        guard let every = try context.duration("--watch") else { return show(target, context, isAgain: false) }
        guard every >= .milliseconds(100) else { throw UsageFault("--watch wants at least 100ms") }
        Signals.block()
        let stop = Semaphore()
        let signals = Signals { stop.signal() }
        var code = show(target, context, isAgain: false)
        while !stop.wait(timeout: every) { code = show(target, context, isAgain: true) }
        signals.finish()
        return code
    }

    private static func show(_ target: ControlTarget, _ context: CommandContext, isAgain: Bool) -> ExitCode {
        let report = report(target)
        if context.isJSON {
            context.terminal.out(report.json)
        } else {
            // Drawn over what was there, line by line, so that nothing flickers.
            let clears = isAgain && context.terminal.isTerminal
            let lines = report.lines(now: NanoClock.utc())
            let text = lines.map { clears ? $0 + "\u{1B}[K" : $0 }.joined(separator: "\n")
            context.terminal.out(clears ? "\u{1B}[H" + text + "\u{1B}[J" : text)
            if isAgain, !clears { context.terminal.out("") }
        }
        return ExitCode(rawValue: report.exitCode) ?? .failure
    }

    private static func report(_ target: ControlTarget) -> StatusReport {
        let holder = target.holder
        var report = holder == nil ? recorded(target) : told(target, holder ?? 0)
        let latch = target.latch.read()
        if latch.isHalted, report.halted.isEmpty { report.halted = latch.text }
        if let remark = target.remark { report.remarks.insert(remark, at: 0) }
        report.account = target.account
        return report
    }

    /// A daemon runs: what it says by its socket, or has just written.
    private static func told(_ target: ControlTarget, _ holder: Int32) -> StatusReport {
        let now = NanoClock.utc()
        if let file = StatusReport.published(in: target.folder), file.process == holder,
            (now - file.at).rawValue.magnitude <= ageMax.rawValue.magnitude
        {
            return file
        }
        do throws(ControlFault) {
            let reply = try ControlClient.ask(
                folder: target.folder, ControlRequest("status"), timeout: .milliseconds(500))
            if let detail = reply.detail, let report = StatusReport(json: detail) { return report }
        } catch {
            var report = recorded(target)
            report.process = holder
            report.venues = [.init(name: "daemon", isUp: false, text: "process \(holder) says nothing: \(error.text)")]
            return report
        }
        var report = recorded(target)
        report.process = holder
        report.venues = [.init(name: "daemon", isUp: false, text: "process \(holder) gives no status")]
        return report
    }

    /// No daemon runs: what the ledger and the log of intents have.
    private static func recorded(_ target: ControlTarget) -> StatusReport {
        var report = StatusReport()
        let now = NanoClock.utc()
        report.at = now
        let path = target.folder + "/ledger.db"
        guard access(path, F_OK) == 0 else {
            report.remarks = ["nothing was ever recorded for this account"]
            return report
        }
        do throws(StoreFault) {
            let ledger = try Ledger.reader(path: path, isChecked: false)
            try fill(&report, ledger, target.folder, now)
        } catch {
            report.exposure = "unknown"
            report.exposureLine = "UNKNOWN: what is recorded cannot be read"
            report.remarks = ["\(error.code) \(error.text)"]
        }
        return report
    }

    private static func fill(_ report: inout StatusReport, _ ledger: Ledger, _ folder: String, _ now: UTCNanos)
        throws(StoreFault)
    {
        var filter = Ledger.OrderFilter(limit: 100_000)
        filter.standing = .open
        let open = try ledger.orders(filter)
        var unsure = open.count
        if let journal = try IntentLog.read(path: folder + "/intents.log") {
            if let damage = journal.damage.first { report.remarks.append("E_STORE_JOURNAL_CORRUPT \(damage)") }
            for entry in journal.intents {
                let isTombstone = entry.intent.order.purpose == .tombstone
                if try ledger.row(of: entry.intent.order.clOrdID, isTombstone: isTombstone) == nil { unsure += 1 }
            }
        }
        let boxes = try ledger.boxes()
        report.openOrders = open.count
        // Without a daemon nobody follows an order that is not over: it is unknown.
        report.unknownLegs = unsure
        report.gross = Money(rawValue: boxes.reduce(0) { Int64(clamping: Int128($0) + Int128($1.payoff.rawValue)) })
        report.boxes = boxes.count
        report.hedged = Money(
            rawValue: boxes.reduce(0) { Int64(clamping: Int128($0) + Int128($1.cost.rawValue)) })
        report.profitToday = try ledger.profit(ofDayAt: now)
        report.openAlerts = try ledger.openAlerts().count
        for breaker in try ledger.openBreakers() {
            // A pair that was halted beside its breaker is told as the running daemon tells it.
            let pair = breaker.scope.hasPrefix("pair-halt:") ? breaker.scope.dropFirst("pair-halt:".count) : nil
            let scope = pair.map { "pair:\($0)" } ?? "breaker:\(breaker.scope)"
            let text = breaker.text.isEmpty ? "" : ": \(breaker.text)"
            report.stops.append(.init(scope: scope, reason: breaker.reasons + (pair == nil ? "" : text)))
        }
        let alone = try ledger.unboxedExecutions()
        report.exposure = unsure > 0 ? "unknown" : !alone.isEmpty ? "exposed" : boxes.isEmpty ? "flat" : "hedged"
        var parts: [String] = []
        if unsure > 0 { parts.append("UNKNOWN \(unsure) \(unsure == 1 ? "leg" : "legs")") }
        if !alone.isEmpty { parts.append("EXPOSED by \(alone.count) \(alone.count == 1 ? "execution" : "executions")") }
        if !boxes.isEmpty { parts.append("HEDGED") }
        report.exposureLine = parts.isEmpty ? "FLAT" : parts.joined(separator: " · ")
        if !alone.isEmpty {
            report.remarks.append("not closed: " + alone.prefix(4).map(\.description).joined(separator: ", "))
        }
        if report.mode.isEmpty { report.mode = try ledger.lastMode() ?? "" }
    }
}
