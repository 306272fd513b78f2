import Arb

import Store
import TestKit
import Testing
import Trading

@testable import Assembly
@testable import Risk

/// What stops entries is read back from the ledger as it was told.
@Suite("StopRows")
struct StopRowsTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func event(
        _ scope: BreakerScope, _ kind: BreakerEvent.Kind, _ reason: BreakerReason, _ figure: Int64 = 3, at: Int64 = 7
    ) -> BreakerEvent {
        BreakerEvent(scope: scope, kind: kind, reason: reason, figure: figure, limit: 3, at: UTCNanos(rawValue: at))
    }

    private func records(_ ledger: Ledger) throws -> [BreakerRecord] {
        try ledger.openBreakers().compactMap(StopRows.record)
    }

    @Test("a breaker is open with all its reasons, those first that only a person lifts, until it closes")
    func reasons() throws {
        let ledger = try Ledger(path: place.path("ledger.db"))
        var rows = StopRows()
        try rows.keep(event(.global, .opened, .errorsConsecutive), in: ledger)
        try rows.keep(event(.pair(PairID("p:1")), .opened, .overfill, 9), in: ledger)
        try rows.keep(event(.global, .opened, .dailyLoss, 11, at: 8), in: ledger)
        // Another writer goes on where the first one was killed.
        var again = StopRows()
        try again.keep(event(.global, .probing, .errorsConsecutive), in: ledger)
        let found = try records(ledger)
        #expect(found.map(\.scope) == [.global, .pair(PairID("p:1"))])
        #expect(found[0].reasons == [.dailyLoss, .errorsConsecutive] && found[0].figure == 11)
        #expect(found[0].since == UTCNanos(rawValue: 7))
        try again.keep(event(.global, .closed, .dailyLoss), in: ledger)
        #expect(try records(ledger).map(\.scope) == [.pair(PairID("p:1"))])
        try again.keep(event(.global, .opened, .latency), in: ledger)
        #expect(try records(ledger).first?.reasons == [.latency])
    }

    @Test("a halted pair is found with its causes and words, and is gone when the last cause is")
    func pairs() throws {
        let ledger = try Ledger(path: place.path("ledger.db"))
        let rows = StopRows()
        let now = Stamp(monotonic: MonotonicNanos(rawValue: 1), utc: UTCNanos(rawValue: 2))
        let report = SuspensionReport(pair: PairID("fed"), causes: [.drift, .stuck], text: "why", at: now)
        try rows.keep(report, in: ledger)
        #expect(try ledger.openBreakers().compactMap { StopRows.suspension($0, at: now) } == [report])
        #expect(try records(ledger).isEmpty)
        try rows.keep(SuspensionReport(pair: PairID("fed"), causes: [], text: "", at: now), in: ledger)
        #expect(try ledger.openBreakers().isEmpty)
    }

    @Test("a breaker of a newer build is no breaker of ours, and is not taken for closed")
    func unknown() throws {
        let row = Ledger.BreakerRow(
            at: UTCNanos(rawValue: 1), scope: "series:x", event: "trip", isOpen: true, reasons: "new_reason",
            since: UTCNanos(rawValue: 1))
        let now = Stamp(monotonic: MonotonicNanos(rawValue: 1), utc: UTCNanos(rawValue: 2))
        #expect(StopRows.record(row) == nil && StopRows.suspension(row, at: now) == nil)
    }
}
