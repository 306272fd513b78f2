import Foundation
import TestKit
import Testing
import Trading

@testable import Control

@Suite("StatusReport")
struct StatusReportTests {
    static var busy: StatusReport {
        var report = StatusReport()
        report.account = "main"
        report.mode = "live"
        report.venuesKind = "loopback"
        report.build = "abc"
        report.process = 77
        report.at = UTCNanos(rawValue: 5_000_000_000)
        report.started = UTCNanos(rawValue: 1_000_000_000)
        report.exposure = "unknown"
        report.exposureLine = "UNKNOWN 1 legs · EXPOSED $12.30"
        report.unknownLegs = 1
        report.exposed = Money(rawValue: 1_230_000_000)
        report.net = Money(rawValue: 1_230_000_000)
        report.boxes = 3
        report.hedged = Money(rawValue: 29_400_000_000)
        report.profitToday = Money(rawValue: -512_000_000)
        report.halted = "halted by op on here: \u{1B}[2J"
        report.stops = (0..<9).map { .init(scope: "pair:p\($0)", reason: String(repeating: "because ", count: 20)) }
        report.venues = [
            .init(name: "kalshi", isUp: true, text: "4 links"), .init(name: "polymarket", isUp: false, text: "silent"),
        ]
        report.openAlerts = 2
        (report.memory.resident, report.memory.inUse) = (48_000, 31_000_000)
        (report.memory.executions, report.memory.orders) = (12, 26)
        report.remarks = ["one", "two", "three", "four"]
        return report
    }

    @Test("comes back from its JSON and its file as it was")
    func roundTrip() throws {
        let place = try Workplace()
        #expect(StatusReport(json: Self.busy.json) == Self.busy)
        #expect(Self.busy.publish(in: place.url.path) == nil)
        #expect(StatusReport.published(in: place.url.path) == Self.busy)
        #expect(StatusReport(json: "{}") == nil && StatusReport(json: "") == nil)
        #expect(StatusReport.published(in: place.path("none")) == nil)
    }

    @Test("says exposure first and fits 24 lines of 79 columns, whatever it has to say")
    func lines() {
        let lines = Self.busy.lines(now: UTCNanos(rawValue: 9_000_000_000))
        #expect(lines.count <= 24 && lines.allSatisfy { $0.count <= 79 })
        #expect(lines[0].hasPrefix("UNKNOWN 1 legs · EXPOSED $12.30"))
        #expect(lines[1].hasPrefix("HALTED"))
        #expect(!lines.contains { $0.utf8.contains(0x1B) })
        #expect(lines.last?.contains("4 s ago") == true)
        #expect(StatusReport().lines(now: UTCNanos(rawValue: 0))[0] == "FLAT")
    }

    @Test("the exit code is the gravest of what holds: 3, 4, 2, 5")
    func exitCodes() {
        #expect(Self.busy.exitCodes == [3, 4, 2, 5])
        var report = Self.busy
        report.unknownLegs = 0
        report.exposure = "exposed"
        #expect(report.exitCode == 4)
        report.exposed = .zero
        report.exposure = "hedged"
        #expect(report.exitCode == 2)
        report.halted = ""
        report.stops = []
        #expect(report.exitCode == 5)
        report.venues = []
        #expect(report.exitCode == 0 && report.exitCodes.isEmpty)
    }
}
