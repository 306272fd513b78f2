import Synchronization
import Testing
import Threading
import Trading

@testable import Control

@Suite("AlertSender")
struct AlertSenderTests {
    /// What was carried, and what the next tries meet.
    private final class Post: Sendable {
        let carried = Mutex<[String]>([])
        let refusals = Mutex<[WebhookFault]>([])
        let gate: Semaphore?
        let entered = Semaphore()

        init(_ refusals: [WebhookFault] = [], gate: Semaphore? = nil) {
            self.refusals.withLock { $0 = refusals }
            self.gate = gate
        }

        func carry(_ message: AlertMessage) throws(WebhookFault) {
            entered.signal()
            gate?.wait()
            carried.withLock { $0.append(message.what) }
            if let fault = refusals.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw fault }
        }
    }

    private func sender(_ post: Post) -> AlertSender {
        AlertSender(pauses: [.milliseconds(1), .milliseconds(1)]) { message throws(WebhookFault) in
            try post.carry(message)
        }
    }

    private func message(_ what: String, critical: Bool = false, code: String = "E_EXEC_DRIFT") -> AlertMessage {
        AlertMessage(
            code, isCritical: critical, pair: "fed", account: "main", mode: "live", venues: "loopback", what: what,
            exposure: "EXPOSED $12.30", next: "arb status", at: UTCNanos(rawValue: 1_700_000_000_000_000_000))
    }

    private func at(_ seconds: Int64) -> MonotonicNanos { MonotonicNanos(rawValue: 0) + .seconds(seconds) }

    @Test("a warning is told once per cause in a quarter of an hour; a critical alert each time")
    func causes() {
        let post = Post()
        let sender = sender(post)
        for second in [0, 1, 899, 900] as [Int64] { sender.post(message("w\(second)"), at: at(second)) }
        sender.post(message("other", code: "E_EXEC_FOREIGN"), at: at(1))
        for second in [0, 1] as [Int64] { sender.post(message("c\(second)", critical: true), at: at(second)) }
        sender.finish(patience: .seconds(20))
        #expect(post.carried.withLock { $0 } == ["w0", "w900", "other", "c0", "c1"])
        #expect(
            sender.standing
                == {
                    var all = AlertSender.Standing(); all.delivered = 5; return all
                }())
    }

    @Test("what is nobody's fault is tried three times and given up; what cannot help is not; then the next is carried")
    func retries() {
        let slow = WebhookFault("E_NET_TIMEOUT", "hook: late", mayRetry: true)
        let post = Post([slow, slow, slow, WebhookFault("E_CTL_WEBHOOK", "hook answered 404"), slow])
        let sender = sender(post)
        for name in ["a", "b", "c"] { sender.post(message(name, critical: true), at: at(0)) }
        sender.finish(patience: .seconds(20))
        #expect(post.carried.withLock { $0 } == ["a", "a", "a", "b", "c", "c"])
        #expect(sender.standing.delivered == 1 && sender.standing.lost == 2 && sender.standing.fault.isEmpty)
    }

    @Test(
        "a receiver that hangs holds nobody up: posting returns, the queue has an end, what is lost is counted and said"
    )
    func hanging() {
        let gate = Semaphore()
        let post = Post(gate: gate)
        let sender = sender(post)
        sender.post(message("first", critical: true), at: at(0))
        post.entered.wait()
        for number in 0..<200 { sender.post(message("\(number)", critical: true), at: at(0)) }
        #expect(sender.standing.lost == 200 - 64 && sender.standing.fault.contains("64"))
        gate.signal()
        post.entered.wait()
        let ending = Worker(name: "ending") { sender.finish(patience: .zero) }
        // However many still get out before the end: none is unaccounted for.
        for _ in 0..<70 { gate.signal() }
        ending.join()
        #expect(sender.standing.delivered + sender.standing.lost == 201 && sender.standing.delivered <= 65)
    }

    @Test("unseen critical alerts are told again once a minute, in the words of the newest")
    func reminders() {
        let post = Post()
        let sender = sender(post)
        func remind(_ second: Int64) {
            sender.remind(at: at(second)) { first in message("again: \(first?.what ?? "?")", critical: true) }
        }
        remind(0)
        remind(59)
        remind(60)
        sender.post(message("new", critical: true), at: at(61))
        remind(100)
        remind(121)
        remind(181)
        sender.finish(patience: .seconds(20))
        #expect(
            post.carried.withLock { $0 } == ["again: ?", "again: again: ?", "new", "again: new", "again: new"])
    }

    @Test("a message has account, mode, what happened, exposure and the next command, in the form of each service")
    func forms() {
        let message = message("closed\u{1B}[31m\nnothing", critical: true)
        #expect(message.text.hasPrefix("CRITICAL [main live venues=loopback] E_EXEC_DRIFT fed\nEXPOSED $12.30\n"))
        #expect(message.text.contains("next: arb status") && !message.text.contains("\u{1B}"))
        let slack = String(decoding: message.body(for: .slack), as: UTF8.self)
        #expect(slack.hasPrefix("{\"text\":\"CRITICAL") && !slack.contains("schema"))
        let telegram = String(decoding: message.body(for: .telegram(chat: "-42")), as: UTF8.self)
        #expect(telegram.hasPrefix("{\"chat_id\":\"-42\",\"text\":"))
        let plain = String(decoding: message.body(for: .plain), as: UTF8.self)
        #expect(plain.contains("\"schema\":\"arb.alert/1\"") && plain.contains("\"severity\":\"critical\""))
    }
}
