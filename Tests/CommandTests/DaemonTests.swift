import Control
import Foundation
import Glibc
import Store
import TestKit
import Testing
import Threading
import Trading

/// A live run and the commands that reach it, each a process of its own, against the loopback venues.
@Suite("The running daemon", .serialized)
struct DaemonTests {
    @Test("status tells what the daemon holds; halt stops within 10 ms and outlives it; resume goes on")
    func haltAndResume() throws {
        let desk = try LiveDesk()
        let run = try desk.trade()
        try #require(desk.waitForFills(run, 3), "nothing was fired: \(run.output.suffix(2_000))")
        let status = try #require(
            try desk.waitForStatus { ($0["executions"] as? Int ?? 0) > 0 && ($0["pid"] as? Int ?? 0) > 0 })
        #expect(status["mode"] as? String == "live" && status["venues_kind"] as? String == "loopback")
        #expect((status["venues"] as? [[String: Any]])?.count == 2)
        // Halted by the signal alone: nothing that is not on its way may leave.
        let asked = NanoClock.utc()
        let halted = try desk.json("halt", "--cancel-all", "--reason", "measured")
        let means = try #require(halted["means"] as? [[String: Any]])
        #expect(means.allSatisfy { $0["done"] as? Bool == true }, "\(means)")
        #expect((means[1]["text"] as? String)?.contains("cancel-all after") == true, "\(means)")
        usleep(500_000)
        let last = try #require(try desk.accepted().max())
        let count = try desk.accepted().count
        // The process that tells needs longer to start than the daemon to stop: measured from its start.
        print("last order \((last - asked).rawValue / 1_000_000) ms after the start of arb halt")
        usleep(1_500_000)
        #expect(try desk.accepted().count == count, "an order left after the halt")
        let stopped = try desk.run("status")
        #expect([2, 3, 4].contains(stopped.status) && stopped.out.contains("measured"), "\(stopped.out)")
        let resumed = try desk.run("resume", "--reason", "well again", "--accept-exposure")
        #expect(resumed.status == 0 && resumed.out.hasPrefix("RESUMED"), "\(resumed.err)")
        #expect(!desk.latch.isSet)
        #expect(try desk.waitForStatus { ($0["halted"] as? String) == "" } != nil)
        let before = try desk.accepted().count
        #expect(run.waitForOutput(seconds: 30) { _ in (try? desk.accepted().count > before) ?? false }, "it went on")
        let rows = try Ledger.reader(path: desk.state + "/ledger.db").halts()
        #expect(rows.contains { $0.action == "halt" && $0.reason == "measured" })
        #expect(rows.first?.action == "resume" && rows.first?.reason == "well again")
        // A second one of the account is refused; the first does not notice.
        let second = try desk.trade()
        let refused = second.wait()
        #expect(refused.status == 75, "\(refused.err)")
        let ending = NanoClock.monotonic()
        run.signal(SIGTERM)
        let end = run.wait()
        let took = (NanoClock.monotonic() - ending).rawValue / 1_000_000
        print("SIGTERM to the end: \(took) ms, exit \(end.status)")
        #expect(!end.isSignalled && took < 11_000 && [0, 2, 3, 4].contains(end.status), "\(end.err.suffix(2_000))")
        let after = try desk.run("status")
        #expect(after.out.contains("no daemon"), "\(after.out)")
    }

    @Test("a touched latch and a bare signal stop a live run; both are latched, and a start afterwards stays halted")
    func latch() throws {
        let desk = try LiveDesk()
        let run = try desk.trade()
        try #require(desk.waitForFills(run, 1), "nothing was fired: \(run.output.suffix(2_000))")
        #expect(FileManager.default.createFile(atPath: desk.state + "/halt", contents: nil))
        let status = try #require(try desk.waitForStatus { ($0["halted"] as? String)?.isEmpty == false })
        #expect((status["halted"] as? String)?.contains("empty") == true)
        usleep(300_000)
        let count = try desk.accepted().count
        usleep(1_500_000)
        #expect(try desk.accepted().count == count)
        #expect(try desk.run("resume", "--reason", "a", "--accept-exposure").status == 0)
        run.signal(SIGUSR1)
        #expect(run.waitForOutput(seconds: 10) { _ in desk.latch.isSet }, "a bare signal is latched")
        run.signal(SIGTERM)
        _ = run.wait()
        let again = try desk.trade(["--for", "4s"])
        let outcome = again.wait()
        #expect([2, 3, 4].contains(outcome.status) && outcome.err.contains("HALTED"), "\(outcome.err.suffix(1_000))")
    }

    @Test("names of orders begin at the second in which the run began: one that lost its ledger takes no used name")
    func names() throws {
        let desk = try LiveDesk()
        let before = UInt64(NanoClock.utc().rawValue / 1_000_000_000)
        let run = try desk.trade()
        try #require(desk.waitForFills(run, 1), "nothing was fired: \(run.output.suffix(2_000))")
        let after = UInt64(NanoClock.utc().rawValue / 1_000_000_000)
        let names = run.output.matches(of: /"cl_ord_id":"([0-9a-f-]{36})"/).compactMap { ClOrdID($0.output.1) }
        #expect(!names.isEmpty)
        for name in names {
            let began = (name.low & 0x3FFF_FFFF_FFFF_FFFF) >> 24
            #expect((before...after).contains(began), "\(name)")
        }
        run.signal(SIGTERM)
        _ = run.wait()
    }

    @Test("a dry run has a socket and a status too, and its halt is a latch like any other")
    func dryRun() throws {
        let desk = try LiveDesk()
        let run = try desk.arb.start(["run", "--config", "v/arb.toml", "--json"], in: desk.place.url)
        defer { run.signal(SIGKILL) }
        let status = try desk.waitForStatus { $0["mode"] as? String == "dry-run" && $0["exit_code"] as? Int == 0 }
        #expect(status?["exposure"] as? String == "flat")
        #expect(try desk.run("halt").status == 0)
        #expect(try desk.waitForStatus { $0["exit_code"] as? Int == 2 } != nil)
        #expect(try desk.run("resume", "--reason", "x").status == 0)
        #expect(try desk.waitForStatus { $0["exit_code"] as? Int == 0 } != nil)
        run.signal(SIGTERM)
        #expect(run.wait().status == 0)
    }

    @Test("what only a person may end is open after kill -9, with the alert and the day's result, until resume")
    func persistence() async throws {
        // Whichever of the first orders the venue fills is filled too far.
        let desk = try LiveDesk(faults: (2...5).map { "V28@polymarket/create:\($0)" }.joined(separator: ","))
        let run = try desk.trade()
        #expect(
            try desk.waitForStatus(seconds: 60) {
                ($0["stops"] as? [[String: Any]])?.contains { $0["scope"] as? String == "breaker:global" } ?? false
            } != nil, "no overfill: \(run.output.suffix(1_500))")
        // What the trader told is in the ledger at once; the process does not get to say more.
        #expect(try desk.waitForStatus { ($0["open_alerts"] as? Int ?? 0) > 0 } != nil)
        let alive = try desk.json("status")
        run.signal(SIGKILL)
        #expect(run.wait().isSignalled)
        try await desk.command(#"{"do":"clear_faults"}"#)
        let ledger = try Ledger.reader(path: desk.state + "/ledger.db")
        #expect(try ledger.openBreakers().contains { $0.scope == "global" && $0.reasons == "overfill" })
        let dead = try desk.json("status")
        #expect(dead["profit_today_usd"] as? String == alive["profit_today_usd"] as? String)
        let log = try #require(try IntentLog.read(path: desk.state + "/intents.log"))
        #expect(log.head > 0 && log.damage.isEmpty)

        let again = try desk.trade()
        let stopped = try #require(
            try desk.waitForStatus(seconds: 30) {
                $0["pid"] as? Int ?? 0 > 0 && ($0["remarks"] as? [String])?.contains("starting") == false
            })
        let scopes = (stopped["stops"] as? [[String: Any]] ?? []).compactMap { $0["scope"] as? String }
        #expect(scopes.contains("breaker:global"), "\(stopped)")
        #expect((stopped["exit_codes"] as? [Int])?.contains(2) == true)
        let alerts = try objects(try desk.run("alert", "list", "--json").out)
        #expect(alerts.contains { $0["severity"] as? String == "critical" })
        let seen = try desk.run("alert", "ack", "all")
        #expect(seen.status == 0, "\(seen.status) \(seen.err)")
        let left = try desk.run("alert", "list")
        #expect(left.out.isEmpty, "\(left.out)")
        usleep(1_500_000)
        let count = try desk.accepted().count
        usleep(1_500_000)
        #expect(try desk.accepted().count == count, "entered behind an open breaker")
        let resumed = try desk.run("resume", "--reason", "understood", "--accept-exposure")
        #expect(resumed.status == 0 && resumed.out.contains("breaker"), "\(resumed.err)")
        #expect(again.waitForOutput(seconds: 30) { _ in (try? desk.accepted().count > count) ?? false }, "it trades")
        #expect(
            again.waitForOutput(seconds: 10) { _ in desk.checkpoint > 0 },
            "the log of intents is told what the ledger has")
        again.signal(SIGTERM)
        let end = again.wait()
        #expect(!end.isSignalled, "\(end.err.suffix(500))")
        #expect(try ledger.openBreakers().isEmpty)
    }

    @Test("P15: a full disk stops entries with its words, goes on, and is no crash; too full to start is 73")
    func fullDisk() throws {
        let desk = try LiveDesk()
        let mount = desk.place.path("small")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        let mounted = try Program.shell("mount -t tmpfs -o size=120m,mode=0700 none '\(mount)'", in: desk.place.url)
        guard mounted.status == 0 else {
            print("skipped: a small tmpfs cannot be mounted here (\(mounted.err.prefix(80)))")
            return
        }
        defer { _ = try? Program.shell("umount -l '\(mount)'", in: desk.place.url) }
        let run = try desk.trade(["--state", mount])
        try #require(desk.waitForFills(run, 1), "nothing was fired: \(run.output.suffix(2_000))")
        _ = try Program.shell("cat /dev/zero > '\(mount)/filler'", in: desk.place.url)
        func status() throws -> [String: Any] {
            let outcome = try desk.run("status", "--json", "--state", mount)
            return try #require(try objects(outcome.out).first, "\(outcome.err)")
        }
        var words = ""
        let deadline = NanoClock.monotonic() + .seconds(40)
        while NanoClock.monotonic() < deadline, !words.contains("disk is full") {
            words = (try status()["stops"] as? [[String: Any]] ?? []).compactMap { $0["reason"] as? String }.joined()
            usleep(200_000)
        }
        #expect(words.contains("the disk is full"), "\(words)")
        let count = try desk.accepted().count
        usleep(1_500_000)
        #expect(try desk.accepted().count <= count + 2, "closes only")
        run.signal(SIGTERM)
        let end = run.wait()
        #expect(!end.isSignalled && end.err.contains("disk is full"), "\(end.status) \(end.err.suffix(800))")
        let refused = try desk.trade(["--state", mount]).wait()
        #expect(refused.status == 73 && refused.err.contains("set aside"), "\(refused.status) \(refused.err)")
    }

    @Test("P25: SIGTERM while an answer is out ends within 10 s, says what is not known, and the next start finds it")
    func termination() throws {
        let desk = try LiveDesk(pairs: 4, faults: "N05@polymarket/create:1")
        let run = try desk.trade()
        #expect(run.waitForOutput(seconds: 60) { _ in (try? !desk.accepted().isEmpty) ?? false }, "nothing was sent")
        let asked = NanoClock.monotonic()
        run.signal(SIGTERM)
        let end = run.wait()
        let took = (NanoClock.monotonic() - asked).rawValue / 1_000_000
        print("SIGTERM while an answer is out: \(took) ms, exit \(end.status)")
        #expect(!end.isSignalled && took < 11_500 && [0, 2, 3, 4].contains(end.status), "\(end.err.suffix(1_000))")
        // Exit 0 only when it is known.
        let recorded = try desk.run("status").status
        #expect(end.status != 0 || recorded == 0, "exit \(end.status), recorded \(recorded)")
        let applied = try desk.run("reconcile", "--apply")
        #expect(applied.err.contains("applied: read both accounts"), "\(applied.out) \(applied.err)")
        let count = try desk.accepted().count
        let again = try desk.trade(["--for", "6s"]).wait()
        #expect(again.status != 3, "\(again.err.suffix(800))")
        #expect(try desk.run("status").status != 3)
        #expect(try desk.accepted().count >= count)
    }

    @Test(
        "reconcile --apply through the daemon: both accounts are read, nothing is ordered for it, the comparison follows"
    )
    func reconcile() throws {
        let desk = try LiveDesk(pairs: 4)
        let run = try desk.trade()
        try #require(desk.waitForFills(run, 2), "\(run.output.suffix(800))")
        #expect(try desk.run("halt", "--reason", "reconcile").status == 0)
        usleep(300_000)
        let count = try desk.accepted().count
        let outcome = try desk.run("reconcile", "--apply")
        #expect(outcome.err.contains("applied: read both accounts"), "\(outcome.status) \(outcome.err)")
        #expect(outcome.err.contains("0 differences"), "\(outcome.out) \(outcome.err)")
        #expect(outcome.status == 0)
        #expect(try desk.accepted().count == count)
        let rows = try Ledger.reader(path: desk.state + "/ledger.db").halts()
        #expect(rows.contains { $0.action == "reconcile" })
        run.signal(SIGTERM)
        _ = run.wait()
    }
}
