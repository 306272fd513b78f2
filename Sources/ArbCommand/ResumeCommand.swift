import Assembly
import Codec
import Control
import Glibc
import Store
import Threading
import Trading

/// `arb resume`: ends a halt, or what stopped one pair; never past an order of which nobody knows what became.
enum ResumeCommand {
    static let spec = CommandSpec(
        "resume", "end a halt; refused while orders are unknown",
        [
            OptionSpec("--pair", "P", "what stopped this pair alone"),
            OptionSpec("--reason", "TEXT", "why, for the record"),
            OptionSpec("--accept-exposure", nil, "in spite of unknown orders; needs --reason"),
        ])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let accepts = context.parsed.has("--accept-exposure")
        let reason = context.option("--reason") ?? ""
        guard !accepts || !reason.isEmpty else {
            throw UsageFault("--accept-exposure needs a --reason: it is kept with the decision")
        }
        let target = try target(context)
        if target.holder != nil { return try ask(target, reason, accepts, context) }
        return try alone(target, reason, accepts, context)
    }

    private static func target(_ context: CommandContext) throws -> ControlTarget {
        let configuration = try context.configuration()
        guard let root = configuration.path("state_dir", home: context.home) else {
            throw CommandFailure(.configuration, "E_CFG_MISSING", "state_dir is empty")
        }
        return ControlTarget(root: root, account: configuration.text("account"), remark: nil)
    }

    /// A daemon holds the account: it decides, for it alone knows what is unknown now.
    private static func ask(_ target: ControlTarget, _ reason: String, _ accepts: Bool, _ context: CommandContext)
        throws
        -> ExitCode
    {
        var arguments = [
            "reason": reason, "accept_exposure": accepts ? "true" : "false", "who": Identity.user,
            "host": Identity.host,
        ]
        arguments["pair"] = context.option("--pair")
        let reply: ControlReply
        do throws(ControlFault) {
            reply = try target.ask(ControlRequest("resume", arguments), timeout: .seconds(30))
        } catch {
            throw error.failure
        }
        return try context.finish(reply, command: "resume")
    }

    /// Nobody holds the account: it is taken for as long as this takes.
    private static func alone(_ target: ControlTarget, _ reason: String, _ accepts: Bool, _ context: CommandContext)
        throws
        -> ExitCode
    {
        let folder: StateFolder
        let unknown: [String]
        do throws(StoreFault) {
            folder = try StateFolder(root: target.root, account: target.account)
            unknown = try unknownOrders(folder.path)
        } catch {
            throw CommandFailure(error.exitCode, error.code, error.text)
        }
        guard unknown.isEmpty || accepts else {
            let names = unknown.prefix(3).joined(separator: ", ") + (unknown.count > 3 ? " …" : "")
            throw CommandFailure(
                .unknownLegs, "E_EXEC_RESUME_REFUSED",
                "UNKNOWN \(unknown.count) \(unknown.count == 1 ? "leg" : "legs"): \(names)",
                fix:
                    "ask the venues: 'arb reconcile'; or, knowing what is held: arb resume --accept-exposure --reason TEXT"
            )
        }
        let found = target.latch.read()
        let now = NanoClock.utc()
        var ended = 0
        do throws(StoreFault) {
            ended = try record(folder.path, context.option("--pair"), reason, accepts, now)
        } catch {
            throw CommandFailure(error.exitCode, error.code, error.text, fix: "the halt stands")
        }
        if context.option("--pair") == nil {
            do throws(ControlFault) { try target.latch.clear() } catch { throw error.failure }
        }
        report(context, found, ended, unknown.count)
        return .done
    }

    /// Orders of the ledger and of the log of intents whose fate is not known.
    private static func unknownOrders(_ folder: String) throws(StoreFault) -> [String] {
        var names: [String] = []
        var kept: Set<String> = []
        if access(folder + "/ledger.db", F_OK) == 0 {
            let ledger = try Ledger.reader(path: folder + "/ledger.db")
            var filter = Ledger.OrderFilter(limit: 100_000)
            filter.standing = .open
            for order in try ledger.orders(filter) { names.append(order.state.order.clOrdID.description) }
            kept = Set(names)
            guard let journal = try journal(folder) else { return names }
            for entry in journal.intents where !kept.contains(entry.intent.order.clOrdID.description) {
                let isTombstone = entry.intent.order.purpose == .tombstone
                guard try ledger.row(of: entry.intent.order.clOrdID, isTombstone: isTombstone) == nil else { continue }
                names.append(entry.intent.order.clOrdID.description)
            }
            return names
        }
        return try journal(folder)?.intents.map { $0.intent.order.clOrdID.description } ?? []
    }

    private static func journal(_ folder: String) throws(StoreFault) -> JournalContent? {
        guard let journal = try IntentLog.read(path: folder + "/intents.log") else { return nil }
        if let first = journal.damage.first {
            throw StoreFault(.journalCorrupt, "\(folder)/intents.log: \(first); what was sent is not known")
        }
        return journal
    }

    /// - Returns: breakers that it closed.
    private static func record(_ folder: String, _ pair: String?, _ reason: String, _ accepts: Bool, _ now: UTCNanos)
        throws(StoreFault) -> Int
    {
        let ledger = try Ledger(path: folder + "/ledger.db")
        let scopes = pair.map { ["pair:\($0)", "pair-halt:\($0)"] }
        let open = try ledger.openBreakers().filter { scopes?.contains($0.scope) ?? true }
        try ledger.transaction { () throws(StoreFault) in
            for breaker in open {
                try ledger.add(
                    Ledger.BreakerRow(
                        at: now, scope: breaker.scope, event: "resume", isOpen: false, reasons: breaker.reasons,
                        since: breaker.since, text: reason))
            }
            try ledger.add(
                Ledger.HaltRow(
                    at: now, action: "resume", who: Identity.user, host: Identity.host, pair: pair, reason: reason,
                    acceptedExposure: accepts))
        }
        return open.count
    }

    private static func report(_ context: CommandContext, _ found: HaltLatch.Finding, _ breakers: Int, _ unknown: Int) {
        guard !context.isJSON else {
            var json = JSONWriter()
            json.beginObject()
            json.member("schema", "arb.resume-result/1")
            json.member("resumed", true)
            json.member("was_halted", found.isHalted)
            json.member("halt", found.text)
            json.member("breakers_closed", breakers)
            json.member("unknown_legs", unknown)
            json.endObject()
            context.terminal.out(json.string)
            return
        }
        let scope = context.option("--pair").map { "pair '\(Terminal.clean($0))'" } ?? "everything"
        context.terminal.out("RESUMED  \(scope); \(breakers) \(breakers == 1 ? "breaker" : "breakers") closed")
        if found.isHalted { context.terminal.say(HelpText.paragraph(found.text, first: "was: ")) }
        if unknown > 0 { context.terminal.say("UNKNOWN \(unknown) legs accepted by you") }
    }
}
