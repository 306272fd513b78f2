import Arb
import Assembly
import Control
import Glibc
import Synchronization
import Threading
import Trading

/// A second instance on an account that is held: it is refused (75), and somebody is to hear of it. What holds the account
/// is told, and tells its operator; where it cannot be reached, the refused one tells by itself.
enum SecondInstance {
    /// The word at the socket.
    static let command = "instance-refused"
    private static let patience = Nanoseconds.seconds(2)

    /// Tells of the attempt.
    ///
    /// - Returns: who was told, to stand behind the refusal; empty when nobody could be.
    static func tell(
        root: String, _ account: String, _ mode: TradingMode, _ context: CommandContext, _ configuration: Configuration
    ) -> String {
        let request = ControlRequest(
            command,
            [
                "process": String(getpid()), "who": Control.Identity.user, "host": Control.Identity.host,
                "mode": mode.rawValue,
            ])
        do throws(ControlFault) {
            let reply = try ControlClient.ask(folder: root + "/" + account, request, timeout: patience)
            if reply.isDone { return "; it was told of this attempt" }
        } catch {}
        // What holds the account is no daemon, or one that does not answer.
        guard mode != .dryRun, let webhook = try? AlertDesk.webhook(context, configuration) else { return "" }
        defer { webhook.close() }
        let what =
            "an instance (\(words(request))) was refused: another one holds the account, and does not answer at its socket"
        do throws(WebhookFault) {
            try webhook.post(
                AlertMessage(
                    "E_STORE_LOCKED", isCritical: true, pair: nil, account: account, mode: mode.rawValue,
                    venues: Edges.environment(configuration), what: what, exposure: "not known to the refused one",
                    next: "arb status --account \(account)", at: NanoClock.utc()))
            return "; an alert was sent"
        } catch { return "; the alert of it was not delivered (\(error.code))" }
    }

    /// Who it was, for people.
    static func words(_ request: ControlRequest) -> String {
        "process \(request["process"] ?? "?") of \(request["who"] ?? "?") on \(request["host"] ?? "?"), "
            + "to run \(request["mode"] ?? "?")"
    }
}

// The instance that holds the account hears of another that was refused.
extension Daemon {
    /// `instance-refused` at the socket: an alert, once in a while however often it is tried.
    func instanceRefused(_ request: ControlRequest, _ responder: ControlServer.Responder) {
        let now = NanoClock().now()
        let isNews = toldOfInstance.withLock { last in
            guard last.map({ now.monotonic - $0 >= Self.instanceQuiet }) ?? true else { return false }
            last = now.monotonic
            return true
        }
        guard isNews else { return responder.send(.done("told already")) }
        let text =
            "another instance (\(SecondInstance.words(request))) was refused on this account; this one goes on. Find what "
            + "starts it and end that; two traders on one account would sell each other's contracts"
        office.post(
            .trade(
                .alert(
                    TradeAlert(
                        "E_STORE_LOCKED", isCritical: request["mode"] != TradingMode.dryRun.rawValue, pair: nil, text,
                        at: now))))
        responder.send(.done("told"))
    }

    /// A supervisor that starts it again and again is one cause.
    private static let instanceQuiet = Nanoseconds.seconds(900)
}
