import Arb
import Assembly
import Codec
import Glibc
import Threading
import Trading
import Transport

extension PairsCommand {
    /// Reads the terms of every instrument from its venue and watches the books for a while, then says of each pair what
    /// stands between it and a trade.
    static func runCheck(_ context: CommandContext) throws -> ExitCode {
        Signals.block()  // before the edges start their threads
        let session = try CheckSession(context)
        let findings = try session.run()
        for finding in findings { context.terminal.out(context.isJSON ? finding.json : finding.text) }
        let blocked = findings.filter { !$0.problems.isEmpty }.count
        context.terminal.say("\(findings.count) checked, \(findings.count - blocked) may trade, \(blocked) may not")
        return blocked == 0 ? .done : .checkFailed
    }
}

/// What was found of one pair or set.
struct PairFinding {
    let id: PairID
    var facts: [String] = []
    var problems: [String] = []

    var text: String {
        let verdict = problems.isEmpty ? "OK  " : "WARN"
        return
            (["\(verdict) \(id.name)"] + facts.map { HelpText.paragraph(TerminalText.neutral($0), first: "     ") }
            + problems.map { HelpText.paragraph(TerminalText.neutral($0), first: "   ! ") }).joined(separator: "\n")
    }

    var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.pair-check/1")
        json.member("id", id.name)
        json.member("may_trade", problems.isEmpty)
        json.key("facts")
        json.beginArray()
        for fact in facts { json.string(fact) }
        json.endArray()
        json.key("problems")
        json.beginArray()
        for problem in problems { json.string(problem) }
        json.endArray()
        json.endObject()
        return json.string
    }
}

/// The core against the venues for a short while, without ledger or recording.
struct CheckSession {
    private let configuration: Configuration
    private let pairs: PairFiles
    private let edges: [VenueEdge]
    private let duration: Nanoseconds

    init(_ context: CommandContext) throws {
        configuration = try context.configuration()
        let all = try context.pairs(configuration)
        let wanted = context.parsed.operands
        for name in wanted where !(all.pairs.map(\.id) + all.sets.map(\.id)).contains(PairID(name)) {
            throw CommandFailure(.failure, "E_PAIR_NONE", "no pair or set is called '\(name)'")
        }
        pairs = wanted.isEmpty ? all : all.only(Set(wanted.map { PairID($0) }))
        duration = try context.duration("--for") ?? .seconds(15)
        do {
            edges = try Edges.make(configuration, home: context.home, build: BuildInfo.version)
        } catch {
            throw CommandFailure(error.isPermission ? .permissions : .configuration, error.code, error.text)
        }
    }

    func run() throws -> [PairFinding] {
        let core: Core
        let lane: Lane
        do {
            core = try Core(configuration: configuration, pairs: pairs, seed: 1) { _ in }
            lane = try Lane(name: "check", wait: .park)
        } catch let fault as Poller.Fault {
            throw CommandFailure(.failure, fault.code, "no descriptors left (ulimit -n)")
        } catch let faults as Catalog.Faults {
            throw CommandFailure(
                .configuration, "E_PAIR_VALUE", faults.all.map { "\($0.code) \($0.text)" }.joined(separator: "\n"))
        }
        let clock = NanoClock()
        let start = clock.now()
        let driver = LiveDriver(
            engine: core.engine, edges: edges, clock: clock, lane: lane, seed: 1, published: StatusCell())
        let signals = Signals { lane.stop() }
        driver.run(startedAt: start, until: start.monotonic + duration)
        signals.finish()
        for edge in edges { edge.client.close() }
        return findings(core, clock.now().utc)
    }

    private func findings(_ core: Core, _ now: UTCNanos) -> [PairFinding] {
        var byPair: [PairID: PairFinding] = [:]
        var order: [PairID] = []
        for basket in core.catalog.baskets where byPair[basket.pair] == nil {
            var finding = PairFinding(id: basket.pair)
            if basket.status != .approved {
                finding.problems.append("the file says \(basket.status.rawValue), not approved")
            }
            for leg in basket.legs { describe(leg, core, now, &finding) }
            if basket.kind == .crossVenue { compareSides(basket, core, &finding) }
            byPair[basket.pair] = finding
            order.append(basket.pair)
        }
        return order.compactMap { byPair[$0] }
    }

    private func describe(_ leg: BasketLeg, _ core: Core, _ now: UTCNanos, _ finding: inout PairFinding) {
        let contract = core.catalog.contracts[Int(leg.instrument.index)]
        let state = core.engine.status(of: leg.instrument)
        let name = "\(contract.venue.name) \(contract.symbol.prefix(24))"
        if let fault = state.fault { finding.problems.append("\(name): \(fault.code) \(fault.text)") }
        guard let terms = core.engine.terms(of: leg.instrument) else {
            if state.fault == nil { finding.problems.append("\(name): the venue has not answered") }
            return
        }
        let bands = terms.grid.bands.map { "\($0.start)–\($0.end) by \(FixedPoint.text($0.step.rawValue))" }.joined(
            separator: ", ")
        finding.facts.append("\(name): \(terms.title)")
        finding.facts.append(
            "  \(terms.status.rawValue), prices \(bands), lot \(terms.lot), least order \(terms.orderQtyMin)"
                + (terms.negRisk ? ", neg-risk" : "") + (terms.takerDelay > .zero ? ", delays takers" : ""))
        finding.facts.append(
            "  entries end \(terms.entriesEnd?.rfc3339.prefix(19) ?? "unknown"), payout by \(terms.payout?.rfc3339.prefix(19) ?? "unknown")"
        )
        finding.facts.append("  rules \(terms.rulesSHA256 ?? "unknown")")
        finding.facts.append(
            "  book \(state.status): bid \(quote(state.bid)) ask \(quote(state.ask)), \(state.levels) levels")
        if terms.status != .active {
            finding.problems.append("\(name): not open for orders (\(terms.status.rawValue))")
        }
        if terms.entriesEnd == nil || terms.payout == nil {
            finding.problems.append("\(name): a close or payout date is unknown")
        }
        if let end = terms.entriesEnd, end <= now {
            finding.problems.append("\(name): entries ended at \(end.rfc3339.prefix(19))")
        }
        if let pinned = contract.rulesSHA256 {
            if pinned != terms.rulesSHA256 {
                finding.problems.append("\(name): the rule text is not the one that was approved")
            }
        } else {
            finding.problems.append(
                "\(name): no rule text is pinned; after reading it: rules_sha256 = \"\(terms.rulesSHA256 ?? "")\"")
        }
        if contract.negRisk != terms.negRisk {
            finding.problems.append("\(name): neg_risk of the file and of the venue differ")
        }
        if terms.placeholder { finding.problems.append("\(name): an unnamed placeholder outcome is never traded") }
        if state.status != .live {
            finding.problems.append("\(name): no book (\(state.reason?.rawValue ?? "none yet"))")
        }
    }

    private func quote(_ level: Level?) -> String { level.map { "\($0.price) x \($0.quantity)" } ?? "none" }

    /// A gap of 30 cents or more between the venues, and whether flipping one side makes it vanish.
    private func compareSides(_ basket: Basket, _ core: Core, _ finding: inout PairFinding) {
        let middles = basket.legs.map { leg -> Int64? in
            let state = core.engine.status(of: leg.instrument)
            guard let bid = state.bid, let ask = state.ask else { return nil }
            let yes = (bid.price.rawValue + ask.price.rawValue) / 2
            return leg.outcome == .yes ? yes : FixedPoint.one - yes
        }
        guard let first = middles[0], let second = middles[1] else { return }
        let gap = Int64((first + second - FixedPoint.one).magnitude)
        let flipped = Int64((first - second).magnitude)
        finding.facts.append("  the venues' middles are \(FixedPoint.text(gap, decimals: 2)) apart")
        guard gap >= 30_000_000 else { return }
        finding.problems.append(
            flipped <= 5_000_000
                ? "E_PAIR_INVERSION the prices agree when one side is flipped: polarity looks wrong"
                : "E_PAIR_DIVERGENCE the prices are far apart: the questions may differ")
    }
}
