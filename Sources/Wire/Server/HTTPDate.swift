public import Trading

/// Instants as heads of HTTP write them.
public enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`: cut to the second. Instants of before 1970 count as its first.
    ///
    /// - Source: RFC 9110, 5.6.7 (IMF-fixdate).
    public static func text(_ instant: UTCNanos) -> String {
        let at = UTCNanos(rawValue: max(0, instant.rawValue))
        let iso = at.rfc3339
        let day = days[Int(at.rawValue / 86_400_000_000_000 % 7)]
        let month = months[(Int(iso.dropFirst(5).prefix(2)) ?? 1) - 1]
        return "\(day), \(iso.dropFirst(8).prefix(2)) \(month) \(iso.prefix(4)) \(iso.dropFirst(11).prefix(8)) GMT"
    }
}
