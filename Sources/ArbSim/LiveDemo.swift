import Assembly
import Glibc
import Simulators
import Store
import Threading
import Trading

/// The live half of the demonstration: `arb run --live` against loopback venues where things go wrong, then what came of
/// it, as the operator sees it and as the venues know it.
struct LiveDemo {
    let folder: LoopbackFolder
    /// The program that lies beside this one.
    let arb: String
    /// Runs a program with our own terminal.
    let child: ([String]) -> Int32
    /// Where the pages go; nil: nowhere.
    let pages: String?

    private var configuration: [String] { ["--config", folder.path + "/arb.toml"] }

    /// Runs it for a time.
    ///
    /// - Returns: 0; 1 when `arb` ended badly, 6 when ledger and truth differ.
    func run(for length: String) throws -> Int32 {
        // No fault of a demonstration holds a request back: what has not arrived after ten seconds never will, and an order
        // that died behind a 500 is known to be dead within the minute that people watch.
        setenv("ARB__VENUES__POLYMARKET__DEAD_AFTER_S", "10", 0)
        let began = NanoClock.utc()
        let status = child(
            [arb, "run"] + configuration + ["--for", length, "--live", "--confirm-account", "loopback"])
        // 2, 3, 4: halted, unknown, exposed. The audit says whether that is so.
        guard [0, 2, 3, 4].contains(status) else {
            complain("arb-sim: arb ended with status \(status)\n")
            _ = folder.venues.stop()
            return 1
        }
        try waitForChain()
        _ = folder.venues.stop()
        let elapsed = (NanoClock.utc() - began).rawValue / 1_000_000_000 + 60
        title("WHAT THE DAY CAME TO", "arb report daily")
        _ = child([arb, "report", "daily"] + configuration + ["--since", "\(elapsed)s"])
        title("HOW LONG EACH STAGE TOOK", "arb latency")
        _ = child([arb, "latency"] + configuration + ["--quiet"])
        if let pages { page(pages) }
        title("WHAT WAS SHOWN", "faults at exact occasions, and some by chance")
        for scene in try DemoScenes.seen(try ledger()) {
            let name = scene.name + String(repeating: " ", count: max(1, 20 - scene.name.count))
            show(
                "  \(scene.seen.isEmpty ? mark(false) : mark(true)) \(name)\(scene.seen.isEmpty ? "not this time" : scene.seen)\n"
            )
        }
        title("DOES IT AGREE", "the venues' own truth beside our ledger, order by order")
        return try LiveAudit(folder).report()
    }

    /// What was matched last is on its way to the chain when the run ends: contracts change hands seconds later.
    private func waitForChain() throws {
        let until = NanoClock.monotonic() + .seconds(10)
        let ours = try ledger().orders(.init(limit: 1_000_000))
        while NanoClock.monotonic() < until, !LiveAudit.positions(folder.venues.truth, ours).differences.isEmpty {
            usleep(100_000)
        }
    }

    private func ledger() throws -> Ledger { try Ledger.reader(path: folder.path + "/state/loopback/ledger.db") }

    private func page(_ place: String) {
        _ = child([arb, "latency"] + configuration + ["--quiet", "--html", place + "/latency.html"])
        _ = child([arb, "report", "daily"] + configuration + ["--quiet", "--html", place + "/daily.html"])
        show("pages: \(place)/latency.html, \(place)/daily.html\n")
    }

    private var hasColor: Bool { isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil }

    private func mark(_ isGood: Bool) -> String {
        guard hasColor else { return isGood ? "yes" : "no " }
        return isGood ? "\u{1B}[32m✓\u{1B}[0m" : "\u{1B}[33m-\u{1B}[0m"
    }

    private func title(_ words: String, _ how: String) {
        let line = hasColor ? "\u{1B}[1m\(words)\u{1B}[0m  \u{1B}[2m\(how)\u{1B}[0m" : "\(words)  (\(how))"
        show("\n\(line)\n\n")
    }
}
