import Assembly
import Codec
import Store
import Threading
import Trading

/// `arb orders` and `arb orders show`: our orders, and everything that was told of one.
enum OrdersCommand {
    static let list = CommandSpec(
        "orders", "our orders, newest first; those not known to be done however old they are",
        [
            OptionSpec("--state", "STATE", "unknown, open or done (default all)"),
            OptionSpec("--since", "DURATION", "recorded within this (default 1h)"),
            OptionSpec("--venue", "VENUE", "kalshi or polymarket"),
            OptionSpec("--limit", "N", "at most this many (default 1000)"),
        ])
    static let show = CommandSpec(
        "orders show", operands: "ID", count: 1...1,
        "one order with all that was told of it; ID is either name, or its beginning",
        [OptionSpec("--receipts", nil, "also the venue's own words, without secrets; --json always has them")])

    // MARK: List

    static func runList(_ context: CommandContext) throws -> ExitCode {
        var filter = Ledger.OrderFilter(limit: try context.count("--limit", in: 1...1_000_000, default: 1_000))
        let since = try context.duration("--since") ?? .seconds(3_600)
        filter.since = NanoClock.utc() + Nanoseconds(rawValue: -since.rawValue)
        filter.standing = try context.word("--state", Ledger.OrderFilter.Standing.allCases.map(\.rawValue))
            .flatMap(Ledger.OrderFilter.Standing.init)
        filter.venue = try context.venue()
        let configuration = try context.configuration()
        let isPaper = context.isPaper(configuration)
        let ledger = try context.ledger(configuration)
        let orders = try stored { () throws(StoreFault) in try ledger.orders(filter) }
        guard !context.isJSON else {
            for order in orders { context.terminal.out(json(order, events: nil, isPaper: isPaper)) }
            return .done
        }
        guard !orders.isEmpty else {
            context.terminal.say("no orders; try a longer --since")
            return .done
        }
        if isPaper { context.terminal.out(CommandContext.paperHeadline) }
        context.terminal.out("recorded (UTC) market               order               filled     state")
        for order in orders { context.terminal.out(line(order)) }
        let unknown = orders.count { $0.state.isUnknown }
        let noun = orders.count == 1 ? "order" : "orders"
        context.terminal.say("\(orders.count) \(noun)" + (unknown == 0 ? "" : ", UNKNOWN \(unknown)"))
        return .done
    }

    static func stored<Result>(_ body: () throws(StoreFault) -> Result) throws(CommandFailure) -> Result {
        do throws(StoreFault) {
            return try body()
        } catch {
            throw CommandFailure(error.exitCode, error.code, error.text)
        }
    }

    /// What an operator reads: UNKNOWN outranks everything.
    static func word(_ state: OrderState) -> String {
        (state.isUnknown ? "UNKNOWN" : state.ordStatus.rawValue.replacing("_", with: " "))
            + (state.anomalies.isEmpty ? "" : " !")
    }

    private static func line(_ order: StoredOrder) -> String {
        let state = order.state
        let wanted =
            "\(state.order.side.rawValue) \(state.order.outcome.rawValue) \(state.orderQty) @ \(state.order.price)"
        return [
            Terminal.cell(String(order.intended.rfc3339.dropFirst(5).prefix(14)).replacing("T", with: " "), 14),
            Terminal.cell(order.symbol, 20), Terminal.cell(wanted, 19),
            Terminal.right(state.cumQty.description, 9), Terminal.cell(word(state), 14),
        ].joined(separator: " ").trimmingEnd()
    }

    // MARK: One order

    static func runShow(_ context: CommandContext) throws -> ExitCode {
        let wanted = context.parsed.operands[0]
        let configuration = try context.configuration()
        let isPaper = context.isPaper(configuration)
        let ledger = try context.ledger(configuration)
        let found = try stored { () throws(StoreFault) in try ledger.orders(named: wanted) }
        guard let order = found.first else {
            throw CommandFailure(
                .failure, "E_EXEC_NO_ORDER", "no order is called '\(TerminalText.neutral(wanted))'",
                fix: "'arb orders --since 7d' lists them")
        }
        let isWhole =
            order.state.order.clOrdID.description == wanted.lowercased() || order.orderID?.text == wanted
        guard isWhole || found.count == 1 else {
            throw CommandFailure(
                .failure, "E_EXEC_NO_ORDER", "more than one order is called '\(TerminalText.neutral(wanted))…'",
                fix: "write more of its name")
        }
        let (events, receipts) = try stored { () throws(StoreFault) in
            let name = order.state.order.clOrdID
            return (try ledger.events(of: order.row), try ledger.receipts(of: name, order.orderID, at: order.venue))
        }
        if context.isJSON {
            context.terminal.out(json(order, events: events, receipts, isPaper: isPaper))
        } else {
            if isPaper { context.terminal.out(CommandContext.paperHeadline) }
            context.terminal.out(timeline(order, events))
            OrderReceipts.say(receipts, areAsked: context.parsed.has("--receipts"), context.terminal)
        }
        return .done
    }

    private static func timeline(_ order: StoredOrder, _ events: [StoredOrderEvent]) -> String {
        let state = order.state, wanted = order.state.order
        func row(_ name: String, _ text: String) -> String {
            HelpText.paragraph(TerminalText.neutral(text), first: name + String(repeating: " ", count: 10 - name.count))
        }
        let budget = wanted.cashOrderQty.map { ", for \($0)" } ?? ""
        let kind = wanted.purpose == .entry ? "" : ", \(wanted.purpose.rawValue)"
        var lines = [
            row("order", wanted.clOrdID.description),
            row("venue", "\(order.venue.name) \(order.orderID?.text ?? "no name yet")"),
            row("market", order.symbol + (order.pair.isEmpty ? "" : " (\(order.pair))")),
            row(
                "wanted",
                "\(wanted.side.rawValue) \(state.orderQty) \(wanted.outcome.rawValue) at \(wanted.price) or better"
                    + "\(budget), \(word(wanted.timeInForce))\(kind)"),
            row("state", word(state) + (state.text.isEmpty ? "" : ": \(state.text)")),
            row(
                "filled",
                "\(state.cumQty) for \(state.cumCash), fees \(state.fees)\(state.isFeeWhole ? "" : " or more"), "
                    + "\(state.leavesQty) open"),
        ]
        if state.unexplainedQty > .zero { lines.append(row("", "\(state.unexplainedQty) of it without a fill told")) }
        if !state.anomalies.isEmpty { lines.append(row("wrong", state.anomalies.words.joined(separator: ", "))) }
        lines.append("")
        lines.append("\(order.intended.rfc3339.dropFirst(11).prefix(15)) local  recorded")
        for event in events {
            let head = "\(event.at.rfc3339.dropFirst(11).prefix(15)) " + Terminal.cell(event.source.rawValue, 6) + " "
            lines.append(HelpText.paragraph(TerminalText.neutral(words(event.event)), first: head))
        }
        return lines.joined(separator: "\n")
    }

    static func word(_ timeInForce: TimeInForce) -> String {
        switch timeInForce {
        case .ioc: "ioc"
        case .fok: "fok"
        case .gtc: "gtc"
        case .gtd(let instant): "gtd until \(instant.rfc3339.prefix(19))"
        }
    }

    /// An event in a trader's words.
    static func words(_ event: OrderEvent) -> String {
        switch event {
        case .sent: "sent"
        case .notSent(let refusal): "not sent: \(refusal.text) (\(refusal.kind.rawValue))"
        case .summary(let summary):
            summary.standing.rawValue + (summary.cumQty.map { ", \($0) filled" } ?? "")
                + (summary.avgPx.map { " at \($0)" } ?? "") + (summary.reason.isEmpty ? "" : " (\(summary.reason))")
        case .fill(let fill):
            "fill \(fill.lastQty) at \(fill.lastPx), \(fill.liquidity.rawValue), "
                + (fill.fee.map { "fee \($0), " } ?? "") + "\(fill.settlement.rawValue) (\(fill.execID))"
        case .settlement(let execID, let settlement): "fill is \(settlement.rawValue) (\(execID))"
        case .rejected(let rejection):
            "rejected: \(rejection.text.isEmpty ? rejection.code : rejection.text) (\(rejection.kind.rawValue))"
        case .unknown(let reason): "unknown: \(words(reason))"
        case .cannotEnter(let proof): "can no longer enter: \(proof)"
        }
    }

    private static func words(_ reason: UnknownReason) -> String {
        switch reason {
        case .timeout: "no answer in time"
        case .connectionLost(let text): "the connection ended (\(text))"
        case .serverError(let status): "answered with status \(status)"
        case .unreadable(let text): "an answer that cannot be read (\(text))"
        case .restart: "the program ended before the answer came"
        }
    }

    // MARK: JSON

    private static func json(
        _ order: StoredOrder, events: [StoredOrderEvent]?, _ receipts: [Ledger.ReceiptRow] = [], isPaper: Bool
    ) -> String {
        let state = order.state, wanted = order.state.order
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.order/1")
        json.member("model", isPaper)
        json.member("cl_ord_id", wanted.clOrdID.description)
        json.member("order_id", order.orderID?.text ?? "")
        json.member("venue", order.venue.name)
        json.member("pair", order.pair)
        json.member("symbol", order.symbol)
        json.member("outcome", wanted.outcome.rawValue)
        json.member("side", wanted.side.rawValue)
        json.member("purpose", wanted.purpose.rawValue)
        json.member("order_qty", wanted.orderQty.description)
        json.member("limit_px", wanted.price.description)
        if let budget = wanted.cashOrderQty { json.member("cash_order_qty", budget.description) }
        json.member("time_in_force", String(word(wanted.timeInForce).prefix(3)))
        json.member("state", state.isUnknown ? "unknown" : state.ordStatus.rawValue)
        json.member("ord_status", state.ordStatus.rawValue)
        json.member("cum_qty", state.cumQty.description)
        json.member("leaves_qty", state.leavesQty.description)
        json.member("unexplained_qty", state.unexplainedQty.description)
        json.member("voided_qty", state.voidedQty.description)
        if let avgPx = state.avgPx { json.member("avg_px", avgPx.description) }
        json.member("cum_cash", state.cumCash.description)
        json.member("fee", state.fees.description)
        json.member("fee_whole", state.isFeeWhole)
        json.member("text", state.text)
        json.key("anomalies")
        json.beginArray()
        for word in state.anomalies.words { json.string(word) }
        json.endArray()
        json.member("intended", order.intended.rfc3339)
        if let sent = order.sent { json.member("sent", sent.rfc3339) }
        json.member("heard", order.heard.rfc3339)
        if let events {
            json.key("events")
            json.beginArray()
            for event in events { write(event, to: &json) }
            json.endArray()
            OrderReceipts.write(receipts, to: &json)
        }
        json.endObject()
        return json.string
    }

    private static func write(_ event: StoredOrderEvent, to json: inout JSONWriter) {
        json.beginObject()
        json.member("at", event.at.rfc3339)
        if let transactTime = event.transactTime { json.member("transact_time", transactTime.rfc3339) }
        json.member("source", event.source.rawValue)
        switch event.event {
        case .sent: json.member("kind", "sent")
        case .notSent: json.member("kind", "not_sent")
        case .summary(let summary):
            json.member("kind", "summary")
            json.member("standing", summary.standing.rawValue)
            if let cumQty = summary.cumQty { json.member("cum_qty", cumQty.description) }
            if let avgPx = summary.avgPx { json.member("avg_px", avgPx.description) }
        case .fill(let fill):
            json.member("kind", "fill")
            json.member("exec_id", fill.execID.text)
            json.member("last_qty", fill.lastQty.description)
            json.member("last_px", fill.lastPx.description)
            if let fee = fill.fee { json.member("fee", fee.description) }
            json.member("liquidity", fill.liquidity.rawValue)
            json.member("settlement", fill.settlement.rawValue)
        case .settlement(let execID, let settlement):
            json.member("kind", "settlement")
            json.member("exec_id", execID.text)
            json.member("settlement", settlement.rawValue)
        case .rejected(let rejection):
            json.member("kind", "rejected")
            json.member("reject", rejection.kind.rawValue)
            json.member("http", rejection.status)
            json.member("venue_code", rejection.code)
        case .unknown: json.member("kind", "unknown")
        case .cannotEnter: json.member("kind", "cannot_enter")
        }
        json.member("text", words(event.event))
        json.endObject()
    }
}

extension String {
    /// Without spaces at its end.
    func trimmingEnd() -> String { String(self[..<(lastIndex { $0 != " " }.map { index(after: $0) } ?? startIndex)]) }
}
