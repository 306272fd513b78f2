import Codec
import Trading

// Reference answers as types: `/clob-markets` and Gamma's `/markets/keyset`.
extension Wire {
    /// What the order book's server says of a market.
    struct ClobMarket {
        var condition = ""
        var tokens: [(token: String, outcome: String)] = []
        var tick: Int64?
        var minimum: Int64?
        var rate: Int64?
        var exponent: Int64?
        var hasFees = false
        var negRisk = false
        var isAccepting = false
        var delaySeconds: Int64 = 0
        var delaysTakers = false
        var protocolVersion = 1
    }

    /// What the metadata server says of a market.
    struct GammaMarket {
        var condition = ""
        var question = ""
        var description: String?
        var tokens: [String] = []
        var outcomes: [String] = []
        var isActive = false
        var isClosed = true
        var negRisk = false
        var isOther = false
        var event: String?
        var feesEnabled: Bool?
        var rate: Int64?
        var exponent: Int64?
        var end: UTCNanos?
        var gameStart: UTCNanos?
        var isAugmented = false
    }

    static func clobMarket(_ root: JSONValue) throws(WireFault) -> ClobMarket {
        guard root.kind == .object else { throw WireFault(.field, "clob-markets") }
        var market = ClobMarket()
        guard let condition = root["c"]?.text else { throw WireFault(.missing, "c") }
        market.condition = condition.string
        guard let tokens = root["t"], tokens.kind == .array else { throw WireFault(.missing, "t") }
        for token in tokens.elements {
            guard let id = token["t"]?.decimalText, let outcome = token["o"]?.text else {
                throw WireFault(.missing, "t.t")
            }
            market.tokens.append((id.string, outcome.string))
        }
        market.tick = try number(root["mts"], "mts")
        market.minimum = try number(root["mos"], "mos")
        if let fees = root["fd"], fees.kind == .object {
            market.hasFees = true
            market.rate = try number(fees["r"], "fd.r")
            market.exponent = try number(fees["e"], "fd.e")
        }
        if let flag = try number(root["tbf"], "tbf"), flag > 0 { market.hasFees = true }
        market.negRisk = root["nr"]?.bool ?? false
        market.isAccepting = root["ao"]?.bool ?? false
        market.delaySeconds = (try number(root["sd"], "sd") ?? 0) / FixedPoint.one
        market.delaysTakers = root["itode"]?.bool ?? false
        if let version = root["v"]?.text { market.protocolVersion = version == "v2" || version == "2" ? 2 : 1 }
        if let version = root["v"]?.int64 { market.protocolVersion = version == 2 ? 2 : 1 }
        return market
    }

    /// - Parameter inner: reads the lists that are text inside of text; not the reader that `root` is of.
    static func gammaMarkets(_ root: JSONValue, inner: JSONReader) throws(WireFault) -> [GammaMarket] {
        let list = root.kind == .array ? root : root["markets"]
        guard let list, list.kind == .array else { throw WireFault(.missing, "markets") }
        var markets: [GammaMarket] = []
        for element in list.elements { markets.append(try gammaMarket(element, inner)) }
        return markets
    }

    private static func gammaMarket(_ value: JSONValue, _ inner: JSONReader) throws(WireFault) -> GammaMarket {
        guard let condition = value["conditionId"]?.text else { throw WireFault(.missing, "conditionId") }
        var market = GammaMarket()
        market.condition = condition.string
        market.question = value["question"]?.text?.string ?? ""
        market.description = value["description"]?.text?.string
        market.tokens = try list(value["clobTokenIds"], "clobTokenIds", inner)
        market.outcomes = try list(value["outcomes"], "outcomes", inner)
        market.isActive = value["active"]?.bool ?? false
        market.isClosed = value["closed"]?.bool ?? true
        market.negRisk = value["negRisk"]?.bool ?? false
        market.isOther = value["negRiskOther"]?.bool ?? false
        market.event = value["negRiskMarketID"]?.text?.string
        market.feesEnabled = value["feesEnabled"]?.bool
        if let fees = value["feeSchedule"], fees.kind == .object {
            market.rate = try number(fees["rate"], "feeSchedule.rate")
            market.exponent = try number(fees["exponent"], "feeSchedule.exponent")
        }
        market.end = instant(value["endDate"])
        market.gameStart = instant(value["gameStartTime"])
        if let events = value["events"], events.kind == .array {
            for event in events.elements where event["negRiskAugmented"]?.bool == true { market.isAugmented = true }
        }
        if value["negRiskAugmented"]?.bool == true { market.isAugmented = true }
        return market
    }

    /// `2026-11-22T18:00:00Z`, also with a blank for the T and `+00` for the zone, as this server prints some.
    private static func instant(_ value: JSONValue?) -> UTCNanos? {
        guard let text = value?.text?.string else { return nil }
        if let instant = UTCNanos(rfc3339: text) { return instant }
        return text.hasSuffix("+00") ? UTCNanos(rfc3339: text + ":00") : nil
    }

    /// A number that may come as a number or as a string; 1e-8 units.
    private static func number(_ value: JSONValue?, _ field: StaticString) throws(WireFault) -> Int64? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.decimalText else { throw WireFault(.field, field) }
        return try decimal(text, field)
    }

    /// An array of strings, or one written as JSON text inside a string.
    private static func list(_ value: JSONValue?, _ field: StaticString, _ inner: JSONReader) throws(WireFault)
        -> [String]
    {
        guard let value, !value.isNull else { return [] }
        if value.kind == .array { return try strings(value, field) }
        guard let text = value.text else { throw WireFault(.field, field) }
        let root: JSONValue
        do throws(JSONFault) { root = try inner.read(text.string) } catch { throw WireFault(.json(error), field) }
        return try strings(root, field)
    }

    private static func strings(_ value: JSONValue, _ field: StaticString) throws(WireFault) -> [String] {
        guard value.kind == .array else { throw WireFault(.field, field) }
        var texts: [String] = []
        for element in value.elements {
            guard let text = element.decimalText else { throw WireFault(.field, field) }
            texts.append(text.string)
        }
        return texts
    }
}
