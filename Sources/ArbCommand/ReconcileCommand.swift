import Arb
import Assembly
import Codec
import Control
import Store
import Threading
import Trading

/// `arb reconcile`: what our record and the venues' own accounts of us do not agree on. It reads, and changes nothing.
enum ReconcileCommand {
    static let spec = CommandSpec(
        "reconcile", "where our record and the venues' accounts of us differ, and why; changes nothing without --apply",
        [
            OptionSpec("--apply", nil, "first take up what the venues say of our orders; trades nothing"),
            OptionSpec(
                "--adopt", "ID", "take an order with our name, that no record has, for ours; a pair with a comma"),
            OptionSpec("--explain", nil, "what each difference means, and what to do"),
            OptionSpec("--since", "DURATION", "how far back done orders and fills are read (default 24h)"),
            OptionSpec("--venue", "VENUE", "kalshi or polymarket"),
        ])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let since =
            NanoClock.utc() + Nanoseconds(rawValue: -(try context.duration("--since") ?? .seconds(86_400)).rawValue)
        let only = try context.venue()
        if let list = context.option("--adopt") {
            try AdoptOrders.run(list, context)
            return .done
        }
        if context.parsed.has("--apply") { try apply(context) }
        let configuration = try context.configuration()
        let pairs = try context.pairs(configuration)
        // Without a ledger there is nothing of ours, and all that the venues have is not ours.
        let ledger: Ledger?
        do throws(CommandFailure) {
            ledger = try context.ledger(configuration)
        } catch {
            guard error.code == .unavailable else { throw error }
            context.terminal.say(error.text)
            ledger = nil
        }
        let account = configuration.text("account")
        let home = context.home
        var exits: [ExitCode] = []
        var count = 0
        for venue in VenueID.allCases where only == nil || only == venue {
            let reading = Waiting.on { await AccountReading.read(venue, configuration, pairs, home, since) }
            guard let snapshot = reading.snapshot else {
                guard let fault = reading.fault else { continue }
                Terminal.complain(
                    HelpText.paragraph(TerminalText.neutral("\(fault.code) \(fault.text)"), first: "\(venue.name): "))
                exits.append(fault.exit)
                continue
            }
            let record = try OrdersCommand.stored { () throws(StoreFault) in
                try ledger.map { ledger throws(StoreFault) in
                    try LedgerAccount(ledger, venue: venue, account: account, since: since)
                }
            }
            var ours = record?.account ?? OurAccount(venue: venue, prefix: LedgerAccount.prefix(of: account))
            ours.paidOut = reading.paidOut
            ours.settled = Set(reading.paidOut.map(\.symbol))
            let differences = Drift.differences(ours, snapshot, since: since)
            try show(venue, ours, snapshot, differences, context) { subject in
                guard let record, let ledger else { return [] }
                return try OrdersCommand.stored { () throws(StoreFault) in
                    try record.witnesses(of: subject, ledger)
                }
            }
            count += differences.count
            if ours.orders.contains(where: \.state.isUnknown) { exits.append(.unknownLegs) }
            if differences.contains(where: { $0.severity > .info }) { exits.append(.checkFailed) }
        }
        context.terminal.say("\(count) \(count == 1 ? "difference" : "differences")")
        // Unknown legs outrank everything; a venue that was not read outranks what the other one showed.
        return [.unknownLegs, .permissions, .configuration, .unavailable, .checkFailed].first { exits.contains($0) }
            ?? .done
    }

    /// Has the accounts read and joined into our orders: by the daemon, or, where none runs, by a run of our own.
    private static func apply(_ context: CommandContext) throws {
        let target = context.controlTarget()
        let seconds = (try context.duration("--since") ?? .seconds(86_400)).rawValue / 1_000_000_000
        let request = ControlRequest("reconcile", ["since_s": String(seconds)])
        if target.holder != nil { return try context.ask(request, target) }
        let session = try WatchSession(context, hand: "arb reconcile: nothing is entered") { _, cell in
            try OperatorHand.waitForAccounts(cell)
            try context.ask(request, target)
            return .done
        }
        _ = try session.run()
    }

    // MARK: Output

    private static func show(
        _ venue: VenueID, _ ours: OurAccount, _ theirs: AccountSnapshot, _ differences: [Difference],
        _ context: CommandContext, witnesses: (String) throws -> [LedgerAccount.Testimony]
    ) throws {
        guard !context.isJSON else {
            context.terminal.out(summary(venue, ours, theirs, differences))
            for difference in differences {
                context.terminal.out(json(difference, difference.isOfOrder ? try witnesses(difference.subject) : []))
            }
            return
        }
        let open = ours.orders.count { !$0.state.isDone }
        let unknown = ours.orders.count { $0.state.isUnknown }
        let cash = theirs.balances.map { balance in
            "\(balance.cash) \(balance.currency.rawValue.uppercased())"
                + (balance.exchangeIndex.map { " on shard \($0)" } ?? "")
        }.joined(separator: ", ")
        context.terminal.out(
            HelpText.paragraph(
                "ours \(open) open orders" + (unknown > 0 ? " (UNKNOWN \(unknown))" : "")
                    + ", \(ours.positions.count) positions; theirs \(theirs.openOrders.count) open orders, "
                    + "\(theirs.positions.count) positions, \(theirs.fills.count) fills, cash \(cash)",
                first: venue.name + ": "))
        if differences.isEmpty { context.terminal.out("  no difference") }
        for difference in differences {
            let kind = difference.kind.rawValue.replacing("_", with: " ")
            let subject = difference.subject.isEmpty ? "" : " \(difference.subject)"
            let sides = [
                difference.ours.isEmpty ? nil : "ours \(difference.ours)",
                difference.theirs.isEmpty ? nil : "theirs \(difference.theirs)",
            ].compactMap { $0 }.joined(separator: ", ")
            context.terminal.out(
                HelpText.paragraph(
                    TerminalText.neutral("\(kind), \(difference.symbol)\(subject): \(sides)"),
                    first: "  " + (difference.severity.rawValue + "     ").prefix(9)))
            if context.parsed.has("--explain") {
                context.terminal.out(HelpText.paragraph(TerminalText.neutral(difference.text), first: "           > "))
                guard difference.isOfOrder else { continue }
                let told = try witnesses(difference.subject).map {
                    "\($0.source.rawValue) said \($0.ordStatus.rawValue), \($0.cumQty) filled, at \($0.at.rfc3339)"
                }
                let words = told.isEmpty ? "nobody has told us of it" : told.joined(separator: "; ")
                context.terminal.out(HelpText.paragraph(words, first: "           = "))
            }
        }
    }

    private static func summary(
        _ venue: VenueID, _ ours: OurAccount, _ theirs: AccountSnapshot, _ differences: [Difference]
    ) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.reconcile/1")
        json.member("venue", venue.name)
        json.member("as_of", theirs.asOf.rfc3339)
        json.member("open_orders", ours.orders.count { !$0.state.isDone })
        json.member("unknown_orders", ours.orders.count { $0.state.isUnknown })
        json.member("positions", ours.positions.count)
        json.member("venue_open_orders", theirs.openOrders.count)
        json.member("venue_positions", theirs.positions.count)
        json.member("venue_fills", theirs.fills.count)
        json.key("balances")
        json.beginArray()
        for balance in theirs.balances {
            json.beginObject()
            if let shard = balance.exchangeIndex { json.member("exchange_index", shard) }
            json.member("cash", balance.cash.description)
            json.member("currency", balance.currency.rawValue)
            json.endObject()
        }
        json.endArray()
        json.member("differences", differences.count)
        json.endObject()
        return json.string
    }

    private static func json(_ difference: Difference, _ witnesses: [LedgerAccount.Testimony]) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.difference/1")
        json.member("kind", difference.kind.rawValue)
        json.member("severity", difference.severity.rawValue)
        json.member("venue", difference.venue.name)
        json.member("symbol", difference.symbol)
        json.member("subject", difference.subject)
        json.member("ours", difference.ours)
        json.member("theirs", difference.theirs)
        json.member("witness", difference.witness.rawValue)
        json.key("explanations")
        json.beginArray()
        for explanation in difference.explanations { json.string(explanation.rawValue) }
        json.endArray()
        json.member("explained", difference.isExplained)
        json.key("witnesses")
        json.beginArray()
        for witness in witnesses {
            json.beginObject()
            json.member("source", witness.source.rawValue)
            json.member("status", witness.ordStatus.rawValue)
            json.member("cum_qty", witness.cumQty.description)
            json.member("at", witness.at.rfc3339)
            json.endObject()
        }
        json.endArray()
        json.member("text", difference.text)
        json.endObject()
        return json.string
    }
}

extension Difference {
    /// True when its subject names an order.
    fileprivate var isOfOrder: Bool {
        switch kind {
        case .orderMissingThere, .orderMissingHere, .orderStanding, .orderQuantity: true
        case .fillMissingHere, .fillMissingThere, .fillAmounts, .position, .balance, .allowance: false
        }
    }
}
