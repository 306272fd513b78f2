public import Simulators
public import Trading

/// How a soak is loaded.
public struct SoakSettings: Sendable {
    /// How long.
    public var duration = Nanoseconds.seconds(3_600)
    /// Messages a second, both venues together.
    public var rate = 10_000
    /// Edges a second; each is there for about one fire.
    public var firesPerSecond = 1
    /// Pairs that trade at any time.
    public var pairs = 300
    /// Time between two markets that end.
    public var settleEvery = Nanoseconds.seconds(4)
    /// Of everything drawn.
    public var seed: UInt64 = 1
    /// Time between two looks at memory.
    public var every = Nanoseconds.seconds(10)
    /// How long a run follows what is over.
    private static let endedAge = Nanoseconds.seconds(120)
    /// What goes wrong meanwhile.
    public var faults: [FaultPlan.Rule] = []

    /// When the first boxes have lived their whole life: bought, paid, redeemed and forgotten.
    public var warmUp: Nanoseconds {
        Nanoseconds(rawValue: boxLife.rawValue + Self.endedAge.rawValue)
    }

    /// The next so many markets to end have no edges any more: what was told of their boxes has come to rest.
    static let quiet = 20
    /// The so many behind them have all of the edges.
    static let lively = 60
    /// From the decision of a market until its tokens are redeemed.
    static let redeemAfter = Nanoseconds.seconds(45)

    /// Pairs that are needed for as many to trade at the end as at the beginning.
    var pairsNeeded: Int { pairs + Int(duration.rawValue / max(1, settleEvery.rawValue)) + 1 }

    /// The longest time from the first box of a market until its tokens are redeemed.
    var boxLife: Nanoseconds {
        Nanoseconds(rawValue: settleEvery.rawValue * Int64(Self.quiet + Self.lively) + Self.redeemAfter.rawValue)
    }

    /// What of it cannot be played, in words; nil: all of it can.
    public var fault: String? {
        let bounds = [
            ("--for", duration, Nanoseconds.seconds(1), Nanoseconds.seconds(7 * 86_400)),
            ("--settle", settleEvery, .milliseconds(100), .seconds(3_600)),
            ("--every", every, .milliseconds(100), .seconds(3_600)),
        ]
        for (name, given, least, most) in bounds where given < least || given > most {
            return "\(name) is from \(Self.words(least)) to \(Self.words(most))"
        }
        // Each market that ends has another one in its place, there from the start.
        guard pairsNeeded > Self.pairsMax else { return nil }
        return
            "so many markets end that \(pairsNeeded) pairs are needed, and \(Self.pairsMax) is the most: a longer --settle, or a shorter --for"
    }

    private static let pairsMax = 10_000

    private static func words(_ duration: Nanoseconds) -> String {
        let milliseconds = duration.rawValue / 1_000_000
        if milliseconds % 86_400_000 == 0 { return "\(milliseconds / 86_400_000)d" }
        if milliseconds % 3_600_000 == 0 { return "\(milliseconds / 3_600_000)h" }
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }

    /// What a release is soaked with.
    public init() {}
}
