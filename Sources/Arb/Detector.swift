import Risk
import Trading

/// Where an edge may be: the cheap question asked of every message, before anything is sized.
///
/// A basket may pay when one unit at the best prices costs less than it pays by the fee model without rounding. Venues
/// round against us, so no basket that the Sizer would take for more than the shortfall of its fills is ever missed.
/// Everything that the question touches lies in flat tables: no reference is counted and nothing is copied.
final class Detector {
    /// What buying one contract at the best price costs in dollars, model fee included, per outcome. Unit: 1e-8 USD;
    /// `unknown` where there is nothing to buy or the fee is unknown. Kept so that a message that does not move the top
    /// costs two comparisons.
    struct Tops {
        static let unknown: Int64 = 1 << 40
        var yesPrice: Int64 = -1
        var noPrice: Int64 = -1
        var yesCost = Tops.unknown
        var noCost = Tops.unknown

        func cost(_ outcome: Outcome) -> Int64 { outcome == .yes ? yesCost : noCost }
    }

    /// A basket as seen from one of its legs.
    private struct Candidate {
        let basket: Int32
        let outcome: Outcome
        /// The other leg of a pair; negative for a set.
        let partner: Int32
        let partnerOutcome: Outcome
    }

    private let first: [Int32]
    private let candidates: [Candidate]
    private let legs: [[BasketLeg]]
    private var tops: [Tops]
    /// Per basket: what one unit pays, counted in dollars against us. Unit: 1e-8 USD.
    private var payoffRates: [Int64]

    init(_ catalog: Catalog) {
        var first: [Int32] = []
        var candidates: [Candidate] = []
        for index in 0..<Int32(catalog.count) {
            first.append(Int32(candidates.count))
            for id in catalog.baskets(of: InstrumentID(index)) {
                let legs = catalog.baskets[Int(id.index)].legs
                let others = legs.filter { $0.instrument.index != index }
                candidates.append(
                    Candidate(
                        basket: id.index,
                        outcome: legs.first { $0.instrument.index == index }?.outcome ?? .yes,
                        partner: others.count == 1 ? others[0].instrument.index : -1,
                        partnerOutcome: others.first?.outcome ?? .yes))
            }
        }
        first.append(Int32(candidates.count))
        self.first = first
        self.candidates = candidates
        legs = catalog.baskets.map(\.legs)
        tops = Array(repeating: Tops(), count: catalog.count)
        payoffRates = Array(repeating: 0, count: catalog.baskets.count)
    }

    /// Sets what a basket pays once the currencies of its legs are known.
    func setPayoff(_ rate: Int64, of basket: BasketID) { payoffRates[Int(basket.index)] = rate }

    // MARK: Tops

    /// Whether the best prices are others than the ones that costs are known for; -1 where there is none.
    func isMoved(_ instrument: InstrumentID, yes: Int64, no: Int64) -> Bool {
        tops[Int(instrument.index)].yesPrice != yes || tops[Int(instrument.index)].noPrice != no
    }

    func set(_ instrument: InstrumentID, _ top: Tops) { tops[Int(instrument.index)] = top }

    // MARK: The question

    /// The baskets that an instrument is in.
    func places(of instrument: InstrumentID) -> Range<Int> {
        Int(first[Int(instrument.index)])..<Int(first[Int(instrument.index) + 1])
    }

    func basket(at place: Int) -> BasketID { BasketID(candidates[place].basket) }

    /// True when one unit of the basket at a place of `instrument` may cost less than it pays.
    func mayPay(at place: Int, of instrument: InstrumentID) -> Bool {
        let candidate = candidates[place]
        guard candidate.partner >= 0 else { return mayPay(BasketID(candidate.basket)) }
        let cost =
            tops[Int(instrument.index)].cost(candidate.outcome)
            &+ tops[Int(candidate.partner)].cost(candidate.partnerOutcome)  // 2 × 2^40
        return cost < payoffRates[Int(candidate.basket)]
    }

    /// True when one unit may cost less than it pays.
    func mayPay(_ basket: BasketID) -> Bool {
        var cost: Int64 = 0
        for leg in legs[Int(basket.index)] {
            cost &+= tops[Int(leg.instrument.index)].cost(leg.outcome)  // legs × 2^40
        }
        return cost < payoffRates[Int(basket.index)]
    }
}
