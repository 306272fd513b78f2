internal import Arb
internal import Risk
internal import Store
internal import Trading

/// Breakers and halted pairs as the ledger keeps them: a row a change, the newest of a scope says how it stands.
///
/// - Lane: the back office's thread.
struct StopRows {
    /// Before the name of a pair that is halted beside its breaker.
    static let halt = "pair-halt:"

    private var open: [String: BreakerRecord]?

    /// Keeps what a breaker did.
    ///
    /// - Throws: `StoreFault`.
    mutating func keep(_ event: BreakerEvent, in ledger: Ledger) throws(StoreFault) {
        let scope = event.scope.description
        var standing = try known(ledger)
        switch event.kind {
        case .closed: standing[scope] = nil
        case .opened, .probing:
            // A reason that only a person lifts is shown before one that a probe may end.
            let before = standing[scope]
            var reasons = before?.reasons ?? []
            if !reasons.contains(event.reason) { reasons.append(event.reason) }
            reasons.sort { !$0.isProbed && $1.isProbed }
            let isShown = before == nil || reasons.first == event.reason
            standing[scope] = BreakerRecord(
                scope: event.scope, reasons: reasons, figure: isShown ? event.figure : before?.figure ?? 0,
                limit: isShown ? event.limit : before?.limit ?? 0, since: before?.since ?? event.at)
        }
        let word =
            switch event.kind {
            case .opened: "trip"
            case .probing: "half_open"
            case .closed: "close"
            }
        let record = standing[scope]
        try ledger.add(
            Ledger.BreakerRow(
                at: event.at, scope: scope, event: word, isOpen: record != nil,
                reasons: (record?.reasons ?? [event.reason]).map(\.rawValue).joined(separator: ","),
                figure: record?.figure ?? event.figure, limit: record?.limit ?? event.limit,
                since: record?.since ?? event.at, text: event.text))
        open = standing
    }

    /// Keeps what halts a pair.
    ///
    /// - Throws: `StoreFault`.
    func keep(_ report: SuspensionReport, in ledger: Ledger) throws(StoreFault) {
        try ledger.add(
            Ledger.BreakerRow(
                at: report.at.utc, scope: Self.halt + report.pair.name, event: report.causes.isEmpty ? "close" : "trip",
                isOpen: !report.causes.isEmpty, reasons: report.causes.map(\.rawValue).joined(separator: ","),
                since: report.at.utc, text: report.text))
    }

    private func known(_ ledger: Ledger) throws(StoreFault) -> [String: BreakerRecord] {
        if let open { return open }
        var found: [String: BreakerRecord] = [:]
        for row in try ledger.openBreakers() { found[row.scope] = Self.record(row) }
        return found
    }

    /// The breaker of a row; nil for other rows, and for one that this build does not know.
    static func record(_ row: Ledger.BreakerRow) -> BreakerRecord? {
        guard let scope = BreakerScope(row.scope) else { return nil }
        let reasons = row.reasons.split(separator: ",").compactMap { BreakerReason(rawValue: String($0)) }
        return BreakerRecord(scope: scope, reasons: reasons, figure: row.figure, limit: row.limit, since: row.since)
    }

    /// The halted pair of a row; nil for other rows.
    static func suspension(_ row: Ledger.BreakerRow, at now: Stamp) -> SuspensionReport? {
        guard row.scope.hasPrefix(halt) else { return nil }
        let causes = row.reasons.split(separator: ",").compactMap { RiskGate.Suspension(rawValue: String($0)) }
        return SuspensionReport(
            pair: PairID(String(row.scope.dropFirst(halt.count))), causes: causes, text: row.text, at: now)
    }
}
