import Signing
import Trading

/// The terms of one market out of what both servers and the pair file say; the first contradiction blocks it.
struct TermsMaker {
    let contract: Contract
    let clob: Wire.ClobMarket
    let gamma: Wire.GammaMarket
    let settings: ReferenceSettings

    /// Ticks that the venue is known to use, in 1e-8.
    private static let ticks: Set<Int64> = [10_000_000, 1_000_000, 500_000, 250_000, 100_000, 10_000]

    func terms(readAt: UTCNanos) throws(ReferenceFault) -> InstrumentTerms {
        try checkIdentity()
        guard let tick = clob.tick, Self.ticks.contains(tick), let step = Price(rawValue: tick),
            let grid = try? TickGrid(step: step)
        else {
            throw ReferenceFault(
                code: "E_REF_GRID", text: "mts \(clob.tick.map { FixedPoint.text($0) } ?? "missing") is no known tick")
        }
        guard let minimum = clob.minimum, minimum > 0 else { throw missing("mos") }
        guard let description = gamma.description else { throw missing("description") }
        let entriesEnd = [gamma.end, gamma.gameStart].compactMap { $0 }.min()
        var terms = InstrumentTerms(
            title: gamma.question, status: status, grid: grid, lot: Quantity(rawValue: 1_000_000),
            orderQtyMin: Quantity(rawValue: minimum), notionalMin: Money(rawValue: FixedPoint.one), budgetStep: .cent,
            fillStep: Quantity(rawValue: 100), currency: .pusd, fees: FeeTimeline(try fees()),
            entriesEnd: gamma.end == nil ? nil : entriesEnd, payout: gamma.end.map { $0 + settings.payoutAfterEnd },
            readAt: readAt)
        terms.rulesSHA256 = Digest.hex(.sha256, description)
        terms.event = gamma.event
        terms.negRisk = clob.negRisk
        terms.augmentedNegRisk = gamma.isAugmented
        terms.placeholder = gamma.isOther
        terms.takerDelay =
            clob.delaySeconds > 0 ? .seconds(clob.delaySeconds) : clob.delaysTakers ? settings.takerDelay : .zero
        terms.protocolVersion = clob.protocolVersion
        return terms
    }

    private var status: TradingStatus {
        if gamma.isClosed { return .closed }
        if !gamma.isActive { return .unopened }
        return clob.isAccepting ? .active : .paused
    }

    /// Tokens, outcomes and neg-risk of file, order book and metadata must say the same.
    private func checkIdentity() throws(ReferenceFault) {
        guard let tokens = contract.tokens else { throw missing("yes_token") }
        let wanted = [tokens.yes, tokens.no]
        for (name, found) in [("order book", clob.tokens.map(\.token)), ("metadata", gamma.tokens)] {
            guard Set(found) == Set(wanted), found.count == 2 else {
                throw ReferenceFault(
                    code: "E_REF_TOKENS",
                    text: "the file's tokens are \(wanted.joined(separator: ", ")), the \(name) server's "
                        + found.joined(separator: ", "))
            }
        }
        guard let index = gamma.tokens.firstIndex(of: tokens.yes), gamma.outcomes.count == 2 else {
            throw missing("outcomes")
        }
        // A market of two names has no YES by word: then the file's yes_token is the reviewer's choice.
        let isYesNo = Set(gamma.outcomes.map { $0.lowercased() }) == ["yes", "no"]
        if isYesNo, gamma.outcomes[index].lowercased() != "yes" {
            throw ReferenceFault(
                code: "E_REF_TOKENS", text: "yes_token pays on '\(gamma.outcomes[index])' by the venue's own words")
        }
        guard clob.negRisk == contract.negRisk, gamma.negRisk == contract.negRisk else {
            throw ReferenceFault(
                code: "E_REF_NEG_RISK",
                text:
                    "neg_risk is \(contract.negRisk) in the file, \(clob.negRisk) at the order book, \(gamma.negRisk) in the metadata"
            )
        }
    }

    /// The market's own schedule; the categories' table is never a source.
    private func fees() throws(ReferenceFault) -> Fees {
        let rate = clob.rate ?? gamma.rate
        let exponent = clob.exponent ?? gamma.exponent
        if let one = clob.rate, let other = gamma.rate, one != other {
            throw ReferenceFault(
                code: "E_REF_FEE",
                text:
                    "the fee rate is \(FixedPoint.text(one)) at the order book and \(FixedPoint.text(other)) in the metadata"
            )
        }
        guard let rate else {
            if gamma.feesEnabled == false, !clob.hasFees { return .free }
            throw ReferenceFault(code: "E_REF_FEE", text: "fees are on, or may be, but no schedule is given")
        }
        guard let exponent, exponent % FixedPoint.one == 0 else {
            throw ReferenceFault(code: "E_REF_FEE", text: "the fee schedule has no whole exponent")
        }
        do throws(FeeFault) {
            return try Fees(rate: rate, exponent: Int(exponent / FixedPoint.one))
        } catch {
            throw ReferenceFault(
                code: error.code,
                text: "an unknown fee schedule: rate \(FixedPoint.text(rate)), exponent \(FixedPoint.text(exponent))")
        }
    }

    private func missing(_ field: String) -> ReferenceFault {
        ReferenceFault(code: "E_REF_MISSING", text: "\(field) is missing for \(contract.symbol)")
    }
}
