public import Trading

/// How the memory of a soak went once it was warm, and whether that may be called flat.
///
/// A line is laid through all looks after the warm-up (least squares), so that neither one high look nor a lucky last one
/// decides. Warm is a run after its first fifth, and not before the first boxes have lived their whole life: until then it
/// follows more of them every minute. Pure: the same looks give the same words.
public struct SoakTrend: Sendable, Hashable {
    /// When the run was warm: its first look that counts.
    public private(set) var warmFrom = Nanoseconds.zero
    /// From the first warm look to the last.
    public private(set) var span = Nanoseconds.zero
    /// By how much the line through resident memory rises over the span. Unit: KiB.
    public private(set) var resident = 0
    /// The same of memory that is no file's.
    public private(set) var anonymous = 0
    /// The same of what the allocator has handed out. Unit: bytes.
    public private(set) var inUse = 0
    /// The same of boxes that are not paid, and of orders that are followed.
    public private(set) var boxes = 0, liveOrders = 0
    /// How far looks are from the line of resident memory, as a rule: the root of the mean square. Unit: KiB.
    public private(set) var scatter = 0
    /// Mean resident memory. Unit: KiB.
    public private(set) var meanResident = 0
    /// Mean messages a second; of a run that is too short for memory, over the whole of it.
    public private(set) var rate = 0
    /// What is not flat; empty: memory is.
    public private(set) var problems: [String] = []

    /// Looks that are needed to say anything.
    public static let looksMin = 10
    /// Growth that is an allocator's own: a hundredth, and never less than half a mebibyte. Unit: KiB.
    public static func slack(_ mean: Int) -> Int { max(512, mean / 100) }

    /// Nothing was looked at.
    public init() {}

    /// The looks of a whole run.
    ///
    /// - Parameter warmUp: what was seen before is not judged.
    public init(_ looks: [SoakLook], warmUp: Nanoseconds = .zero) {
        let warm = looks.dropFirst((looks.count + 4) / 5).filter { $0.at >= warmUp }
        guard warm.count >= Self.looksMin, let first = warm.first, let last = warm.last else {
            problems = ["too short to say anything of memory: \(warm.count) warm looks, \(Self.looksMin) are needed"]
            rate = looks.map(\.messagesPerSecond).reduce(0, +) / max(1, looks.count)
            return
        }
        warmFrom = first.at
        span = Nanoseconds(rawValue: last.at.rawValue - first.at.rawValue)
        func rise(_ figure: (SoakLook) -> Int) -> Int { Self.rise(warm.map { ($0.at, figure($0)) }) }
        (resident, anonymous, inUse) = (rise(\.resident), rise(\.anonymous), rise(\.inUse))
        scatter = Self.scatter(warm.map { ($0.at, $0.resident) }, rise: resident)
        (boxes, liveOrders) = (rise(\.boxes), rise(\.liveOrders))
        meanResident = warm.map(\.resident).reduce(0, +) / warm.count
        rate = warm.map(\.messagesPerSecond).reduce(0, +) / warm.count
        let slack = Self.slack(meanResident)
        if resident > slack {
            problems.append(
                "resident memory grew by \(resident) KiB, \(Self.megabytes(perHour(resident))) MB/h; \(slack) KiB are an allocator's own"
            )
        }
        if warm.contains(where: { $0.inUse == 0 }) {
            problems.append("the run did not say what its allocator has handed out")
        } else if inUse > slack * 1_024 {
            problems.append("what the allocator has handed out grew by \(inUse / 1_024) KiB")
        }
    }

    /// What a rise over the span comes to in an hour. In the unit of the rise.
    public func perHour(_ rise: Int) -> Int {
        span > .zero ? Int(clamping: Int128(rise) * 3_600_000_000_000 / Int128(span.rawValue)) : 0
    }

    /// KiB as MB, to the hundredth, with its sign.
    public static func megabytes(_ kibibytes: Int) -> String {
        let hundredths = (kibibytes.magnitude * 1_024 + 5_000) / 10_000
        let rest = hundredths % 100
        return "\(kibibytes < 0 ? "-" : "+")\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// The root of the mean square of the distances from the line that rises by `rise`.
    private static func scatter(_ points: [(at: Nanoseconds, figure: Int)], rise: Int) -> Int {
        guard let first = points.first, let last = points.last, last.at > first.at else { return 0 }
        let length = Int128(last.at.rawValue - first.at.rawValue)
        let level = points.map { point in
            point.figure - Int(clamping: Int128(rise) * Int128(point.at.rawValue - first.at.rawValue) / length)
        }
        let mean = level.reduce(0, +) / level.count
        let square = level.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / level.count
        return Int(Double(square).squareRoot())
    }

    /// By how much the line of least squares through these points rises from the first to the last. In whole numbers.
    static func rise(_ points: [(at: Nanoseconds, figure: Int)]) -> Int {
        guard let first = points.first, let last = points.last, points.count > 1 else { return 0 }
        let length = (last.at.rawValue - first.at.rawValue) / 1_000_000
        // Milliseconds: sums of squares of days fit.
        var (sumX, sumY, products, squares) = (Int128(0), Int128(0), Int128(0), Int128(0))
        for point in points {
            let x = Int128((point.at.rawValue - first.at.rawValue) / 1_000_000)
            let y = Int128(point.figure)
            sumX += x
            sumY += y
            products += x * y
            squares += x * x
        }
        let count = Int128(points.count)
        let covariance = products * count - sumX * sumY
        let variance = squares * count - sumX * sumX
        guard variance > 0 else { return 0 }
        return Int(clamping: covariance * Int128(length) / variance)
    }
}
