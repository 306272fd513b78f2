import Foundation
import Glibc
import TestKit
import Testing
import Trading

/// The whole program over real TLS sockets, against venues that know what they planted. Serial: they share two cores.
@Suite("Loopback venues over TLS", .serialized)
struct LoopbackTests {
    /// How late a busy machine may see what the venues did. Everything that was sent is seen, if late.
    private static let slack = Nanoseconds.milliseconds(3_000)

    private struct Edge {
        let pair: String
        let direction: String
        let from: UTCNanos
        let until: UTCNanos
        let isTaken: Bool
        /// A message that ended it was on its way at its birth: the run tells it apart itself.
        let isOvertaken: Bool

        init(_ object: [String: Any], _ from: String, _ until: String) throws {
            pair = try #require(object["pair"] as? String)
            let words = try #require(object["direction"] as? String)
            direction = words.hasPrefix("kalshi ") ? String(words.prefix(10)) : words.contains("yes") ? "yes" : "no"
            self.from = try #require((object[from] as? String).flatMap { UTCNanos(rfc3339: $0) })
            self.until = try #require((object[until] as? String).flatMap { UTCNanos(rfc3339: $0) })
            isTaken = object["taken"] != nil
            isOvertaken = object["end_reason"] as? String == "overtaken"
        }

        func isSame(_ other: Edge) -> Bool {
            pair == other.pair && direction.filter { $0 != " " } == other.direction.filter { $0 != " " }
        }
    }

    @Test("what was planted is found, nothing else is logged, and the recording decides the same again")
    func findsAndReplays() throws {
        let venues = try Venues(seed: 5, pairs: 8)
        // A busy machine reads late; lateness is gated elsewhere and tested there.
        let late = ["ARB__RISK__MAX_BOOK_AGE_MS": "3000"]
        let words = ["record", "--json", "--for", "15s", "--out", "run.ndjson", "--config", "v/arb.toml"]
        let run = try venues.arb.run(words, in: venues.place.url, environment: late)
        #expect(run.status == 0, "\(run.err)")
        let events = try objects(run.out)
        let started = try #require((events.first?["at"] as? String).flatMap { UTCNanos(rfc3339: $0) })
        let stopped = try #require((events.last?["at"] as? String).flatMap { UTCNanos(rfc3339: $0) })
        let logged = try events.filter { $0["phase"] as? String == "ended" }.map { try Edge($0, "born", "ended") }
        let planted = try objects(try venues.truth()).map { try Edge($0, "from", "until") }
        #expect(!logged.isEmpty)
        for edge in logged where !edge.isOvertaken {
            let isReal = planted.contains {
                $0.isSame(edge) && edge.from + .milliseconds(50) >= $0.from && edge.from <= $0.until + Self.slack
            }
            #expect(isReal, "a phantom: \(edge)")
        }
        let seen = planted.filter { $0.from >= started + .seconds(4) && $0.until + Self.slack <= stopped }
        #expect(!seen.isEmpty)
        for edge in seen {
            let isFound = logged.contains {
                $0.isSame(edge) && $0.isTaken && $0.from <= edge.until + Self.slack && $0.until >= edge.from
            }
            #expect(isFound, "missed: \(edge)")
        }
        try replaysEqual(venues)
    }

    private func replaysEqual(_ venues: Venues) throws {
        let replay = try venues.replay("run.ndjson", "--verify", "--json", "--decisions", "d1")
        #expect(replay.status == 0, "\(replay)")
        let result = try #require(try objects(replay.out).first)
        #expect(result["recorded"] as? String == "equal" && result["whole"] as? Bool == true)
        #expect((result["decisions"] as? Int ?? 0) > 0)
        _ = try venues.replay("run.ndjson", "--decisions", "d2")
        let decisions = try Data(contentsOf: URL(filePath: venues.place.path("d1")))
        let again = try Data(contentsOf: URL(filePath: venues.place.path("d2")))
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
        let file = venues.place.path("v/Markets/loopback-0.toml")
        let good = try String(contentsOfFile: file, encoding: .utf8)
        // Another rule text, the other polarity, a market that the venue does not list.
        var parts = good.components(separatedBy: "[[pair]]")
        let hash = try #require(parts[1].firstMatch(of: /rules_sha256 = "[0-9a-f]{64}"/)).output
        parts[1] = parts[1].replacing(hash, with: "rules_sha256 = \"\(String(repeating: "0", count: 64))\"")
        parts[2] = parts[2].replacing("ticker = \"KXSIM", with: "ticker = \"KXNONE")
        parts[4] = parts[4].replacing("neg_risk = false", with: "neg_risk = true")
        let token = try #require(parts[5].firstMatch(of: /no_token = "[0-9]+"/)).output
        parts[5] = parts[5].replacing(token, with: "no_token = \"1\"")
        try venues.place.write("v/Markets/loopback-0.toml", parts.joined(separator: "[[pair]]"))
        let mixed = try venues.run(
            "pairs", "check", "loop-0", "loop-1", "loop-2", "loop-3", "loop-4", "--for", "3s", "--json")
        #expect(mixed.status == 6, "\(mixed)")
        let found = try objects(mixed.out)
        #expect(found.map { $0["id"] as? String } == ["loop-0", "loop-1", "loop-2", "loop-3", "loop-4"])
        let problems = found.map { lasting($0).joined(separator: "; ") }
        #expect(problems[0].contains("rule text is not the one"), "\(problems)")
        #expect(problems[1].contains("E_REF_NOT_FOUND"), "\(problems)")
        #expect(problems[2].isEmpty, "\(problems)")
        #expect(problems[3].contains("E_REF_NEG_RISK") && problems[4].contains("E_REF_TOKENS"), "\(problems)")
        let text = try venues.run("pairs", "check", "loop-0", "--for", "2s")
        #expect(text.status == 6 && text.out.hasPrefix("WARN loop-0\n") && text.lines.allSatisfy { $0.count <= 80 })
    }
}
