import Assembly
import Codec
import Glibc
import Simulators
import Store
import Threading
import Trading

/// `arb-sim demo`: loopback venues, `arb run` against them, and what it found beside what there was.
enum DemoCommand {
    static let spec = CommandSpec(
        "demo", "loopback venues, arb run on them, and a summary against the truth",
        [
            OptionSpec("--dry-run", nil, "watch and log; nothing is sent"),
            OptionSpec("--faults", "LIST", "what goes wrong, as for venues; 'none': nothing (default: a bit of all)"),
            OptionSpec("--seed", "N", "of the market (default: the time)"),
            OptionSpec("--pairs", "N", "pairs (default 12)"),
            OptionSpec("--sets", "N", "outcome sets, three markets each (default 2)"),
            OptionSpec("--rate", "N", "changes a second (default 300)"),
            OptionSpec("--for", "DURATION", "length (default 60s)"),
            OptionSpec("--record", "FILE", "record the run for replay"),
            OptionSpec("--out", "DIR", "keep the ledger, the truth and both reports as pages in this new folder"),
        ])

    static func run(_ parsed: ParsedCommand) throws -> Int32 {
        var settings = SimWorld.Settings()
        let seed = try parsed.integer("--seed", 0...Int.max / 2, default: Int(NanoClock.utc().rawValue / 1_000_000_000))
        settings.seed = UInt64(seed)
        settings.pairs = try parsed.integer("--pairs", 1...10_000, default: 12)
        settings.sets = try parsed.integer("--sets", 0...10_000, default: 2)
        settings.rate = try parsed.integer("--rate", 1...100_000, default: 300)
        let length = parsed.options["--for"] ?? "60s"
        let duration = try ParsedCommand.duration(length, of: "--for")
        guard duration > 0 else { throw UsageFault("--for '\(length)': a demonstration has some length") }
        let kept = parsed.options["--out"].map { VenuesCommand.absolute($0) }
        let path = try kept.map { try made($0) } ?? temporary()
        defer { if kept == nil { remove(path) } }
        complain(
            "loopback venues: \(settings.pairs) pairs, seed \(seed), TLS on free ports; no money, no network\n"
        )
        let isLive = parsed.options["--dry-run"] == nil && parsed.options["--record"] == nil
        var trading = LoopbackFolder.Trading()
        if isLive {
            let list = parsed.options["--faults"] ?? DemoScenes.faults(seed: settings.seed)
            trading.faults = try VenuesCommand.faults(list)
            complain(
                list == "none"
                    ? "nothing goes wrong\n"
                    : "with faults: partial fills, kills, lost answers, 5xx, and refusals in a row\n")
        }
        let folder = try LoopbackFolder(path, settings, trading: trading)
        if isLive {
            return try LiveDemo(folder: folder, arb: beside("arb"), child: child, pages: kept).run(for: length)
        }
        var words = [
            beside("arb"), parsed.options["--record"] == nil ? "run" : "record", "--config", path + "/arb.toml",
            "--for", length,
        ]
        if let file = parsed.options["--record"] { words += ["--out", file] }
        let status = child(words)
        let end = (NanoClock.monotonic() - folder.venues.start.monotonic).rawValue
        let summary = folder.venues.stop()
        guard status == 0 else {
            complain("arb-sim: arb ended with status \(status)\n")
            return 1
        }
        return try report(summary, folder, from: end - duration + 3_000_000_000, until: end - 500_000_000)
    }

    private static func temporary() throws(UsageFault) -> String {
        var template = Array(("/tmp/arb-demo-" + String(repeating: "X", count: 6)).utf8CString)
        guard mkdtemp(&template) != nil else { throw UsageFault("no temporary folder can be made in /tmp") }
        return template.withUnsafeBufferPointer {
            String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// A folder that was not there before: nothing of anybody's is mixed with it.
    private static func made(_ path: String) throws(UsageFault) -> String {
        guard mkdir(path, 0o700) == 0 else {
            throw UsageFault("--out '\(path)': \(String(cString: strerror(errno)))")
        }
        return path
    }

    /// The program that lies beside this one.
    private static func beside(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = own.lastIndex(of: "/") else { return name }
        return String(own[...slash]) + name
    }

    /// Runs a program with our own terminal and waits for it; what interrupts us interrupts it too.
    private static func child(_ words: [String]) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        guard posix_spawn(&pid, words[0], nil, nil, arguments, environ) == 0 else {
            complain("arb-sim: cannot start \(words[0]); build it with: swift build -c release\n")
            return -1
        }
        signal(SIGINT, SIG_IGN)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }

    private static func isOf(_ row: Ledger.OpportunityRow, _ edge: PlantedEdge) -> Bool {
        guard row.pair == edge.basket.name else { return false }
        switch edge.basket {
        case .pair(_, let direction): return row.direction.hasPrefix("kalshi yes") == (direction == 0)
        case .set(_, let isYes): return row.direction.hasPrefix("yes") == isYes
        }
    }

    /// What the ledger has beside what was planted while the run was warm.
    private static func report(_ summary: LoopbackVenues.Summary, _ folder: LoopbackFolder, from: Int64, until: Int64)
        throws -> Int32
    {
        let rows = try Ledger.reader(path: folder.path + "/state/loopback/ledger.db").opportunities(
            .init(limit: 1_000_000))
        let start = folder.venues.start.utc
        var found = 0
        var planted = 0
        for edge in summary.planted where edge.from >= from && edge.until <= until {
            planted += 1
            let isFound = rows.contains { row in
                let ended = row.ended ?? row.born
                return isOf(row, edge) && row.disposition == "taken"
                    && row.born <= start + Nanoseconds(rawValue: edge.until + 50_000_000)
                    && ended >= start + Nanoseconds(rawValue: edge.from)
            }
            if isFound {
                found += 1
            } else {
                let (from, until) = (edge.from / 1_000_000, edge.until / 1_000_000)
                complain("missed: \(edge.basket.name) from \(from) to \(until) ms\n")
            }
        }
        let ghosts = rows.filter { row in
            !summary.planted.contains { edge in
                isOf(row, edge) && row.born >= start + Nanoseconds(rawValue: edge.from - 50_000_000)
                    && row.born <= start + Nanoseconds(rawValue: edge.until + 250_000_000)
            }
        }
        // What a gate held back for the very reason that it was read late is no phantom: the run said so itself.
        let late = ghosts.filter { $0.disposition == "stale_book" || $0.disposition == "silent_feed" }
        // The message that ended it was on its way when it was born: the run says that too.
        let overtaken = ghosts.filter { $0.endReason == "overtaken" && !late.contains($0) }
        let phantoms = ghosts.filter { !late.contains($0) && !overtaken.contains($0) }
        for row in phantoms {
            let born = (row.born - start).rawValue / 1_000_000
            let nearest = summary.planted.filter { isOf(row, $0) }
                .map { "\($0.from / 1_000_000)...\($0.until / 1_000_000)" }.joined(separator: " ")
            let what = "\(row.pair) \(row.direction) \(row.disposition)"
            complain("phantom: \(what) born at \(born) ms; planted at \(nearest)\n")
        }
        let taken = rows.filter { $0.disposition == "taken" }
        let net = Money(rawValue: taken.reduce(0) { $0 + $1.bestEdge.rawValue })
        let held = taken.filter { $0.judgedFilled == true }.count
        show(
            """

            The venues planted \(planted) opportunities while arb watched; arb found \(found).
            Phantoms (logged where there was nothing): \(phantoms.count).
            Held back as read too late: \(late.count); overtaken by a message on its way: \(overtaken.count).
            \(rows.count) opportunities logged, \(taken.count) passed every gate,
            \(held) were still there half a second later.
            Best net of those that passed: $\(FixedPoint.text(net.rawValue / 1_000_000 * 1_000_000, decimals: 2)).
            \(summary.frames) messages sent by the venues.

            """)
        return found == planted && phantoms.isEmpty ? 0 : 6
    }

    /// Removes the folder that this run made, and nothing else.
    private static func remove(_ path: String) {
        guard path.hasPrefix("/tmp/arb-demo-") else { return }
        _ = child(["/bin/rm", "-rf", path])
    }
}
