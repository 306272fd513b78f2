import Control
import Foundation
import Glibc
import Store
import TestKit
import Testing
import Threading
import Trading

/// What a person says of a pair, and what a run that goes on makes of it.
@Suite("pairs approve and suspend", .serialized)
struct PairsReviewTests {
    @Test(
        "without a run the file is written, nothing else of it changed; what may not be approved is refused and not written"
    )
    func alone() throws {
        let desk = try Desk()
        let path = desk.place.path("Markets/fed.toml")
        func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
        let suspended = try desk.run("pairs", "suspend", "fed-dec-cut", "--json")
        #expect(suspended.status == 0 && suspended.out.contains("\"status\":\"suspended\""), "\(suspended.err)")
        #expect(try text() == Desk.pairs.replacing("\"approved\"", with: "\"suspended\""))
        let approved = try desk.run("pairs", "approve", "fed-dec-cut", "--by", "cd", "--note", "read both")
        #expect(approved.status == 0 && approved.out.contains("APPROVED"), "\(approved.err)")
        #expect(try text().contains("by = \"cd\"") && text().contains("status = \"approved\""))
        let before = try text()
        let unpinned = try desk.run("pairs", "approve", "fed-dec-outcomes", "--by", "cd")
        #expect(unpinned.status == 78 && unpinned.err.contains("rules_sha256"), "\(unpinned.status) \(unpinned.err)")
        let missing = try desk.run("pairs", "suspend", "fed-dec-cot")
        #expect(missing.status == 1 && missing.err.contains("did you mean 'fed-dec-cut'"), "\(missing.err)")
        #expect(try text() == before)
    }

    @Test(
        "a run takes no entry of a suspended pair, past resume too, until it is approved again; a restart takes up what is open"
    )
    func running() throws {
        let desk = try LiveDesk(pairs: 1)
        let run = try desk.trade()
        try #require(desk.waitForFills(run, 1), "\(run.output.suffix(800))")
        let pair = try #require(try desk.json("pairs", "list")["id"] as? String)
        let suspended = try desk.run("pairs", "suspend", pair, "--reason", "odd")
        #expect(suspended.status == 0 && suspended.out.contains("no entry"), "\(suspended.err)")
        let stops = try desk.waitForStatus { "\($0["stops"] ?? "")".contains("suspended by") }
        #expect(stops != nil, "status does not say it")
        #expect(try desk.run("resume").status == 0)
        let count = try desk.accepted().count
        usleep(2_500_000)
        #expect(try desk.accepted().count == count, "entries go on")
        #expect(try desk.run("pairs", "approve", pair).status == 0)
        #expect(
            run.waitForOutput(seconds: 30) { _ in (try? desk.accepted().count > count) ?? false }, "none comes back")
        #expect(try desk.run("pairs", "suspend", pair).status == 0)
        run.signal(SIGTERM)
        _ = run.wait()
        // Live needs one approved pair; the run that follows is of paper's kind: nothing of its own is in the way.
        let status = try desk.run("pairs", "list", "--json")
        #expect(status.out.contains("\"status\":\"suspended\""))
        let rows = try Ledger.reader(path: desk.state + "/ledger.db").halts()
        #expect(rows.count { $0.action == "pairs-suspend" } == 2 && rows.contains { $0.action == "pairs-approve" })
    }

    @Test("P22: three runs that ended without a word within ten minutes: the next one stays halted, until resume")
    func crashLoop() throws {
        let desk = try LiveDesk(pairs: 2)
        for _ in 0..<3 {
            let run = try desk.trade()
            try #require(run.waitForOutput(seconds: 30) { $0.contains("heartbeat") }, "\(run.output.suffix(500))")
            run.signal(SIGKILL)
            _ = run.wait()
        }
        let count = try desk.accepted().count
        let halted = try desk.trade(["--for", "3s"]).wait()
        #expect(halted.err.contains("3 runs ended without a word") && desk.latch.isSet, "\(halted.err.suffix(500))")
        #expect([2, 3, 4].contains(halted.status))
        #expect(try desk.accepted().count == count)
        #expect(try desk.run("resume", "--accept-exposure", "--reason", "a bad cable").status == 0)
        let again = try desk.trade(["--for", "2s"]).wait()
        #expect(!again.err.contains("without a word") && !desk.latch.isSet, "\(again.err.suffix(500))")
    }

    @Test(
        "P21: a hot lane that stands still is found within 10 s: the process says so and ends with 70"
    )
    func stall() throws {
        let desk = try LiveDesk(pairs: 2)
        let run = try desk.trade()
        try #require(desk.waitForFills(run, 1), "\(run.output.suffix(800))")
        // The hot lane is the first thread: a debugger stops it alone, until the others are gone.
        let script = """
            import ctypes, os, time
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.ptrace(16, \(run.identifier), None, None) != 0: os._exit(3)
            end = time.time() + 20
            while time.time() < end and len(os.listdir("/proc/\(run.identifier)/task")) > 1: time.sleep(0.05)
            """
        let stopper = Process()
        stopper.executableURL = URL(filePath: "/usr/bin/python3")
        stopper.arguments = ["-c", script]
        let asked = NanoClock.monotonic()
        guard (try? stopper.run()) != nil else { return print("skipped: no python3 here") }
        stopper.waitUntilExit()
        guard stopper.terminationStatus == 0 else { return print("skipped: no thread can be stopped here") }
        let took = (NanoClock.monotonic() - asked).rawValue / 1_000_000
        let end = run.wait()
        print("P21: a stalled hot lane was found after \(took) ms, exit \(end.status)")
        #expect(end.status == 70 && took < 11_000, "\(took) ms, \(end.status)")
        #expect(end.err.contains("hot lane has not answered"), "\(end.err.suffix(400))")
    }
}
