import Control
import Foundation
import Glibc
import Store
import TestKit
import Testing
import Threading
import Trading

/// Everything that a live run must not start with, or not go past: each has its exit code and its words.
@Suite("Bad input of a live run", .serialized)
struct BadInputTests {
    /// A file of the folder as an operator may have got it wrong.
    private static func edit(_ desk: LiveDesk, _ file: String, _ change: (String) -> String) throws {
        let path = desk.place.path(file)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try change(text).write(toFile: path, atomically: true, encoding: .utf8)
    }

    private static func overwrite(_ path: String, at offset: Int, _ count: Int) throws {
        let file = try #require(fopen(path, "r+"))
        defer { fclose(file) }
        fseek(file, offset, SEEK_SET)
        var bytes = [UInt8](repeating: 0xA5, count: count)
        fwrite(&bytes, 1, count, file)
    }

    private func start(_ desk: LiveDesk, _ more: [String] = ["--for", "3s"]) throws -> Program.Outcome {
        try desk.trade(more).wait()
    }

    @Test("limits, ceilings, approvals, names and modes: 78, with the key or the file that is wrong")
    func configuration() throws {
        let desk = try LiveDesk(pairs: 2)
        let original = try String(contentsOfFile: desk.place.path("v/arb.toml"), encoding: .utf8)
        func refused(_ from: String, _ to: String, _ words: String) throws {
            #expect(original.contains(from), "\(from)")
            try Self.edit(desk, "v/arb.toml") { _ in original.replacing(from, with: to) }
            let outcome = try start(desk)
            #expect(outcome.status == 78 && outcome.err.contains(words), "\(from): \(outcome.status) \(outcome.err)")
            #expect(try desk.accepted().isEmpty)
        }
        for limit in ["max_open_usd", "max_daily_loss_usd", "max_one_leg_loss_usd", "unwind_reserve_usd"] {
            let line = try #require(original.split(separator: "\n").first { $0.hasPrefix(limit) })
            try refused(String(line), "", "risk.\(limit) is missing")
        }
        try refused("max_open_usd = \"50000\"", "max_open_usd = \"99999999999\"", "10000000")
        try refused("max_open_usd = \"50000\"", "max_open_us = \"50000\"", "max_open_usd")
        try Self.edit(desk, "v/arb.toml") { _ in original }
        let unnamed = try desk.arb.run(["run", "--live", "--config", "v/arb.toml"], in: desk.place.url)
        #expect(unnamed.status == 78 && unnamed.err.contains("--confirm-account loopback"), "\(unnamed.err)")
        let wrong = try desk.arb.run(
            ["run", "--live", "--confirm-account", "main", "--config", "v/arb.toml"], in: desk.place.url)
        #expect(wrong.status == 78 && wrong.err.contains("'loopback', not 'main'"), "\(wrong.err)")
        try Self.edit(desk, "v/Markets/loopback-0.toml") { $0.replacing("\"approved\"", with: "\"proposed\"") }
        let proposed = try start(desk)
        #expect(proposed.status == 78 && proposed.err.contains("no pair is approved"), "\(proposed.err)")
    }

    @Test("V26: rule text that is not the approved one: nothing of that pair is sent, and it says so")
    func rules() throws {
        let desk = try LiveDesk(pairs: 2)
        try Self.edit(desk, "v/Markets/loopback-0.toml") { text in
            text.replacing(#/rules_sha256 = "[0-9a-f]{8}/#) { _ in "rules_sha256 = \"00000000" }
        }
        let outcome = try start(desk, ["--for", "8s"])
        #expect(outcome.status == 0, "\(outcome.err.suffix(500))")
        #expect(outcome.out.contains("rules_changed"), "no opportunity was held back: \(outcome.out.suffix(800))")
        #expect(try desk.accepted().isEmpty)
    }

    @Test("P18: a damaged record is refused by its place (78); doctor --recover puts it aside and holds until resume")
    func damage() throws {
        let desk = try LiveDesk(pairs: 4)
        let first = try desk.trade()
        try #require(desk.waitForFills(first, 2), "\(first.output.suffix(800))")
        first.signal(SIGTERM)
        _ = first.wait()
        try Self.overwrite(desk.state + "/intents.log", at: 9_000, 40)
        let log = try start(desk)
        #expect(log.status == 78 && log.err.contains("record") && log.err.contains("doctor --recover"), "\(log.err)")
        try Self.overwrite(desk.state + "/ledger.db", at: 4_096, 40_000)
        let ledger = try start(desk)
        #expect(ledger.status == 78 && ledger.err.contains("ledger.db.bak"), "\(ledger.err)")
        #expect(try desk.run("status").status == 3)
        let mended = try desk.run("doctor", "--recover")
        #expect(mended.status == 0 && mended.out.contains("MENDED") && mended.out.contains("HALTED"), "\(mended.err)")
        #expect(mended.out.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(mended.out)")
        let names = try FileManager.default.contentsOfDirectory(atPath: desk.state)
        #expect(names.contains { $0.hasPrefix("ledger.db.damaged-") })
        #expect(names.contains { $0.hasPrefix("intents.log.damaged-") })
        #expect(try !Ledger.reader(path: desk.state + "/ledger.db").executions().isEmpty, "the copy has what was done")
        let again = try desk.run("doctor", "--recover")
        #expect(again.status == 0 && again.out.contains("nothing is damaged"), "\(again.out)")
        let count = try desk.accepted().count
        let halted = try start(desk, ["--for", "4s"])
        #expect(
            halted.status == 2 && halted.err.contains("HALTED") && halted.err.contains("reconcile"), "\(halted.err)")
        #expect(try desk.accepted().count == count)
        #expect(try desk.run("resume", "--reason", "looked").status == 0)
    }

    @Test("a halt of another machine, of nobody, and one that is no file: each holds a live run, and says whose it is")
    func foreignHalts() throws {
        let desk = try LiveDesk(pairs: 2)
        _ = try persist { try StateFolder(root: desk.place.path("v/state"), account: "loopback") }
        let halt = desk.state + "/halt"
        var elsewhere = HaltNotice.here(account: "loopback", reason: "theirs", at: UTCNanos(rawValue: 1))
        elsewhere.host = "another-host"
        _ = desk.latch.set(elsewhere, file: halt)
        let other = try start(desk)
        #expect(other.status == 2 && other.err.contains("another-host"), "\(other.status) \(other.err)")
        #expect(try desk.json("status")["halted"] as? String ?? "" != "")
        try desk.latch.clear()
        try FileManager.default.createDirectory(atPath: halt, withIntermediateDirectories: true)
        let folder = try start(desk)
        #expect(folder.status == 2 && folder.err.contains("it is no file"), "\(folder.status) \(folder.err)")
        try FileManager.default.removeItem(atPath: halt)
        #expect(try desk.accepted().isEmpty)
    }

    @Test("H07: the daemon refuses resume while an order is unknown (3), names it, and takes a reason")
    func unknown() throws {
        let desk = try LiveDesk(pairs: 4, faults: "N01-lost@polymarket/create:1")
        let run = try desk.trade()
        let status = try desk.waitForStatus(seconds: 60) { ($0["unknown_legs"] as? Int ?? 0) > 0 }
        try #require(status != nil, "nothing became unknown: \(run.output.suffix(1_000))")
        #expect(status?["exit_code"] as? Int == 3)
        #expect(try desk.run("halt").status == 0)
        let refused = try desk.run("resume", "--reason", "because")
        #expect(refused.status == 3 && refused.err.contains("UNKNOWN") && desk.latch.isSet, "\(refused.err)")
        let sweep = try desk.run("close-exposure", "--plan")
        #expect(sweep.status == 3 && sweep.out.contains("--assume-unfilled"), "\(sweep.out)")
        let bare = try desk.run("resume", "--accept-exposure")
        #expect(bare.status == 64)
        let taken = try desk.run("resume", "--accept-exposure", "--reason", "counted by hand")
        #expect(taken.status == 0 && taken.out.contains("UNKNOWN"), "\(taken.out) \(taken.err)")
        #expect(!desk.latch.isSet)
        let row = try Ledger.reader(path: desk.state + "/ledger.db").halts().first
        #expect(row?.acceptedExposure == true && row?.reason == "counted by hand")
        run.signal(SIGTERM)
        let end = run.wait()
        #expect([2, 3, 4].contains(end.status) && !end.isSignalled, "\(end.status)")
    }
}
