import Codec
public import Trading
import Transport

/// What an answer means for an order: pure, and nothing in it is guessed. Whatever does not say in the venue's own form
/// what became of a request leaves it unknown.
///
/// - Source: sheet sections 3.3, 3.4, 3.8 and 3.9 of the venue's documentation of 2026-10-08 and recordings of June 2026.
enum OutcomePolicy {
    /// What an answer is, before anyone asks what it says of an order.
    enum Reading {
        /// Nothing left.
        case notSent(LocalRefusal)
        /// Nobody knows.
        case unknown(UnknownReason)
        /// The venue refused the request.
        case refused(VenueRejection)
        /// Done; the venue has nothing to say about it (204).
        case done
        /// Done; what the venue says. Valid until the reader reads again.
        case body(JSONValue)
    }

    /// What came of one order.
    struct Verdict: Hashable {
        var orderID: OrderID?
        var outcome: LegReport.Outcome
        var transactTime: UTCNanos?

        init(_ outcome: LegReport.Outcome, orderID: OrderID? = nil, at transactTime: UTCNanos? = nil) {
            self.outcome = outcome
            self.orderID = orderID
            self.transactTime = transactTime
        }
    }

    // MARK: Any answer

    static func read(_ outcome: WireOutcome, _ reader: JSONReader) -> Reading {
        switch outcome {
        case .notSent(let fault): return .notSent(LocalRefusal(.noConnection, "\(fault.code): \(fault.text)"))
        case .lost(let fault, _):
            return .unknown(fault.kind == .timeout ? .timeout : .connectionLost(fault.code))
        case .answered(let answer): return read(answer, reader)
        }
    }

    private static func read(_ answer: WireAnswer, _ reader: JSONReader) -> Reading {
        switch answer.status {
        case 500...: return .unknown(.serverError(answer.status))
        case 204: return .done
        case 429: return .refused(throttled(answer, reader))
        // 408 may be the end of an idle connection; anything else here is no answer of this venue.
        case 408, ..<200, 300..<400: return .unknown(.unreadable("HTTP status \(answer.status)"))
        default: break
        }
        guard let root = json(answer, reader) else {
            return .unknown(.unreadable("HTTP status \(answer.status) without JSON"))
        }
        let error = Wire.errorBody(root)
        guard answer.status < 300 else {
            guard let error else { return .unknown(.unreadable("HTTP status \(answer.status) without a reason")) }
            return .refused(rejection(error, status: answer.status, retryAfter: answer.retryAfter))
        }
        // An order and an error in one body contradict each other; an error without a code says too little here.
        let hasError = root["error"].map { !$0.isNull } ?? false
        let hasOrder = root["order_id"] != nil || root["orders"] != nil || root["order_group_id"] != nil
        if !hasError, error.map({ hasOrder && $0.shape == .bare }) ?? true { return .body(root) }
        guard let error, !error.code.isEmpty, !hasOrder else {
            return .unknown(.unreadable("HTTP status \(answer.status) with an error"))
        }
        return .refused(rejection(error, status: answer.status, retryAfter: answer.retryAfter))
    }

    private static func json(_ answer: WireAnswer, _ reader: JSONReader) -> JSONValue? {
        guard answer.contentType.isEmpty || answer.contentType.hasPrefix("application/json") else { return nil }
        do throws(JSONFault) {
            let root = try reader.read(answer.body)
            return root.kind == .object && !root.hasDuplicateKeys ? root : nil
        } catch { return nil }
    }

    private static func throttled(_ answer: WireAnswer, _ reader: JSONReader) -> VenueRejection {
        let error = json(answer, reader).flatMap(Wire.errorBody)
        return VenueRejection(
            .throttled, status: 429, code: error?.code ?? "", text: error?.message ?? "", retryAfter: answer.retryAfter)
    }

    // MARK: Refusals

    static func rejection(
        _ error: Wire.ErrorBody, status: Int, retryAfter: Nanoseconds? = nil
    ) -> VenueRejection {
        let words = error.details.isEmpty ? error.message : "\(error.message): \(error.details)"
        return VenueRejection(
            kind(error, status: status), status: status, code: error.code.isEmpty ? error.message : error.code,
            text: error.code.isEmpty ? "" : words, retryAfter: retryAfter)
    }

    /// Codes by what they begin with, the longer before the shorter: some carry an id behind the word.
    private static let kinds: [(code: String, kind: VenueRejection.Kind)] = [
        ("fill_or_kill_insufficient_resting_volume", .unfilled),
        ("order_already_exists", .duplicate),
        ("insufficient_balance", .balance), ("available_balance_too_low", .balance),
        ("invalid_price", .price), ("invalid_order_size", .size),
        ("market_not_found", .market), ("market_closed", .market), ("market_inactive", .market),
        ("authentication_error", .authentication), ("header_timestamp_expired", .authentication),
        ("signature_is_missing_from_headers", .authentication), ("user_not_found", .account),
        ("exceeded_order_group_risk_limit", .account), ("too many requests", .throttled),
    ]

    private static func kind(_ error: Wire.ErrorBody, status: Int) -> VenueRejection.Kind {
        let code = (error.code.isEmpty ? error.message : error.code).lowercased()
        if let known = kinds.first(where: { code.hasPrefix($0.code) }) { return known.kind }
        if code.hasPrefix("invalid_order"), error.details.lowercased().contains("post only") { return .postOnly }
        if code.contains("paused") { return .venueMode }
        if code.contains("order_group") { return .account }
        switch status {
        case 401: return .authentication
        case 403: return .account
        default: return .other
        }
    }

    // MARK: Create

    /// What came of a create.
    static func create(_ reading: Reading, of order: NewOrder) -> Verdict {
        switch reading {
        case .notSent(let refusal): return Verdict(.notSent(refusal))
        case .unknown(let reason): return Verdict(.unknown(reason))
        case .refused(let rejection): return Verdict(.rejected(rejection))
        case .done: return Verdict(.unknown(.unreadable("an answer without a body")))
        case .body(let root):
            do throws(WireFault) { return verdict(try Wire.create(root), of: order) } catch {
                return Verdict(.unknown(.unreadable("\(error.field): \(error.code)")))
            }
        }
    }

    private static func verdict(_ answer: Wire.CreateAnswer, of order: NewOrder) -> Verdict {
        if let named = answer.clientOrderID, ClOrdID(named) != order.clOrdID {
            return Verdict(.unknown(.unreadable("an answer about another order")))
        }
        return Verdict(
            .accepted(summary(answer, of: order)), orderID: OrderID(answer.orderID), at: answer.stamp)
    }

    /// The sums of an answer in words of the outcome that the order trades. They need not add up to what was asked.
    ///
    /// What filled has no fee yet: the answer tells a mean cut to a millionth, and the order's fills tell the fee itself.
    private static func summary(_ answer: Wire.CreateAnswer, of order: NewOrder) -> OrderSummary {
        let filled = answer.fillCount
        let isResting = answer.remainingCount.rawValue > 0
        let isFilled = !isResting && filled >= order.orderQty
        return OrderSummary(
            standing: isResting ? .working : isFilled ? .filled : .cancelled, cumQty: filled,
            leavesQty: answer.remainingCount,
            avgPx: filled.rawValue > 0 ? answer.averageFillPrice.flatMap { own($0, order.outcome) } : nil,
            fee: filled.rawValue > 0 ? nil : .zero, feeMax: feeMax(answer.averageFeePaid, filled))
    }

    /// A YES price as a price of the outcome traded.
    static func own(_ yesPrice: Price, _ outcome: Outcome) -> Price? {
        outcome == .yes ? yesPrice : yesPrice.complement
    }

    /// The mean that was told may be short of the true one by a millionth.
    private static func feeMax(_ mean: Money?, _ filled: Quantity) -> Money? {
        guard let mean, filled.rawValue > 0 else { return nil }
        let most = Int128(mean.rawValue) + Int128(FixedPoint.one / 1_000_000)
        do throws(AmountError) {
            return Money(rawValue: try FixedPoint.divideByOne(most * Int128(filled.rawValue), up: true))
        } catch { return nil }
    }

    /// What came of each order of a batch. Legs are found by our name for them, those without by their place.
    static func batch(_ reading: Reading, of orders: [NewOrder]) -> [Verdict] {
        guard case .body(let root) = reading else { return orders.map { create(reading, of: $0) } }
        let legs: [Wire.BatchLeg<Wire.CreateAnswer>]
        do throws(WireFault) { legs = try Wire.batchCreate(root) } catch {
            let reason = UnknownReason.unreadable("\(error.field): \(error.code)")
            return orders.map { _ in Verdict(.unknown(reason)) }
        }
        return orders.indices.map { index in
            let wanted = orders[index].clOrdID
            let named = legs.filter { $0.clientOrderID.map { ClOrdID($0) == wanted } ?? false }
            if named.count > 1 { return Verdict(.unknown(.unreadable("two answers for one order"))) }
            if let leg = named.first { return verdict(leg, of: orders[index]) }
            guard legs.count == orders.count, legs[index].clientOrderID == nil else {
                return Verdict(.unknown(.unreadable("no answer for this order")))
            }
            return verdict(legs[index], of: orders[index])
        }
    }

    private static func verdict(_ leg: Wire.BatchLeg<Wire.CreateAnswer>, of order: NewOrder) -> Verdict {
        switch leg {
        case .done(let answer): return verdict(answer, of: order)
        case .refused(nil, _, let error): return Verdict(.rejected(rejection(error, status: 201)))
        case .refused: return Verdict(.unknown(.unreadable("an order with an error")))
        }
    }
}

extension Wire.BatchLeg where Answer == Wire.CreateAnswer {
    fileprivate var clientOrderID: String? {
        switch self {
        case .done(let answer): answer.clientOrderID
        case .refused(_, let clientOrderID, _): clientOrderID
        }
    }
}

// MARK: - Cancels and changes

extension OutcomePolicy {
    /// What came of a cancel.
    static func cancel(_ reading: Reading, of orderID: OrderID) -> CancelReport {
        switch reading {
        case .notSent(let refusal): return .notSent(refusal)
        case .unknown(let reason): return .unknown(reason)
        case .refused(let rejection): return isNotLive(rejection) ? .notLive(rejection) : .rejected(rejection)
        case .done: return .unknown(.unreadable("an answer without a body"))
        case .body(let root):
            do throws(WireFault) { return cancelled(try Wire.cancel(root), orderID) } catch {
                return .unknown(.unreadable("\(error.field): \(error.code)"))
            }
        }
    }

    private static func cancelled(_ answer: Wire.CancelAnswer, _ orderID: OrderID) -> CancelReport {
        // Until May 2026 the venue could describe another order here.
        guard answer.orderID == orderID.text else { return .unknown(.unreadable("an answer about another order")) }
        return .cancelled(answer.reducedBy)
    }

    /// The venue has no such live order. Cancelled, executed and never heard of look the same.
    private static func isNotLive(_ rejection: VenueRejection) -> Bool {
        rejection.code.lowercased().hasPrefix("not_found") || (rejection.status == 404 && rejection.kind != .market)
    }

    /// What came of each cancel of a batch.
    static func cancels(_ reading: Reading, of orders: [OrderID]) -> [CancelReport] {
        guard case .body(let root) = reading else { return orders.map { cancel(reading, of: $0) } }
        let legs: [Wire.BatchLeg<Wire.CancelAnswer>]
        do throws(WireFault) { legs = try Wire.batchCancel(root) } catch {
            let reason = UnknownReason.unreadable("\(error.field): \(error.code)")
            return orders.map { _ in .unknown(reason) }
        }
        return orders.map { orderID in
            let own = legs.filter { $0.orderID == orderID.text }
            guard own.count == 1, let leg = own.first else {
                return .unknown(.unreadable(own.isEmpty ? "no answer for this order" : "two answers for one order"))
            }
            switch leg {
            case .done(let answer): return cancelled(answer, orderID)
            case .refused(_, _, let error):
                let rejection = rejection(error, status: 200)
                return isNotLive(rejection) ? .notLive(rejection) : .rejected(rejection)
            }
        }
    }

    /// What came of a cancel of everything.
    static func cancelAll(_ reading: Reading) -> CancelReport {
        switch reading {
        case .notSent(let refusal): .notSent(refusal)
        case .unknown(let reason): .unknown(reason)
        case .refused(let rejection): .rejected(rejection)
        case .done: .cancelled(nil)
        case .body: .unknown(.unreadable("a body where there is none"))
        }
    }

    /// What came of an amendment or a decrease.
    ///
    /// - Parameter outcome: that the order trades.
    static func change(
        _ reading: Reading, of orderID: OrderID, outcome: Outcome, isDecrease: Bool
    ) -> ChangeReport {
        switch reading {
        case .notSent(let refusal): return .notSent(refusal)
        case .unknown(let reason): return .unknown(reason)
        case .refused(let rejection): return isNotLive(rejection) ? .notLive(rejection) : .rejected(rejection)
        case .done: return .unknown(.unreadable("an answer without a body"))
        case .body(let root):
            do throws(WireFault) {
                let answer = isDecrease ? try Wire.decrease(root) : try Wire.amend(root)
                guard answer.orderID == orderID.text else {
                    return .unknown(.unreadable("an answer about another order"))
                }
                return .changed(
                    ChangeReport.Left(
                        leavesQty: answer.remainingCount, lastQty: answer.fillCount,
                        avgPx: answer.averageFillPrice.flatMap { own($0, outcome) }, transactTime: answer.stamp))
            } catch { return .unknown(.unreadable("\(error.field): \(error.code)")) }
        }
    }

    /// What came of a write to an order group.
    static func group(_ reading: Reading, isCreate: Bool) -> GroupReport {
        switch reading {
        case .notSent(let refusal): return .notSent(refusal)
        case .unknown(let reason): return .unknown(reason)
        case .refused(let rejection): return .rejected(rejection)
        case .done: return isCreate ? .unknown(.unreadable("an answer without a body")) : .done(nil)
        case .body(let root):
            guard isCreate else { return .done(nil) }
            do throws(WireFault) { return .done(OrderGroupID(try Wire.groupCreated(root).id)) } catch {
                return .unknown(.unreadable("\(error.field): \(error.code)"))
            }
        }
    }
}

extension Wire.BatchLeg where Answer == Wire.CancelAnswer {
    fileprivate var orderID: String? {
        switch self {
        case .done(let answer): answer.orderID
        case .refused(let orderID, _, _): orderID
        }
    }
}

// MARK: - Reports

/// What came of a change of a resting order. None of them says that it did not fill.
public enum ChangeReport: Hashable, Sendable {
    /// What the venue says is left; sums are nil where they did not change.
    public struct Left: Hashable, Sendable {
        /// Contracts that rest now.
        public let leavesQty: Quantity?
        /// Contracts that the change itself filled.
        public let lastQty: Quantity?
        /// Mean price of those, of the outcome traded.
        public let avgPx: Price?
        /// The venue's stamp.
        public let transactTime: UTCNanos?
    }

    /// The venue changed it.
    case changed(Left)
    /// The venue knows no such live order: filled, cancelled before, or never there.
    case notLive(VenueRejection)
    /// Refused for another reason; the order is what it was.
    case rejected(VenueRejection)
    /// Nothing left.
    case notSent(LocalRefusal)
    /// Nobody knows.
    case unknown(UnknownReason)
}

/// The venue's name of an order group.
public struct OrderGroupID: Hashable, Sendable {
    /// As the venue writes it.
    public let text: String
    /// The group called `text`.
    public init(_ text: String) { self.text = text }
}

/// What came of a write to an order group.
public enum GroupReport: Hashable, Sendable {
    /// Done; the name of a group that was made.
    case done(OrderGroupID?)
    /// Refused.
    case rejected(VenueRejection)
    /// Nothing left.
    case notSent(LocalRefusal)
    /// Nobody knows.
    case unknown(UnknownReason)
}
