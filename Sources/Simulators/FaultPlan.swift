public import Trading

/// What goes wrong, when and where: rules drawn by seed, or struck at an exact occurrence.
///
/// A rule counts the occasions that it could strike at; whether it strikes depends on the seed, the rule and that count
/// alone, so that other endpoints' traffic changes nothing.
public struct FaultPlan: Sendable {
    /// When a rule strikes.
    public enum Trigger: Sendable, Hashable {
        /// At one occasion in a million times this.
        case perMillion(Int)
        /// At this occasion and no other; the first is 1.
        case nth(Int)
    }

    /// One fault at one place.
    public struct Rule: Sendable, Hashable {
        /// What goes wrong.
        public var kind: FaultKind
        /// At which venue; nil: both.
        public var venue: VenueID?
        /// At which endpoint, by the venue's own word for it (`create`, `cancel`, `orders`, `stream` …); nil: any.
        public var endpoint: String?
        /// When.
        public var trigger: Trigger

        /// A rule.
        public init(_ kind: FaultKind, _ venue: VenueID? = nil, _ endpoint: String? = nil, _ trigger: Trigger) {
            self.kind = kind
            self.venue = venue
            self.endpoint = endpoint
            self.trigger = trigger
        }
    }

    /// The rules with the number of occasions that each has seen.
    public private(set) var rules: [(rule: Rule, seen: Int)]
    /// How often each fault struck.
    public private(set) var struck: [FaultKind: Int] = [:]
    private let seed: UInt64

    /// A plan; without rules nothing goes wrong.
    public init(seed: UInt64 = 1, _ rules: [Rule] = []) {
        self.seed = seed
        self.rules = rules.map { ($0, 0) }
    }

    /// One more rule, from now on.
    public mutating func add(_ rule: Rule) { rules.append((rule, 0)) }

    /// No rules any more.
    public mutating func clear() { rules = [] }

    /// An occasion: every rule of these kinds at this place counts it, and the first that strikes is returned.
    ///
    /// - Parameter kinds: the faults that the caller can bring about here; nil: any.
    public mutating func strike(_ venue: VenueID, _ endpoint: String, among kinds: Set<FaultKind>? = nil) -> FaultKind?
    {
        guard !rules.isEmpty else { return nil }
        var first: FaultKind?
        for index in rules.indices {
            let rule = rules[index].rule
            guard rule.venue == nil || rule.venue == venue, rule.endpoint == nil || rule.endpoint == endpoint,
                kinds?.contains(rule.kind) != false
            else { continue }
            rules[index].seen += 1
            guard first == nil, strikes(rule.trigger, index, rules[index].seen) else { continue }
            first = rule.kind
        }
        if let first { struck[first, default: 0] += 1 }
        return first
    }

    /// As `strike`, for one fault.
    public mutating func strikes(_ venue: VenueID, _ endpoint: String, _ kind: FaultKind) -> Bool {
        strike(venue, endpoint, among: [kind]) != nil
    }

    private func strikes(_ trigger: Trigger, _ index: Int, _ count: Int) -> Bool {
        switch trigger {
        case .nth(let nth): return count == nth
        case .perMillion(let share):
            var random = SeededGenerator(seed: seed ^ UInt64(index) << 40 ^ UInt64(count))
            _ = random.next()
            return Int(random.next() % 1_000_000) < share
        }
    }

    /// A rule as text: `KIND[@venue[/endpoint]][:n|:p%]`, as in `N02-lost@kalshi/create:3` (the third) or `V01:5%`; without
    /// a trigger one occasion in a hundred.
    ///
    /// - Returns: nil when the text is no rule.
    public static func rule(_ text: some StringProtocol) -> Rule? {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let place = halves[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = FaultKind(rawValue: String(place[0])) else { return nil }
        var rule = Rule(kind, .perMillion(10_000))
        if place.count == 2 {
            let parts = place[1].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            switch parts[0] {
            case "kalshi": rule.venue = .kalshi
            case "polymarket": rule.venue = .polymarket
            case "": break
            default: return nil
            }
            if parts.count == 2 { rule.endpoint = String(parts[1]) }
        }
        guard halves.count == 2 else { return rule }
        if halves[1].hasSuffix("%") {
            guard let share = Int(halves[1].dropLast()), (0...100).contains(share) else { return nil }
            rule.trigger = .perMillion(share * 10_000)
        } else {
            guard let nth = Int(halves[1]), nth > 0 else { return nil }
            rule.trigger = .nth(nth)
        }
        return rule
    }
}

extension FaultPlan.Rule {
    init(_ kind: FaultKind, _ trigger: FaultPlan.Trigger) { self.init(kind, nil, nil, trigger) }
}
