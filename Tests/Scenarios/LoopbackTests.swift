import Foundation
import Glibc
import TestKit
import Testing

/// The whole program over real TLS sockets, against venues that know what they planted. Serial: they share two cores.
@Suite("Loopback venues over TLS", .serialized)
struct LoopbackTests {
    @Test("what was planted is found, nothing else is logged, and the recording decides the same again")
    func findsAndReplays() throws {
        let place = try Workplace()
        let demo = try Program("arb-sim").run(
            ["demo", "--for", "8s", "--seed", "5", "--pairs", "8", "--record", "run.ndjson"], in: place.url)
        // Its own comparison with the truth: 6 on a miss or a phantom.
        #expect(demo.status == 0, "\(demo.out) \(demo.err)")
        let figures = demo.out.matches(of: /planted ([0-9]+) opportunities while arb watched; arb found ([0-9]+)/)
        let planted = try #require(figures.first.flatMap { Int($0.output.1) }, "\(demo.out)")
        #expect(planted > 0 && figures.first?.output.1 == figures.first?.output.2)
        #expect(demo.out.contains("Phantoms (logged where there was nothing): 0."))
        let arb = try Program("arb")
        let replay = try arb.run(["replay", "run.ndjson", "--verify", "--json", "--decisions", "d1"], in: place.url)
        #expect(replay.status == 0, "\(replay)")
        let result = try #require(try objects(replay.out).first)
        #expect(result["recorded"] as? String == "equal" && result["whole"] as? Bool == true)
        #expect((result["decisions"] as? Int ?? 0) > 0)
        _ = try arb.run(["replay", "run.ndjson", "--decisions", "d2"], in: place.url)
        let decisions = try Data(contentsOf: URL(filePath: place.path("d1")))
        let again = try Data(contentsOf: URL(filePath: place.path("d2")))
        #expect(!decisions.isEmpty && decisions == again)
        for decision in try objects(String(decoding: decisions, as: UTF8.self)) {
            #expect((decision["schema"] as? String)?.hasPrefix("arb.") == true)
        }
    }

    @Test("a run tells its events as JSON lines and ends by itself, by signal, and by the end of its time alike")
    func events() throws {
        let venues = try Venues(seed: 2)
        let running = try venues.start("run", "--json")
        #expect(running.waitForOutput { $0.contains("\"phase\":\"born\"") }, "no opportunity within 20 s")
        let second = try venues.run("run", "--for", "1s")
        #expect(second.status == 75, "\(second)")
        running.signal(SIGTERM)
        let outcome = running.wait()
        #expect(outcome.status == 0 && !outcome.isSignalled, "\(outcome.err)")
        let events = try objects(outcome.out)
        #expect(events.first?["event"] as? String == "started" && events.last?["event"] as? String == "stopped")
        #expect(events.allSatisfy { $0["schema"] is String && $0["mode"] as? String == "dry-run" })
        #expect(events.allSatisfy { $0["venues"] as? String == "loopback" })
        let born = events.filter { $0["phase"] as? String == "born" }
        let ended = events.filter { $0["phase"] as? String == "ended" }
        #expect(!born.isEmpty && born.count == ended.count)
        #expect(events.last?["opportunities_seen"] as? Int == born.count)
        let listed = try venues.run("opportunities", "--json")
        #expect(listed.lines.count == born.count)
    }

    @Test("a recording that is killed replays up to the cut and says where; the ledger opens; the account is free")
    func killed() throws {
        let venues = try Venues(seed: 3)
        let running = try venues.start("record", "--json", "--out", "cut.ndjson")
        #expect(running.waitForOutput { $0.contains("\"phase\":\"ended\"") }, "no opportunity ended within 20 s")
        running.signal(SIGKILL)
        let outcome = running.wait()
        #expect(outcome.isSignalled && outcome.status == SIGKILL)
        let text = try String(contentsOfFile: venues.place.path("cut.ndjson"), encoding: .utf8)
        let lines = text.split(separator: "\n").count
        #expect(lines > 50)
        let first = try venues.replay("cut.ndjson", "--json", "--decisions", "d1")
        #expect(first.status == 1)
        let place = try #require(first.err.firstMatch(of: /E_CAP_TRUNCATED cut\.ndjson:([0-9]+): .*\(byte ([0-9]+)\)/))
        #expect(abs((Int(place.output.1) ?? 0) - lines) <= 1, "\(first.err)")
        let result = try #require(try objects(first.out).first)
        #expect(result["whole"] as? Bool == false && result["recorded"] as? String == "unknown")
        #expect((result["inputs"] as? Int ?? 0) >= lines - 2)
        // The same twice, and never passed off as verified.
        let second = try venues.replay("cut.ndjson", "--json", "--verify")
        #expect(second.status != 0)
        #expect(try objects(second.out).first?["decisions_sha256"] as? String == result["decisions_sha256"] as? String)
        // Whatever the killed run had decided and written down is what the replay decides.
        let decisions = try objects(try String(contentsOfFile: venues.place.path("d1"), encoding: .utf8))
        let replayed = Set(decisions.compactMap { $0["id"] as? Int })
        let ledger = try venues.run("opportunities", "--json")
        #expect(ledger.status == 0, "\(ledger)")
        let kept = try objects(ledger.out).filter { $0["phase"] as? String == "ended" }
        #expect(!kept.isEmpty)
        let flushed = decisions.last?["born_ns"] as? Int ?? 0
        for row in kept where (row["born_ns"] as? Int ?? .max) < flushed {
            #expect(replayed.contains(row["id"] as? Int ?? -1), "\(row)")
        }
        #expect(try venues.run("run", "--for", "1s").status == 0)
    }

    @Test("pairs check reads both venues, says what it found of each pair, and of the chosen ones alone")
    func pairsCheck() throws {
        let venues = try Venues(seed: 4)
        // Markets pause and change their grids as they like; that is said, and is all that may be wrong with these.
        func lasting(_ finding: [String: Any]) -> [String] {
            (finding["problems"] as? [String] ?? []).filter { !$0.contains("paused") && !$0.contains("no book (") }
        }
        let all = try venues.run("pairs", "check", "--for", "3s", "--json")
        let findings = try objects(all.out)
        #expect(findings.count == 8, "6 pairs and 2 sets")
        #expect(findings.allSatisfy { lasting($0).isEmpty && $0["schema"] as? String == "arb.pair-check/1" }, "\(all)")
        #expect(findings.contains { $0["may_trade"] as? Bool == true })
        #expect(all.status == (findings.contains { $0["may_trade"] as? Bool == false } ? 6 : 0))
        let file = venues.place.path("v/Markets/loopback.toml")
        let good = try String(contentsOfFile: file, encoding: .utf8)
        // Another rule text, the other polarity, a market that the venue does not list.
        var parts = good.components(separatedBy: "[[pair]]")
        let hash = try #require(parts[1].firstMatch(of: /rules_sha256 = "[0-9a-f]{64}"/)).output
        parts[1] = parts[1].replacing(hash, with: "rules_sha256 = \"\(String(repeating: "0", count: 64))\"")
        parts[2] = parts[2].replacing("ticker = \"KXSIM", with: "ticker = \"KXNONE")
        try venues.place.write("v/Markets/loopback.toml", parts.joined(separator: "[[pair]]"))
        let mixed = try venues.run("pairs", "check", "loop-0", "loop-1", "loop-2", "--for", "3s", "--json")
        #expect(mixed.status == 6, "\(mixed)")
        let found = try objects(mixed.out)
        #expect(found.map { $0["id"] as? String } == ["loop-0", "loop-1", "loop-2"])
        let problems = found.map { lasting($0).joined(separator: "; ") }
        #expect(problems[0].contains("rule text is not the one"), "\(problems)")
        #expect(problems[1].contains("E_REF_NOT_FOUND"), "\(problems)")
        #expect(problems[2].isEmpty, "\(problems)")
        let text = try venues.run("pairs", "check", "loop-0", "--for", "2s")
        #expect(text.status == 6 && text.out.hasPrefix("WARN loop-0\n") && text.lines.allSatisfy { $0.count <= 80 })
    }
}
