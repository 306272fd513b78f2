import Foundation
import Server
import Simulators
import Store
import Synchronization
import TestKit
import Testing
import Threading
import Trading

/// Alerts that leave the machine, against a receiver of our own.
@Suite("Alerts", .serialized)
struct AlertTests {
    /// A receiver: answers by status, or not at all.
    private final class Receiver: Sendable {
        let bodies = Mutex<[String]>([])
        private let server = Mutex<WebServer?>(nil)

        init(_ certificate: String, _ key: String, status: Int = 200, silent: Bool = false) throws {
            let made = try WebServer(
                certificate: certificate, key: key,
                handlers: .init(request: { [self] request in
                    bodies.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
                    return silent ? .later : .init(status: status, body: Array("secret-path quoted".utf8))
                }))
            server.withLock { $0 = made }
        }

        var port: Int { server.withLock { $0?.port ?? 0 } }
        func stop() { server.withLock { $0 }?.stop() }
    }

    private static func hook(_ place: Workplace, _ url: String, mode: Int = 0o600) throws {
        try? FileManager.default.removeItem(atPath: place.path("hook.url"))
        try place.write("hook.url", url + "\n")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: place.path("hook.url"))
    }

    @Test(
        "alert test: delivered, refused, hanging, nobody there, no file, a bad one: each has its code; the URL is never said"
    )
    func test() throws {
        let desk = try Desk()
        let authority = try ThrowawayCA(folder: desk.place.url.path)
        try desk.place.write(
            "arb.toml",
            Desk.configuration.replacing(
                "private_key_file = \"kalshi.pem\"",
                with: "private_key_file = \"kalshi.pem\"\nextra_ca_file = \"ca.pem\"")
                + "[alerts]\nwebhook_url_file = \"hook.url\"\n")
        func test(_ url: String, mode: Int = 0o600) throws -> Program.Outcome {
            try Self.hook(desk.place, url, mode: mode)
            let outcome = try desk.run("alert", "test", "--json")
            #expect(!(outcome.out + outcome.err).contains("secret-path"), "\(outcome.out) \(outcome.err)")
            return outcome
        }
        #expect(try desk.run("alert", "test").status == 78, "no file")
        let receiver = try Receiver(authority.certificate, authority.key)
        let url = "https://127.0.0.1:\(receiver.port)/secret-path"
        let delivered = try test(url)
        #expect(delivered.status == 0 && delivered.out.contains("\"delivered\":true"), "\(delivered.err)")
        #expect(receiver.bodies.withLock { $0 }.first?.contains("\"account\":\"test\"") == true)
        #expect(try test(url, mode: 0o644).status == 77)
        receiver.stop()
        let gone = try test(url)
        #expect(gone.status == 69 && gone.err.contains("E_NET_CONNECT"), "\(gone.err)")
        for text in ["", "http://127.0.0.1/secret-path", "https://api.telegram.org/secret-path"] {
            let wrong = try test(text)
            #expect(wrong.status == 78 || text.isEmpty, "\(text): \(wrong.status) \(wrong.err)")
            #expect(wrong.err.contains("E_CTL_WEBHOOK_URL"), "\(text): \(wrong.err)")
        }
        let refusing = try Receiver(authority.certificate, authority.key, status: 404)
        let refused = try test("https://127.0.0.1:\(refusing.port)/secret-path")
        #expect(refused.status == 69 && refused.err.contains("E_CTL_WEBHOOK") && refused.err.contains("404"))
        refusing.stop()
        let hanging = try Receiver(authority.certificate, authority.key, silent: true)
        let late = try test("https://127.0.0.1:\(hanging.port)/secret-path")
        #expect(late.status == 69 && late.err.contains("E_NET_TIMEOUT"), "\(late.err)")
        hanging.stop()
    }

    @Test("a live run tells a critical alert within 5 s; a receiver that hangs is said in status and holds nothing up")
    func live() throws {
        let desk = try LiveDesk(pairs: 4)
        let path = desk.place.path("v/arb.toml")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("[alerts]", with: "[alerts]\nwebhook_url_file = \"../hook.url\"").write(
            toFile: path, atomically: true, encoding: .utf8)
        let (certificate, key) = (desk.place.path("v/server.pem"), desk.place.path("v/server.key"))
        let receiver = try Receiver(certificate, key)
        try Self.hook(desk.place, "https://127.0.0.1:\(receiver.port)/secret-path")
        let run = try desk.trade()
        try #require(desk.waitForFills(run, 1), "\(run.output.suffix(800))")
        #expect(try desk.run("halt", "--reason", "fire drill").status == 0)
        let end = NanoClock.monotonic() + .seconds(30)
        func told() -> [String] { receiver.bodies.withLock { $0.filter { $0.contains("halted by the operator") } } }
        while told().isEmpty, NanoClock.monotonic() < end { usleep(20_000) }
        let body = try #require(try objects(told().first ?? "").first, "nothing was told: \(run.output.suffix(500))")
        #expect(body["severity"] as? String == "critical" && body["account"] as? String == "loopback")
        receiver.stop()
        #expect(try desk.run("resume").status == 0)
        #expect(try desk.run("halt").status == 0)
        let status = try desk.waitForStatus { status in
            (status["remarks"] as? [String] ?? []).contains { $0.contains("alerts to 127.0.0.1") }
        }
        #expect(status != nil, "a failure to deliver is not said")
        let asked = NanoClock.monotonic()
        run.signal(SIGTERM)
        let outcome = run.wait()
        let took = (NanoClock.monotonic() - asked).rawValue / 1_000_000_000
        #expect(!outcome.isSignalled && took < 16, "\(took) s: \(outcome.err.suffix(500))")
        #expect(!(outcome.out + outcome.err).contains("secret-path"))
    }

    @Test("a second instance is refused with 75, and the one that runs tells its operator of it, once however often")
    func secondInstance() throws {
        let desk = try LiveDesk(pairs: 2)
        let path = desk.place.path("v/arb.toml")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("[alerts]", with: "[alerts]\nwebhook_url_file = \"../hook.url\"").write(
            toFile: path, atomically: true, encoding: .utf8)
        let receiver = try Receiver(desk.place.path("v/server.pem"), desk.place.path("v/server.key"))
        defer { receiver.stop() }
        try Self.hook(desk.place, "https://127.0.0.1:\(receiver.port)/secret-path")
        func told() -> [String] { receiver.bodies.withLock { $0.filter { $0.contains("E_STORE_LOCKED") } } }
        func wait(for count: Int) {
            let end = NanoClock.monotonic() + .seconds(30)
            while told().count < count, NanoClock.monotonic() < end { usleep(20_000) }
        }
        let words = ["run", "--config", "v/arb.toml", "--live", "--confirm-account", "loopback", "--for", "5s"]
        let run = try desk.trade()
        try #require(desk.waitForFile(desk.state + "/control.sock"), "\(run.output.suffix(800))")
        for _ in 0..<2 {
            let second = try desk.arb.run(words, in: desk.place.url)
            #expect(second.status == 75 && second.err.contains("it was told of this attempt"), "\(second.err)")
        }
        wait(for: 1)
        let body = try #require(try objects(told().first ?? "").first)
        #expect(body["severity"] as? String == "critical" && (body["did"] as? String)?.contains("was refused") == true)
        let alerts = try objects(try desk.run("alert", "list", "--json").out)
        #expect(alerts.filter { $0["code"] as? String == "E_STORE_LOCKED" }.count == 1, "\(alerts)")
        run.signal(SIGTERM)
        _ = run.wait()
        #expect(told().allSatisfy { !$0.contains("does not answer") })

        // What holds the account is no daemon: the refused one tells by itself.
        let before = told().count
        let held = try StateFolder(root: desk.place.path("v/state"), account: "loopback")
        let second = try desk.arb.run(words, in: desk.place.url)
        #expect(second.status == 75 && second.err.contains("an alert was sent"), "\(second.err)")
        wait(for: before + 1)
        #expect(told().last?.contains("does not answer at its socket") == true)
        withExtendedLifetime(held) {}
    }
}
