public import Codec
public import Trading

/// Executions as JSON: the same object in the event stream, in the ledger and from `arb export`.
///
/// Schema `arb.execution/1`: money, prices and sizes are strings (legs in their own currency), durations and stamps
/// integers of nanoseconds on one monotonic clock, times RFC 3339 UTC.
public enum ExecutionJSON {
    /// The schema of the object.
    public static let schema = "arb.execution/1"

    /// Writes one object.
    ///
    /// - Parameters:
    ///   - mode: of the run.
    ///   - venues: `production`, `demo` or `loopback`.
    public static func write(
        _ result: ExecutionResult, names: BasketNames, mode: String, venues: String, into json: inout JSONWriter
    ) {
        let entry = names[result.basket]
        json.beginObject()
        json.member("schema", schema)
        json.member("event", "execution")
        json.member("id", result.id.description)
        json.member("opportunity", result.opportunity)
        json.member("pair", entry.pair.name)
        json.member("direction", entry.direction)
        json.member("mode", mode)
        json.member("venues", venues)
        json.member("at", result.decidedAt.rfc3339)
        json.member("success", result.success)
        json.member("result", result.kind.rawValue)
        json.key("edge_expected_usd")
        json.decimalString(result.edgeExpected.rawValue)
        json.key("edge_realized_usd")
        if let realized = result.edgeRealized { json.decimalString(realized.rawValue) } else { json.null() }
        json.key("legs")
        json.beginArray()
        for leg in result.legs { write(leg, into: &json) }
        json.endArray()
        json.key("stamps_ns")
        stamps(result, into: &json)
        json.key("latency_ns")
        latency(result, into: &json)
        json.key("error")
        if result.error.isEmpty { json.null() } else { json.string(result.error) }
        json.endObject()
    }

    private static func write(_ leg: ExecutedLeg, into json: inout JSONWriter) {
        json.beginObject()
        json.member("venue", leg.venue.name)
        json.member("instrument", leg.symbol)
        json.member("outcome", leg.outcome.rawValue)
        json.member("side", leg.side.rawValue)
        json.key("order_qty")
        json.decimalString(leg.orderQty.rawValue)
        json.key("limit_px")
        json.decimalString(leg.limitPx.rawValue)
        json.key("cum_qty")
        json.decimalString(leg.cumQty.rawValue)
        json.key("avg_px")
        if let price = leg.avgPx { json.decimalString(price.rawValue) } else { json.null() }
        json.key("fee_usd")
        if let fee = leg.fee { json.decimalString(fee.rawValue) } else { json.null() }
        json.member("cl_ord_id", leg.clOrdID.description)
        json.key("order_id")
        if let id = leg.orderID { json.string(id.text) } else { json.null() }
        json.member("state", leg.isUnknown ? "unknown" : leg.ordStatus.rawValue)
        json.key("error")
        if leg.error.isEmpty { json.null() } else { json.string(leg.error) }
        json.endObject()
    }

    private static func stamps(_ result: ExecutionResult, into json: inout JSONWriter) {
        json.beginObject()
        json.member("recv", result.stamps.recv.rawValue)
        json.member("parsed", result.stamps.parsed.rawValue)
        json.member("booked", result.stamps.booked.rawValue)
        json.member("decided", result.stamps.decided.rawValue)
        json.member("approved", result.stamps.approved.rawValue)
        json.member("journaled", result.stamps.journaled.rawValue)
        json.key("legs")
        json.beginArray()
        for leg in result.legs {
            json.beginObject()
            member("signed", leg.stamps?.signed, into: &json)
            member("sent", leg.stamps?.sent, into: &json)
            member("acked", leg.stamps?.acked, into: &json)
            member("filled", leg.filled, into: &json)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private static func member(_ key: StaticString, _ instant: MonotonicNanos?, into json: inout JSONWriter) {
        json.key(key)
        if let instant { json.integer(instant.rawValue) } else { json.null() }
    }

    /// Keys of the object are fixed text; this is that of each stage.
    private static func key(_ stage: LatencyStage) -> StaticString {
        switch stage {
        case .parse: "parse"
        case .book: "book"
        case .decide: "decide"
        case .verify: "verify"
        case .journal: "journal"
        case .send: "send_each"
        case .tickToWire: "tick_to_wire"
        case .legSkew: "leg_skew"
        case .ack: "ack_each"
        case .fill: "fill"
        case .total: "total"
        }
    }

    private static func latency(_ result: ExecutionResult, into json: inout JSONWriter) {
        json.beginObject()
        for sample in LatencySample.all(of: result) where sample.venue == nil {
            json.member(key(sample.stage), sample.duration.rawValue)
        }
        json.key("ack")
        json.beginArray()
        for leg in result.legs {
            if let stamps = leg.stamps, let sent = stamps.sent, let acked = stamps.acked {
                json.integer((acked - sent).rawValue)
            } else {
                json.null()
            }
        }
        json.endArray()
        json.endObject()
    }
}
