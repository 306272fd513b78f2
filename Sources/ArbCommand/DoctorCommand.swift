import Assembly
import Codec
import Control
import Store
import Threading
import Trading

/// `arb doctor`: what stands between this machine and a fire, one line each, with what to do.
enum DoctorCommand {
    static let spec = CommandSpec(
        "doctor", "what is well, what is not, and what to do about it",
        [
            OptionSpec("--offline", nil, "ask no venue"),
            OptionSpec("--recover", nil, "put damaged records aside and go on from what is whole; halts until resume"),
        ])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let configuration = try context.configuration()
        if context.parsed.has("--recover") { return try recover(context, configuration) }
        let pairs = try context.pairs(configuration)
        var findings = LocalChecks(configuration, pairs, home: context.home).run()
        if !context.parsed.has("--offline") {
            let probe = VenueProbe(configuration, pairs, home: context.home, ours: ours(context, configuration))
            findings += Waiting.on { await probe.run() }
        }
        return show(findings, context)
    }

    /// Damaged records are put aside; where anything was, nothing is sent until a person has looked.
    private static func recover(_ context: CommandContext, _ configuration: Configuration) throws -> ExitCode {
        let target = context.controlTarget()
        guard configuration.path("state_dir", home: context.home) == target.root else {
            throw CommandFailure(.configuration, "E_CFG_MISSING", "state_dir is empty")
        }
        let words = try OrdersCommand.stored { () throws(StoreFault) in
            try Mending.mend(StateFolder(root: target.root, account: target.account), at: NanoClock.utc())
        }
        if !words.isEmpty {
            target.latch.set(
                .here(
                    account: target.account, reason: "arb doctor --recover: run arb reconcile, then arb resume",
                    at: NanoClock.utc()))
        }
        guard !context.isJSON else {
            var json = JSONWriter()
            json.beginObject()
            json.member("schema", "arb.recover/1")
            json.member("halted", !words.isEmpty)
            json.key("did")
            json.beginArray()
            for line in words { json.string(line) }
            json.endArray()
            json.endObject()
            context.terminal.out(json.string)
            return .done
        }
        for line in words { context.terminal.out(HelpText.paragraph(TerminalText.neutral(line), first: "MENDED  ")) }
        context.terminal.out(
            words.isEmpty ? "nothing is damaged; nothing was changed" : "HALTED: run arb reconcile, then arb resume")
        return .done
    }

    /// What the ledger says of each account; nothing where there is none yet.
    private static func ours(_ context: CommandContext, _ configuration: Configuration) -> [VenueID: LedgerAccount] {
        guard let ledger = try? context.ledger(configuration) else { return [:] }
        let since = NanoClock.utc() + .seconds(-86_400)
        var accounts: [VenueID: LedgerAccount] = [:]
        for venue in VenueID.allCases {
            accounts[venue] = try? LedgerAccount(
                ledger, venue: venue, account: configuration.text("account"), since: since)
        }
        return accounts
    }

    /// Prints findings; the exit code is that of the gravest.
    static func show(_ findings: [Finding], _ context: CommandContext) -> ExitCode {
        for finding in findings { context.terminal.out(context.isJSON ? json(finding) : text(finding)) }
        func count(_ level: Finding.Level) -> Int { findings.count { $0.level == level } }
        let summary = "\(count(.ok)) ok, \(count(.warn)) to look at, \(count(.fail)) failed"
        if !context.isJSON { context.terminal.out(summary) }
        if findings.contains(where: { $0.level == .fail && $0.isPermission }) { return .permissions }
        return count(.fail) == 0 ? .done : .checkFailed
    }

    private static func text(_ finding: Finding) -> String {
        let word = finding.level.rawValue.uppercased()
        let head = word + String(repeating: " ", count: 5 - word.count) + TerminalText.neutral(finding.check) + ": "
        var lines = [HelpText.paragraph(TerminalText.neutral(finding.text), first: head)]
        if finding.level != .ok {
            lines.append(HelpText.paragraph(TerminalText.neutral(finding.fix), first: "     > "))
        }
        return lines.joined(separator: "\n")
    }

    private static func json(_ finding: Finding) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.doctor/1")
        json.member("check", finding.check)
        json.member("level", finding.level.rawValue)
        json.member("text", finding.text)
        json.member("fix", finding.fix)
        json.member("code", finding.code)
        json.endObject()
        return json.string
    }
}
