import Codec
import Signing
import Trading
import Transport

/// What is known of an order that was sent, when its answer is read.
struct SentOrder: Sendable {
    /// As it was wanted.
    let order: NewOrder
    /// Its hash: the only name under which the venue may speak of it.
    let orderID: OrderID
    /// What was signed.
    let amounts: Amounts
    /// When the signature was ready.
    let signed: MonotonicNanos
    /// It was signed before it was wanted.
    var isAhead = false
    /// `orderID` as it was computed; nil for an order that is only described.
    var hash: Bytes32?

    /// Shares that were asked for.
    var shares: BaseUnits { order.side == .buy ? amounts.taker : amounts.maker }
}

/// What an answer comes to, and what else it teaches.
struct Verdict: Sendable {
    let outcome: LegReport.Outcome
    var sent: MonotonicNanos?
    var acked: MonotonicNanos?
    var date: UTCNanos?
    /// The mode that the venue says it is in.
    var mode: VenueTexts.Mode?

    init(_ outcome: LegReport.Outcome) { self.outcome = outcome }

    /// As the report of a leg.
    func report(_ order: SentOrder) -> LegReport {
        LegReport(
            clOrdID: order.order.clOrdID, orderID: order.orderID, outcome: outcome,
            stamps: .init(signed: order.signed, sent: sent, acked: acked), transactTime: date)
    }
}

/// Answers to outcomes: filled only where the venue says matched and how much we got; whatever is not surely a refusal is
/// unknown until evidence says which.
///
/// - Source: sheet of November 2026, sections 4.3, 4.4 and 8.
struct OutcomePolicy {
    private let reader = JSONReader(limits: .webSocket)

    // MARK: One order

    /// The outcome of one order.
    func verdict(_ outcome: WireOutcome, of order: SentOrder) -> Verdict {
        verdicts(outcome, of: [order], isBatch: false)[0]
    }

    /// The outcomes of all orders of one request, in its order.
    func verdicts(_ outcome: WireOutcome, of orders: [SentOrder], isBatch: Bool) -> [Verdict] {
        switch outcome {
        case .notSent(let fault):
            return same(Verdict(.notSent(LocalRefusal(.noConnection, "\(fault.code): \(fault.text)"))), orders)
        case .lost(let fault, let sent):
            var verdict = Verdict(.unknown(Self.reason(fault)))
            verdict.sent = sent
            return same(verdict, orders)
        case .answered(let answer):
            return read(answer, orders, isBatch).map { verdict in
                var verdict = verdict
                verdict.sent = answer.sent
                verdict.acked = answer.acked
                verdict.date = answer.date
                return verdict
            }
        }
    }

    private func same(_ verdict: Verdict, _ orders: [SentOrder]) -> [Verdict] {
        Array(repeating: verdict, count: orders.count)
    }

    static func reason(_ fault: TransportFault) -> UnknownReason {
        fault.kind == .timeout ? .timeout : .connectionLost("\(fault.code): \(fault.text)")
    }

    private func read(_ answer: WireAnswer, _ orders: [SentOrder], _ isBatch: Bool) -> [Verdict] {
        guard answer.status == 200 || answer.status == 201 else { return same(refusal(answer), orders) }
        do throws(WireFault) {
            let root = try json(answer)
            if isBatch {
                let legs = try Wire.orderAnswers(root)
                // Fewer or more legs than were sent: nobody knows which is which.
                guard legs.count == orders.count else { throw WireFault(.missing, "batch") }
                return zip(legs, orders).map { Self.judge($0, $1) }
            }
            return orders.map { [leg = try Wire.orderAnswer(root)] in Self.judge(leg, $0) }
        } catch {
            return same(Verdict(.unknown(.unreadable("\(error.code) at \(error.field)"))), orders)
        }
    }

    private func json(_ answer: WireAnswer) throws(WireFault) -> JSONValue {
        guard answer.contentType.hasPrefix("application/json") else { throw WireFault(.field, "content-type") }
        do throws(JSONFault) { return try reader.read(answer.body) } catch { throw WireFault(.json(error), "answer") }
    }

    // MARK: Answers of status 200

    /// One leg that the venue answered with status 200.
    static func judge(_ answer: Wire.OrderAnswer, _ order: SentOrder) -> Verdict {
        guard answer.orderID.isEmpty || answer.orderID.lowercased() == order.orderID.text else {
            return unreadable("the answer is about order \(answer.orderID.prefix(70))")
        }
        switch answer.status {
        case .matched:
            guard answer.isSuccess, !answer.orderID.isEmpty else { return unreadable("matched without success or id") }
            return matched(answer, order)
        case .live:
            guard answer.isSuccess, !answer.orderID.isEmpty else { return unreadable("live without success or id") }
            // An order that never rests cannot be resting.
            guard !order.order.timeInForce.isImmediate else { return unreadable("a FOK or FAK order is live") }
            return Verdict(.accepted(OrderSummary(standing: .working, cumQty: nil, leavesQty: nil)))
        case .delayed:
            guard answer.isSuccess, !answer.orderID.isEmpty else { return unreadable("delayed without success or id") }
            return Verdict(.accepted(OrderSummary(standing: .delayed, cumQty: nil, leavesQty: nil)))
        case .unmatched: return unreadable("unmatched: resting or dead")
        case .unknown(let word): return unreadable("status \(word)")
        case .none: return refused(answer)
        }
    }

    /// No status: a refusal where a listed text says so, also beside an order id (a killed FOK has come like that).
    private static func refused(_ answer: Wire.OrderAnswer) -> Verdict {
        guard !answer.errorText.isEmpty else {
            return unreadable(answer.isSuccess ? "success without a status" : "no success and no reason")
        }
        guard case .refused(let kind) = VenueTexts.meaning(answer.errorText) else {
            return unreadable(answer.errorText)
        }
        var verdict = Verdict(.rejected(rejection(kind, 200, answer.errorText)))
        verdict.mode = kind == .venueMode ? VenueTexts.mode(answer.errorText, code: "") : nil
        return verdict
    }

    private static func matched(_ answer: Wire.OrderAnswer, _ order: SentOrder) -> Verdict {
        guard let taking = answer.taking, taking > 0, let making = answer.making, making > 0 else {
            return unreadable("matched without amounts")
        }
        let isBuy = order.order.side == .buy
        let cumQty = Quantity(rawValue: isBuy ? taking : making)
        let cumCash = Money(rawValue: isBuy ? making : taking)
        // What may be given is what was signed, with a tenth for a fee that may be in it: more is not our order, or not
        // in the unit that is documented.
        guard let given = isBuy ? order.amounts.maker.cash?.rawValue : order.amounts.maker.shares?.rawValue,
            Int128(making) * 10 <= Int128(given) * 11, let asked = order.shares.shares,
            let avgPx = mean(cumCash, cumQty)
        else { return unreadable("matched for amounts that cannot be: \(FixedPoint.text(making)) given") }
        let isWhole = making >= given || cumQty >= asked
        let standing: OrderSummary.Standing
        if isWhole {
            standing = .filled
        } else {
            standing = order.order.timeInForce.isImmediate ? .cancelled : .working
        }
        let leavesQty: Quantity? =
            standing == .working ? (try? asked.subtracting(cumQty)) : .zero
        return Verdict(
            .accepted(
                OrderSummary(
                    standing: standing, cumQty: cumQty, leavesQty: leavesQty, avgPx: avgPx,
                    cumCash: cumCash, reason: standing == .cancelled ? "the rest found nothing to match" : "")))
    }

    /// The mean price, down to 1e-8; nil outside of 0...1, where it is none.
    private static func mean(_ cash: Money, _ quantity: Quantity) -> Price? {
        let units = Int128(cash.rawValue) * Int128(FixedPoint.one) / Int128(quantity.rawValue)
        guard let units = Int64(exactly: units), units > 0, units <= FixedPoint.one else { return nil }
        return Price(rawValue: units)
    }

    private static func unreadable(_ text: String) -> Verdict {
        Verdict(.unknown(.unreadable(String(text.prefix(200)))))
    }

    // MARK: Other statuses

    /// An answer that is not of status 200: a refusal only where the status or a listed text says so.
    private func refusal(_ answer: WireAnswer) -> Verdict {
        switch refusalOrReason(answer) {
        case .success(let (rejection, mode)):
            var verdict = Verdict(.rejected(rejection))
            verdict.mode = mode
            return verdict
        case .failure(let unclear): return Verdict(.unknown(unclear.reason))
        }
    }

    private struct Unclear: Error { let reason: UnknownReason }

    private func refusalOrReason(_ answer: WireAnswer) -> Result<(VenueRejection, VenueTexts.Mode?), Unclear> {
        let status = answer.status
        let found = (try? json(answer)).flatMap { try? Wire.errorAnswer($0) }
        let pause = answer.retryAfter ?? found?.retryAfter
        func rejected(_ kind: VenueRejection.Kind, _ mode: VenueTexts.Mode? = nil)
            -> Result<(VenueRejection, VenueTexts.Mode?), Unclear>
        {
            .success((Self.rejection(kind, status, found?.text ?? "", code: found?.code, retryAfter: pause), mode))
        }
        // These two say by their status alone that nothing was done.
        if status == 429 { return rejected(.throttled) }
        if status == 425 { return rejected(.venueMode, .closed) }
        if status >= 500 || status == 408 {
            guard status == 503, let found, let mode = VenueTexts.mode(found.text, code: found.code) else {
                return .failure(Unclear(reason: .serverError(status)))
            }
            return rejected(.venueMode, mode)
        }
        guard (400..<500).contains(status), let found else {
            return .failure(Unclear(reason: .unreadable("status \(status) without a reason")))
        }
        guard case .refused(let kind) = VenueTexts.meaning(found.text) else {
            // The documented bodies of 401 and 403 begin alike in all versions; the status says the rest.
            if status == 401 { return rejected(.authentication) }
            if status == 403 { return rejected(.account) }
            return .failure(Unclear(reason: .unreadable("status \(status): \(found.text.prefix(160))")))
        }
        return rejected(kind, kind == .venueMode ? VenueTexts.mode(found.text, code: found.code) : nil)
    }

    private static func rejection(
        _ kind: VenueRejection.Kind, _ status: Int, _ text: String, code: String? = nil, retryAfter: Nanoseconds? = nil
    ) -> VenueRejection {
        let name = code.flatMap { $0.isEmpty ? nil : $0 } ?? String(text.prefix(60))
        return VenueRejection(
            kind, status: status, code: name, text: String(text.prefix(300)), retryAfter: retryAfter)
    }
}

// MARK: - Cancels

extension OutcomePolicy {
    /// What came of cancelling one order.
    func report(_ outcome: WireOutcome, cancelling id: OrderID) -> CancelReport {
        reports(outcome, cancelling: [id])[0]
    }

    /// What came of cancelling several, in the order given.
    func reports(_ outcome: WireOutcome, cancelling ids: [OrderID]) -> [CancelReport] {
        switch cancelAnswer(outcome) {
        case .failure(let report): return Array(repeating: report.report, count: ids.count)
        case .success(let answer):
            return ids.map { id in
                if let reason = answer.refused[id.text] { return Self.refused(reason) }
                guard answer.canceled.contains(id.text) else {
                    return .unknown(.unreadable("the answer does not name \(id)"))
                }
                return .cancelled(nil)
            }
        }
    }

    /// What came of cancelling all there is: `cancelled` only where nothing was left over.
    func reportOfAll(_ outcome: WireOutcome) -> CancelReport {
        switch cancelAnswer(outcome) {
        case .failure(let report): return report.report
        case .success(let answer):
            // An order that is not live any more is none that was left over.
            let left = answer.refused.sorted { $0.key < $1.key }.first { !VenueTexts.isNotLive($0.value) }
            return left.map { Self.refused($0.value) } ?? .cancelled(nil)
        }
    }

    private struct Told: Error { let report: CancelReport }

    private func cancelAnswer(_ outcome: WireOutcome) -> Result<Wire.CancelAnswer, Told> {
        switch outcome {
        case .notSent(let fault):
            return .failure(Told(report: .notSent(LocalRefusal(.noConnection, "\(fault.code): \(fault.text)"))))
        case .lost(let fault, _): return .failure(Told(report: .unknown(Self.reason(fault))))
        case .answered(let answer):
            guard answer.status == 200 else { return .failure(Told(report: refusedCancel(answer))) }
            do throws(WireFault) { return .success(try Wire.cancelAnswer(json(answer))) } catch {
                return .failure(Told(report: .unknown(.unreadable("\(error.code) at \(error.field)"))))
            }
        }
    }

    private func refusedCancel(_ answer: WireAnswer) -> CancelReport {
        if answer.status == 404 || answer.status == 400,
            let found = (try? json(answer)).flatMap({ try? Wire.errorAnswer($0) }), VenueTexts.isNotLive(found.text)
        {
            return .notLive(Self.rejection(.other, answer.status, found.text, code: found.code))
        }
        switch refusalOrReason(answer) {
        case .success(let (rejection, _)): return .rejected(rejection)
        case .failure(let unclear): return .unknown(unclear.reason)
        }
    }

    private static func refused(_ reason: String) -> CancelReport {
        let rejection = rejection(.other, 200, reason)
        return VenueTexts.isNotLive(reason) ? .notLive(rejection) : .rejected(rejection)
    }
}
