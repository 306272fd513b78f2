import Codec
import Testing
import Trading

@testable import Kalshi

@Suite("Pause calendar")
struct PauseCalendarTests {
    private func instant(_ text: String) throws -> UTCNanos { try #require(UTCNanos(rfc3339: text)) }

    private func calendar(_ changed: [String: String] = [:], maintenance: String = "") throws -> PauseCalendar {
        let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        let days = names.compactMap { name -> String? in
            let hours = changed[name] ?? #"[{"open_time":"00:00","close_time":"00:00"}]"#
            return hours.isEmpty ? nil : "\"\(name)\":\(hours)"
        }
        let text = """
            {"schedule":{"standard_hours":[{"start_time":"2026-01-01T05:00:00Z","end_time":"2027-01-01T05:00:00Z",
            \(days.joined(separator: ","))}],"maintenance_windows":[\(maintenance)]}}
            """
        let reader = JSONReader()
        return PauseCalendar(try Wire.schedule(reader.read(text)))
    }

    @Test(
        "Thursday 03:00 Eastern is 08:00 UTC in winter and 07:00 in summer, also when the schedule forgets it",
        arguments: [
            ("2026-11-21T00:00:00Z", "2026-11-26T08:00:00Z", "2026-11-26T10:00:00Z"),
            ("2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z", "2026-07-02T09:00:00Z"),
            ("2026-11-26T09:59:59Z", "2026-11-26T08:00:00Z", "2026-11-26T10:00:00Z"),
            ("2026-11-26T10:00:00Z", "2026-12-03T08:00:00Z", "2026-12-03T10:00:00Z"),
            // The clocks go back on 2026-11-01 and forward on 2026-03-08.
            ("2026-10-30T00:00:00Z", "2026-11-05T08:00:00Z", "2026-11-05T10:00:00Z"),
            ("2026-03-06T00:00:00Z", "2026-03-12T07:00:00Z", "2026-03-12T09:00:00Z"),
        ])
    func thursday(now: String, start: String, end: String) throws {
        let pause = try calendar().next(at: instant(now))
        #expect(try pause == PauseCalendar.Pause(start: instant(start), end: instant(end)))
    }

    @Test("gaps in the hours and announced maintenance are pauses")
    func gaps() throws {
        let hours = #"[{"open_time":"08:00","close_time":"20:00"}]"#
        let monday = try calendar(["monday": hours]).next(at: instant("2026-11-21T00:00:00Z"))
        #expect(try monday?.start == instant("2026-11-23T05:00:00Z") && monday?.end == instant("2026-11-23T13:00:00Z"))
        let window = #"{"start_datetime":"2026-11-22T01:00:00Z","end_datetime":"2026-11-22T02:00:00Z"}"#
        let announced = try calendar(maintenance: window)
        #expect(try announced.next(at: instant("2026-11-21T00:00:00Z"))?.start == instant("2026-11-22T01:00:00Z"))
        #expect(try announced.next(at: instant("2026-11-22T02:00:00Z"))?.start == instant("2026-11-26T08:00:00Z"))
        #expect(
            try calendar(["sunday": "[]"]).next(at: instant("2026-11-21T00:00:00Z"))?.start
                == instant("2026-11-22T05:00:00Z"))
    }

    @Test("days that the schedule does not describe make the next pause unknown")
    func unknown() throws {
        #expect(try calendar(["friday": ""]).next(at: instant("2026-11-21T00:00:00Z")) == nil)
        #expect(try calendar().next(at: instant("2026-12-30T00:00:00Z")) == nil)
    }
}
