import Trading

/// When the exchange does not trade: gaps in its weekly hours, announced maintenance, and always Thursday 03:00 to 05:00
/// Eastern, which the documentation promises even where the schedule forgets it.
///
/// - Source: `GET /exchange/schedule` and the maintenance page (October 2026).
struct PauseCalendar: Hashable, Sendable {
    /// A time without trading.
    struct Pause: Hashable, Sendable {
        var start: UTCNanos
        var end: UTCNanos
    }

    private let schedule: Wire.ScheduleBody

    init(_ schedule: Wire.ScheduleBody) { self.schedule = schedule }

    /// The pause that is on at `now`, or the next one; nil when the schedule does not say what the coming days are like.
    func next(at now: UTCNanos) -> Pause? {
        let today = Eastern.day(of: now)
        var pauses: [Pause] = schedule.maintenance.map { Pause(start: $0.start, end: $0.end) }
        for day in (today - 1)...(today + 8) {
            guard let windows = windows(of: day) else { return nil }
            var closed = 0
            for window in windows.sorted(by: { $0.open < $1.open }) {
                if window.open > closed { pauses.append(pause(day, closed, window.open)) }
                closed = max(closed, window.close)
            }
            if closed < 1440 { pauses.append(pause(day, closed, 1440)) }
            if Eastern.weekday(day) == 3 { pauses.append(pause(day, 180, 300)) }
        }
        return pauses.filter { $0.end > now && $0.start < $0.end }.min { $0.start < $1.start }
    }

    private func pause(_ day: Int64, _ from: Int, _ to: Int) -> Pause {
        Pause(start: Eastern.utc(day: day, minute: from), end: Eastern.utc(day: day, minute: to))
    }

    private func windows(of day: Int64) -> [Wire.ScheduleBody.Window]? {
        let noon = Eastern.utc(day: day, minute: 720)
        let hours = schedule.hours.last { $0.from <= noon && noon < $0.until }
        return hours?.days[Eastern.weekday(day)]
    }
}

/// Dates of the US Eastern time zone: UTC−5, and UTC−4 from the second Sunday of March to the first Sunday of November.
///
/// - Source: Energy Policy Act of 2005, section 110.
enum Eastern {
    private static let second: Int64 = 1_000_000_000
    private static let dayLength: Int64 = 86_400

    /// Days since 1970-01-01 of the local date at `instant`.
    static func day(of instant: UTCNanos) -> Int64 {
        let seconds = floor(instant.rawValue, second) - (isDaylight(instant) ? 14_400 : 18_000)
        return floor(seconds, dayLength)
    }

    /// 0 for Monday to 6 for Sunday.
    static func weekday(_ day: Int64) -> Int { Int(((day + 3) % 7 + 7) % 7) }

    /// The instant of a local minute. A minute that the clock skips is taken an hour later, a repeated one the first time.
    static func utc(day: Int64, minute: Int) -> UTCNanos {
        let local = day * dayLength + Int64(minute) * 60
        let daylight = UTCNanos(rawValue: (local + 14_400) * second)
        return isDaylight(daylight) ? daylight : UTCNanos(rawValue: (local + 18_000) * second)
    }

    static func isDaylight(_ instant: UTCNanos) -> Bool {
        let year = String(instant.rfc3339.prefix(4))
        guard let march = UTCNanos(rfc3339: year + "-03-08T07:00:00Z"),
            let november = UTCNanos(rfc3339: year + "-11-01T06:00:00Z")
        else { return false }
        return firstSunday(march) <= instant && instant < firstSunday(november)
    }

    /// `instant` itself when it falls on a Sunday, or the same time on the next one.
    private static func firstSunday(_ instant: UTCNanos) -> UTCNanos {
        let wait = 6 - weekday(floor(instant.rawValue, second * dayLength))
        return UTCNanos(rawValue: instant.rawValue + Int64(wait) * dayLength * second)
    }

    private static func floor(_ value: Int64, _ unit: Int64) -> Int64 {
        value >= 0 ? value / unit : (value - unit + 1) / unit
    }
}
