import Trading

// Terms that a file pins: `[pair.kalshi.reference]` and `[pair.polymarket.reference]`.
extension PairFileReader {
    mutating func readKalshiReference(_ table: Table) -> PinnedTerms? {
        guard let pinned = subtable(table, "reference", required: false) else { return nil }
        let before = faults.count
        let bands = bands(pinned)
        let type = text(pinned, "fee_type", required: true)
        let multiplier = decimal(pinned, "fee_multiplier")
        let dates = dates(pinned)
        finish(pinned, "the pinned terms")
        guard faults.count == before, let bands, let type, let multiplier, let readAt = dates.readAt else { return nil }
        do {
            return PinnedTerms(
                grid: try TickGrid(bands: bands), orderQtyMin: Quantity(rawValue: 1_000_000), feeType: type,
                feeRate: multiplier, feeExponent: 1, entriesEnd: dates.entriesEnd, payout: dates.payout, readAt: readAt)
        } catch {
            fault(
                pinned.place, "price_ranges make no grid (\(error.code))",
                expected: "bands that ascend from 0 to 1, each with a step")
            return nil
        }
    }

    mutating func readPolymarketReference(_ table: Table) -> PinnedTerms? {
        guard let pinned = subtable(table, "reference", required: false) else { return nil }
        let before = faults.count
        let tick = decimal(pinned, "tick_size")
        let minimum = decimal(pinned, "min_order_size")
        let rate = decimal(pinned, "fee_rate")
        let exponent = integer(pinned, "fee_exponent", 1...3)
        let dates = dates(pinned)
        finish(pinned, "the pinned terms")
        guard faults.count == before, let tick, let minimum, let rate, let exponent, let readAt = dates.readAt else {
            return nil
        }
        guard let step = Price(rawValue: tick), let grid = try? TickGrid(step: step) else {
            fault(pinned.place, "tick_size makes no grid", expected: "a tick of the venue, such as \"0.01\"")
            return nil
        }
        return PinnedTerms(
            grid: grid, orderQtyMin: Quantity(rawValue: minimum), feeType: "", feeRate: rate,
            feeExponent: Int(exponent), entriesEnd: dates.entriesEnd, payout: dates.payout, readAt: readAt)
    }

    private mutating func dates(_ table: Table) -> (entriesEnd: UTCNanos?, payout: UTCNanos?, readAt: UTCNanos?) {
        let dates = (instant(table, "entries_end"), instant(table, "payout"), instant(table, "read_at"))
        if dates.2 == nil, !table.known.isEmpty, !faults.contains(where: { $0.message.hasPrefix("read_at") }) {
            fault(
                table.place, "no read_at", expected: "read_at = \"2026-12-10T21:00:00Z\": when these terms were true",
                code: "E_PAIR_MISSING")
        }
        return dates
    }

    /// A decimal as a string. Unit: 1e-8.
    private mutating func decimal(_ table: Table, _ key: String) -> Int64? {
        guard let text = text(table, key, required: true) else { return nil }
        guard let value = try? Quantity(decimal: text), value.rawValue >= 0 else {
            fault(table.place, "\(key) '\(text.prefix(40))' is no amount", expected: "a decimal such as \"0.01\"")
            return nil
        }
        return value.rawValue
    }

    private mutating func bands(_ table: Table) -> [TickGrid.Band]? {
        guard let member = table.take("price_ranges"), case .array(let values) = member.value.content else {
            fault(
                table.place, "no price_ranges", expected: "price_ranges = [[\"0.00\", \"1.00\", \"0.01\"]]",
                code: "E_PAIR_MISSING")
            return nil
        }
        var bands: [TickGrid.Band] = []
        for value in values {
            var prices: [Price] = []
            if case .array(let parts) = value.content {
                for part in parts {
                    if case .string(let text) = part.content, let price = try? Price(decimal: text) {
                        prices.append(price)
                    }
                }
            }
            guard prices.count == 3 else {
                fault(value.place, "a band is three prices", expected: "[\"start\", \"end\", \"step\"]")
                return nil
            }
            bands.append(TickGrid.Band(start: prices[0], end: prices[1], step: prices[2]))
        }
        return bands
    }
}
