import Arb
import Assembly
import Control
import Risk
import Store
import Threading
import Trading

/// Tells a person elsewhere what a run is worried about, where an address is configured.
///
/// - Lane: `take` on the back office's thread, `look` on the clock's; neither ever waits.
final class AlertDesk: Sendable {
    private let account: String
    private let mode: String
    private let venues: String
    private let cell: StatusCell
    private let webhook: Webhook
    private let sender: AlertSender

    /// What delivery may take of the end of a run.
    private static let patience = Nanoseconds.seconds(2)

    init(_ webhook: Webhook, account: String, mode: String, venues: String, cell: StatusCell) {
        self.account = account
        self.mode = mode
        self.venues = venues
        self.cell = cell
        self.webhook = webhook
        sender = AlertSender { message throws(WebhookFault) in try webhook.post(message) }
    }

    /// The address of the configuration; nil where there is none.
    static func webhook(_ context: CommandContext, _ configuration: Configuration) throws(CommandFailure) -> Webhook? {
        guard let file = configuration.path("alerts.webhook_url_file", home: context.home) else { return nil }
        do throws(WebhookFault) {
            // A receiver on this machine has the same throwaway authority as the loopback venues.
            return try Webhook(
                file: file, userAgent: "arb/\(BuildInfo.version)",
                loopbackAuthority: configuration.path("venues.kalshi.extra_ca_file", home: context.home))
        } catch {
            throw CommandFailure(
                error.isPermission ? .permissions : .configuration, error.code,
                "alerts.webhook_url_file: \(error.text)",
                fix: "one https URL in a file of mode 0600; then: arb alert test")
        }
    }

    func take(_ event: BackOffice.Event) {
        let now = NanoClock().now()
        switch event {
        case .decision(.trade(.alert(let alert)), _):
            post(alert.code, alert.isCritical, alert.pair?.name, alert.text, Self.next(alert), now)
        case .decision(.trade(.breaker(let event)), _) where event.kind == .opened:
            post(
                "E_EXEC_CIRCUIT_OPEN", true, nil, "breaker \(event.text): entries stop, closes and cancels go on",
                "arb status", now)
        case .ledgerFailed(let words):
            post("E_STORE_IO", true, nil, "the ledger cannot be written, entries stop: \(words)", "arb status", now)
        case .diskFull(let words):
            post(
                "E_STORE_FULL", true, nil,
                "the disk is full; entries stop, closes go on in the room kept for them: \(words)",
                "df -h; arb status", now)
        case .decision: break
        }
    }

    private static func next(_ alert: TradeAlert) -> String {
        switch alert.code {
        case "E_EXEC_BROKER_TIMEOUT": "arb orders --state unknown"
        case "E_EXEC_CLOSE_FAILED", "E_EXEC_EXPOSED": "arb close-exposure --plan"
        case "E_EXEC_DRIFT", "E_EXEC_FOREIGN": "arb reconcile --explain"
        default: alert.pair.map { "arb status; then arb resume --pair \($0.name)" } ?? "arb status"
        }
    }

    private func post(
        _ code: String, _ isCritical: Bool, _ pair: String?, _ what: String, _ next: String, _ now: Stamp
    ) {
        sender.post(
            AlertMessage(
                code, isCritical: isCritical, pair: pair, account: account, mode: mode, venues: venues, what: what,
                exposure: cell.status?.trader?.exposure.line ?? "UNKNOWN: starting", next: next, at: now.utc),
            at: now.monotonic)
    }

    /// Says again what nobody has acknowledged.
    func look(_ standing: BackOffice.Standing, at now: Stamp) {
        guard let since = standing.criticalSince else { return }
        sender.remind(at: now.monotonic) { first in
            let count = standing.openAlerts
            let words =
                "\(count) \(count == 1 ? "alert waits" : "alerts wait"), a critical one since "
                + "\(since.rfc3339.prefix(19))Z, and nobody has acknowledged"
            return AlertMessage(
                first?.code ?? "E_EXEC_CIRCUIT_OPEN", isCritical: true, pair: first?.pair, account: account, mode: mode,
                venues: venues, what: words + (first.map { ": \($0.what)" } ?? ""),
                exposure: cell.status?.trader?.exposure.line ?? "UNKNOWN: starting",
                next: "arb alert list; arb alert ack NUMBER", at: now.utc)
        }
    }

    /// How telling goes, in words; nil while nothing is wrong with it.
    var remark: String? {
        let standing = sender.standing
        guard standing.lost > 0 || !standing.fault.isEmpty else { return nil }
        let lost = standing.lost > 0 ? "\(standing.lost) not delivered" : "late"
        return "alerts to \(webhook.host): \(lost)"
            + (standing.fault.isEmpty ? "; the newest one was" : ", \(standing.fault)")
    }

    func finish() {
        sender.finish(patience: Self.patience)
        webhook.close()
    }
}
