import Assembly
import Codec
import Control
import Store
import Threading
import Trading

/// `arb alert list|ack`: what a person should know and has not said to have seen.
enum AlertCommand {
    static let list = CommandSpec("alert list", "alerts that nobody has acknowledged, oldest first", [])
    static let ack = CommandSpec(
        "alert ack", operands: "NUMBER|all", count: 1...1,
        "say that an alert was seen; entries that waited for it go on", [])

    static let test = CommandSpec(
        "alert test", "post one alert to alerts.webhook_url_file, and say whether it arrived", [])

    private typealias Row = (number: Int64, at: UTCNanos, level: String, code: String, text: String)

    static func runList(_ context: CommandContext) throws -> ExitCode {
        let ledger = try context.ledger(try context.configuration())
        let rows = try OrdersCommand.stored { () throws(StoreFault) in try ledger.openAlerts() }
        for row in rows { context.terminal.out(context.isJSON ? json(row) : words(row)) }
        if rows.isEmpty { context.terminal.say("no alert waits") }
        return .done
    }

    private static func words(_ row: Row) -> String {
        HelpText.paragraph(
            TerminalText.neutral("\(row.at.rfc3339.prefix(19))Z \(row.level) \(row.code) \(row.text)"),
            first: "\(row.number)  ")
    }

    private static func json(_ row: Row) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.alert/1")
        json.member("number", row.number)
        json.member("at", row.at.rfc3339)
        json.member("severity", row.level)
        json.member("code", row.code)
        json.member("text", row.text)
        json.endObject()
        return json.string
    }

    static func runTest(_ context: CommandContext) throws -> ExitCode {
        let configuration = try context.configuration()
        guard let webhook = try AlertDesk.webhook(context, configuration) else {
            throw CommandFailure(
                .configuration, "E_CFG_MISSING", "alerts.webhook_url_file is empty: nobody is told of anything",
                fix: "write one https URL into a file of mode 0600 and name it there")
        }
        defer { webhook.close() }
        let (account, start) = (configuration.text("account"), NanoClock().now())
        do throws(WebhookFault) {
            try webhook.post(
                AlertMessage(
                    "E_CTL_WEBHOOK", isCritical: false, pair: nil, account: account,
                    mode: configuration.text("mode"), venues: Edges.environment(configuration),
                    what: "a test: nothing happened, nothing is to be done", exposure: "not looked at",
                    next: "arb status --account \(account)", at: start.utc))
        } catch {
            throw CommandFailure(.unavailable, error.code, "the alert was not delivered: \(error.text)")
        }
        let took = (NanoClock.monotonic() - start.monotonic).rawValue
        guard context.isJSON else {
            context.terminal.out("delivered to \(webhook.host) in \(took / 1_000_000) ms")
            return .done
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.alert-test/1")
        json.member("delivered", true)
        json.member("host", webhook.host)
        json.member("took_ns", took)
        json.endObject()
        context.terminal.out(json.string)
        return .done
    }

    static func runAck(_ context: CommandContext) throws -> ExitCode {
        let word = context.parsed.operands[0]
        let number = Int64(word)
        guard word == "all" || number.map({ $0 > 0 }) ?? false else {
            throw UsageFault("alert ack '\(word)' is neither a number of 'arb alert list' nor 'all'")
        }
        let target = context.controlTarget()
        if target.holder != nil {
            let reply: ControlReply
            do throws(ControlFault) {
                reply = try target.ask(
                    ControlRequest("alert-ack", ["number": word, "who": Identity.user]), timeout: .seconds(10))
            } catch {
                throw error.failure
            }
            return try context.finish(reply, command: "alert ack")
        }
        let count = try OrdersCommand.stored { () throws(StoreFault) in
            let folder = try StateFolder(root: target.root, account: target.account)
            return try acknowledge(number, Identity.user, in: Ledger(path: folder.path + "/ledger.db"))
        }
        return try context.finish(reply(count, word), command: "alert ack")
    }

    /// - Returns: how many were marked.
    static func acknowledge(_ number: Int64?, _ who: String, in ledger: Ledger) throws(StoreFault) -> Int {
        let before = try ledger.openAlerts().count
        try ledger.acknowledgeAlerts(number, by: who, at: NanoClock.utc())
        return before - (try ledger.openAlerts().count)
    }

    static func reply(_ count: Int, _ word: String) -> ControlReply {
        guard count > 0 || word == "all" else {
            return .refused("E_CTL_REFUSED", "no alert \(word) waits; see 'arb alert list'")
        }
        return .done("\(count) \(count == 1 ? "alert" : "alerts") acknowledged")
    }
}
