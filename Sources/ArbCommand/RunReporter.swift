import Arb
import Assembly
import Codec
import Risk
import Synchronization
import Trading

/// Tells of a run: as NDJSON events, as a board, or as plain lines.
///
/// - Lane: `take` on the back office's thread, `draw` on the board's, the rest on the run's.
final class RunReporter: Sendable {
    private let context: CommandContext
    private let names: BasketNames
    private let mode: String
    private let venues: String
    private let account: String
    private let counts: (pairs: Int, sets: Int)
    private let started: Stamp
    private let tally = Mutex(RunTally())
    let isBoard: Bool
    /// What was traded.
    let trades: TradeReporter

    init(
        context: CommandContext, names: BasketNames, mode: String, venues: String, account: String, pairs: Int,
        sets: Int,
        started: Stamp
    ) {
        self.context = context
        self.names = names
        self.mode = mode
        self.venues = venues
        self.account = account
        self.counts = (pairs, sets)
        self.started = started
        trades = TradeReporter(context: context, names: names, mode: mode, venues: venues, account: account)
        isBoard = context.terminal.isTerminal && !context.isJSON && !context.parsed.has("--quiet")
    }

    private func event(_ name: StaticString, _ fill: (inout JSONWriter) -> Void) {
        context.terminal.out(RunEvent(mode: mode, venues: venues, account: account).line(name, fill))
    }

    func begin(recording: String?) {
        if context.isJSON {
            event("started") { json in
                json.member("at", started.utc.rfc3339)
                json.member("build", BuildInfo.build)
                json.member("pairs", counts.pairs)
                json.member("sets", counts.sets)
                if let recording { json.member("recording", recording) }
            }
        }
        context.terminal.say(
            "arb \(BuildInfo.version) \(Self.nature(mode)) venues=\(venues) account=\(account) "
                + "pairs=\(counts.pairs) sets=\(counts.sets)" + (recording.map { " recording=\($0)" } ?? ""))
    }

    /// What a mode means, for people.
    private static func nature(_ mode: String) -> String {
        switch TradingMode(rawValue: mode) {
        case .live: "LIVE, orders are sent."
        case .paper: "PAPER: fills are a model, nothing is sent."
        case .dryRun, nil: "dry run: nothing is ever sent."
        }
    }

    func take(_ event: BackOffice.Event) {
        switch event {
        case .ledgerFailed(let words):
            let then = mode == "live" ? "entries stop" : "opportunities go on unrecorded"
            Terminal.complain("arb: the ledger cannot be written, \(then): \(words)")
        case .diskFull(let words):
            Terminal.complain("arb: the disk is full; entries stop, closes go on in the room kept for them: \(words)")
        case .decision(.born(let opportunity), _):
            tally.withLock { tally in
                tally.born += 1
                if opportunity.disposition == .taken { tally.expected += opportunity.plan.net.rawValue }
            }
            tell(opportunity, .born)
        case .decision(.ended(let opportunity), _):
            tally.withLock { tally in
                tally.ended += 1
                if opportunity.takenAt != nil { tally.taken += 1 }
                if opportunity.judgements.last?.filled == true { tally.held += 1 }
            }
            tell(opportunity, .ended)
        case .decision(.note(let notice), _): tell(notice)
        case .decision(.trade(let event), _): trades.take(event)
        }
    }

    private func tell(_ opportunity: Opportunity, _ phase: OpportunityJSON.Phase) {
        if context.isJSON {
            var json = JSONWriter()
            OpportunityJSON.write(opportunity, phase, names: names, context: (mode, venues), into: &json)
            json.newline()
            context.terminal.out(json.bytes)
        } else if !isBoard, phase == .ended {
            context.terminal.out(OpportunityLine.text(opportunity, names))
        }
    }

    private func tell(_ notice: FeedNotice) {
        let place = notice.link.map { "\($0.venue.name)/\($0.index)" } ?? ""
        let words = "\(notice.code) \(place) \(TerminalText.neutral(notice.text))"
        tally.withLock { $0.lastNotice = words }
        if context.isJSON {
            event("notice") { json in
                json.member("code", notice.code)
                if let link = notice.link {
                    json.member("venue", link.venue.name)
                    json.member("link", link.index)
                }
                json.member("text", notice.text)
            }
        } else if !isBoard {
            context.terminal.say(words)
        }
    }

    /// The board, or a heartbeat line.
    func draw(_ status: LiveStatus, _ recent: [Opportunity]) {
        let tally = tally.withLock { $0 }
        if isBoard {
            let board = Board(
                status: status, exposure: exposure(status), recent: recent, names: names, tally: tally,
                started: started, venues: venues,
                account: account,
                hasColor: context.terminal.hasColor, trades: status.trader == nil ? nil : trades.glance(8))
            context.terminal.out(Array(board.text.utf8))
        } else if context.isJSON {
            event("heartbeat") { json in heartbeat(status, tally, &json) }
        } else {
            let engine = status.engine
            context.terminal.say(
                "\(exposure(status)) | books \(engine.live) live \(engine.held) held \(engine.void) void | links "
                    + "\(status.links.filter(\.isUp).count)/\(status.links.count) | \(status.framesPerSecond) msg/s | edges now "
                    + "\(engine.alive.count) | seen \(tally.born) taken \(tally.taken)")
        }
    }

    /// Am I exposed? What is halted is said with it.
    private func exposure(_ status: LiveStatus) -> String {
        guard let trader = status.trader else { return "FLAT (dry run)" }
        let label = mode == TradingMode.paper.rawValue ? "PAPER, a model: " : ""
        return label + trader.exposure.line + (trader.isHaltedByOperator ? " · HALTED" : "")
    }

    private func heartbeat(_ status: LiveStatus, _ tally: RunTally, _ json: inout JSONWriter) {
        json.member("at", status.engine.at.utc.rfc3339)
        json.member("exposure", (status.trader?.exposure.state ?? .flat).rawValue)
        json.member("exposure_line", exposure(status))
        json.member("unknown_legs", status.trader?.exposure.unknownLegs ?? 0)
        json.member("halted", status.trader?.isHaltedByOperator ?? false)
        json.member("books_live", status.engine.live)
        json.member("books_held", status.engine.held)
        json.member("books_void", status.engine.void)
        json.member("links_up", status.links.filter(\.isUp).count)
        json.member("links", status.links.count)
        json.member("messages", status.engine.counters.frames)
        json.member("voids", status.engine.counters.voids)
        json.member("messages_per_second", status.framesPerSecond)
        json.member("edges_now", status.engine.alive.count)
        json.member("opportunities_seen", tally.born)
        json.member("opportunities_taken", tally.taken)
    }

    /// - Parameter status: made after the last event.
    func end(_ status: LiveStatus?, _ recent: [Opportunity], decisions: UInt64, sha256: String, dropped: Int) {
        // What stays on the screen is the end, not what was drawn half a second before it.
        if isBoard, let status { draw(status, recent) }
        let tally = tally.withLock { $0 }
        if context.isJSON {
            event("stopped") { json in
                if let status { heartbeat(status, tally, &json) }
                json.member("decisions", decisions)
                json.member("decisions_sha256", sha256)
                json.member("undelivered", dropped)
            }
        }
        if isBoard { context.terminal.out("\u{1B}[?25h") }
        let messages = status?.engine.counters.frames ?? 0
        if !trades.summary.isEmpty { context.terminal.say(trades.summary) }
        context.terminal.say(
            "\(status.map { exposure($0) } ?? "FLAT"). \(tally.born) opportunities seen, \(tally.taken) \(status?.trader == nil ? "would have been taken" : "passed every gate"),\n"
                + "\(tally.held) still there at the last look; expected \(Money(rawValue: tally.expected)) USD in all.\n"
                + "\(messages) messages, \(decisions) decisions, "
                + "sha256 \(sha256.prefix(16))…"
                + (dropped > 0 ? "\n\(dropped) decisions reached the ledger late or not: it was too slow." : "")
                + "\nSee them: arb opportunities --since 1h"
                + (mode == TradingMode.paper.rawValue ? " --account \(account)" : ""))
    }
}
