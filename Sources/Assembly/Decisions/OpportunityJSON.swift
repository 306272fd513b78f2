public import Codec
public import Trading

/// Opportunities as JSON: the same object in the event stream, in the decision log and from `arb opportunities`.
///
/// Schema `arb.opportunity/1`: money, prices and sizes are strings in dollars (each leg in its own currency), durations
/// integers of nanoseconds, times RFC 3339 UTC.
public enum OpportunityJSON {
    /// The schema of the object.
    public static let schema = "arb.opportunity/1"

    /// Where in its life an opportunity is told of.
    public enum Phase: String, Sendable {
        /// It was just born.
        case born
        /// It is over and judged.
        case ended
    }

    /// Writes one object.
    ///
    /// - Parameter context: mode and venues of the run; left out of what is hashed, so that a replay equals its recording.
    public static func write(
        _ opportunity: Opportunity, _ phase: Phase, names: BasketNames, context: (mode: String, venues: String)? = nil,
        into json: inout JSONWriter
    ) {
        let entry = names[opportunity.basket]
        json.beginObject()
        json.member("schema", schema)
        json.member("event", "opportunity")
        json.member("phase", phase.rawValue)
        if let context {
            json.member("mode", context.mode)
            json.member("venues", context.venues)
        }
        json.member("id", opportunity.sequence)
        json.member("pair", entry.pair.name)
        json.member("kind", entry.kind.rawValue)
        json.member("direction", entry.direction)
        json.member("disposition", opportunity.disposition.rawValue)
        json.member("born", opportunity.born.utc.rfc3339)
        json.member("born_ns", opportunity.born.monotonic.rawValue)
        json.key("plan")
        plan(opportunity.plan, entry, into: &json)
        json.key("book_ages_ns")
        json.beginArray()
        for age in opportunity.bookAges {
            if let age { json.integer(age.rawValue) } else { json.null() }
        }
        json.endArray()
        if phase == .ended { ending(opportunity, entry, into: &json) }
        json.endObject()
    }

    private static func ending(_ opportunity: Opportunity, _ entry: BasketNames.Entry, into json: inout JSONWriter) {
        if let taken = opportunity.takenAt { json.member("taken", taken.utc.rfc3339) }
        json.key("best")
        plan(opportunity.best, entry, into: &json)
        json.member("best_at", opportunity.bestAt.utc.rfc3339)
        if let ended = opportunity.ended {
            json.member("ended", ended.utc.rfc3339)
            json.member("lifetime_ns", (ended.monotonic - opportunity.born.monotonic).rawValue)
        }
        if let reason = opportunity.endReason { json.member("end_reason", reason.rawValue) }
        json.key("judged")
        json.beginArray()
        for judgement in opportunity.judgements {
            json.beginObject()
            json.member("after_ns", judgement.after.rawValue)
            json.member("filled", judgement.filled)
            json.key("cum_qty")
            json.beginArray()
            for quantity in judgement.cumQty { json.decimalString(quantity.rawValue) }
            json.endArray()
            json.key("boxed_qty")
            json.decimalString(judgement.boxed.rawValue)
            json.key("net_usd")
            if let net = judgement.net { json.decimalString(net.rawValue) } else { json.null() }
            json.endObject()
        }
        json.endArray()
    }

    private static func plan(_ plan: BasketPlan, _ entry: BasketNames.Entry, into json: inout JSONWriter) {
        json.beginObject()
        json.key("order_qty")
        json.decimalString(plan.orderQty.rawValue)
        json.key("locked_usd")
        json.decimalString(plan.locked.rawValue)
        json.key("payoff_usd")
        json.decimalString(plan.payoff.rawValue)
        json.key("edge_expected_usd")
        json.decimalString(plan.net.rawValue)
        json.member("edge_bps", plan.edgeBps)
        json.key("legs")
        json.beginArray()
        for (leg, name) in zip(plan.legs, entry.legs) {
            json.beginObject()
            json.member("venue", name.venue.name)
            json.member("instrument", name.symbol)
            json.member("outcome", leg.outcome.rawValue)
            json.key("order_qty")
            json.decimalString(leg.orderQty.rawValue)
            json.key("limit_px")
            json.decimalString(leg.limitPx.rawValue)
            json.key("cost")
            json.decimalString(leg.cost.rawValue)
            json.key("fee")
            json.decimalString(leg.fee.rawValue)
            json.member("levels", leg.levels)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}
