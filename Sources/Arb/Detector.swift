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
        /// The other leg of a pair; negative for a set.
        let partner: Int32
        let outcome: Outcome
        let partnerOutcome: Outcome
        /// What one unit pays, as in `payoffRates`.
        var payoffRate: Int64 = 0
    }

    /// What every change of an instrument asks of it, one cache line.
    private struct Seat {
        var tops = Tops()
        /// When another fee schedule takes over; never, where that is unknown.
        var feesUntil = UTCNanos(rawValue: .max)
        /// `InversionWatch` has nothing to look at before.
        var nextLook = MonotonicNanos(rawValue: .min)
        /// Its candidates.
        var first: Int32
        var end: Int32
        let venue: VenueID
    }

    private let legs: [[BasketLeg]]
    // What every message touches goes without the run time's exclusivity checks: accesses are single statements on one
    // lane, and none is open while anything else is called.
    @exclusivity(unchecked) private var seats: [Seat] = []
    @exclusivity(unchecked) private var candidates: [Candidate] = []
    /// Per basket: what one unit pays, counted in dollars against us. Unit: 1e-8 USD.
    private var payoffRates: [Int64]

    init(_ catalog: Catalog) {
        NearMemory.reserve(&seats, catalog.count)
        NearMemory.reserve(&candidates, catalog.baskets.reduce(0) { $0 + $1.legs.count })
        for index in 0..<Int32(catalog.count) {
            let first = Int32(candidates.count)
            for id in catalog.baskets(of: InstrumentID(index)) {
                let legs = catalog.baskets[Int(id.index)].legs
                let others = legs.filter { $0.instrument.index != index }
                candidates.append(
                    Candidate(
                        basket: id.index, partner: others.count == 1 ? others[0].instrument.index : -1,
                        outcome: legs.first { $0.instrument.index == index }?.outcome ?? .yes,
                        partnerOutcome: others.first?.outcome ?? .yes))
            }
            seats.append(
                Seat(first: first, end: Int32(candidates.count), venue: catalog.contracts[Int(index)].venue))
        }
        legs = catalog.baskets.map(\.legs)
        payoffRates = Array(repeating: 0, count: catalog.baskets.count)
    }

    /// Sets what a basket pays once the currencies of its legs are known.
    func setPayoff(_ rate: Int64, of basket: BasketID) {
        payoffRates[Int(basket.index)] = rate
        for leg in legs[Int(basket.index)] {
            for place in places(of: leg.instrument) where candidates[place].basket == basket.index {
                candidates[place].payoffRate = rate
            }
        }
    }

    /// Asks for the memory that a change of the instrument is going to touch. Most baskets are the two of a pair, whose
    /// instruments stand side by side.
    func expect(_ instrument: InstrumentID) {
        let index = Int(instrument.index)
        NearMemory.expect(seats, index & ~1, bytes: 2 * MemoryLayout<Seat>.stride)
        NearMemory.expect(candidates, 2 * index, bytes: 2 * MemoryLayout<Candidate>.stride)
    }

    // MARK: Rows

    /// Venue of an instrument.
    func venue(of instrument: InstrumentID) -> VenueID { seats[Int(instrument.index)].venue }

    /// True when the fees that the tops were computed with are not those of `now` any more.
    func feesEnd(_ instrument: InstrumentID, by now: UTCNanos) -> Bool {
        seats[Int(instrument.index)].feesUntil <= now
    }

    func setFeesUntil(_ instrument: InstrumentID, _ instant: UTCNanos?) {
        seats[Int(instrument.index)].feesUntil = instant ?? UTCNanos(rawValue: .max)
    }

    /// True when `InversionWatch` should look at the baskets of the instrument.
    func isLookDue(_ instrument: InstrumentID, _ now: MonotonicNanos) -> Bool {
        seats[Int(instrument.index)].nextLook <= now
    }

    func setNextLook(_ instrument: InstrumentID, _ instant: MonotonicNanos) {
        seats[Int(instrument.index)].nextLook = instant
    }

    // MARK: Tops

    /// Whether the best prices are others than the ones that costs are known for; -1 where there is none.
    func isMoved(_ instrument: InstrumentID, yes: Int64, no: Int64) -> Bool {
        seats[Int(instrument.index)].tops.yesPrice != yes || seats[Int(instrument.index)].tops.noPrice != no
    }

    func set(_ instrument: InstrumentID, _ top: Tops) { seats[Int(instrument.index)].tops = top }

    // MARK: The question

    /// The baskets that an instrument is in.
    func places(of instrument: InstrumentID) -> Range<Int> {
        Int(seats[Int(instrument.index)].first)..<Int(seats[Int(instrument.index)].end)
    }

    func basket(at place: Int) -> BasketID { BasketID(candidates[place].basket) }

    /// True when one unit of the basket at a place of `instrument` may cost less than it pays, or by less than `slack` more
    /// (then of pairs alone). Unit: 1e-8 USD.
    func mayPay(at place: Int, of instrument: InstrumentID, within slack: Int64 = 0) -> Bool {
        let candidate = candidates[place]
        guard candidate.partner >= 0 else { return slack == 0 && mayPay(BasketID(candidate.basket)) }
        let cost =
            seats[Int(instrument.index)].tops.cost(candidate.outcome)
            &+ seats[Int(candidate.partner)].tops.cost(candidate.partnerOutcome)  // 2 × 2^40
        return cost < candidate.payoffRate &+ slack  // far below 2^62
    }

    /// True when one unit may cost less than it pays.
    func mayPay(_ basket: BasketID) -> Bool {
        var cost: Int64 = 0
        for leg in legs[Int(basket.index)] {
            cost &+= seats[Int(leg.instrument.index)].tops.cost(leg.outcome)  // legs × 2^40
        }
        return cost < payoffRates[Int(basket.index)]
    }
}
